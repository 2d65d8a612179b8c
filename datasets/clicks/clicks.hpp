// Click data: dense and categorical features with a label (Criteo's layout).
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "datasets/interactions/attributes.hpp"
#include "impl/base/document.hpp"

namespace frugal::data {

struct Clicks {
  int dense_features = 0;
  std::vector<std::uint32_t> table_rows;  ///< ids of column t are below table_rows[t]
  std::vector<float> dense;               ///< [n, dense_features]
  std::vector<std::uint32_t> ids;         ///< [n, tables]
  std::vector<float> labels;              ///< [n]
  std::optional<double> bayes_auc;        ///< AUC of the true click probabilities on these very examples, where known
  std::uint64_t size() const { return labels.size(); }
};

struct ClickSplit {
  Clicks train;
  Clicks test;
  std::uint32_t users =
      0;  ///< where examples are ratings: the first table is the users', the second the items'; else 0
  std::uint32_t items = 0;
};

/// Ratings as examples: the label is "rated at least `label_rating`"; a random `test_fraction` is held out (Philox,
/// Purpose::split). Tables: user, item, and each attribute of one category (last row: none). Dense: log(1 + training
/// examples) of the user and of the item, and the attributes of several categories as 0/1.
ClickSplit clicks_from_ratings(const Ratings& ratings, const SideAttributes& side, double label_rating,
                               double test_fraction, std::uint64_t seed);

/// A data set for `dlrm`, by name, with its parameters.
ClickSplit load_clicks(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed);

}  // namespace frugal::data
