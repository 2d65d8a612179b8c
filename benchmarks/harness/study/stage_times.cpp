#include "benchmarks/harness/study/stage_times.hpp"

#include <algorithm>

#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {

std::vector<double> stage_samples(const CellRecord& record, std::string_view stage) {
  if (stage != "total") {
    const StageRecord* found = record.stage(stage);
    return found ? found->wall_s : std::vector<double>{};
  }
  std::vector<double> sums;
  for (const StageRecord& part : record.stages) {
    // A stage without samples was never entered; one with fewer than the others cannot be added repeat by repeat.
    if (part.wall_s.empty()) continue;
    if (sums.empty()) sums.resize(part.wall_s.size(), 0.0);
    sums.resize(std::min(sums.size(), part.wall_s.size()));
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += part.wall_s[i];
  }
  return sums;
}

std::optional<double> stage_seconds(const CellRecord& record, std::string_view stage) {
  const std::vector<double> samples = stage_samples(record, stage);
  if (samples.empty()) return std::nullopt;
  return median(samples);
}

}  // namespace frugal::harness
