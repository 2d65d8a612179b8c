// docs/checks.md tells verdicts by example; here they are checked.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "benchmarks/harness/judge/judge.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

struct Example {
  std::string plan, baseline, run, verdict;
};

/// The rows of the table whose head begins with "| plan |".
std::vector<Example> examples_of_the_page() {
  std::ifstream page(FRUGAL_SOURCE_DIR "/docs/checks.md");
  std::vector<Example> examples;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    inside = line.starts_with("| plan |") || (inside && line.starts_with("|"));
    if (!inside || line.starts_with("| plan |") || line.starts_with("|---")) continue;
    std::istringstream cells(line.substr(1));
    std::vector<std::string> words;
    for (std::string cell; std::getline(cells, cell, '|');) {
      cell.erase(0, cell.find_first_not_of(' '));
      cell.erase(cell.find_last_not_of(' ') + 1);
      words.push_back(cell);
    }
    examples.push_back({words.at(0), words.at(1), words.at(2), words.at(3)});
  }
  return examples;
}

Run run_of(const std::string& rates, const std::string& determinism) {
  Run run = samples::sample_run();
  run.provenance.determinism = {{"sample", determinism}};
  std::istringstream words(rates);
  std::uint64_t seed = 1;
  for (double rate = 0; words >> rate;) run.cells.push_back(samples::sample_cell(1, seed++, rate));
  return run;
}

TEST(ChecksPage, EveryExampleHasItsVerdict) {
  const std::vector<Example> examples = examples_of_the_page();
  EXPECT_GE(examples.size(), 10u);
  std::size_t checked = 0;
  for (const Example& example : examples) {
    const Baseline baseline{.file = "baseline", .run = run_of(example.baseline, example.plan)};
    const Judgement judgement = check_run(run_of(example.run, example.plan), baseline);
    for (const Finding& finding : judgement.findings)
      if (finding.metric == "hr@10[neg=99]") {
        ++checked;
        EXPECT_EQ(to_string(finding.verdict), example.verdict)
            << example.plan << ": " << example.baseline << " -> " << example.run << ": " << finding.message;
      }
  }
  EXPECT_EQ(checked, examples.size());
}

}  // namespace
}  // namespace frugal::harness
