#include "benchmarks/harness/run/cell_main.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/run/cell_server.hpp"
#include "benchmarks/harness/run/child_messages.hpp"
#include "benchmarks/harness/run/measure.hpp"
#include "benchmarks/harness/run/rank_job.hpp"
#include "impl/base/sanitizer.hpp"

/// Of gcov's library, which is linked where --coverage is given.
extern "C" [[gnu::weak]] void __gcov_init();  // NOLINT(bugprone-reserved-identifier)

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

/// Whether something in this process writes when it ends in order: a sanitizer, gcov, or a tool that was loaded into it.
bool is_watched() {
  return has_sanitizer || __gcov_init != nullptr || std::getenv("LD_PRELOAD") != nullptr ||
         std::getenv("CUDA_INJECTION64_PATH") != nullptr;
}

}  // namespace

void measure_request(const Workloads& workloads, const BackendReader& readings, const MessageSink& send) {
  const Json json = request_of_parent();
  struct sigaction action {};
  action.sa_handler = [](int) { cell_stop.store(true); };
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &action, nullptr);

  const CellRequest request = parse_request(json);
  const Workload* workload = find_workload(workloads, request.cell.workload);
  if (workload == nullptr) throw UserError("this program has no workload '" + request.cell.workload + "'");
  measure_cell(*workload, request, cell_stop, send, [&] { return readings(request.cell.backend); });
}

int cell_main(const Workloads& workloads, const BackendReader& readings) {
  const std::optional<int> ranks = serve_cells();
  if (!ranks) refuse_foreign_caller(cell_verb);
  if (*ranks > 1) {
    become_job(*ranks);
    return 0;
  }
  measure_request(workloads, readings, send_to_parent);
  if (!is_watched()) {  // taking down all that the program holds is a tenth of a short cell's time
    std::fflush(nullptr);
    ::_exit(0);
  }
  return 0;
}

}  // namespace frugal::harness
