// The data sets that a plan can name, what it can set of each, and what it means by leaving something out.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "datasets/catalog/manifest.hpp"
#include "impl/base/params.hpp"

namespace frugal::data {

/// A data set that is made, not read.
struct Generator {
  std::string name;  ///< "synthetic-interactions"
  Kind kind;
  std::string help;
  std::vector<ParamSpec> params;
};
const std::vector<Generator>& generators();
const Generator* find_generator(std::string_view name);

/// The data set of a user's own file, a signal: a plan names the file as params.inr.image.
inline constexpr std::string_view own_file = "file";

/// Anything that a plan can name as its data set.
struct DatasetEntry {
  std::string name;
  Kind kind;            ///< signal for `own_file`, whose kind is that of the file
  std::string help;     ///< a title, or what a generator makes
  std::string licence;  ///< "generated" and "yours" where there is none
};

/// All manifests but those of attributes, all generators, and `own_file`.
std::vector<DatasetEntry> dataset_entries();

/// What a plan may give beside a data set's name. Throws UserError for an unknown name.
const std::vector<ParamSpec>& dataset_params(std::string_view name);

/// {"name": ..., parameter: value, ...} with all parameters: what the functions of datasets/load take, and what a
/// plan's cells hold. Throws UserError for an unknown name or parameter, a wrong type or a value out of range.
Json complete_dataset(const Json& dataset);

/// Why no cell with this complete data set can run whatever the machine: parameters of a generator that contradict each
/// other. Empty when nothing is wrong, so for every manifest. Nothing is generated.
std::string why_invalid_dataset(const Json& dataset);

}  // namespace frugal::data
