// The rows that the bags of a batch name, equal ones side by side: what turns the scatter of their gradients into one sum
// a row in a fixed order.
//
// One id a bag: one block a table sorts its rows in shared memory, with their examples, by a bitonic network (Batcher
// 1968). Other bags, and batches beyond shared memory: id_sort.hpp.
//
// Deterministic: exact; equal rows in the order of the batch.
#pragma once
#include <cstdint>
#include <optional>

#include "impl/cuda/kernels/id_sort.hpp"

namespace frugal::cuda {

/// Lookups by row: those of a row are neighbours, in the order of the batch.
struct SortedLookups {
  const std::uint32_t* rows;  ///< [count], counted over all tables; the number of all rows where there is none
  const std::uint32_t* bags;  ///< [count]: of the batch
  std::uint32_t count;
};

class LookupSort {
 public:
  /// Room for `lookups`; `batch` examples with one id of each of `tables` tables are sorted from first_table on. rows:
  /// of all tables.
  LookupSort(std::size_t lookups, std::uint32_t batch, unsigned tables, unsigned first_table, std::uint32_t rows);

  /// rows [batch, tables]: one id a bag. Only launches, as the next.
  SortedLookups sort_one_each(const std::uint32_t* rows, const Stream& stream);
  /// rows and bags [lookups] of all there is room for.
  SortedLookups sort_bags(const std::uint32_t* rows, const std::uint32_t* bags, const Stream& stream);

 private:
  SortedLookups sort_any(const std::uint32_t* rows, const std::uint32_t* bags, std::size_t count, const Stream& stream);

  std::size_t lookups_;
  std::uint32_t batch_;
  unsigned tables_;
  unsigned first_table_;
  IdSort sort_;
  DeviceBuffer<std::uint32_t> rows_;  ///< [sorted tables, batch]
  DeviceBuffer<std::uint32_t> bags_;  ///< the same; of a batch beyond shared memory, the numbers of its bags
};

}  // namespace frugal::cuda
