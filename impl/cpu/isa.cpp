#include "impl/cpu/kernels/isa.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

#include "impl/base/error.hpp"

namespace frugal::cpu {
namespace {

Isa best_isa() {
  const char* wanted = std::getenv("FRUGAL_ISA");
  if (wanted != nullptr && std::string_view(wanted) != "avx2")
    throw UserError("FRUGAL_ISA=" + std::string(wanted) + ": it may only be avx2");
  if (wanted == nullptr && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return Isa::avx512;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? Isa::avx2 : Isa::none;
}

}  // namespace

Isa isa() {
  static const Isa best = best_isa();
  return best;
}

}  // namespace frugal::cpu
