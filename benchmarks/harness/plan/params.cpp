#include "benchmarks/harness/plan/params.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

void require_range(const ParamSpec& spec, double value, const Node& node) {
  if (value >= spec.min && value <= spec.max) return;
  std::string allowed;
  if (std::isinf(spec.max)) {
    allowed = fmt::format("at least {}", spec.min);
  } else if (std::isinf(spec.min)) {
    allowed = fmt::format("at most {}", spec.max);
  } else {
    allowed = fmt::format("from {} to {}", spec.min, spec.max);
  }
  throw UserError(node.place, fmt::format("{} must be {}, but this is {}", spec.name, allowed, node.text));
}

std::int64_t read_integer_param(const ParamSpec& spec, const Node& node) {
  const std::int64_t value = node.as_integer();
  require_range(spec, static_cast<double>(value), node);
  return value;
}

void require_choice(const ParamSpec& spec, const Node& node) {
  if (spec.choices.empty() || std::ranges::find(spec.choices, node.as_string()) != spec.choices.end()) return;
  throw UserError(node.place, unknown_word(spec.name, node.text, spec.choices));
}

}  // namespace

Json read_param(const ParamSpec& spec, const Node& value) {
  switch (spec.type) {
    case ParamSpec::Type::boolean:
      return value.as_boolean();
    case ParamSpec::Type::integer:
      return read_integer_param(spec, value);
    case ParamSpec::Type::real:
      require_range(spec, value.as_real(), value);
      return value.as_real() + 0.0;  // -0.0 is written like 0.0
    case ParamSpec::Type::string:
      require_choice(spec, value);
      return value.as_string();
    case ParamSpec::Type::integer_list:
      break;
  }
  Json list = Json::array();
  for (const Node& item : value.as_list()) list.push_back(read_integer_param(spec, item));
  return list;
}

Json default_param(const ParamSpec& spec, std::string_view path, const Place& document) {
  const Json& value = spec.default_value;
  if (value.is_null()) {
    throw UserError(document, fmt::format("the plan must set {}: {} has no default ({})", path, spec.name, spec.help));
  }
  switch (spec.type) {
    case ParamSpec::Type::boolean:
      assert(value.is_boolean());
      return value;
    case ParamSpec::Type::integer:
      assert(value.is_number_integer());
      return value.get<std::int64_t>();
    case ParamSpec::Type::real:
      assert(value.is_number());
      return value.get<double>();
    case ParamSpec::Type::string:
      assert(value.is_string());
      return value;
    case ParamSpec::Type::integer_list:
      break;
  }
  assert(value.is_array());
  return value.get<std::vector<std::int64_t>>();
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
