// Runs made by hand for the tests of judge, compare and report.
#pragma once
#include <functional>
#include <string>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness::samples {

/// In a test's body, plain `Run` is a member of ::testing::Test.
using RunRecord = Run;

inline CellRecord sample_cell(double keep, std::uint64_t seed, double hit_rate, const std::string& backend = "cpu") {
  CellRecord record;
  record.cell.workload = "cadc";
  record.cell.backend = backend;
  record.cell.dataset = {{"name", "ml-1m"}};
  record.cell.params = {{"cadc",
                         {{"keep_fraction", keep},
                          {"model", "two_tower"},
                          {"embedding_init", "mf"},
                          {"embedding_trainable", false},
                          {"mf", {{"dim", 64}}}}}};
  record.cell.seed = seed;
  record.id = record.cell.id();
  record.implementation = backend + ": test";
  record.metrics = {{"hr@10[neg=99]", hit_rate}, {"parameters", 1000.0}, {"logloss", 1 - hit_rate}};
  record.stages = {{"factorize", {2.0, 2.0, 2.0}, 4e9, 0}, {"train", {1.0, 3.0, 1.5}, 1.5e12, 3e6}};
  return record;
}

inline Run sample_run() {
  using Direction = MetricDescriptor::Direction;
  Run run;
  run.folder = "runs/sample";
  run.provenance.name = "sample";
  run.provenance.started = "2025-01-31T12:00:00Z";
  run.provenance.machine = {{"cpu", "Test CPU"}, {"cores", 2}, {"isa", {"avx2", "fma", "avx512f"}}};
  run.provenance.build = {
      {"commit", "0123456789abcdef"}, {"dirty", false}, {"type", "Release"}, {"compiler", "g++ 12.2.0"}};
  run.provenance.plan = {{"threads", {{"sample", 2}}}};
  run.provenance.metrics = {{"hr@10[neg=99]", "", Direction::higher_is_better, "{:.4f}", ""},
                            {"logloss", "", Direction::lower_is_better, "{:.4f}", ""},
                            {"psnr", "dB", Direction::higher_is_better, "{:.2f}", ""},
                            {"loss[mf]", "", Direction::informative, "{:.5f}", ""},
                            {"parameters", "", Direction::informative, "{:.0f}", "", true},
                            {"flops.train", "FLOP", Direction::informative, "{:.4g}", "", true}};
  run.provenance.clocks = {{"cadc", "Stage 2 is the training."}};
  return run;
}

/// keep 1 and 0.1, seeds 1 to `seeds`: hr 0.70 and 0.68, one thousandth more a seed.
inline Run sample_run_of(std::uint64_t seeds, const std::string& backend = "cpu") {
  Run run = sample_run();
  for (double keep : {1.0, 0.1}) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      run.cells.push_back(
          sample_cell(keep, seed, (keep == 1 ? 0.70 : 0.68) + 0.001 * static_cast<double>(seed), backend));
    }
  }
  return run;
}

inline void change_metric(Run& run, const std::string& name, const std::function<double(double)>& change) {
  for (CellRecord& record : run.cells) record.metrics[name] = change(record.metrics[name]);
}

}  // namespace frugal::harness::samples
