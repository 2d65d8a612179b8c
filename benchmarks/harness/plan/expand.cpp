#include "benchmarks/harness/plan/expand.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_set>

namespace frugal::harness {
namespace {

Axis read_axis(const Vocabulary& vocabulary, const Node::Entry& entry) {
  Axis axis{entry.key, entry.key_place, {}};
  if (entry.value.kind == Node::Kind::map) {
    throw UserError(entry.value.place,
                    "an axis is a dotted path with a list of values, such as params." + vocabulary.name() + "." +
                        (vocabulary.params().empty() ? "x" : vocabulary.param_names()[0]) + ": [1, 2]");
  }
  if (entry.value.as_list().empty()) throw UserError(entry.value.place, "the axis " + axis.path + " has no values");
  for (const Node& value : entry.value.items) {
    Layer layer;
    add_settings(layer, vocabulary, entry.key, entry.key_place, value);
    axis.values.push_back(std::move(layer));
  }
  return axis;
}

AxisGroup read_zip(const Vocabulary& vocabulary, const Node& entry) {
  AxisGroup group;
  for (const Node::Entry& pair : entry.as_map()) {
    group.push_back(read_axis(vocabulary, pair));
    if (group.back().values.size() != group.front().values.size()) {
      throw UserError(
          pair.value.place,
          fmt::format("axes that are zipped must be equally long: {} has {} values, {} has {}", group.front().path,
                      group.front().values.size(), group.back().path, group.back().values.size()));
    }
  }
  if (group.empty()) throw UserError(entry.place, "an entry of zip needs at least one axis");
  return group;
}

/// Two equal values would be one cell, as two equal seeds would.
void require_different(const AxisGroup& group) {
  std::set<Json> seen;
  for (std::size_t i = 0; i < group.front().values.size(); ++i) {
    Json point = Json::array();
    Place place = group.front().key_place;
    for (const Axis& axis : group)
      for (const Setting& setting : axis.values[i].settings) {
        point.push_back(Json::array({setting.path, to_json(setting.value)}));
        place = setting.value.place;
      }
    if (!seen.insert(std::move(point)).second)
      throw UserError(place, fmt::format("{} is here already with {}, and a cell runs once with each; measure.repeats "
                                         "runs it several times",
                                         group.front().path, group.size() == 1 ? "this value" : "these values"));
  }
}

/// The order in which axes over one parameter would win is not something a reader could guess.
void require_disjoint(const std::vector<AxisGroup>& groups) {
  std::map<std::string, const Axis*> owner;
  for (const AxisGroup& group : groups) {
    for (const Axis& axis : group) {
      for (const Layer& layer : axis.values) {
        for (const Setting& setting : layer.settings) {
          const auto [other, fresh] = owner.try_emplace(setting.path, &axis);
          if (!fresh && other->second != &axis) {
            throw UserError(axis.key_place, fmt::format("{} is already set by the axis at {}", setting.path,
                                                        other->second->key_place.str()));
          }
        }
      }
    }
  }
}

std::vector<std::uint64_t> read_seeds(const Node* node) {
  if (node == nullptr) return {1};
  if (node->as_list().empty()) throw UserError(node->place, "seeds must name at least one seed");
  std::vector<std::uint64_t> seeds;
  std::unordered_set<std::uint64_t> seen;
  for (const Node& seed : node->items) {
    if (seed.as_integer() < 0) throw UserError(seed.place, "a seed must be at least 0, but this is " + seed.text);
    seeds.push_back(static_cast<std::uint64_t>(seed.integer));
    if (!seen.insert(seeds.back()).second) {
      throw UserError(seed.place,
                      fmt::format("seed {} is here already, and a cell runs once with each; measure.repeats "
                                  "runs it several times",
                                  seed.text));
    }
  }
  return seeds;
}

/// Counts through all combinations of `sizes`, the last one fastest. False after the last.
bool next_combination(std::vector<std::size_t>& at, const std::vector<AxisGroup>& groups) {
  for (std::size_t i = groups.size(); i-- > 0;) {
    if (++at[i] < groups[i].front().values.size()) return true;
    at[i] = 0;
  }
  return false;
}

/// Points of the axes, not counting includes; a double, for the product may exceed any integer.
double combinations(const std::vector<AxisGroup>& groups) {
  double product = 1;
  for (const AxisGroup& group : groups) product *= static_cast<double>(group.front().values.size());
  return product;
}

[[noreturn]] void refuse_cells(const Place& document, const std::string& count) {
  throw UserError(
      document, fmt::format("this would be {} cells, and a file may have {} in all: split the plan", count, max_cells));
}

void put_overrides(Point& point, const Space& space) {
  for (const Layer& layer : space.overrides) {
    const Layer* top = &layer;
    point.put({&top, 1});
  }
}

/// One pass over a space.
class Expansion {
 public:
  Expansion(const Space& space, const Vocabulary& vocabulary, const Place& document, std::size_t limit,
            const std::function<void(const Cell&, const Point&)>& visit)
      : space_(space),
        vocabulary_(vocabulary),
        document_(document),
        limit_(limit),
        visit_(visit),
        used_(space.excludes.size()) {}

