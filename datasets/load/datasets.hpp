// The data sets that a plan can name, what it can set of each, and what it means by leaving something out.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "datasets/catalog/manifest.hpp"
#include "datasets/signal/signal.hpp"
#include "datasets/synthetic/streams.hpp"
#include "impl/base/params.hpp"

namespace frugal::data {

/// How a signal is made. size: of pictures, whose sides a plan asks for.
struct SignalMaker {
  SignalShape (*shape)(const Json& dataset, int size);
  Signal (*make)(const Json& dataset, int size, std::uint64_t seed);
};
using InteractionsMaker = std::unique_ptr<InteractionsStream> (*)(const Json& dataset, std::uint64_t seed);
using ClicksMaker = std::unique_ptr<ClicksStream> (*)(const Json& dataset, std::uint64_t seed);

/// A data set that is made, not read. Its functions take a complete data set (complete_dataset()).
struct Generator {
  std::string name;  ///< "synthetic-interactions": begins with generated_prefix
  Kind kind;
  std::string help;
  std::vector<ParamSpec> params;
  std::variant<SignalMaker, InteractionsMaker, ClicksMaker> make;  ///< that of its kind
  std::string (*why_invalid)(const Json& dataset) = nullptr;       ///< of parameters that can contradict each other
};
/// All of them.
const std::vector<Generator>& generators();
/// The one of that name, or null.
const Generator* find_generator(std::string_view name);

/// Is this complete data set a user's own file?
bool is_own_file(const Json& dataset);

/// Anything that a plan can name as its data set.
struct DatasetEntry {
  std::string name;
  Kind kind;            ///< `own_file` is there for interactions, for clicks and for signals, whose kind the file tells
  std::string help;     ///< a title, or what a generator makes
  std::string licence;  ///< "generated" and "yours" where there is none
  std::vector<ParamSpec> params;  ///< what a plan may give beside the name
};

/// All manifests (data_dirs: see catalog/manifest.hpp) but those of attributes, all generators, and `own_file`.
std::vector<DatasetEntry> dataset_entries(const std::vector<std::filesystem::path>& data_dirs);

/// {"name": ..., parameter: value, ...} with all parameters: what the functions of datasets/load take, and what a
/// plan's cells hold. own: what is wanted of `own_file` (interactions, clicks, signal). Throws UserError for an unknown name or parameter, a wrong type or a
/// value out of range.
Json complete_dataset(const Json& dataset, Kind own = Kind::signal,
                      const std::vector<std::filesystem::path>& data_dirs = {});

/// Why no cell with this complete data set can run whatever the machine: parameters of a generator that contradict each
/// other. Empty when nothing is wrong, so for every manifest. Nothing is generated.
std::string why_invalid_dataset(const Json& dataset);

}  // namespace frugal::data
