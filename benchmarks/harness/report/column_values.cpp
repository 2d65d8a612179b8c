#include "benchmarks/harness/report/column_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/study/seed_values.hpp"
#include "benchmarks/harness/study/stage_times.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

using Source = ColumnSpec::Source;
using StageValue = ColumnSpec::StageValue;
using Relation = ColumnSpec::Relation;

/// Sum of `member` over the stage ("total": all stages); nothing when it was not run or states no work.
std::optional<double> stage_work(const CellRecord& record, const std::string& stage, double StageRecord::*member) {
  double sum = 0;
  for (const StageRecord& part : record.stages) {
    if (stage == "total" || part.name == stage) sum += part.*member;
  }
  return sum > 0 ? std::optional(sum) : std::nullopt;
}

std::optional<double> quotient(std::optional<double> dividend, std::optional<double> divisor) {
  if (!dividend || !divisor || !(*divisor > 0)) return std::nullopt;
  return *dividend / *divisor;
}

/// Share of the time of its threads that the processors spent on a stage, in percent.
std::optional<double> stage_efficiency(const CellRecord& record, const std::string& stage) {
  if (record.threads == 0 || record.ranks > 1) return std::nullopt;  // of ranks only the first one's is known
  const std::vector<std::optional<double>> used = use_samples(record, stage, cpu_seconds);
  const std::vector<double> seconds = stage_samples(record, stage);
  std::vector<double> shares;
  for (std::size_t i = 0; i < std::min(used.size(), seconds.size()); ++i)
    if (used[i] && seconds[i] > 0) shares.push_back(100 * *used[i] / seconds[i] / record.threads);
  return shares.empty() ? std::nullopt : std::optional(median(shares));
}

/// Seconds that the rank which has most to compute would need with processors of its own, its threads all busy.
std::optional<double> stage_computing(const CellRecord& record, const std::string& stage) {
  const std::optional<double> seconds = stage_use(record, stage, rank_cpu_seconds);
  if (!seconds || record.threads == 0) return std::nullopt;
  return *seconds / record.threads;
}

/// With each rank on a machine of its own: it computes, and then waits for each message and for its bytes. An upper bound
/// where a model computes while data travel.
std::optional<double> stage_predicted(const CellRecord& record, const ColumnSpec& column) {
  const std::optional<double> computing = stage_computing(record, column.name);
  const std::optional<double> messages = stage_use(record, column.name, rank_messages);
  const std::optional<double> bytes = stage_use(record, column.name, rank_bytes);
  if (!computing || !messages || !bytes) return std::nullopt;
  return *computing + *messages * column.network.latency_s + *bytes / column.network.bytes_per_s;
}

/// The least seconds that a resource of the device allows for what a stage ("total": all) does.
struct Bound {
  double seconds = 0;
  const char* resource = "";
};

Bound stage_bound(const CellRecord& record, const std::string& stage) {
  constexpr std::tuple<const char*, double StageRecord::*, double DeviceRates::*> resources[] = {
      {"compute", &StageRecord::flops, &DeviceRates::flops},
      {"memory", &StageRecord::bytes, &DeviceRates::bytes},
      {"sines", &StageRecord::sines, &DeviceRates::sines}};
  Bound bound;
  for (const auto& [resource, work, limit] : resources) {
    if (!(record.limits.*limit > 0)) continue;
    const double seconds = stage_work(record, stage, work).value_or(0) / (record.limits.*limit);
    if (seconds > bound.seconds) bound = {seconds, resource};
  }
  return bound;
}

/// How a quantity of a stage is called in a heading, its unit, and how records call it.
struct StageWords {
  StageValue value;
  const char* title;
  const char* unit;
  const char* name;
};
constexpr StageWords stage_words[] = {{StageValue::time, "time", "s", "time"},
                                      {StageValue::flops, "FLOPs", "FLOP", "flops"},
                                      {StageValue::bytes, "bytes", "B", "bytes"},
                                      {StageValue::flop_rate, "FLOP rate", "FLOP/s", "flop_rate"},
                                      {StageValue::byte_rate, "byte rate", "B/s", "byte_rate"},
                                      {StageValue::bound, "share of bound", "%", "bound"},
                                      {StageValue::cpu_time, "CPU time", "s", "cpu_time"},
                                      {StageValue::efficiency, "processors busy", "%", "efficiency"},
                                      {StageValue::joules, "energy", "J", "joules"},
                                      {StageValue::flops_per_joule, "work per joule", "FLOP/J", "flops_per_joule"},
                                      {StageValue::computing, "computing", "s", "computing"},
                                      {StageValue::received, "received", "B", "received"},
                                      {StageValue::messages, "messages", "", "messages"},
                                      {StageValue::predicted, "predicted time", "s", "predicted"}};

