// From the axes of a document to its cells.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/point.hpp"

namespace frugal::harness {

/// One axis: a path and the values it takes.
struct Axis {
  std::string path;
  Place key_place;
  std::vector<Layer> values;
};

/// Axes that advance together, all of one length: an entry of `zip`, or a single axis of `matrix`.
using AxisGroup = std::vector<Axis>;

/// Everything in a document that decides which cells it has.
struct Space {
  Layer base;
  std::vector<AxisGroup> groups;  ///< outermost first
  std::vector<Layer> includes;
  std::vector<Selector> excludes;
  std::vector<Place> exclude_places;
  std::vector<std::uint64_t> seeds;
  std::vector<Layer> overrides;  ///< above everything, the last one on top
  std::filesystem::path folder;  ///< Cell::folder
};

/// Reads `backend`, `dataset`, `params`, `matrix` (of a search: `search.space`), `zip`, `include`, `exclude` and
/// `seeds` of a document. Throws UserError; two axes over the same parameter are one.
Space read_space(const Vocabulary& vocabulary, const Node& document);

/// The most cells one plan file may have: far above any study, far below what fills a machine's memory.
inline constexpr std::size_t max_cells = 20000;

/// Calls `visit` for each distinct cell, in order, with the point it came from. Throws UserError when a point is not
/// valid, when an exclude drops nothing though no override is given, and when more than `limit` cells come out.
void for_each_cell(const Space& space, const Vocabulary& vocabulary, const Place& document, std::size_t limit,
                   const std::function<void(const Cell&, const Point&)>& visit);

}  // namespace frugal::harness
