#include <algorithm>
#include <bit>

#include "impl/cuda/kernels/id_sort.hpp"
#include "impl/cuda/kernels/warp.hpp"

#ifdef __CUDACC__
#include <cub/device/device_radix_sort.cuh>
#else
#include <numeric>
#include <vector>
#endif

namespace frugal::cuda {
namespace {

/// One block: data[i] becomes the sum before it.
constexpr unsigned scan_threads = 1024;
constexpr unsigned scan_strip = 8;
__global__ void __launch_bounds__(scan_threads) scan_block(std::uint32_t* data, std::uint32_t n) {
  __shared__ ScanScratch scratch;
  std::uint32_t carry = 0;
  for (std::uint32_t first = 0; first < n; first += scan_threads * scan_strip) {
    std::uint32_t values[scan_strip];
    std::uint32_t own = 0;
    for (unsigned i = 0; i < scan_strip; ++i) {
      const std::uint32_t at = first + threadIdx.x * scan_strip + i;
      values[i] = at < n ? data[at] : 0;
      own += values[i];
    }
    std::uint32_t total;
    std::uint32_t sum = carry + block_scan(own, total, scratch);
    for (unsigned i = 0; i < scan_strip; ++i) {
      const std::uint32_t at = first + threadIdx.x * scan_strip + i;
      if (at < n) data[at] = sum;
      sum += values[i];
    }
    carry += total;
  }
}

__global__ void number_positions(std::uint32_t* numbers, std::uint32_t n) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) numbers[i] = i;
}

/// One thread more than ids: it has the ids above the last one.
__global__ void mark_begins(const std::uint32_t* sorted, std::uint32_t n, std::uint32_t bound, std::uint32_t* begins) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i > n) return;
  const std::uint32_t last = i == n ? bound : sorted[i];
  for (std::uint32_t b = i == 0 ? 0 : sorted[i - 1] + 1; b <= last; ++b) begins[b] = i;
}

constexpr unsigned group_threads = 256;

__device__ inline bool begins_row(const std::uint32_t* sorted, std::uint32_t at, std::uint32_t n, std::uint32_t bound) {
  return at < n && sorted[at] < bound && (at == 0 || sorted[at] != sorted[at - 1]);
}

__global__ void __launch_bounds__(group_threads)
    count_rows(const std::uint32_t* sorted, std::uint32_t n, std::uint32_t bound, std::uint32_t* tile_rows) {
  __shared__ ScanScratch scratch;
  const std::uint32_t at = blockIdx.x * group_threads + threadIdx.x;
  std::uint32_t total;
  block_scan(begins_row(sorted, at, n, bound) ? 1 : 0, total, scratch);
  if (threadIdx.x == 0) tile_rows[blockIdx.x] = total;
}

/// tile_rows: rows that begin before each tile.
__global__ void __launch_bounds__(group_threads)
    list_rows(const std::uint32_t* sorted, const std::uint32_t* order, std::uint32_t n, std::uint32_t bound,
              const std::uint32_t* tile_rows, std::uint32_t* rows, std::uint32_t* distinct, std::uint32_t* begin,
              std::uint32_t* row_of) {
  __shared__ ScanScratch scratch;
  const std::uint32_t at = blockIdx.x * group_threads + threadIdx.x;
  const bool begins = begins_row(sorted, at, n, bound);
  std::uint32_t total;
  const std::uint32_t before = tile_rows[blockIdx.x] + block_scan(begins ? 1 : 0, total, scratch);
  const bool valid = at < n && sorted[at] < bound;
  if (begins) {
    distinct[before] = sorted[at];
    begin[before] = at;
  }
  const std::uint32_t rows_so_far = before + (begins ? 1 : 0);
  if (valid) row_of[order[at]] = rows_so_far - 1;
  // The last id that is not padding closes the last row; with none at all, the first position does.
  const bool last = valid && (at + 1 == n || sorted[at + 1] >= bound);
  if (last || (at == 0 && !valid)) {
    *rows = rows_so_far;
    begin[rows_so_far] = valid ? at + 1 : 0;
  }
}

