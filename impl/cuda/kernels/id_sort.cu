#include <algorithm>
#include <bit>

#include "impl/cuda/kernels/id_sort.hpp"
#include "impl/cuda/kernels/warp.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned digit_bits = 6;
constexpr unsigned digits = 1U << digit_bits;
constexpr unsigned sort_threads = 128;
constexpr unsigned strip = 16;  // consecutive positions of one thread
constexpr unsigned tile = sort_threads * strip;
static_assert(sort_threads % digits == 0 && tile <= 0xffff);

/// counts[digit, tile] of the positions of each tile.
__global__ void __launch_bounds__(sort_threads)
    count_digits(const std::uint32_t* ids, std::uint32_t n, unsigned shift, std::uint32_t* counts) {
  __shared__ std::uint32_t found[digits];
  if (threadIdx.x < digits) found[threadIdx.x] = 0;
  __syncthreads();
  const std::uint32_t first = blockIdx.x * tile;
  for (unsigned i = 0; i < strip; ++i) {
    const std::uint32_t at = first + i * sort_threads + threadIdx.x;
    if (at < n) atomicAdd(&found[ids[at] >> shift & (digits - 1)], 1U);
  }
  __syncthreads();
  if (threadIdx.x < digits) counts[threadIdx.x * gridDim.x + blockIdx.x] = found[threadIdx.x];
}

/// One block: data[i] becomes the sum before it.
constexpr unsigned scan_threads = 256;
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

/// Moves every id of a tile, and where it stood first, to its place. starts[digit, tile]: where the tile's ids of this
/// digit begin. from: where ids stood before the first pass; null in the first.
__global__ void __launch_bounds__(sort_threads)
    move_by_digit(const std::uint32_t* ids, const std::uint32_t* from, std::uint32_t n, unsigned shift,
                  const std::uint32_t* starts, std::uint32_t* moved_ids, std::uint32_t* moved_from) {
  // places[digit, thread]: how many ids of this digit the thread has, then where its next one goes within the tile.
  __shared__ std::uint16_t places[digits * sort_threads];
  __shared__ std::uint32_t digit_begin[digits];
  __shared__ ScanScratch scratch;
  const unsigned t = threadIdx.x;
  for (unsigned d = 0; d < digits; ++d) places[d * sort_threads + t] = 0;
  const std::uint32_t first = blockIdx.x * tile + t * strip;
  for (unsigned i = 0; i < strip; ++i)
    if (first + i < n) ++places[(ids[first + i] >> shift & (digits - 1)) * sort_threads + t];
  __syncthreads();
  // A thread scans `digits` neighbours in this order; all of one digit, as threads are a multiple of digits.
  std::uint32_t own = 0;
  for (unsigned i = 0; i < digits; ++i) own += places[t * digits + i];
  std::uint32_t total;
  std::uint32_t sum = block_scan(own, total, scratch);
  for (unsigned i = 0; i < digits; ++i) {
    const unsigned at = t * digits + i;
    const std::uint32_t count = places[at];
    places[at] = static_cast<std::uint16_t>(sum);
    if (at % sort_threads == 0) digit_begin[at / sort_threads] = sum;
    sum += count;
  }
  __syncthreads();
  for (unsigned i = 0; i < strip; ++i) {
    if (first + i >= n) break;
    const std::uint32_t id = ids[first + i];
    const unsigned d = id >> shift & (digits - 1);
    const std::uint32_t place = places[d * sort_threads + t]++ - digit_begin[d] + starts[d * gridDim.x + blockIdx.x];
    moved_ids[place] = id;
    moved_from[place] = from == nullptr ? first + i : from[first + i];
  }
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

}  // namespace

IdSort::IdSort(std::size_t capacity, std::uint32_t bound)
    : passes_((std::bit_width(bound) + static_cast<int>(digit_bits) - 1) / static_cast<int>(digit_bits)),
      result_(passes_ % 2),
      ids_{{capacity, "ids to sort"}, {capacity, "sorted ids"}},
      order_{{capacity, "places of ids"}, {capacity, "places of sorted ids"}},
      counts_(digits * tiles(capacity), "digit counts") {}

std::size_t IdSort::tiles(std::size_t n) const { return (n + tile - 1) / tile; }

void IdSort::sort(std::size_t n, const Stream& stream) {
  const auto count = static_cast<std::uint32_t>(n);
  const auto blocks = static_cast<unsigned>(tiles(n));
  for (int pass = 0; pass < passes_; ++pass) {
    const unsigned shift = static_cast<unsigned>(pass) * digit_bits;
    const int here = pass % 2;
    const std::uint32_t* from = pass == 0 ? nullptr : order_[here].data();
    launch({"count_digits", blocks, sort_threads}, stream, count_digits, ids_[here].data(), count, shift,
           counts_.data());
    exclusive_scan(counts_.data(), digits * std::size_t{blocks}, stream);
    launch({"move_by_digit", blocks, sort_threads}, stream, move_by_digit, ids_[here].data(), from, count, shift,
           counts_.data(), ids_[1 - here].data(), order_[1 - here].data());
  }
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
      sort_(capacity, bound),
      tile_rows_(blocks_for(capacity, group_threads), "rows of tiles"),
      rows_(1, "number of distinct ids"),
      distinct_(capacity_, "distinct ids"),
      begin_(capacity_ + 1, "begins of distinct ids"),
      row_of_(capacity, "rows of ids") {}

void IdGroups::assign(std::size_t n, const Stream& stream) {
  sort_.sort(n, stream);
  const unsigned blocks = blocks_for(n, group_threads);
  const auto count = static_cast<std::uint32_t>(n);
  launch({"count_rows", blocks, group_threads}, stream, count_rows, sort_.sorted(), count, bound_, tile_rows_.data());
  exclusive_scan(tile_rows_.data(), blocks, stream);
  launch({"list_rows", blocks, group_threads}, stream, list_rows, sort_.sorted(), sort_.order(), count, bound_,
         tile_rows_.data(), rows_.data(), distinct_.data(), begin_.data(), row_of_.data());
}

IdGroups::View IdGroups::view() const {
  return {rows_.data(), distinct_.data(), begin_.data(), sort_.order(), row_of_.data()};
}

}  // namespace frugal::cuda
