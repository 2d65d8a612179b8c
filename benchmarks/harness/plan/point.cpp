#include "benchmarks/harness/plan/point.hpp"

#include <algorithm>
#include <iterator>

#include "benchmarks/harness/plan/execution.hpp"
#include "impl/base/suggestion.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

constexpr std::string_view dataset_prefix = "dataset.";
constexpr std::string_view default_backend = "cpu";

std::string_view below(std::string_view path, std::string_view prefix) { return path.substr(prefix.size()); }

void add_leaf(Layer& layer, std::string path, const Place& key_place, const Node& value) {
  if (std::ranges::find(layer.settings, path, &Setting::path) != layer.settings.end()) {
    throw UserError(key_place, path + " is set twice here");
  }
  layer.settings.push_back({std::move(path), key_place, value});
}

void add_dataset(Layer& layer, const Vocabulary& vocabulary, const Place& key_place, const Node& value) {
  layer.replaces_dataset = true;
  if (value.kind == Node::Kind::string) return add_leaf(layer, "dataset.name", key_place, value);
  if (value.kind != Node::Kind::map) {
    throw UserError(value.place, "expected the name of a data set, or a map such as {name: " +
                                     (vocabulary.datasets().empty() ? "x" : vocabulary.datasets()[0].name) + "}");
  }
  for (const Node::Entry& entry : value.entries) {
    add_settings(layer, vocabulary, std::string(dataset_prefix) + entry.key, entry.key_place, entry.value);
  }
}

void add_params(Layer& layer, const Vocabulary& vocabulary, std::string_view name, const Place& key_place,
                const Node& value) {
  const std::string path = "params." + vocabulary.name() + (name.empty() ? "" : ".") + std::string(name);
  if (vocabulary.param(name) != nullptr) return add_leaf(layer, path, key_place, value);
  if (!name.empty() && !vocabulary.is_group(name)) {
    throw UserError(key_place, unknown_word("parameter of " + vocabulary.name(), name, vocabulary.param_names()));
  }
  for (const Node::Entry& entry : value.as_map()) {
    add_params(layer, vocabulary, std::string(name) + (name.empty() ? "" : ".") + entry.key, entry.key_place,
               entry.value);
  }
}

/// The names a data set's parameters may have in this workload, "name" among them.
std::vector<std::string> dataset_keys(const Vocabulary& vocabulary) {
  std::vector<std::string> keys;
  for (const std::string& path : vocabulary.paths()) {
    if (path.starts_with(dataset_prefix)) keys.emplace_back(below(path, dataset_prefix));
  }
  return keys;
}

}  // namespace

void add_settings(Layer& layer, const Vocabulary& vocabulary, const std::string& path, const Place& key_place,
                  const Node& value) {
  if (path == "backend") return add_leaf(layer, path, key_place, value);
  if (is_execution_path(path)) {
    read_execution(path, value);
    return add_leaf(layer, path, key_place, value);
  }
  if (path == "dataset") return add_dataset(layer, vocabulary, key_place, value);
  if (path.starts_with(dataset_prefix)) {
    const std::string_view key = below(path, dataset_prefix);
    if (vocabulary.is_dataset_group(key)) {
      for (const Node::Entry& entry : value.as_map())
        add_settings(layer, vocabulary, path + "." + entry.key, entry.key_place, entry.value);
      return;
    }
    if (key != "name" && vocabulary.dataset_param(key) == nullptr) {
      throw UserError(key_place, unknown_word("key of dataset", key, dataset_keys(vocabulary)));
    }
    return add_leaf(layer, path, key_place, value);
  }
  if (path == "params") {
    for (const Node::Entry& entry : value.as_map()) {
      add_settings(layer, vocabulary, "params." + entry.key, entry.key_place, entry.value);
    }
    return;
  }
  if (path.starts_with("params.")) {
    const std::string_view rest = below(path, "params.");
    const std::string_view workload = rest.substr(0, rest.find('.'));
    if (workload != vocabulary.name()) {
      throw UserError(key_place, "this plan is of the workload " + vocabulary.name() +
                                     ", so its parameters are params." + vocabulary.name() + ", not params." +
                                     shortened(workload));
    }
    if (rest == workload) return add_params(layer, vocabulary, {}, key_place, value);
    const std::string_view name = rest.substr(workload.size() + 1);
    if (name.empty()) {
      throw UserError(key_place, unknown_word("parameter of " + vocabulary.name(), name, vocabulary.param_names()));
    }
    return add_params(layer, vocabulary, name, key_place, value);
  }
  if (path == "seed" || path == "seeds") throw UserError(key_place, "seeds are set by the key 'seeds' of the document");
  std::vector<std::string> known = vocabulary.paths();
  known.insert(known.end(), std::begin(execution_paths), std::end(execution_paths));
  throw UserError(key_place, unknown_word("path", path, known));
}