#ifdef __CUDACC__
/// With null scratch, only says how many bytes it needs.
void radix_sort(void* scratch, std::size_t& bytes, const std::uint32_t* ids, const std::uint32_t* values,
                std::uint32_t n, int bits, std::uint32_t* sorted, std::uint32_t* sorted_values, void* stream) {
  const cudaError_t status = cub::DeviceRadixSort::SortPairs(scratch, bytes, ids, sorted, values, sorted_values, n, 0,
                                                             bits, static_cast<cudaStream_t>(stream));
  if (status != cudaSuccess) throw DeviceError(std::string("sort of ids: ") + cudaGetErrorString(status));
}
#endif

}  // namespace

IdSort::IdSort(std::size_t capacity, std::uint32_t bound)
    : bits_(std::bit_width(bound)), sorted_(capacity, "sorted ids"), values_(capacity, "what belongs to sorted ids") {
#ifdef __CUDACC__
  std::size_t bytes = 0;
  radix_sort(nullptr, bytes, nullptr, nullptr, static_cast<std::uint32_t>(capacity), bits_, nullptr, nullptr, nullptr);
  scratch_ = DeviceBuffer<std::uint8_t>(std::max<std::size_t>(bytes, 1), "scratch of a sort");
#endif
}

void IdSort::sort(const std::uint32_t* ids, const std::uint32_t* values, std::size_t n, const Stream& stream) {
  if (n == 0) return;
#ifdef __CUDACC__
  std::size_t bytes = scratch_.size();
  radix_sort(scratch_.data(), bytes, ids, values, static_cast<std::uint32_t>(n), bits_, sorted_.data(), values_.data(),
             stream.handle());
#else
  host_shim::issue(stream, [=, sorted = sorted_.data(), sorted_values = values_.data()] {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return ids[a] < ids[b]; });
    for (std::size_t i = 0; i < n; ++i) {
      sorted[i] = ids[order[i]];
      sorted_values[i] = values[order[i]];
    }
  });
#endif
}

void count_up(DeviceBuffer<std::uint32_t>& numbers, const Stream& stream) {
  launch({"number_positions", blocks_for(numbers.size(), 256), 256}, stream, number_positions, numbers.data(),
         static_cast<std::uint32_t>(numbers.size()));
}

void find_begins(const std::uint32_t* sorted, std::size_t n, std::uint32_t bound, std::uint32_t* begins,
                 const Stream& stream) {
  launch({"mark_begins", blocks_for(n + 1, 256), 256}, stream, mark_begins, sorted, static_cast<std::uint32_t>(n),
         bound, begins);
}

void exclusive_scan(std::uint32_t* data, std::size_t n, const Stream& stream) {
  launch({"scan_block", n > 0 ? 1U : 0U, scan_threads}, stream, scan_block, data, static_cast<std::uint32_t>(n));
}

IdGroups::IdGroups(std::size_t capacity, std::uint32_t bound)
    : bound_(bound),
      capacity_(std::min<std::size_t>(capacity, bound)),
      ids_(capacity, "ids to sort"),
      positions_(capacity, "places of ids"),
      sort_(capacity, bound),
      tile_rows_(blocks_for(capacity, group_threads), "rows of tiles"),
      rows_(1, "number of distinct ids"),
      distinct_(capacity_, "distinct ids"),
      begin_(capacity_ + 1, "begins of distinct ids"),
      row_of_(capacity, "rows of ids") {}

void IdGroups::assign(std::size_t n, const Stream& stream) {
  count_up(positions_, stream);
  sort_.sort(ids_.data(), positions_.data(), n, stream);
  const unsigned blocks = blocks_for(n, group_threads);
  const auto count = static_cast<std::uint32_t>(n);
  launch({"count_rows", blocks, group_threads}, stream, count_rows, sort_.sorted(), count, bound_, tile_rows_.data());
  exclusive_scan(tile_rows_.data(), blocks, stream);
  launch({"list_rows", blocks, group_threads}, stream, list_rows, sort_.sorted(), sort_.values(), count, bound_,
         tile_rows_.data(), rows_.data(), distinct_.data(), begin_.data(), row_of_.data());
}

IdGroups::View IdGroups::view() const {
  return {rows_.data(), distinct_.data(), begin_.data(), sort_.values(), row_of_.data()};
}

}  // namespace frugal::cuda
