#include <algorithm>
#include <bit>

#include "impl/cuda/recommender/lookup_sort.hpp"

namespace frugal::cuda {
namespace {

constexpr std::uint32_t most_in_shared = 4096;  ///< keys of 8 bytes: within what needs no opt-in

/// keys [padded], a power of two: row and example of the batch, no two equal.
__global__ void sort_tables(const std::uint32_t* rows, std::uint32_t batch, unsigned tables, unsigned first_table,
                            std::uint32_t padded, std::uint32_t* sorted, std::uint32_t* bags) {
  auto* const keys = shared_memory<std::uint64_t>();
  const unsigned table = first_table + blockIdx.x;
  for (std::uint32_t i = threadIdx.x; i < padded; i += blockDim.x)
    keys[i] = i < batch ? std::uint64_t{rows[std::size_t{i} * tables + table]} << 32 | i : ~std::uint64_t{0};
  for (std::uint32_t size = 2; size <= padded; size *= 2)
    for (std::uint32_t stride = size / 2; stride > 0; stride /= 2) {
      __syncthreads();
      for (std::uint32_t n = threadIdx.x; n < padded / 2; n += blockDim.x) {
        const std::uint32_t i = 2 * n - (n & (stride - 1));
        const std::uint64_t low = keys[i];
        const std::uint64_t high = keys[i + stride];
        if ((low > high) == ((i & size) == 0)) {
          keys[i] = high;
          keys[i + stride] = low;
        }
      }
    }
  __syncthreads();
  for (std::uint32_t i = threadIdx.x; i < batch; i += blockDim.x) {
    const std::size_t at = std::size_t{blockIdx.x} * batch + i;
    sorted[at] = static_cast<std::uint32_t>(keys[i] >> 32);
    bags[at] = static_cast<std::uint32_t>(keys[i]) * tables + table;
  }
}

}  // namespace

LookupSort::LookupSort(std::size_t lookups, std::uint32_t batch, unsigned tables, unsigned first_table,
                       std::uint32_t rows)
    : lookups_(lookups), batch_(batch), tables_(tables), first_table_(first_table), sort_(lookups, rows) {
  if (batch > most_in_shared) {
    bags_ = DeviceBuffer<std::uint32_t>(std::size_t{batch} * tables, "numbers of bags");
    return;
  }
  const std::size_t size = std::size_t{batch} * (tables - first_table);
  rows_ = DeviceBuffer<std::uint32_t>(size, "sorted rows of a batch");
  bags_ = DeviceBuffer<std::uint32_t>(size, "bags of sorted rows");
}

SortedLookups LookupSort::sort_one_each(const std::uint32_t* rows, const Stream& stream) {
  if (batch_ > most_in_shared) {
    count_up(bags_, stream);
    return sort_any(rows, bags_.data(), bags_.size(), stream);
  }
  const std::uint32_t padded = std::bit_ceil(std::max(batch_, 2U));
  launch({"sort_tables", tables_ - first_table_, std::clamp(padded / 2, 32U, 1024U), padded * sizeof(std::uint64_t)},
         stream, sort_tables, rows, batch_, tables_, first_table_, padded, rows_.data(), bags_.data());
  return {rows_.data(), bags_.data(), static_cast<std::uint32_t>(rows_.size())};
}

SortedLookups LookupSort::sort_bags(const std::uint32_t* rows, const std::uint32_t* bags, const Stream& stream) {
  return sort_any(rows, bags, lookups_, stream);
}

SortedLookups LookupSort::sort_any(const std::uint32_t* rows, const std::uint32_t* bags, std::size_t count,
                                   const Stream& stream) {
  sort_.sort(rows, bags, count, stream);
  return {sort_.sorted(), sort_.values(), static_cast<std::uint32_t>(count)};
}

}  // namespace frugal::cuda