const StageWords& words_of(StageValue value) { return *std::ranges::find(stage_words, value, &StageWords::value); }

}  // namespace

std::optional<double> column_value(const ColumnSpec& column, const CellRecord& record) {
  if (column.source == Source::metric) {
    const std::optional<double> value = metric_value(record, column.name);
    if (!column.divided_by.empty()) return quotient(value, metric_value(record, column.divided_by));
    if (column.per.empty()) return value;
    return quotient(value, column.stage_value == StageValue::joules ? stage_use(record, column.per, all_joules)
                                                                    : stage_seconds(record, column.per));
  }
  if (column.source != Source::stage) return std::nullopt;
  const std::optional<double> seconds = stage_seconds(record, column.name);
  switch (column.stage_value) {
    case StageValue::time:
      return seconds;
    case StageValue::flops:
      return stage_work(record, column.name, &StageRecord::flops);
    case StageValue::bytes:
      return stage_work(record, column.name, &StageRecord::bytes);
    case StageValue::flop_rate:
      return quotient(stage_work(record, column.name, &StageRecord::flops), seconds);
    case StageValue::byte_rate:
      return quotient(stage_work(record, column.name, &StageRecord::bytes), seconds);
    case StageValue::bound: {
      const double bound = stage_bound(record, column.name).seconds;
      return quotient(bound > 0 ? std::optional(100 * bound) : std::nullopt, seconds);
    }
    case StageValue::cpu_time:
      if (record.ranks > 1) return std::nullopt;  // only the first one's is known
      return stage_use(record, column.name, cpu_seconds);
    case StageValue::efficiency:
      return stage_efficiency(record, column.name);
    case StageValue::joules:
      return stage_use(record, column.name, all_joules);
    case StageValue::flops_per_joule:
      return quotient(stage_work(record, column.name, &StageRecord::flops), stage_use(record, column.name, all_joules));
    case StageValue::computing:
      return stage_computing(record, column.name);
    case StageValue::received:
      return stage_use(record, column.name, rank_bytes);
    case StageValue::messages:
      return stage_use(record, column.name, rank_messages);
    case StageValue::predicted:
      return stage_predicted(record, column);
  }
  return std::nullopt;
}

std::map<std::string, double> column_values(const ColumnSpec& column, const RowGroup& row) {
  std::map<std::string, std::vector<double>> of_unit;
  for (const CellRecord* record : row.finished()) {
    if (const std::optional<double> value = column_value(column, *record))
      of_unit[row.unit_of(*record)].push_back(*value);
  }
  std::map<std::string, double> means;
  for (const auto& [unit, values] : of_unit) means[unit] = mean(values);
  return means;
}

std::string binding_resources(const ColumnSpec& column, const RowGroup& row) {
  std::set<std::string> names;
  for (const CellRecord* record : row.finished()) {
    if (column_value(column, *record)) names.insert(stage_bound(*record, column.name).resource);
  }
  return fmt::format("{}", fmt::join(names, "/"));
}

std::vector<double> related_values(Relation relation, const std::map<std::string, double>& values,
                                   const std::map<std::string, double>& reference) {
  std::vector<double> related;
  for (const auto& [unit, value] : values) {
    const auto found = reference.find(unit);
    if (found == reference.end()) continue;
    const double base = found->second;
    const bool of_speed = relation == Relation::speedup || relation == Relation::efficiency;
    const double divisor = of_speed ? value : base;
    if (relation != Relation::difference && divisor == 0) continue;
    switch (relation) {
      case Relation::none:
      case Relation::difference:
        related.push_back(value - base);
        break;
      case Relation::percent:
        related.push_back(100 * (value - base) / std::abs(base));  // to the better stays so below 0, of decibels
        break;
      case Relation::ratio:
        related.push_back(value / base);
        break;
      case Relation::speedup:
      case Relation::efficiency:
        related.push_back(base / value);
        break;
    }
  }
  return related;
}

