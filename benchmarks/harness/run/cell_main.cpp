#include "benchmarks/harness/run/cell_main.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/run/cell_server.hpp"
#include "benchmarks/harness/run/measure.hpp"

namespace frugal::harness {
namespace {

std::atomic<bool> cell_stop = false;
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void read_request(std::string& text) {
  char buffer[4096];
  while (true) {
    const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

[[noreturn]] void refuse_foreign_caller() {
  throw UserError(std::string("'") + cell_verb + "' is for the program's own use: `frugal run` starts it");
}

CellRequest parse_request(const std::string& text) {
  try {
    return CellRequest::from_json(Json::parse(text));
  } catch (const Json::exception&) {
    refuse_foreign_caller();
  }
}

/// The parent going away is not this process's business: it dies with it (PR_SET_PDEATHSIG).
void send_line(const CellMessage& message) {
  // A workload's error text may hold any bytes.
  const std::string line = message.to_json().dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t count = ::write(cell_message_fd, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

int cell_main(const Workloads& workloads) {
  if (!serve_cells() || ::fcntl(cell_message_fd, F_SETFD, FD_CLOEXEC) != 0) refuse_foreign_caller();
  struct sigaction action {};
  action.sa_handler = [](int) { cell_stop.store(true); };
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &action, nullptr);

  std::string text;
  read_request(text);
  const CellRequest request = parse_request(text);
  const Workload* workload = find_workload(workloads, request.cell.workload);
  if (workload == nullptr) throw UserError("this program has no workload '" + request.cell.workload + "'");
  measure_cell(*workload, request, cell_stop, send_line);
  return 0;
}

}  // namespace frugal::harness
