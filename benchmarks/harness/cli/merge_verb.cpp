// `frugal merge`: one run of the shards of a plan.
#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/command_line.hpp"
#include "benchmarks/harness/cli/merge_closing.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/record/merge.hpp"

namespace frugal::harness {
namespace {

int merge_shards(const Call& call) {
  const std::string& out = call.arguments.at(0);
  const MergeSummary summary =
      merge_runs({.out = out, .shards = {call.arguments.begin() + 1, call.arguments.end()}, .mix = call.has("mix")});
  print_merged(summary, out, call.command[0], command_again(summary.command));
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
