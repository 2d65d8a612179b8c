#include "benchmarks/harness/cli/merge_closing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "benchmarks/harness/cli/command_line.hpp"

namespace frugal::harness {
namespace {

/// "2 machines"
std::string counted(std::size_t count, const std::string& word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

/// The first ids, and how many more there are.
std::string ids_text(const std::vector<std::string>& ids) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, ids.size()); ++i) text += (i == 0 ? "" : " ") + ids[i];
  if (ids.size() > most) text += fmt::format(" and {} more", ids.size() - most);
  return text;
}

}  // namespace

void print_merged(const MergeSummary& summary, const std::string& out, const std::string& program,
                  const std::string& again) {
  if (summary.doubles > 0)
    fmt::print(stderr, "{} run more than once, with the same figures: the first times are kept\n",
               summary.doubles == 1 ? "1 cell was" : fmt::format("{} cells were", summary.doubles));
  if (!summary.failed.empty())
    fmt::print(stderr, "{} failed: {}\nto run again what failed: {} --rerun failed\n",
               counted(summary.failed.size(), "cell"), ids_text(summary.failed), again);
  if (!summary.missing.empty())
    fmt::print(stderr, "{} still to do: {}\nto go on: {}\n",
               summary.missing.size() == 1 ? "1 cell is" : fmt::format("{} cells are", summary.missing.size()),
               ids_text(summary.missing), again);
  if (!summary.plan_known)
    fmt::print(stderr, "none of these runs is a part of its plan (--shard): what is still to do tells: {}\n", again);
  fmt::print("records: {} ({} ok", out, summary.ended_well);
  if (!summary.failed.empty()) fmt::print(", {} failed", summary.failed.size());
  if (!summary.missing.empty()) fmt::print(", {} to do", summary.missing.size());
  fmt::print("; {}, {})\ntable:   {} report {}\n", counted(summary.shards, "shard"),
             counted(summary.machines, "machine"), shell_word(program), shell_word(out));
}

}  // namespace frugal::harness
