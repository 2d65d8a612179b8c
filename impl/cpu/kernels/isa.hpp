// Run-time choice between the instruction sets the kernels were compiled for.
//
// A kernel family is one struct of function pointers, filled once per instruction set by a source of this folder that
// is compiled twice (FRUGAL_ISA = avx2, avx512):
//
//   struct SineKernels { void (*sine)(const float*, float*, long); };
//   namespace avx2 { extern const SineKernels sine_kernels; }
//   namespace avx512 { extern const SineKernels sine_kernels; }
//   inline const SineKernels& sine_kernels() { return choose(avx2::sine_kernels, avx512::sine_kernels); }
//
// A source whose name ends in _bf16 is compiled for the units that multiply bf16 (FRUGAL_ISA = avx512_bf16, amx_bf16),
// and called only where has_bf16().
//
// In a build for ci/emulate.sh (FRUGAL_EMULATE_AVX512) all but the sources for AVX2 are compiled for AVX2 too, behind
// tests/emulate/avx512.hpp, and chosen wherever that is there.
#pragma once

namespace frugal::cpu {

enum class Isa { none, avx2, avx512 };

/// The best instruction set of this processor that the kernels were compiled for; with FRUGAL_ISA=avx2 or avx512 in the
/// environment that one, so that the kernels of smaller processors can be run and checked on a larger one. Throws
/// UserError where FRUGAL_ISA is anything else, or the processor lacks it. Not inline: the sources of the kernels are
/// compiled for more than this asks about.
Isa isa();

/// What multiplies bf16 pairs in hardware, beside isa(); AMX only where FRUGAL_ISA does not ask for less.
enum class Bf16Unit { none, avx512, amx };
Bf16Unit bf16_unit();

/// Whether the processor has AMX for bf16 and the system lets this process have its tiles, for which this asks.
bool may_use_tiles();

/// Whether the kernels of bf16 may be called.
inline bool has_bf16() { return bf16_unit() != Bf16Unit::none; }

inline const char* isa_name() {
  switch (isa()) {
    case Isa::avx512:
      return "avx512";
    case Isa::avx2:
      return "avx2";
    case Isa::none:
      break;
  }
  return "none";
}

template <class Kernels>
const Kernels& choose(const Kernels& avx2, const Kernels& avx512) {
  return isa() == Isa::avx512 ? avx512 : avx2;
}

/// Requires has_bf16().
template <class Kernels>
const Kernels& choose_bf16(const Kernels& avx512, const Kernels& amx) {
  return bf16_unit() == Bf16Unit::amx ? amx : avx512;
}

}  // namespace frugal::cpu
