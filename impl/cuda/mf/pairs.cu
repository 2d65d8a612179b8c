#include "impl/cuda/mf/pairs.hpp"

namespace frugal::cuda {
namespace {

__global__ void count_outside(const Interaction* pairs, std::uint32_t n, std::uint32_t users, std::uint32_t items,
                              std::uint32_t* count) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && (pairs[i].user >= users || pairs[i].item >= items)) atomicAdd(count, 1U);
}

}  // namespace

bool in_range(const DeviceBuffer<Interaction>& pairs, const MfSpec& spec, const Stream& stream) {
  DeviceBuffer<std::uint32_t> count(1, "pairs out of range");
  count.zero(stream);
  const auto n = static_cast<std::uint32_t>(pairs.size());
  launch({"count_outside", blocks_for(n, 256), 256}, stream, count_outside, pairs.data(), n, spec.users, spec.items,
         count.data());
  return count.download(stream)[0] == 0;
}

}  // namespace frugal::cuda
