// `frugal merge`: one run of the shards of a plan.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/command_line.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/record/merge.hpp"

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

int merge_shards(const Call& call) {
  const std::string& out = call.arguments.at(0);
  const MergeSummary summary =
      merge_runs({.out = out, .shards = {call.arguments.begin() + 1, call.arguments.end()}, .mix = call.has("mix")});
  const std::string again = command_again(summary.command);
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
             counted(summary.machines, "machine"), shell_word(call.command[0]), shell_word(out));
  return summary.failed.empty() ? exit_ok : exit_cells_failed;
}

}  // namespace

Verb merge_verb() {
  ArgumentSpec out{.name = "OUT", .values = {.folders = true}};
  ArgumentSpec shards{.name = "SHARD", .most = 4096, .values = {.folders = true}};
  OptionSpec mix = mix_option();
  mix.help = "also shards of several machines; each record then names its own";
  return {
      .name = "merge",
      .summary = "one run of the shards of a plan",
      .help =
          "Makes the folder OUT one run of several: shards of one plan, by `frugal run PLAN --shard I/N --out SHARD` on "
          "one machine or many. The shards stay as they are. Doing it again, or with a shard more, goes on from what OUT "
          "holds. Cells that no shard has are named, with the command that runs them; `frugal run PLAN --out OUT` goes "
          "on with OUT as with any run, and judges the gates.\n\nShards of another plan, build, data or number of threads "
          "are refused, and so is a cell with two results: every bit of a metric counts, times do not. Exit code 2: "
          "refused, and OUT is as it was; 3: OUT has cells that failed.",
      .arguments = {std::move(out), std::move(shards)},
      .options = {std::move(mix)},
      .examples = {"frugal merge results/local/demo part1 part2", "frugal merge --mix results/local/demo shards/*"},
      .run = merge_shards};
}

}  // namespace frugal::harness
