#include "benchmarks/harness/run/cell_main.hpp"

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/run/cell_server.hpp"
#include "benchmarks/harness/run/child_messages.hpp"
#include "benchmarks/harness/run/measure.hpp"

namespace frugal::harness {
namespace {

std::atomic<bool> cell_stop = false;
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void run_cell(const CellRequest& request, const Workloads& workloads, const BackendReader& readings) {
  struct sigaction action {};
  action.sa_handler = [](int) { cell_stop.store(true); };
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &action, nullptr);

  const Workload* workload = find_workload(workloads, request.cell.workload);
  if (workload == nullptr) throw UserError("this program has no workload '" + request.cell.workload + "'");
  measure_cell(*workload, request, cell_stop, send_to_parent, [&] { return readings(request.cell.backend); });
}

}  // namespace

int cell_main(const Workloads& workloads, const BackendReader& readings, const ProbeSource& probes) {
  if (!serve_cells())
    throw UserError(std::string("'") + cell_verb + "' is for the program's own use: `frugal run` starts it");
  const Json request = request_of_parent();
  if (request.contains("limits"))
    find_limits(LimitsRequest::from_json(request), probes, send_to_parent);
  else
    run_cell(CellRequest::from_json(request), workloads, readings);
  return 0;
}

}  // namespace frugal::harness
