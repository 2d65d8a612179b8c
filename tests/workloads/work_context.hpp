// A run whose stages say what they did.
#pragma once
#include <map>
#include <string>

#include "tests/workloads/run_cell.hpp"

namespace frugal::workloads {

class WorkContext final : public TestContext {
 public:
  using TestContext::TestContext;
  std::map<std::string, harness::Work> work;

 protected:
  void begin_stage(std::string_view name) override { stage_ = name; }
  void end_stage(harness::Work done) override { work[stage_] = done; }

 private:
  std::string stage_;
};

}  // namespace frugal::workloads
