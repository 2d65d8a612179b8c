#include "benchmarks/harness/plan/params.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace frugal::harness {

Json default_param(const ParamSpec& spec, std::string_view path, const Place& document) {
  if (!spec.default_value.is_null()) return default_value_of(spec);
  throw UserError(document, fmt::format("the plan must set {}: {} has no default ({})", path, spec.name, spec.help));
}

void set_dotted(Json& root, std::string_view name, Json value) {
  Json* at = &root;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
    at = &(*at)[std::string(name.substr(0, dot))];
    name.remove_prefix(dot + 1);
  }
  (*at)[std::string(name)] = std::move(value);
}

Vocabulary::Vocabulary(const Workload& workload)
    : workload_(&workload), name_(workload.name()), params_(workload.params()), datasets_(workload.datasets()) {
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

bool Vocabulary::is_group(std::string_view name) const {
  return std::ranges::any_of(params_, [&](const ParamSpec& spec) {
    return spec.name.size() > name.size() && spec.name.starts_with(name) && spec.name[name.size()] == '.';
  });
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

bool Vocabulary::settable(std::string_view path) const {
  if (std::ranges::find(paths_, path) != paths_.end()) return true;
  const std::string root = "params." + name_;
  if (path == root) return true;
  return path.starts_with(root + ".") && is_group(path.substr(root.size() + 1));
}

}  // namespace frugal::harness
