// How long is left? A cell is taken to last as long as those of its point (all but the seed) that ran. Of another point
// only bounds are known: a cell's time is taken to be set-up and a part in proportion to its work, both unknown.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace frugal::harness {

/// What tells how long a cell lasts.
struct CellWork {
  std::string kind;         ///< cells of different kinds tell nothing of each other: workload and back end
  std::string apart{};      ///< nor do those that differ in this: their plan, where the cost tells nothing; else empty
  std::string point;        ///< all but the seed
  double cost = 0;          ///< work of all repeats, in any unit that the kind's cells share; 0: unknown
  bool open_ended = false;  ///< it repeats until its times agree: the share done is that of the longest it may take
};

class Eta {
 public:
  struct Estimate {
    double low = 0;     ///< seconds
    double high = 0;    ///< seconds, >= low
    bool open = false;  ///< of some cells nothing is known: it is more than `low`
  };

  /// A cell still to come.
  void expect(const CellWork& work) { ++group(work).waiting; }
  /// An earlier run of it took at least so long.
  void know(const CellWork& work, double least_seconds);
  /// Which cell finish() and left() are about; others that run count as still to come.
  void start(const CellWork& work) { running_ = work; }
  /// The running cell ended. One that failed tells nothing of the others.
  void finish(double seconds, bool ended_well = true);

  /// `elapsed_s` and `fraction` are of the running cell. Empty: nothing is known.
  std::optional<Estimate> left(double elapsed_s, double fraction) const;

 private:
  struct Group {
    int waiting = 0;  ///< the running one included
    int done = 0;
    double seconds = 0;  ///< of these
    double least = 0;    ///< that an earlier run took
  };
  struct Bounds {
    double low = 0;
    double high = 0;
    int points = 0;  ///< that were seen
  };
  using Points = std::map<std::string, Group>;
  using Costs = std::map<double, Points>;  ///< by cost

  struct Running {
    double elapsed_s;
    double fraction;
    bool has_pace;  ///< elapsed_s / fraction is worth something
  };

  using Kind = std::pair<std::string, std::string>;  ///< CellWork::kind and apart

  static Kind kind_of(const CellWork& work) { return {work.kind, work.apart}; }
  Group& group(const CellWork& work) { return kinds_[kind_of(work)][work.cost][work.point]; }
  static std::optional<double> mean_seconds(const Group& its, bool runs_now, const Running& now);
  bool add_kind(const Kind& kind, const Costs& costs, const Running& now, Estimate& estimate) const;
  static double least_pace(const std::map<double, Bounds>& seen);
  static std::optional<Bounds> seconds_at(double cost, const std::map<double, Bounds>& seen);

  std::map<Kind, Costs> kinds_;
  std::optional<CellWork> running_;
};

}  // namespace frugal::harness
