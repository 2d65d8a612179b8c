#include "benchmarks/harness/search/records.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/search/lab.hpp"
#include "benchmarks/harness/search/strategies.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

/// Of each structure, how far it stays below the best of one data set; none: not there, or beyond the bounds.
using Gaps = std::vector<std::optional<double>>;

class RecordReader {
 public:
  RecordReader(const Plan& plan, const Workload& workload, const SearchSpace& space)
      : search_(*plan.search), workload_(workload), space_(space), own_(flatten(plan.cells.front().to_json())) {
    for (std::size_t i = 0; i < space.problem.structures.size(); ++i) position_[space.problem.structures[i].at] = i;
  }

  void read(const CellRecord& record) {
    if (record.status != Status::ok || record.cell.workload != workload_.name()) return;
    const std::map<std::string, Json> cell = flatten(record.cell.to_json());
    if (!is_of_the_plan(cell)) return;
    const std::string data = data_of(cell);
    const std::optional<std::size_t> structure = structure_of(cell);
    if (structure && data != data_of(own_)) metrics_[data][*structure].push_back(record.metrics);
  }

  std::vector<Gaps> gaps() const {
    std::vector<Gaps> all;
    for (const auto& [data, of_structure] : metrics_) all.push_back(gaps_of(of_structure));
    return all;
  }

 private:
  using Seeds = std::vector<MetricValues>;

  bool is_free(const std::string& path) const {
    return !path.starts_with("params.") || std::ranges::find(search_.across, path) != search_.across.end() ||
           std::ranges::find(search_.axes, path, &OrderedAxis::path) != search_.axes.end();
  }

  bool is_of_the_plan(const std::map<std::string, Json>& cell) const {
    return std::ranges::all_of(own_, [&](const auto& entry) {
      const auto& [path, value] = entry;
      if (is_free(path)) return true;
      const auto found = cell.find(path);
      return found != cell.end() && found->second == value;
    });
  }

  /// The data set and what goes with it.
  std::string data_of(const std::map<std::string, Json>& cell) const {
    Json data;
    for (const auto& [path, value] : cell)
      if (path.starts_with("dataset.") || std::ranges::find(search_.across, path) != search_.across.end())
        data[path] = value;
    return data.dump();
  }

  std::optional<std::size_t> structure_of(const std::map<std::string, Json>& cell) const {
    std::vector<std::size_t> at;
    for (const OrderedAxis& axis : search_.axes) {
      const auto value = cell.find(axis.path);
      if (value == cell.end()) return std::nullopt;
      at.push_back(static_cast<std::size_t>(std::ranges::find(axis.values, value->second) - axis.values.begin()));
    }
    const auto found = position_.find(at);
    return found == position_.end() ? std::nullopt : std::optional(found->second);
  }

  static MetricValues mean_of(const Seeds& seeds) {
    MetricValues means;
    for (const auto& [metric, value] : seeds.front()) {
      std::vector<double> values;
      for (const MetricValues& seed : seeds)
        if (const auto found = seed.find(metric); found != seed.end()) values.push_back(found->second);
      if (values.size() == seeds.size()) means[metric] = mean(values);
    }
    return means;
  }

  Gaps gaps_of(const std::map<std::size_t, Seeds>& of_structure) const {
    Gaps gaps(space_.problem.structures.size());
    double best = -std::numeric_limits<double>::infinity();
    for (const auto& [structure, seeds] : of_structure) {
      const Score score = score_of(space_.problem, space_.problem.structures[structure], mean_of(seeds), true);
      if (score.violation > 0) continue;
      gaps[structure] = -score.value;
      best = std::max(best, score.value);
    }
    for (std::optional<double>& gap : gaps)
      if (gap) *gap += best;
    return gaps;
  }

  const SearchSpec& search_;
  const Workload& workload_;
  const SearchSpace& space_;
  std::map<std::string, Json> own_;
  std::map<std::vector<std::size_t>, std::size_t> position_;     // axis by axis -> structure
  std::map<std::string, std::map<std::size_t, Seeds>> metrics_;  // data -> structure
};

/// Over all but one of the data sets; none where one of them lacks it.
std::optional<double> mean_gap(const std::vector<Gaps>& all, std::size_t structure, const Gaps* left_out) {
  std::vector<double> gaps;
  for (const Gaps& data : all) {
    if (!data[structure]) return std::nullopt;
    if (&data != left_out) gaps.push_back(*data[structure]);
  }
  if (gaps.empty()) return std::nullopt;
  return mean(gaps);
}

/// What the others would have chosen here costs so much.
double gap_when_left_out(const std::vector<Gaps>& all, const Gaps& data) {
  std::optional<double> least;
  double gap = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::optional<double> expected = mean_gap(all, i, &data);
    if (!expected || (least && *least <= *expected)) continue;
    least = expected;
    gap = *data[i];
  }
  return gap;
}

}  // namespace

void learn_from_records(const Plan& plan, const Workload& workload, std::span<const Run> runs, SearchSpace& space) {
  RecordReader reader(plan, workload, space);
  for (const Run& run : runs) std::ranges::for_each(run.cells, [&](const CellRecord& record) { reader.read(record); });
  const std::vector<Gaps> all = reader.gaps();
  bool any = false;
  for (std::size_t i = 0; i < space.problem.structures.size(); ++i) {
    space.problem.structures[i].expected_gap = mean_gap(all, i, nullptr);
    any = any || space.problem.structures[i].expected_gap;
  }
  if (!any) throw UserError("plan '" + plan.name + "': search.records holds no structure of this space on other data");
  if (all.size() > 1)
    for (const Gaps& data : all) space.left_out.push_back(gap_when_left_out(all, data));
}

void search_by_records(const Problem& problem, Lab& lab) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < problem.structures.size(); ++i)
    if (problem.structures[i].expected_gap) order.push_back(i);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return *problem.structures[i].expected_gap; });
  for (const std::size_t i : order)
    if (lab.affords(problem.structures[i].cost.back())) lab.ask(i);
}

}  // namespace frugal::harness
