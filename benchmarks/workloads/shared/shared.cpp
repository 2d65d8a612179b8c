#include "benchmarks/workloads/shared/shared.hpp"

#include <fmt/format.h>

#include <cassert>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "benchmarks/workloads/shared/inputs.hpp"
#include "datasets/catalog/locate.hpp"
#include "datasets/load/attributes.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/own_file.hpp"
#include "impl/base/files.hpp"
#include "impl/base/suggestion.hpp"
#include "impl/common/spec_names.hpp"

namespace frugal::workloads {

using harness::Cell;
using harness::Complaint;
using harness::DatasetChoice;

std::vector<DatasetChoice> dataset_choices(data::Kind kind, const std::vector<std::filesystem::path>& data_dirs) {
  std::vector<DatasetChoice> choices;
  for (const data::DatasetEntry& entry : data::dataset_entries(data_dirs))
    if (kind == data::Kind::signal ? data::is_signal(entry.kind) : entry.kind == kind)
      choices.push_back({entry.name, entry.help, entry.params});
  return choices;
}

namespace {

std::filesystem::path checkpoint_of(const Cell& cell) { return cell.located(cell.own().at("initial_weights")); }

}  // namespace

const Backend* check_surroundings(const Cell& cell, const std::vector<std::filesystem::path>& data_dirs,
                                  std::vector<Complaint>& complaints) {
  const std::string name = cell.dataset.at("name");
  if (std::string why = data::why_invalid_dataset(cell.dataset); !why.empty())
    complaints.push_back({"dataset", std::move(why), false});
  // Of a set of signals a cell needs one file: inr looks for it.
  if (const data::Manifest* manifest = data::find_manifest(name, data_dirs);
      manifest && !data::is_signal(manifest->kind)) {
    try {
      data::locate_all(*manifest, data_dirs);
    } catch (const UnavailableError& error) {
      complaints.push_back({"dataset", error.what(), true});
    }
  }
  if (data::is_own_file(cell.dataset)) {
    try {
      data::check_own_file(located_dataset(cell));
    } catch (const UserError& error) {
      complaints.push_back({"dataset.path", error.what(), false});
    }
  }
  if (starts_from_checkpoint(cell)) {
    try {
      open_file(checkpoint_of(cell));
    } catch (const UserError& error) {
      complaints.push_back({"params." + cell.workload + ".initial_weights", error.what(), false});
    }
  }
  const Backend* backend = find_backend(cell.backend);
  if (!backend) {
    std::vector<std::string> known;
    for (const Backend* each : backends()) known.push_back(each->name());
    complaints.push_back({"backend", unknown_word("back end", cell.backend, known), false});
  } else if (const Support available = backend->available(); !available) {
    complaints.push_back({"backend", cell.backend + ": " + available.reason, true});
  }
  return backend;
}

void check_attributes(const Cell& cell, const std::string& path, const std::vector<std::filesystem::path>& data_dirs,
                      std::vector<Complaint>& complaints) {
  const data::Manifest* const manifest = data::attributes_manifest(cell.dataset, data_dirs);
  if (!manifest) {
    complaints.push_back({path, "nothing is known of the users and items of " + cell.dataset.at("name").dump(), false});
    return;
  }
  try {
    data::locate_all(*manifest, data_dirs);
  } catch (const UnavailableError& error) {
    complaints.push_back({path, error.what(), true});
  }
}

std::string why_no_ranks(const Cell& cell) {
  const Backend* backend = find_backend(cell.backend);
  return backend && backend->available() ? backend->supports_ranks().reason : "";
}

const Backend& backend_of(const Cell& cell) {
  const Backend* backend = find_backend(cell.backend);
  assert(backend && "check() passed");
  return *backend;
}

std::vector<ParamSpec> checkpoint_params() {
  using Type = ParamSpec::Type;
  return {{.name = "initial_weights",
           .type = Type::string,
           .default_value = "",
           .help = "path of a safetensors file to go on from; empty: start anew"},
          {.name = "save_weights",
           .type = Type::boolean,
           .default_value = false,
           .help = "leave the model and its optimiser's state as weights.safetensors among the artifacts"}};
}

bool starts_from_checkpoint(const Cell& cell) { return cell.own().at("initial_weights") != ""; }

std::uint64_t load_checkpoint(const Cell& cell, Model& model) {
  if (!starts_from_checkpoint(cell)) return 0;
  const std::filesystem::path path = checkpoint_of(cell);
  try {
    return model.load(path).step;
  } catch (const std::invalid_argument& error) {
    throw UserError(fmt::format("{} does not fit the model of this plan: {}", path.string(), error.what()));
  }
}

void save_checkpoint(const Cell& cell, const Model& model, harness::RunContext& context) {
  if (cell.own().at("save_weights").get<bool>()) model.save(context.artifacts() / "weights.safetensors");
}

}  // namespace frugal::workloads