  void axes() {
    const Layer* base = &space_.base;
    std::vector<std::size_t> at(space_.groups.size());
    std::vector<const Layer*> layers;
    do {
      layers.clear();
      for (std::size_t i = 0; i < at.size(); ++i) {
        for (const Axis& axis : space_.groups[i]) layers.push_back(&axis.values[at[i]]);
      }
      Point point;
      point.put({&base, 1});
      point.put(layers);
      put_overrides(point, space_);
      add(point, true);
    } while (next_combination(at, space_.groups));
  }

  void includes() {
    const Layer* base = &space_.base;
    for (const Layer& include : space_.includes) {
      const Layer* layer = &include;
      Point point;
      point.put({&base, 1});
      point.put({&layer, 1});
      put_overrides(point, space_);
      add(point, false);
    }
  }

  void finish() const {
    // An override may well take away what an exclude was for; the plan by itself may not.
    for (std::size_t i = 0; i < used_.size() && space_.overrides.empty(); ++i) {
      if (!used_[i]) throw UserError(space_.exclude_places[i], "this exclude drops nothing: no point has these values");
    }
    if (seen_.empty()) throw UserError(document_, "nothing is left of this plan: every point is excluded");
  }

 private:
  void add(const Point& point, bool may_exclude) {
    std::vector<std::uint64_t> seeds;
    for (const std::uint64_t seed : space_.seeds)
      if (!may_exclude || !excluded(point, seed)) seeds.push_back(seed);
    if (seeds.empty()) return;
    Cell resolved = point.resolve(vocabulary_, document_);
    resolved.folder = space_.folder;
    for (Cell& cell : vocabulary_.workload().spread(resolved)) {
      for (const std::uint64_t seed : seeds) {
        cell.seed = seed;
        if (!seen_.insert(cell.id()).second) continue;
        if (seen_.size() > limit_) refuse_cells(document_, fmt::format("more than {}", limit_));
        visit_(cell, point);
      }
    }
  }

  /// All that match are of use: one that lies within another drops what the other drops too.
  bool excluded(const Point& point, std::uint64_t seed) {
    bool any = false;
    for (std::size_t i = 0; i < used_.size(); ++i) {
      if (!point.matches(space_.excludes[i], vocabulary_, seed)) continue;
      used_[i] = true;
      any = true;
    }
    return any;
  }

  const Space& space_;
  const Vocabulary& vocabulary_;
  const Place& document_;
  std::size_t limit_;
  const std::function<void(const Cell&, const Point&)>& visit_;
  std::unordered_set<std::string> seen_;
  std::vector<bool> used_;
};

}  // namespace

Space read_space(const Vocabulary& vocabulary, const Node& document) {
  Space space;
  for (const Node::Entry& entry : document.entries) {
    if (entry.key == "backend" || entry.key == "dataset" || entry.key == "params") {
      add_settings(space.base, vocabulary, entry.key, entry.key_place, entry.value);
    }
  }
  const Node* search = document.find("search");
  if (const Node* matrix = search != nullptr ? search->find("space") : document.find("matrix")) {
    for (const Node::Entry& entry : matrix->as_map()) space.groups.push_back({read_axis(vocabulary, entry)});
  }
  if (const Node* zip = document.find("zip")) {
    for (const Node& entry : zip->as_list()) space.groups.push_back(read_zip(vocabulary, entry));
  }
  require_disjoint(space.groups);
  for (const AxisGroup& group : space.groups) require_different(group);
  if (const Node* include = document.find("include")) {
    for (const Node& entry : include->as_list()) space.includes.push_back(read_layer(vocabulary, entry));
  }
  if (const Node* exclude = document.find("exclude")) {
    for (const Node& entry : exclude->as_list()) {
      space.excludes.push_back(read_selector(vocabulary, entry));
      space.exclude_places.push_back(entry.place);
    }
  }
  space.seeds = read_seeds(document.find("seeds"));
  return space;
}

void for_each_cell(const Space& space, const Vocabulary& vocabulary, const Place& document, std::size_t limit,
                   const std::function<void(const Cell&, const Point&)>& visit) {
  const double cells = (combinations(space.groups) + static_cast<double>(space.includes.size())) *
                       static_cast<double>(space.seeds.size());
  if (cells > static_cast<double>(limit)) refuse_cells(document, fmt::format("{:.0f}", cells));
  Expansion expansion(space, vocabulary, document, limit, visit);
  expansion.axes();
  expansion.includes();
  expansion.finish();
}

}  // namespace frugal::harness
