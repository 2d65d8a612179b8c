// A point of a plan before it is a cell: dotted paths, the values written for them, and where they were written.
#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/harness/plan/params.hpp"

namespace frugal::harness {

/// One value at the path of one parameter: "backend", "dataset.name", "dataset.size", "params.inr.width".
struct Setting {
  std::string path;
  Place key_place;
  Node value;
};

/// Settings that come together: the document itself, one value of an axis, an include, an override.
struct Layer {
  std::vector<Setting> settings;
  bool replaces_dataset = false;  ///< names a data set: what lower layers say about another one is forgotten
};

/// Adds the value at `path` to `layer`, taken apart into single parameters where it is a map. Throws UserError at an
/// unknown path or key, and when the layer sets a parameter twice.
void add_settings(Layer& layer, const Vocabulary& vocabulary, const std::string& path, const Place& key_place,
                  const Node& value);

/// All entries of a map of paths: an include, the pairs of an exclude.
Layer read_layer(const Vocabulary& vocabulary, const Node& map);

/// Dotted path -> value; all must match. ("seed" is a path here too.)
using Selector = std::vector<std::pair<std::string, Json>>;
Selector read_selector(const Vocabulary& vocabulary, const Node& map);

/// Layers over layers; the upper one wins. Keeps pointers: the layers must outlive it.
class Point {
 public:
  /// One level: its layers do not overlap and none is above another.
  void put(std::span<const Layer* const> layers);

  /// Where the value at `path` was written, or that of a parameter below or above it; `fallback` when it is a default.
  Place place_of(std::string_view path, const Place& fallback) const;

  /// Whether the point, with defaults filled in, has all these values. Does not ask whether it is a valid one, so that
  /// an exclude may drop what cannot exist.
  bool matches(const Selector& selector, const Vocabulary& vocabulary, std::uint64_t seed) const;

  /// The cell without its seed. Throws UserError at the first value that does not fit, at `document` when one is
  /// missing.
  Cell resolve(const Vocabulary& vocabulary, const Place& document) const;

 private:
  const Setting* find(std::string_view path) const;
  Json value_at(std::string_view path, const Vocabulary& vocabulary) const;
  /// The name of the data set, by default the only one there is; empty when that leaves it open.
  std::string dataset_name(const Vocabulary& vocabulary) const;
  /// The data set's own default for that parameter of the workload, or null.
  const Json* default_of_dataset(const ParamSpec& spec, const Vocabulary& vocabulary) const;
  Json resolve_dataset(const Vocabulary& vocabulary, const Place& document) const;

  std::map<std::string, const Setting*, std::less<>> settings_;
};

}  // namespace frugal::harness
