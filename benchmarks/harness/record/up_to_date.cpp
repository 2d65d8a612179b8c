#include "benchmarks/harness/record/up_to_date.hpp"

#include "benchmarks/harness/plan/later_params.hpp"

namespace frugal::harness {

void add_later_params(Run& run, const Workloads& workloads) {
  std::vector<Cell*> cells;
  for (CellRecord& record : run.cells) cells.push_back(&record.cell);
  add_later_params(cells, workloads);
}

Run load_up_to_date(const std::string& folder, const Workloads& workloads) {
  Run run = load_run(folder);
  add_later_params(run, workloads);
  return run;
}

}  // namespace frugal::harness