Layer read_layer(const Vocabulary& vocabulary, const Node& map) {
  Layer layer;
  for (const Node::Entry& entry : map.as_map()) {
    add_settings(layer, vocabulary, entry.key, entry.key_place, entry.value);
  }
  return layer;
}

Selector read_selector(const Vocabulary& vocabulary, const Node& map) {
  Selector selector;
  Layer layer;
  for (const Node::Entry& entry : map.as_map()) {
    if (entry.key == "seed") {
      selector.emplace_back("seed", entry.value.as_integer());
    } else {
      add_settings(layer, vocabulary, entry.key, entry.key_place, entry.value);
    }
  }
  const std::string own = "params." + vocabulary.name() + ".";
  for (const Setting& setting : layer.settings) {
    const std::string_view path = setting.path;
    Json value;
    if (path == "backend") {
      value = setting.value.as_string();
    } else if (is_execution_path(path)) {
      value = read_execution(path, setting.value);
    } else if (path == "dataset.name") {
      if (vocabulary.dataset(setting.value.as_string()) == nullptr) {
        throw UserError(setting.value.place, unknown_word("dataset of " + vocabulary.name(), setting.value.text,
                                                          vocabulary.dataset_names()));
      }
      value = setting.value.as_string();
    } else if (path.starts_with(dataset_prefix)) {
      value = read_param(*vocabulary.dataset_param(below(path, dataset_prefix)), setting.value);
    } else {
      value = read_param(*vocabulary.param(below(path, own)), setting.value);
    }
    selector.emplace_back(setting.path, std::move(value));
  }
  return selector;
}

void Point::put(std::span<const Layer* const> layers) {
  if (std::ranges::any_of(layers, &Layer::replaces_dataset)) {
    std::erase_if(settings_, [](const auto& entry) { return entry.first.starts_with(dataset_prefix); });
  }
  for (const Layer* layer : layers) {
    for (const Setting& setting : layer->settings) settings_[setting.path] = &setting;
  }
}

const Setting* Point::find(std::string_view path) const {
  const auto found = settings_.find(path);
  return found == settings_.end() ? nullptr : found->second;
}

Place Point::place_of(std::string_view path, const Place& fallback) const {
  if (const Setting* setting = find(path)) return setting->value.place;
  // A data set's parameter that was left to its default, or the data set as a whole: the place of its name.
  const bool of_dataset = path == "dataset" || path.starts_with(dataset_prefix);
  const Setting* name = find("dataset.name");
  if (of_dataset && name != nullptr) return name->value.place;
  const std::string group = std::string(path) + ".";
  const auto inside = settings_.lower_bound(group);
  return inside != settings_.end() && inside->first.starts_with(group) ? inside->second->value.place : fallback;
}

std::string Point::dataset_name(const Vocabulary& vocabulary) const {
  if (const Setting* setting = find("dataset.name")) return setting->value.text;
  return vocabulary.datasets().size() == 1 ? vocabulary.datasets()[0].name : std::string();
}

