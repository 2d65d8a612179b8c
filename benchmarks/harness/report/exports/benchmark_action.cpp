#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "benchmarks/harness/report/exports/exports.hpp"
#include "benchmarks/harness/study/origin_text.hpp"

namespace frugal::harness {

std::string to_benchmark_action(std::span<const Measurement> measurements, MetricDescriptor::Direction direction) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Measurement& measurement : measurements) {
    if (measurement.direction != direction) continue;
    // The action shows the unit beside the value, and takes an empty one for a missing one.
    nlohmann::ordered_json entry{{"name", measurement.cell_name() + ": " + measurement.metric},
                                 {"unit", measurement.unit.empty() ? "ratio" : measurement.unit},
                                 {"value", measurement.mean}};
    if (measurement.half_width) entry["range"] = fmt::format("± {:.6g}", *measurement.half_width);
    entry["extra"] = fmt::format("n = {}\n{}\n{}\ncell {}", measurement.n, machine_text(measurement.run->provenance),
                                 build_text(measurement.run->provenance), measurement.id);
    list.push_back(std::move(entry));
  }
  return list.dump(2) + "\n";
}

}  // namespace frugal::harness
