// Ctrl-C and SIGTERM while a plan runs: the first asks to stop, the second kills.
#pragma once
#include <csignal>

namespace frugal::harness {

/// While it lives, SIGINT, SIGTERM and SIGHUP are counted instead of ending the program, and SIGPIPE is ignored. One
/// that was ignored before (nohup) stays ignored. At most one object at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  int count() const;
  /// Readable as soon as a signal came: for poll().
  int fd() const;
  /// Empties fd(), so that poll() sleeps again.
  void drain();

 private:
  static constexpr int watched_[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
  struct sigaction before_[4];
};

}  // namespace frugal::harness