Json Point::value_at(std::string_view path, const Vocabulary& vocabulary) const {
  if (const Setting* setting = find(path)) return to_json(setting->value);
  if (path == "backend") return default_backend;
  if (is_execution_path(path)) return Json();
  if (path == "dataset.name") return dataset_name(vocabulary);
  if (path.starts_with(dataset_prefix)) {
    const DatasetChoice* choice = vocabulary.dataset(dataset_name(vocabulary));
    const ParamSpec* spec = choice == nullptr ? nullptr : Vocabulary::param_of(*choice, below(path, dataset_prefix));
    return spec == nullptr ? Json() : spec->default_value;
  }
  const ParamSpec* spec = vocabulary.param(below(path, "params." + vocabulary.name() + "."));
  if (spec == nullptr) return Json();
  const Json* own = default_of_dataset(*spec, vocabulary);
  return own == nullptr ? spec->default_value : *own;
}

const Json* Point::default_of_dataset(const ParamSpec& spec, const Vocabulary& vocabulary) const {
  const DatasetChoice* choice = vocabulary.dataset(dataset_name(vocabulary));
  if (choice == nullptr) return nullptr;
  const auto found = choice->param_defaults.find(spec.name);
  return found == choice->param_defaults.end() ? nullptr : &*found;
}

bool Point::matches(const Selector& selector, const Vocabulary& vocabulary, std::uint64_t seed) const {
  return std::ranges::all_of(selector, [&](const auto& pair) {
    return pair.second == (pair.first == "seed" ? Json(seed) : value_at(pair.first, vocabulary));
  });
}

Json Point::resolve_dataset(const Vocabulary& vocabulary, const Place& document) const {
  const Setting* named = find("dataset.name");
  if (named != nullptr) named->value.as_string();
  const std::string name = dataset_name(vocabulary);
  if (named == nullptr && name.empty()) {
    std::string known;
    for (const std::string& choice : vocabulary.dataset_names()) known += (known.empty() ? "" : ", ") + choice;
    throw UserError(document, "the plan must name its dataset: one of " + known);
  }
  const DatasetChoice* choice = vocabulary.dataset(name);
  if (choice == nullptr) {
    throw UserError(named->value.place,
                    unknown_word("dataset of " + vocabulary.name(), name, vocabulary.dataset_names()));
  }
  std::vector<std::string> known{"name"};
  for (const ParamSpec& spec : choice->params) known.push_back(spec.name);
  for (auto at = settings_.lower_bound(dataset_prefix); at != settings_.end() && at->first.starts_with(dataset_prefix);
       ++at) {
    const std::string key(below(at->first, dataset_prefix));
    if (std::ranges::find(known, key) == known.end()) {
      throw UserError(at->second->key_place, unknown_word("parameter of dataset " + name, key, known));
    }
  }
  Json dataset = {{"name", name}};
  for (const ParamSpec& spec : choice->params) {
    const std::string path = std::string(dataset_prefix) + spec.name;
    const Setting* setting = find(path);
    set_dotted(dataset, spec.name,
               setting != nullptr ? read_param(spec, setting->value) : default_param(spec, path, document));
  }
  return dataset;
}

Cell Point::resolve(const Vocabulary& vocabulary, const Place& document) const {
  Cell cell;
  cell.workload = vocabulary.name();
  const Setting* backend = find("backend");
  cell.backend = backend != nullptr ? backend->value.as_string() : std::string(default_backend);
  cell.dataset = resolve_dataset(vocabulary, document);
  Json own = Json::object();
  for (const ParamSpec& spec : vocabulary.params()) {
    const std::string path = "params." + vocabulary.name() + "." + spec.name;
    if (const Setting* setting = find(path))
      set_dotted(own, spec.name, read_param(spec, setting->value));
    else if (const Json* of_dataset = default_of_dataset(spec, vocabulary))
      set_dotted(own, spec.name, *of_dataset);
    else
      set_dotted(own, spec.name, default_param(spec, path, document));
  }
  cell.params = {{cell.workload, std::move(own)}};
  for (const std::string_view path : execution_paths)
    if (const Setting* setting = find(path)) set_dotted(cell.execution, path, read_execution(path, setting->value));
  return cell;
}

}  // namespace frugal::harness
