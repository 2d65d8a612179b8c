#include "impl/cpu/kernels/mf_kernels.hpp"

#include "impl/cpu/kernels/mf_ials.hpp"
#include "impl/cpu/kernels/mf_sgd.hpp"
#include "impl/cpu/kernels/philox_lanes.hpp"

namespace frugal::cpu::FRUGAL_ISA {
namespace {

void draw(const MfStream& stream, const std::uint64_t* blocks, long count, std::uint32_t* to) {
  philox_below(stream.seed, stream.purpose, stream.stream, stream.below, blocks, count, to);
}

}  // namespace

extern const MfKernels mf_kernels;
const MfKernels mf_kernels = {sgd, draw, gram, add_history, solve};

}  // namespace frugal::cpu::FRUGAL_ISA
