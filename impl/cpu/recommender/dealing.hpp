// Rows of embedding tables dealt to ranks in turn: row r lies with rank r % ranks, as its row r / ranks, so that rows which
// are asked for often, as a rule neighbours, are spread over all.
#pragma once
#include <cassert>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/placed_state.hpp"
#include "impl/common/state.hpp"
#include "impl/common/tensor_views.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/recommender/parameter.hpp"
#include "impl/cpu/recommender/sorted_ids.hpp"

namespace frugal::cpu {

struct Dealing {
  explicit Dealing(const Communicator& all)
      : rank(static_cast<std::uint32_t>(all.rank())), ranks(static_cast<std::uint32_t>(all.size())) {
    assert(ranks > 0);
  }

  /// Has this rank all rows? Then ids are rows.
  bool whole() const { return ranks == 1; }
  std::uint32_t owner(std::uint32_t id) const { return id % ranks; }
  bool owns(std::uint32_t id) const { return owner(id) == rank; }
  /// Where its owner has it.
  std::uint32_t row_of(std::uint32_t id) const { return id / ranks; }
  /// Of a row of this rank.
  std::uint32_t id_of(std::uint32_t row) const { return row * ranks + rank; }
  /// How many of a table's rows a rank has.
  std::uint32_t rows_of(std::uint32_t table_rows, std::uint32_t of_rank) const {
    return table_rows / ranks + (of_rank < table_rows % ranks ? 1 : 0);
  }
  std::uint32_t rows(std::uint32_t table_rows) const { return rows_of(table_rows, rank); }

  std::uint32_t rank;
  std::uint32_t ranks;
};

using FloatBuffers = std::vector<AlignedBuffer<float>>;

/// outgoing[r] [ranks]: what rank r gets of this one; incoming[r]: room for what it sends. All ranks call this alike.
void exchange(Communicator& ranks, const FloatBuffers& outgoing, FloatBuffers& incoming);

/// Ids of one rank in several tables: [tables].
using TableIds = std::vector<std::vector<std::uint32_t>>;

/// Lends and borrows rows [dim] of tables. wanted[r] [ranks]: distinct ids of this rank that rank r wants, ascending.
/// used [tables]: what this rank wants; values [tables]: gets a row for each of its distinct ids, in their order.
/// All ranks call this alike.
void lend_rows(Communicator& ranks, std::span<const EmbeddingTable* const> tables, std::size_t dim,
               std::span<const TableIds> wanted, std::span<const SortedIds> used,
               std::span<AlignedBuffer<float>> values);

/// Rows of the table that a tensor of a state belongs to; 0: to none.
using RowsOfTensor = std::function<std::uint32_t(std::string_view name)>;

/// Makes the tensors of tables, of which each rank has its part, whole. All ranks call this alike.
void complete(ModelState& state, const RowsOfTensor& rows_of, Communicator& ranks);

/// What of a whole state is this rank's. Throws std::invalid_argument where a tensor has other rows than its table.
ModelState part_of(const ModelState& state, const RowsOfTensor& rows_of, const Dealing& dealing);

/// The same tensors in the forms of files: those of tables lie with the ranks, the others with each.
std::vector<PlacedTensor> placed_of(const TensorViews<float>& views, const RowsOfTensor& rows_of,
                                    const Communicator& ranks);

/// Each once, ascending.
std::vector<std::uint32_t> distinct_of(std::vector<std::uint32_t> ids);

}  // namespace frugal::cpu
