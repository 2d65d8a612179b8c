// Short forms for the tests of the plan reader.
#pragma once
#include <string>
#include <vector>

#include "benchmarks/harness/plan/plan.hpp"
#include "tests/harness/fake_workload.hpp"

namespace frugal::harness {

/// Line 1 is the schema, 2 the name, 3 the workload, 4 the data set: what a test adds begins at line 5.
inline const std::string plan_head = "schema: 1\nname: p\nworkload: fake\ndataset: toy\n";

inline PlanFile read_text(const std::string& text, const std::vector<Override>& overrides = {}) {
  static const FakeWorkload fake;
  return parse_plan(text, "p.yaml", overrides, {&fake}, {});
}

/// The one plan of plan_head + body.
inline Plan read_plan(const std::string& body, const std::vector<Override>& overrides = {}) {
  return read_text(plan_head + body, overrides).plans.at(0);
}

/// What the user is told about a text, or "no error".
inline std::string text_error(const std::string& text, const std::vector<Override>& overrides = {}) {
  try {
    read_text(text, overrides);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

inline std::string plan_error(const std::string& body, const std::vector<Override>& overrides = {}) {
  return text_error(plan_head + body, overrides);
}

/// The values at a path of all cells, written one after another: "3 4 5".
inline std::string values_of(const Plan& plan, const std::string& path) {
  std::string text;
  for (const Cell& cell : plan.cells) {
    const Json json = cell.to_json();
    const Json* value = cell_value(json, path);
    text += (text.empty() ? "" : " ") + (value == nullptr ? "-" : value->dump());
  }
  return text;
}

}  // namespace frugal::harness
