#include <algorithm>
#include <utility>

#include "impl/cuda/mf/key_sort.hpp"

#ifdef __CUDACC__
#include <cub/device/device_radix_sort.cuh>
#endif

namespace frugal::cuda {

void sort_keys(DeviceBuffer<std::uint64_t>& keys, DeviceBuffer<std::uint64_t>& spare, int bits, const Stream& stream) {
#ifdef __CUDACC__
  const auto check = [](cudaError_t status) {
    if (status != cudaSuccess) throw DeviceError(std::string("sort of keys: ") + cudaGetErrorString(status));
  };
  cub::DoubleBuffer<std::uint64_t> buffers(keys.data(), spare.data());
  const auto sort = [&](void* scratch, std::size_t& bytes) {
    check(cub::DeviceRadixSort::SortKeys(scratch, bytes, buffers, static_cast<std::int64_t>(keys.size()), 0, bits,
                                         static_cast<cudaStream_t>(stream.handle())));
  };
  std::size_t bytes = 0;
  sort(nullptr, bytes);
  DeviceBuffer<std::uint8_t> scratch(bytes, "scratch of a sort");
  sort(scratch.data(), bytes);
  stream.synchronize();  // the scratch goes
  if (buffers.Current() != keys.data()) std::swap(keys, spare);
#else
  (void)bits;
  (void)spare;
  (void)stream;
  std::sort(keys.data(), keys.data() + keys.size());
#endif
}

}  // namespace frugal::cuda
