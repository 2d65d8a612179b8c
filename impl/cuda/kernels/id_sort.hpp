// Sorting and grouping of ids on the device: what turns a scatter of gradients, which would need atomics and an order,
// into one sum per row in a fixed order, and what deals the examples of a sweep to the blocks of its schedule.
//
// Sorting is CUB's stable radix sort, and for the shim the standard library's.
//
// Deterministic: exact, all integers. The number of ids comes from the host; padding fills up a batch that has fewer.
#pragma once
#include <cstddef>
#include <cstdint>

#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

class IdSort {
 public:
  /// Room for `capacity` ids below `bound`.
  IdSort(std::size_t capacity, std::uint32_t bound);

  /// Sorts n ids with what belongs to each; neither changes. An id equal to the bound is padding: it comes last. Only
  /// launches: a graph may record it.
  void sort(const std::uint32_t* ids, const std::uint32_t* values, std::size_t n, const Stream& stream);

  /// After sort(): the ids in ascending order, and what belongs to each; equal ids keep their order.
  const std::uint32_t* sorted() const { return sorted_.data(); }
  const std::uint32_t* values() const { return values_.data(); }

 private:
  int bits_;
  DeviceBuffer<std::uint32_t> sorted_;
  DeviceBuffer<std::uint32_t> values_;
  DeviceBuffer<std::uint8_t> scratch_;
};

/// 0, 1, 2 ...
void count_up(DeviceBuffer<std::uint32_t>& numbers, const Stream& stream);

/// begins[b], b <= bound: how many of the n ascending ids are below b. begins [bound + 1].
void find_begins(const std::uint32_t* sorted, std::size_t n, std::uint32_t bound, std::uint32_t* begins,
                 const Stream& stream);

/// data[i] becomes the sum of what lies before it; n below 2^32.
void exclusive_scan(std::uint32_t* data, std::size_t n, const Stream& stream);

/// The distinct ids of a batch, ascending, and where each occurs. A row is a position in that list.
class IdGroups {
 public:
  IdGroups(std::size_t capacity, std::uint32_t bound);

  /// [capacity]; to be written before assign().
  std::uint32_t* ids() { return ids_.data(); }
  /// Groups the first n of ids(); ids equal to the bound belong to no row.
  void assign(std::size_t n, const Stream& stream);

  /// What kernels read after assign().
  struct View {
    const std::uint32_t* rows;       ///< [1]: the number of distinct ids
    const std::uint32_t* ids;        ///< [rows]
    const std::uint32_t* begin;      ///< [rows + 1]: row r stands at order[begin[r]] .. order[begin[r + 1] - 1]
    const std::uint32_t* positions;  ///< [n]: positions in the batch, by row, ascending within a row
    const std::uint32_t* row_of;     ///< [n]: of the id at each position; undefined for padding
  };
  View view() const;
  /// The most rows there can be.
  std::size_t capacity() const { return capacity_; }

 private:
  std::uint32_t bound_;
  std::size_t capacity_;
  DeviceBuffer<std::uint32_t> ids_;
  DeviceBuffer<std::uint32_t> positions_;  ///< 0, 1, 2 ...
  IdSort sort_;
  DeviceBuffer<std::uint32_t> tile_rows_;
  DeviceBuffer<std::uint32_t> rows_;
  DeviceBuffer<std::uint32_t> distinct_;
  DeviceBuffer<std::uint32_t> begin_;
  DeviceBuffer<std::uint32_t> row_of_;
};

}  // namespace frugal::cuda
