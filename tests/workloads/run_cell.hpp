// Runs the first cell of a plan given as text, in this process, without clock or record.
#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/harness/plan/plan.hpp"
#include "benchmarks/workloads/registry.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal::workloads {

class TestContext : public harness::RunContext {
 public:
  explicit TestContext(std::vector<std::filesystem::path> data_dirs = {}) : data_dirs_(std::move(data_dirs)) {}
  void progress(double fraction) override { last_progress = fraction; }
  std::int64_t pace(std::int64_t done, std::int64_t all) override {
    progress(static_cast<double>(done) / static_cast<double>(all));
    return steps_at_once;
  }
  void time_metric(std::string_view name, std::int64_t done) override { steps_of_times[std::string(name)] = done; }
  const std::vector<std::filesystem::path>& data_dirs() const override { return data_dirs_; }
  std::filesystem::path artifacts() override { return scratch_.path(); }

  double last_progress = 0;
  std::int64_t steps_at_once = 50;
  std::set<std::string> stages;
  std::map<std::string, std::int64_t> steps_of_times;

 protected:
  void begin_stage(std::string_view name) override { stages.emplace(name); }
  void end_stage(harness::Work) override {}

 private:
  std::vector<std::filesystem::path> data_dirs_;
  ScratchFolder scratch_;
};

inline harness::Cell first_cell(const std::string& plan) {
  return harness::parse_plan(plan, "test.yaml", {}, all(), {}).plans.at(0).cells.at(0);
}

inline harness::Outcome run_cell(const std::string& plan, TestContext& context) {
  const harness::Cell cell = first_cell(plan);
  for (const harness::Workload* workload : all())
    if (workload->name() == cell.workload) return workload->run(cell, context);
  throw std::logic_error("no such workload");
}

inline harness::Outcome run_cell(const std::string& plan) {
  TestContext context;
  return run_cell(plan, context);
}

}  // namespace frugal::workloads
