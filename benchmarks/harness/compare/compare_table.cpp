#include "benchmarks/harness/compare/compare_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/harness/judge/formats/words.hpp"
#include "benchmarks/harness/report/caption.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/study/origin_text.hpp"

namespace frugal::harness {
namespace {

/// Rows have different units, so each entry says its own.
TableEntry value_entry(double value, std::optional<double> half_width, const Finding& finding) {
  TableEntry entry = number_entry(value, half_width, reads_best_with_prefix(finding.unit) ? "si" : "", finding.unit);
  if (!reads_best_with_prefix(finding.unit) && !finding.unit.empty()) entry.suffix = " " + finding.unit;
  return entry;
}

}  // namespace

Table compare_table(const Judgement& judgement, const Run& base, const Run& run) {
  Table table{.name = "compare", .title = fmt::format("{} against {}", judgement.run, judgement.baseline)};
  table.headings = {{"suite"},
                    {"cell"},
                    {"metric"},
                    {"better is"},
                    {"n", "", true},
                    {"base", "", true, false, true},
                    {"run", "", true, false, true},
                    {"run - base", "", true, true, true},
                    {"run / base", "", true},
                    {"verdict"}};
  const std::string machines = "base: " + machine_text(base.provenance) + "; run: " + machine_text(run.provenance);
  const std::string commits = "base: " + build_text(base.provenance) + "; run: " + build_text(run.provenance);
  for (const Finding& finding : judgement.findings) {
    if (!finding.baseline || !finding.current) {
      table.notes.push_back(fmt::format("{}: {}: {}.", verdict_word(finding), finding_name(finding), finding.message));
      continue;
    }
    const double difference = *finding.current - *finding.baseline;
    TableEntry change = value_entry(difference, finding.half_width, finding);
    if (difference > 0) change.text.insert(0, "+");
    TableEntry ratio{.text = "-"};
    if (*finding.baseline != 0) ratio = number_entry(*finding.current / *finding.baseline, {}, "", "");
    const int n = std::min(finding.baseline_n, finding.current_n);
    table.rows.push_back({{{.text = finding.suite},
                           {.text = finding.cell},
                           {.text = finding.metric},
                           {.text = std::string(to_word(better_names, finding.direction))},
                           count_entry(static_cast<std::size_t>(n)),
                           value_entry(*finding.baseline, {}, finding),
                           value_entry(*finding.current, {}, finding),
                           std::move(change),
                           std::move(ratio),
                           {.text = verdict_word(finding)}},
                          {n, machines, commits}});
  }
  table.notes.insert(table.notes.begin(), {speed_sentence(judgement), counts_text(judgement) + "."});
  if (judgement.left_out + judgement.new_cells > 0)
    table.notes.push_back(
        fmt::format("Cells of one side only: {} of the base, {} of the run.", judgement.left_out, judgement.new_cells));
  for (const std::string& note : judgement.notes) table.notes.push_back(note + ".");
  table.caption = {
      "base: " + run_sentence(base), "run: " + run_sentence(run),
      "Means over seeds; of a time the median over the repeats of each seed. ± is half the 90% interval of "
      "the difference; none where the same seeds must give the same bits.",
      judgement.how + "."};
  std::vector<std::string> clocks;
  for (const Run* side : {&base, &run})
    for (const auto& [workload, clock] : side->provenance.clocks)
      if (std::ranges::find(clocks, clock) == clocks.end()) clocks.push_back(clock);
  table.caption.insert(table.caption.end(), clocks.begin(), clocks.end());
  return table;
}

}  // namespace frugal::harness
