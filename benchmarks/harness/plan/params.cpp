#include "benchmarks/harness/plan/params.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/harness/plan/execution.hpp"

namespace frugal::harness {
namespace {

/// Are there parameters "name.…"?
bool has_group(std::span<const ParamSpec> specs, std::string_view name) {
  return std::ranges::any_of(specs, [&](const ParamSpec& spec) {
    return spec.name.size() > name.size() && spec.name.starts_with(name) && spec.name[name.size()] == '.';
  });
}

}  // namespace

Json default_param(const ParamSpec& spec, std::string_view path, const Place& document) {
  if (!spec.default_value.is_null()) return default_value_of(spec);
  throw UserError(document, fmt::format("the plan must set {}: {} has no default ({})", path, spec.name, spec.help));
}

Vocabulary::Vocabulary(const Workload& workload, const std::vector<std::filesystem::path>& data_dirs)
    : workload_(&workload),
      name_(workload.name()),
      params_(workload.params()),
      datasets_(workload.datasets(data_dirs)) {
  paths_ = {"backend", "dataset", "dataset.name"};
  const auto add_path = [this](std::string path) {
    if (std::ranges::find(paths_, path) == paths_.end()) paths_.push_back(std::move(path));
  };
  for (const DatasetChoice& choice : datasets_) {
    dataset_names_.push_back(choice.name);
    for (const ParamSpec& spec : choice.params) add_path("dataset." + spec.name);
  }
  for (const ParamSpec& spec : params_) {
    param_names_.push_back(spec.name);
    add_path("params." + name_ + "." + spec.name);
  }
  for (const MetricDescriptor& metric : workload.metrics()) metric_names_.push_back(metric.name);
}

const ParamSpec* Vocabulary::param(std::string_view name) const {
  const auto found = std::ranges::find(params_, name, &ParamSpec::name);
  return found == params_.end() ? nullptr : &*found;
}

bool Vocabulary::is_group(std::string_view name) const { return has_group(params_, name); }

bool Vocabulary::is_dataset_group(std::string_view name) const {
  return std::ranges::any_of(datasets_, [&](const DatasetChoice& choice) { return has_group(choice.params, name); });
}

const DatasetChoice* Vocabulary::dataset(std::string_view name) const {
  const auto found = std::ranges::find(datasets_, name, &DatasetChoice::name);
  return found == datasets_.end() ? nullptr : &*found;
}

const ParamSpec* Vocabulary::param_of(const DatasetChoice& dataset, std::string_view name) {
  const auto found = std::ranges::find(dataset.params, name, &ParamSpec::name);
  return found == dataset.params.end() ? nullptr : &*found;
}

const ParamSpec* Vocabulary::dataset_param(std::string_view name) const {
  for (const DatasetChoice& choice : datasets_) {
    if (const ParamSpec* spec = param_of(choice, name)) return spec;
  }
  return nullptr;
}

std::map<std::string, Json> Vocabulary::defaults(std::string_view dataset) const {
  std::map<std::string, Json> values;
  const auto add = [&](const std::string& root, const std::vector<ParamSpec>& specs) {
    for (const ParamSpec& spec : specs)
      if (!spec.default_value.is_null()) values[root + spec.name] = default_value_of(spec);
  };
  const std::string root = "params." + name_ + ".";
  add(root, params_);
  if (const DatasetChoice* const choice = this->dataset(dataset)) {
    add("dataset.", choice->params);
    for (const auto& [name, value] : choice->param_defaults.items()) values[root + name] = value;
  }
  return values;
}

bool Vocabulary::settable(std::string_view path) const {
  if (std::ranges::find(paths_, path) != paths_.end() || is_execution_path(path)) return true;
  constexpr std::string_view dataset = "dataset.";
  if (path.starts_with(dataset)) return is_dataset_group(path.substr(dataset.size()));
  const std::string root = "params." + name_;
  if (path == root) return true;
  return path.starts_with(root + ".") && is_group(path.substr(root.size() + 1));
}

}  // namespace frugal::harness
