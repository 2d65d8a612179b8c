// Click data: dense and categorical features with a label (Criteo's layout).
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "impl/common/document.hpp"

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
};

/// A data set for `dlrm`, by name, with its parameters.
ClickSplit load_clicks(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed);

}  // namespace frugal::data
