// What the workloads share: data sets as plan choices, and the questions asked of a back end before a run.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/harness/workload.hpp"
#include "datasets/catalog/manifest.hpp"
#include "impl/api/backend.hpp"
#include "impl/api/model.hpp"
#include "impl/base/names.hpp"
#include "impl/base/params.hpp"
#include "impl/common/inr/layout.hpp"
#include "impl/common/recommender/shapes.hpp"

namespace frugal::workloads {

/// All data sets of a kind (interactions, clicks; signal: pictures, sound, volumes) as choices of a plan.
std::vector<harness::DatasetChoice> dataset_choices(data::Kind kind,
                                                    const std::vector<std::filesystem::path>& data_dirs);

/// Is the back end known and able to run here, do the data set's parameters fit each other, and are its files in reach
/// (but for an image set, of which a cell needs one picture only)? Adds a complaint for each no.
/// Returns the back end when it is known.
const Backend* check_surroundings(const harness::Cell& cell, const std::vector<std::filesystem::path>& data_dirs,
                                  std::vector<harness::Complaint>& complaints);

/// Are the attributes of the data set's users and items known, and their files in reach? Adds a complaint at `path`,
/// where the plan asks for them, if not.
void check_attributes(const harness::Cell& cell, const std::string& path,
                      const std::vector<std::filesystem::path>& data_dirs, std::vector<harness::Complaint>& complaints);

/// Which parameter of the model a back end refuses: ".precision", where it takes the model in fp32; else empty.
template <class Spec>
std::string refused_parameter(const Spec& spec, const Backend& backend) {
  if constexpr (requires { spec.precision; }) {
    Spec plain = spec;
    plain.precision = Precision::fp32;
    if (spec.precision != Precision::fp32 && backend.supports(plain)) return ".precision";
  }
  return "";
}

/// Can the model be computed at all (why_invalid), and by this back end (supports)? Adds a complaint at `path`, or at what
/// of it is refused, if not.
template <class Spec>
void check_spec(const Spec& spec, const std::string& path, const Backend* backend,
                std::vector<harness::Complaint>& complaints) {
  if (std::string why = why_invalid(spec); !why.empty()) {
    complaints.push_back({path, std::move(why), false});
  } else if (backend && backend->available()) {
    if (const Support support = backend->supports(spec); !support)
      complaints.push_back({path + refused_parameter(spec, *backend), backend->name() + ": " + support.reason, true});
  }
}

/// Workload::why_no_ranks, as far as the cell's back end has a say in it. One that cannot run here at all has none.
std::string why_no_ranks(const harness::Cell& cell);

/// The back end of a cell that check() has passed.
const Backend& backend_of(const harness::Cell& cell);

/// The choice that a parameter names.
template <class Enum, std::size_t n>
Enum choice_of(const Named<Enum> (&names)[n], const Json& params, const char* name) {
  return from_word(names, name, params.at(name).template get<std::string>());
}

/// initial_weights and save_weights: a model's whole state, optimiser and steps included, as a safetensors file. A run
/// that starts from it goes on where the other one ended.
std::vector<ParamSpec> checkpoint_params();

/// Does the cell name a file to start from?
bool starts_from_checkpoint(const harness::Cell& cell);

/// Reads it, where there is one, and returns the steps that the state has behind it, else 0. Throws UserError when it
/// is no state of this model.
std::uint64_t load_checkpoint(const harness::Cell& cell, Model& model);

/// Leaves weights.safetensors among the artifacts, where the cell asks for it.
void save_checkpoint(const harness::Cell& cell, const Model& model, harness::RunContext& context);

}  // namespace frugal::workloads
