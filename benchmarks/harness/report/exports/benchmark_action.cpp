#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "benchmarks/harness/report/exports/exports.hpp"
#include "benchmarks/harness/study/origin_text.hpp"

namespace frugal::harness {

std::string to_benchmark_action(std::span<const Measurement> figures, MetricDescriptor::Direction direction) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Measurement& figure : figures) {
    if (figure.direction != direction) continue;
    // The action shows the unit beside the value, and takes an empty one for a missing one.
    nlohmann::ordered_json entry{{"name", figure.cell_name() + ": " + figure.metric},
                                 {"unit", figure.unit.empty() ? "ratio" : figure.unit},
                                 {"value", figure.mean}};
    if (figure.half_width) entry["range"] = fmt::format("± {:.6g}", *figure.half_width);
    entry["extra"] = fmt::format("n = {}\n{}\n{}\ncell {}", figure.n, machine_text(figure.run->provenance),
                                 build_text(figure.run->provenance), figure.id);
    list.push_back(std::move(entry));
  }
  return list.dump(2) + "\n";
}

}  // namespace frugal::harness
