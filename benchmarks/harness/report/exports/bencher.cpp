#include <nlohmann/json.hpp>

#include "benchmarks/harness/report/exports/exports.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

/// Bencher's limits on the names of benchmarks and measures, in characters; bytes are never fewer.
constexpr std::size_t most_benchmark_bytes = 1024;
constexpr std::size_t most_measure_bytes = 64;

std::string cut_name(const std::string& text, std::size_t most) {
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t next = end + std::max<std::size_t>(utf8_length(std::string_view(text).substr(end)), 1);
    if (next > most) break;
    end = next;
  }
  return text.substr(0, end);
}

}  // namespace

std::string to_bencher(std::span<const Measurement> measurements) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const Measurement& measurement : measurements) {
    nlohmann::ordered_json metric{{"value", measurement.mean}};
    if (measurement.half_width) {
      metric["lower_value"] = measurement.mean - *measurement.half_width;
      metric["upper_value"] = measurement.mean + *measurement.half_width;
    }
    json[cut_name(measurement.cell_name(), most_benchmark_bytes)][cut_name(measurement.metric, most_measure_bytes)] =
        std::move(metric);
  }
  return json.dump(2) + "\n";
}

}  // namespace frugal::harness
