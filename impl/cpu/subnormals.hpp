// Subnormal numbers, those below 1.2e-38, as zeros.
//
// A network that is sure of itself has gradients of exp(-|z|) / n, and what they are multiplied with makes them smaller
// still. On an Intel core an instruction that meets a subnormal takes some 140 cycles: a step of DLRM took 19 times as
// long for it (`micro_dlrm`, dlrm_meta_step). No sum of ordinary numbers notices what is lost, and AMX does the same always.
#pragma once
#include <xmmintrin.h>

namespace frugal::cpu {

/// While it lives, this thread's SSE and AVX instructions take subnormal operands for 0 and give 0 for subnormal results.
/// For the body of a parallel region or loop that computes: a thread of OpenMP keeps the mode it was left in.
class SubnormalsAreZero {
 public:
  SubnormalsAreZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | flush_to_zero | denormals_are_zero); }
  ~SubnormalsAreZero() { _mm_setcsr(before_); }
  SubnormalsAreZero(const SubnormalsAreZero&) = delete;
  SubnormalsAreZero& operator=(const SubnormalsAreZero&) = delete;

 private:
  static constexpr unsigned flush_to_zero = 0x8000;
  static constexpr unsigned denormals_are_zero = 0x40;
  unsigned before_;
};

}  // namespace frugal::cpu
