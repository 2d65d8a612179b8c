// The categories of a column, as the rows of an embedding table.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "datasets/formats/id_map.hpp"
#include "impl/base/hash.hpp"

namespace frugal::data {

/// Gives texts rows: 0 for the empty one, one each for the others while they are fewer than `rows`, else by their hash.
/// So memory grows with `rows`, not with the texts. What row() gives back stands only after finish().
class CategoryTable {
 public:
  /// rows: at least 2.
  explicit CategoryTable(std::uint32_t rows) : rows_(rows) {}

  std::uint32_t row(std::string_view text) {
    if (hashed_) return text.empty() ? 0 : hashed_row(text);
    ++counted_;
    if (text.empty()) return 0;
    const std::uint32_t row = 1 + texts_.index(text);
    if (row == rows_) hash_all();
    return row;
  }

  /// ids(n): what the n-th call of row() gave back, as a reference; becomes what it stands for. Returns the rows of the
  /// table.
  template <class Ids>
  std::uint32_t finish(Ids&& ids) {
    if (!hashed_) {
      for (const std::uint32_t rank : texts_.sort()) final_.push_back(1 + rank);
    }
    for (std::uint64_t n = 0; n < counted_; ++n)
      if (std::uint32_t& id = ids(n); id > 0) id = final_[id - 1];
    return hashed_ ? rows_ : static_cast<std::uint32_t>(final_.size()) + 1;
  }

 private:
  std::uint32_t hashed_row(std::string_view text) const {
    return 1 + static_cast<std::uint32_t>(hash_of(text) % (rows_ - 1));
  }

  void hash_all() {
    for (std::uint32_t index = 0; index < texts_.size(); ++index) final_.push_back(hashed_row(texts_.name(index)));
    texts_ = {};
    hashed_ = true;
  }

  std::uint32_t rows_;
  bool hashed_ = false;
  std::uint64_t counted_ = 0;  ///< calls of row() before texts were hashed
  IdMap texts_;
  std::vector<std::uint32_t> final_;  ///< the rows of those that row() counted, by what it gave back, less 1
};

}  // namespace frugal::data
