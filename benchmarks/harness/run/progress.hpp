// What a person sees while a plan runs. On a terminal: finished cells scroll by above one line that is rewritten.
// Elsewhere (a log): a line a finished cell, and at most one line in 30 s while a cell runs.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/run/eta.hpp"

namespace frugal::harness {

/// "12.3 s" below a minute, else "1:12" or "1:02:03".
std::string duration_text(double seconds);

class Progress {
 public:
  struct Screen {
    std::function<void(std::string_view)> write;
    std::function<double()> now;  ///< seconds, monotonic
    bool is_terminal = false;
    std::function<int()> width = [] { return 80; };  ///< columns
  };
  /// stderr, the steady clock, and whether stderr is a terminal.
  static Screen standard_screen();

  explicit Progress(Screen screen) : screen_(std::move(screen)), run_start_(screen_.now()) {}

  /// A cell that will run. All are told before the first begins.
  void expect(const Cell& cell);
  void begin(const Cell& cell, const std::string& label);
  void update(double fraction, const std::string& stage);
  /// `main_metrics`: "psnr 31.20 dB", already worded.
  void end(const CellRecord& record, const std::string& main_metrics);
  /// The running cell was stopped: takes the line away.
  void clear();
  /// A line of talk that must not tear the rewritten line.
  void say(std::string_view line);

 private:
  std::string head(const std::string& label) const;
  void show(const std::string& line);

  Screen screen_;
  Eta eta_;
  double run_start_;
  double cell_start_ = 0;
  double last_shown_ = 0;
  int total_ = 0;
  int current_ = 0;
  std::string title_;
  bool line_is_open_ = false;
};

}  // namespace frugal::harness
