#include "impl/cpu/kernels/isa.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

#include "impl/base/error.hpp"

namespace frugal::cpu {
namespace {

#ifdef FRUGAL_EMULATE_AVX512
constexpr bool emulated = true;
#else
constexpr bool emulated = false;
#endif

Isa best_isa() {
  const char* wanted = std::getenv("FRUGAL_ISA");
  if (wanted != nullptr && std::string_view(wanted) != "avx2")
    throw UserError("FRUGAL_ISA=" + std::string(wanted) + ": it may only be avx2");
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = emulated ? avx2
                               : __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (wanted == nullptr && avx512) return Isa::avx512;
  return avx2 ? Isa::avx2 : Isa::none;
}

}  // namespace

Isa isa() {
  static const Isa best = best_isa();
  return best;
}

bool has_bf16() { return isa() == Isa::avx512 && (emulated || __builtin_cpu_supports("avx512bf16")); }

}  // namespace frugal::cpu
