#include "benchmarks/harness/run/child_messages.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "impl/base/files.hpp"

namespace frugal::harness {

void refuse_foreign_caller(const char* verb) {
  throw UserError(std::string("'") + verb + "' is for the program's own use: `frugal run` starts it");
}

Json request_of_parent() {
  if (::fcntl(child_message_fd, F_SETFD, FD_CLOEXEC) != 0) return {};
  std::string text;
  char buffer[4096];
  while (true) {
    const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return Json::parse(text, nullptr, false);
}

void send_to_parent(const CellMessage& message) {
  // A workload's error text may hold any bytes.
  const std::string line = message.to_json().dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  write_all(child_message_fd, line);  // where nobody reads any more, nobody is to be told
}

}  // namespace frugal::harness
