#include "benchmarks/harness/run/signals.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

namespace frugal::harness {
namespace {

// A handler can reach nothing but statics.
std::atomic<int> signals_seen = 0;
int signal_pipe[2] = {-1, -1};

void on_stop_signal(int) {
  const int saved = errno;
  signals_seen.fetch_add(1);
  const char byte = 0;
  [[maybe_unused]] const ssize_t written = ::write(signal_pipe[1], &byte, 1);  // a full pipe is readable as well
  errno = saved;
}

}  // namespace

StopSignals::StopSignals() {
  if (::pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe2");
  signals_seen = 0;
  for (int i = 0; i < 4; ++i) {
    struct sigaction action {};
    action.sa_flags = SA_RESTART;
    action.sa_handler = watched_[i] == SIGPIPE ? SIG_IGN : on_stop_signal;
    ::sigaction(watched_[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) ::sigaction(watched_[i], &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (int i = 0; i < 4; ++i) ::sigaction(watched_[i], &before_[i], nullptr);
  ::close(signal_pipe[0]);
  ::close(signal_pipe[1]);
}

int StopSignals::count() const { return signals_seen.load(); }

int StopSignals::fd() const { return signal_pipe[0]; }

void StopSignals::drain() {
  char buffer[64];
  while (::read(signal_pipe[0], buffer, sizeof buffer) > 0) {
  }
}

}  // namespace frugal::harness
