// "--set params.inr.width=64": what it means for each document of a file.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/plan.hpp"
#include "benchmarks/harness/plan/point.hpp"

namespace frugal::harness {

/// "PATH=VALUE", as an option --NAME takes it; `example` shows how. Throws UserError.
Override read_assignment(const std::string& option, const std::string& text, const std::string& example);

/// What is after the '=', read as one YAML value. Throws UserError at `place`, where the value then lies too.
Node read_assigned(const Override& assignment, const Place& place);

/// An override whose value has been read; its places say "--set path=value".
struct OverrideValue {
  std::string path;
  Place place;
  Node value;
};

/// Reads the values. Throws UserError when one is not YAML, or when a path fits none of the documents, which are given
/// by their vocabularies.
std::vector<OverrideValue> read_overrides(const std::vector<Override>& overrides,
                                          std::span<const Vocabulary> vocabularies);

/// Writes those that name a key of the document (seeds, measure.repeats) into it, and lists for one of its axes. Returns
/// the others: values that stand above all axes.
std::vector<OverrideValue> override_document(Node& document, const std::vector<OverrideValue>& values);

/// Those that name a value of the cells and that this workload knows, in order.
std::vector<Layer> override_layers(const Vocabulary& vocabulary, const std::vector<OverrideValue>& values);

}  // namespace frugal::harness
