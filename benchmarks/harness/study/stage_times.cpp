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

std::optional<double> cpu_seconds(const StageUse& use) { return use.cpu_s; }

std::optional<double> counted_instructions(const StageUse& use) { return use.instructions; }

std::optional<double> all_joules(const StageUse& use) {
  if (!use.joules && !use.device_joules) return std::nullopt;
  return use.joules.value_or(0) + use.device_joules.value_or(0);
}

std::optional<double> rank_cpu_seconds(const StageUse& use) { return use.rank_cpu_s; }
std::optional<double> rank_bytes(const StageUse& use) { return use.rank_bytes; }
std::optional<double> rank_messages(const StageUse& use) { return use.rank_messages; }

std::vector<std::optional<double>> use_samples(const CellRecord& record, std::string_view stage, UseQuantity quantity) {
  std::vector<std::optional<double>> sums;
  for (const StageRecord& part : record.stages) {
    if (stage != "total" && part.name != stage) continue;
    sums.resize(std::max(sums.size(), part.use.size()));
    for (std::size_t i = 0; i < part.use.size(); ++i)
      if (const std::optional<double> value = quantity(part.use[i])) sums[i] = sums[i].value_or(0) + *value;
  }
  return sums;
}

std::optional<double> stage_use(const CellRecord& record, std::string_view stage, UseQuantity quantity) {
  std::vector<double> values;
  for (const std::optional<double>& sum : use_samples(record, stage, quantity))
    if (sum) values.push_back(*sum);
  return values.empty() ? std::nullopt : std::optional(median(values));
}

}  // namespace frugal::harness
