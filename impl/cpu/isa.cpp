#include "impl/cpu/kernels/isa.hpp"

#include <cpuid.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "impl/base/error.hpp"

namespace frugal::cpu {
namespace {

#ifdef FRUGAL_EMULATE_AVX512
constexpr bool emulated = true;
#else
constexpr bool emulated = false;
#endif

constexpr std::string_view smaller[] = {"avx2", "avx512"};

/// What FRUGAL_ISA asks for; empty: the best there is.
std::string_view wanted_isa() {
  const char* const wanted = std::getenv("FRUGAL_ISA");
  if (wanted == nullptr) return {};
  if (std::ranges::find(smaller, std::string_view(wanted)) == std::end(smaller))
    throw UserError(fmt::format("FRUGAL_ISA={}: it may only be {}", wanted, fmt::join(smaller, " or ")));
  return wanted;
}

Isa best_isa() {
  const std::string_view wanted = wanted_isa();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = emulated ? avx2
                               : __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (wanted == "avx512" && !avx512) throw UserError("FRUGAL_ISA=avx512: this processor has no AVX-512");
  if (wanted != "avx2" && avx512) return Isa::avx512;
  return avx2 ? Isa::avx2 : Isa::none;
}

Bf16Unit best_bf16_unit() {
  if (isa() != Isa::avx512 || !(emulated || __builtin_cpu_supports("avx512bf16"))) return Bf16Unit::none;
  return wanted_isa().empty() && (emulated || may_use_tiles()) ? Bf16Unit::amx : Bf16Unit::avx512;
}

}  // namespace

Isa isa() {
  static const Isa best = best_isa();
  return best;
}

bool may_use_tiles() {
  constexpr unsigned bf16 = 1U << 22, tiles = 1U << 24;  // CPUID 7.0, EDX
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (edx & bf16) == 0 || (edx & tiles) == 0) return false;
  constexpr long request = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA of Linux 5.16
  return ::syscall(SYS_arch_prctl, request, tile_data) == 0;
}

Bf16Unit bf16_unit() {
  static const Bf16Unit best = best_bf16_unit();
  return best;
}

}  // namespace frugal::cpu
