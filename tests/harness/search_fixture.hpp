// Searches over the hill, without processes or files.
#pragma once
#include <string>
#include <utility>

#include "benchmarks/harness/search/search.hpp"
#include "tests/harness/hill_workload.hpp"

namespace frugal::harness::fixtures {

/// Line 1 is the schema, 2 the name, 3 the workload, 4 the data set, 5 "search:": what a test adds begins at line 6.
inline const std::string hill_head = "schema: 1\nname: p\nworkload: hill\ndataset: toy\nsearch:\n";

/// 140 structures.
inline const std::string hill_space =
    "  space:\n"
    "    params.hill.grid: [1, 2, 4, 8, 16, 32, 64]\n"
    "    params.hill.depth: [0, 1, 2, 4]\n"
    "    params.hill.width: [16, 32, 64, 128, 256]\n";

inline const HillWorkload& hill() {
  static const HillWorkload workload;
  return workload;
}

inline PlanFile hill_plan(const std::string& search, const std::vector<Override>& overrides = {}) {
  return parse_plan(hill_head + search, "p.yaml", overrides, {&hill()}, {});
}

/// One search, as far as a strategy sees it.
class HillSearch {
 public:
  explicit HillSearch(const std::string& search, const std::vector<Override>& overrides = {})
      : file_(hill_plan(search, overrides)), space_(make_search_space(plan(), hill())) {}

  const Plan& plan() const { return file_.plans.front(); }
  const SearchSpace& space() const { return space_; }
  const Problem& problem() const { return space_.problem; }

  Lab search(Strategy strategy) const {
    const auto evaluate = [this](std::span<const Ask> asks) {
      std::vector<MetricValues> values;
      for (const Ask& ask : asks) values.push_back(measured(ask));
      return values;
    };
    Lab lab(problem(), evaluate, spending_limit(strategy, problem()));
    search_with(strategy, problem(), lab);
    return lab;
  }

 private:
  MetricValues measured(const Ask& ask) const {
    Cell cell = plan().cells[space_.first_cell[ask.structure]];
    if (const auto& fidelity = plan().search->fidelity) {
      cell = with_value(cell, fidelity->path, fidelity->values[ask.fidelity]);
    }
    return HillWorkload::measured(cell);
  }

  PlanFile file_;
  SearchSpace space_;
};

}  // namespace frugal::harness::fixtures
