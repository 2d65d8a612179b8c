#include "benchmarks/harness/cli/run_closing.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/harness/run/progress.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

/// Further lines of an error, below its first one.
std::string indented(const std::string& text) {
  std::string result;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    result += (begin == 0 ? "" : "\n    ") + without_controls(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

struct Alike {
  std::string reason;
  std::vector<std::string> ids;
};

/// Failed cells by the first line of their error, the most frequent first.
std::vector<Alike> by_reason(const RunSummary& summary, const std::vector<std::string>& ids) {
  std::vector<Alike> groups;
  std::map<std::string, std::size_t> places;
  for (const std::string& id : ids) {
    const CellRecord& record = summary.records.at(id);
    const std::string reason = first_line(record.error);
    const auto [place, fresh] = places.try_emplace(to_string(record.status) + reason, groups.size());
    if (fresh) groups.push_back({reason, {}});
    groups[place->second].ids.push_back(id);
  }
  std::ranges::stable_sort(groups, std::ranges::greater{}, [](const Alike& group) { return group.ids.size(); });
  return groups;
}

}  // namespace

std::string RunClosing::next() const {
  if (summary.to_do() > 0) return again;
  return summary.failures() > 0 ? again + " --rerun failed" : report;
}

std::string failures_text(const RunClosing& closing) {
  constexpr std::size_t most_named = 3;
  std::string text;
  const auto cell_text = [&](const std::string& id) {
    const CellRecord& record = closing.summary.records.at(id);
    const auto cell = std::ranges::find(closing.cells, id, &PlannedCell::id);
    return fmt::format("{} {} {} {}", id, record.cell.workload, record.cell.backend, cell->label);
  };
  for (const auto& [reason, ids] : by_reason(closing.summary, closing.summary.failed)) {
    const CellRecord& record = closing.summary.records.at(ids.front());
    text += "\n";
    for (std::size_t i = 0; i < std::min(ids.size(), most_named); ++i) text += cell_text(ids[i]) + "\n";
    if (ids.size() > most_named) text += fmt::format("and {} more\n", ids.size() - most_named);
    text += fmt::format("  {}: {}\n  run {} again: {} --rerun {}\n", to_string(record.status), indented(record.error),
                        ids.size() == 1 ? "it" : "the first", closing.again, ids.front());
  }
  const std::size_t before = closing.summary.failed_before.size();
  if (before > 0) {
    text += fmt::format(
        "\n{} cell{} failed in an earlier run and {} not run again. To run {} again: {} --rerun failed\n", before,
        before == 1 ? "" : "s", before == 1 ? "was" : "were", before == 1 ? "it" : "them", closing.again);
  }
  return text;
}

std::string closing_table(const RunClosing& closing, std::size_t columns) {
  const RunSummary& summary = closing.summary;
  std::string text = fmt::format("cells:   {} ok", summary.done());
  if (summary.done_before > 0) text += fmt::format(" ({} now, {} before)", summary.done_now, summary.done_before);
  if (summary.failures() > 0) text += fmt::format(", {} failed", summary.failures());
  if (summary.to_do() > 0) text += fmt::format(", {} to do", summary.to_do());
  text += "\n";
  std::vector<std::string> failed = summary.failed;
  failed.insert(failed.end(), summary.failed_before.begin(), summary.failed_before.end());
  const char* head = "failed:";
  for (const auto& [reason, ids] : by_reason(summary, failed)) {
    text += shortened_to(fmt::format("{:<9}{} x {}", head, ids.size(), reason), columns) + "\n";
    head = "";
  }
  return text + fmt::format("time:    {}\nrecords: {}\nnext:    {}\n", duration_text(closing.wall_s), closing.records,
                            closing.next());
}

Json finish_event(const RunClosing& closing, int exit_code) {
  const RunSummary& summary = closing.summary;
  return {{"event", "finish"},
          {"exit_code", exit_code},
          {"done_now", summary.done_now},
          {"done_before", summary.done_before},
          {"failed", summary.failed},
          {"failed_before", summary.failed_before},
          {"to_do", summary.to_do()},
          {"interrupted", summary.interrupted},
          {"gates_broken", closing.gates.broken},
          {"wall_s", closing.wall_s},
          {"records", closing.records},
          {"next", closing.next()}};
}

}  // namespace frugal::harness
