// Click data: dense and categorical features with a label (DLRM's layout).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace frugal::data {

/// n examples, each with numbers, one category a table, and whether it was clicked.
struct Clicks {
  int dense_features = 0;                 ///< numbers of an example
  std::vector<std::uint32_t> table_rows;  ///< ids of column t are below table_rows[t]
  std::vector<float> dense;               ///< [n, dense_features], scaled as the model takes them
  std::vector<std::uint32_t> ids;         ///< [n, tables]
  std::vector<float> labels;              ///< [n], 0 or 1
  std::optional<double> bayes_auc;        ///< AUC of the true click probabilities on these very examples, where known
  std::uint64_t size() const { return labels.size(); }
};

/// Of one shape.
struct ClickSplit {
  Clicks train;  ///< what a model learns from
  Clicks test;   ///< what was held out
  /// Where examples are ratings: the first table is the users', the second the items'; else 0.
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  std::string protocol{};  ///< one line for tables: what was held out
};

/// Of `rows`, two or more: how many a share is, at least one and not all.
std::uint64_t held_out_rows(std::uint64_t rows, double share);

/// Holds out the last `share` of two or more examples, at least one and not all.
ClickSplit hold_out_tail(Clicks clicks, double share);

}  // namespace frugal::data
