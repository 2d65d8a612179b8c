// `frugal run --json`: what happens, for programs. results/schema/events.schema.json describes each.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/run/eta.hpp"

namespace frugal::harness {

using EventSink = std::function<void(const Json&)>;

/// Before the first cell. `cells`: all that count, done before or not; `to_run`: those of them that run now.
Json start_event(const std::string& records, int cells, int to_run);
/// `number`: the how manieth of the cells to run, from 1.
Json begin_event(const Cell& cell, const std::string& label, int number);
/// `fraction` is of the cell, `share` of all cells to run; both in [0, 1].
Json progress_event(const std::string& id, double fraction, const std::string& stage, double share, double elapsed_s,
                    const std::optional<Eta::Estimate>& left);
Json end_event(const CellRecord& record, double wall_s);

}  // namespace frugal::harness
