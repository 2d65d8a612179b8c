// The embedding tables of DLRM, with their rows dealt to ranks (dealing.hpp). In a step each rank takes some of the examples:
// it is lent the rows that these name, and gives the gradients of their bags to whose rows they are. Who needs what, all ranks
// know from the ids, which all have.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/recommender/click_batch.hpp"
#include "impl/common/specs.hpp"
#include "impl/common/state.hpp"
#include "impl/cpu/recommender/dealing.hpp"
#include "impl/cpu/recommender/parameter.hpp"
#include "impl/cpu/recommender/sorted_ids.hpp"

namespace frugal::cpu {

class DealtTables {
 public:
  /// With the initial values of the spec.
  DealtTables(const DlrmSpec& spec, const UpdateRule& rule, Communicator& ranks);

  std::size_t size() const { return own_.size(); }
  /// This rank's rows of a table.
  EmbeddingTable& operator[](std::size_t table) { return own_[table]; }
  const Dealing& dealing() const { return dealing_; }
  /// How many rows of a table are here.
  std::uint32_t rows(std::size_t table) const { return dealing_.rows(table_rows_[table]); }

  /// A batch whose ids are rows of `tables`.
  struct Lent {
    ClickBatch batch;                  ///< only the bags of this rank's examples can be read
    std::vector<const float*> tables;  ///< [tables]: [rows, dim] each
  };
  /// Where rows are that are lent.
  struct Room {
    std::vector<SortedIds> used;     ///< of each table, by this rank's examples
    std::vector<std::uint32_t> ids;  ///< of the batch, as rows of `values`
    FloatBuffers values;             ///< of each table
  };
  /// begins [ranks + 1]: the examples of each rank. Of one rank nothing is copied. All ranks call this alike.
  Lent lend(const ClickBatch& batch, std::span<const std::size_t> begins, Room& room) const;

  /// gradients [table][batch, dim], of the bags of trainable tables: this rank has those of its examples, and gets those
  /// of bags that name rows of its own. All ranks call this alike.
  void give_back(const ClickBatch& batch, std::span<const std::size_t> begins, std::span<float* const> gradients) const;

  void add_values(TensorViews<float>& views);
  void add_states(TensorViews<float>& views);
  /// Makes the tensors of the tables, of which each rank has exported its part, whole. All ranks call this alike.
  void complete(ModelState& state) const;
  /// placed_of() a model with these tables.
  std::vector<PlacedTensor> placed_of(const TensorViews<float>& views) const;
  /// What of a whole state is this rank's. Throws std::invalid_argument where a table has another shape.
  ModelState part_of(const ModelState& state) const;

 private:
  /// Of the table that a tensor of the state belongs to; 0: to none.
  std::uint32_t rows_of(std::string_view tensor) const;
  /// Distinct ids of this rank in the bags of examples begin ... end - 1, ascending.
  TableIds named(const ClickBatch& batch, std::size_t begin, std::size_t end) const;
  /// Bags of examples begin ... end - 1, of trainable tables, that name a row of `owner`: example * tables + table.
  std::vector<std::size_t> bags_for(const ClickBatch& batch, std::size_t begin, std::size_t end,
                                    std::uint32_t owner) const;

  Communicator& ranks_;
  Dealing dealing_;
  std::vector<std::uint32_t> table_rows_;
  std::size_t dim_;
  std::size_t frozen_;
  std::vector<EmbeddingTable> own_;
};

}  // namespace frugal::cpu
