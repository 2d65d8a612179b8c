// What a person sees while a plan runs. On a terminal: finished cells scroll by above one line that is rewritten, and no
// line is wider than the terminal. Elsewhere (a log): a line a finished cell, and at most one line in 30 s while a cell
// runs. Programs get events.
#pragma once
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/run/eta.hpp"
#include "benchmarks/harness/run/event.hpp"

namespace frugal::harness {

/// "1:12" or "1:02:03".
std::string clock_text(double seconds);

/// "12.3 s" below a minute, else "1:12" or "1:02:03".
std::string duration_text(double seconds);

/// At most `columns` characters of a line, "..." at its end where some were left out.
std::string shortened_to(const std::string& text, std::size_t columns);

class Progress {
 public:
  struct Screen {
    std::function<void(std::string_view)> write;
    std::function<double()> now;  ///< seconds, monotonic
    bool is_terminal = false;
    bool colour = false;
    std::function<int()> width = [] { return 80; };  ///< columns
    EventSink event{};                               ///< for programs; empty: nobody listens
  };
  /// stderr and the steady clock. A terminal is one whose line can be rewritten (TERM is not "dumb"); it gets colours
  /// unless NO_COLOR is set (no-color.org).
  static Screen standard_screen();

  explicit Progress(Screen screen) : screen_(std::move(screen)), run_start_(screen_.now()) {}

  /// A cell that will run. All are told before the first begins.
  void expect(const CellWork& work);
  /// An earlier run of such a cell took at least so long.
  void know(const CellWork& work, double least_seconds) { eta_.know(work, least_seconds); }
  /// All cells are told. `cells`: those that count, run now or not; `records`: the folder.
  void start(const std::string& records, int cells);
  void begin(const Cell& cell, const std::string& label, const CellWork& work);
  /// Several cells may have begun, each known by its id.
  void update(const std::string& id, double fraction, const std::string& stage);
  /// `main_metrics`: "psnr 31.20 dB", already worded.
  void end(const CellRecord& record, const std::string& main_metrics);
  /// A running cell was stopped: takes the line away.
  void clear();
  /// On a terminal the rewritten line, shortened to fit; elsewhere a line of the log, where it is due.
  void rewrite(const std::string& line, bool is_due);
  double now() const { return screen_.now(); }
  /// A line of talk that must not tear the rewritten line.
  void say(std::string_view line);

 private:
  struct Running {
    std::string id;
    std::string number;  ///< "[ 3/20] "
    std::string title;   ///< "inr cpu grid=2 seed=1"; on a terminal without what all cells share
    CellWork work;
    double start = 0;
    double last_told = 0;
    double fraction = 0;
    std::string stage{};
  };
  Running& running(const std::string& id);
  std::size_t room() const;
  double share() const;
  /// By the oldest of the running cells.
  std::optional<Eta::Estimate> left(double now);
  void tell(double now, Running& cell);
  void show(const std::string& line);

  Screen screen_;
  Eta eta_;
  double run_start_;
  double last_shown_ = 0;
  int total_ = 0;
  int begun_ = 0;
  std::vector<Running> running_;  ///< in the order in which they began
  std::set<std::string> kinds_;   ///< of all cells
  bool line_is_open_ = false;
};

}  // namespace frugal::harness
