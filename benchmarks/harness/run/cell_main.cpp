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

CellRequest parse_request(const Json& json) {
  try {
    return CellRequest::from_json(json);
  } catch (const Json::exception&) {
    refuse_foreign_caller(cell_verb);
  }
}

}  // namespace

int cell_main(const Workloads& workloads, const BackendReader& readings) {
  if (!serve_cells()) refuse_foreign_caller(cell_verb);
  const Json json = request_of_parent();
  struct sigaction action {};
  action.sa_handler = [](int) { cell_stop.store(true); };
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &action, nullptr);

  const CellRequest request = parse_request(json);
  const Workload* workload = find_workload(workloads, request.cell.workload);
  if (workload == nullptr) throw UserError("this program has no workload '" + request.cell.workload + "'");
  measure_cell(*workload, request, cell_stop, send_to_parent, [&] { return readings(request.cell.backend); });
  return 0;
}

}  // namespace frugal::harness
