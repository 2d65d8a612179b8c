#include "impl/cpu/kernels/mf_kernels.hpp"

#include "impl/cpu/kernels/mf_ials.hpp"
#include "impl/cpu/kernels/mf_sgd.hpp"
#include "impl/cpu/kernels/philox_lanes.hpp"

namespace frugal::cpu::FRUGAL_ISA {
extern const MfKernels mf_kernels;
const MfKernels mf_kernels = {sgd, philox_below, gram, add_history, solve};

}  // namespace frugal::cpu::FRUGAL_ISA