std::optional<double> growth(const ColumnSpec& column, const RowSet& set, const RowGroup& row,
                             const RowGroup& reference) {
  const auto key = std::ranges::find(set.columns, column.relative_to.front().first, &KeyColumn::name);
  const auto i = static_cast<std::size_t>(key - set.columns.begin());
  if (key == set.columns.end() || !row.keys[i].is_number() || !reference.keys[i].is_number()) return std::nullopt;
  const double base = reference.keys[i].get<double>();
  return base > 0 ? std::optional(row.keys[i].get<double>() / base) : std::nullopt;
}

const RowGroup* reference_row(const ColumnSpec& column, const RowSet& set, const RowGroup& row) {
  const RowGroup* reference = nullptr;
  for (const RowGroup& candidate : set.rows) {
    bool fits = true;
    for (std::size_t i = 0; fits && i < set.columns.size(); ++i) {
      const auto wanted = std::ranges::find(column.relative_to, set.columns[i].name, &Conditions::value_type::first);
      fits = wanted == column.relative_to.end()
                 ? candidate.keys[i] == row.keys[i]
                 : std::ranges::find(wanted->second, candidate.keys[i]) != wanted->second.end();
    }
    if (!fits) continue;
    if (reference) return nullptr;
    reference = &candidate;
  }
  return reference;
}

std::string column_name(const ColumnSpec& column) {
  if (column.source == Source::stage) return std::string(words_of(column.stage_value).name) + "." + column.name;
  if (!column.divided_by.empty()) return column.name + "/" + column.divided_by;
  return column.per.empty() ? column.name
                            : fmt::format("{}/{}.{}", column.name, words_of(column.stage_value).name, column.per);
}

ColumnStyle column_style(const ColumnSpec& column, const std::string& workload, const MetricDescriptor* descriptor) {
  ColumnStyle style;
  switch (column.source) {
    case Source::key:
      style.title = short_path(column.name, workload);
      break;
    case Source::count:
      style.title = "n";
      break;
    case Source::stage:
      style.title = column.name + " " + words_of(column.stage_value).title;
      style.unit = words_of(column.stage_value).unit;
      break;
    case Source::metric:
      style.title = column.name;
      if (!descriptor) break;
      style.unit = descriptor->unit;
      style.format = descriptor->format;
      break;
  }
  if (!column.divided_by.empty()) {
    style.title += " / " + column.divided_by;
    style.unit.clear();
    style.format.clear();
  }
  if (!column.per.empty()) {
    const bool of_energy = column.stage_value == StageValue::joules;
    style.title += of_energy ? " per joule" : " per second";
    style.unit += of_energy ? "/J" : "/s";
    style.format.clear();
  }
  switch (column.relation) {
    case Relation::none:
      break;
    case Relation::difference:
      style.title += " difference";
      break;
    case Relation::percent:
      style.unit = "%", style.format = "{:+.1f}";
      break;
    case Relation::ratio:
      style.unit = "", style.format = "{:.3f}";
      break;
    case Relation::speedup:
      style.title += " speedup", style.unit = "x", style.format = "{:.2f}";
      break;
    case Relation::efficiency:
      style.title += " efficiency", style.unit = "%", style.format = "{:.1f}";
      break;
  }
  if (column.relation == Relation::difference && style.format.starts_with("{:.")) style.format.insert(2, "+");
  if (column.number.scale != 1) style.format.clear();
  if (!column.number.title.empty()) style.title = column.number.title;
  if (column.number.unit) style.unit = *column.number.unit;
  if (reads_best_with_prefix(style.unit)) style.format = "si";
  if (!column.number.format.empty()) style.format = column.number.format;
  if (!is_number_format(style.format)) style.format.clear();
  return style;
}

}  // namespace frugal::harness
