#include "benchmarks/harness/run/eta.hpp"

#include <algorithm>

namespace frugal::harness {
namespace {

// Below this share, set-up time would be taken for the pace of the whole cell.
constexpr double least_fraction = 0.02;

}  // namespace

/// Seconds that a unit of cost takes at least, beyond the last of several costs; 0 where one is all that was seen, as all
/// of its time may be set-up.
double Eta::least_pace(const std::map<double, Bounds>& seen) {
  const auto& [first_cost, first] = *seen.begin();
  const auto& [last_cost, last] = *seen.rbegin();
  if (first_cost == last_cost) return 0;
  return std::clamp((last.low - first.high) / (last_cost - first_cost), 0.0, last.low / last_cost);
}

void Eta::know(const CellWork& work, double least_seconds) {
  double& least = group(work).least;
  least = std::max(least, least_seconds);
}

void Eta::finish(double seconds, bool ended_well) {
  Group& its = group(*running_);
  --its.waiting;
  if (ended_well) {
    its.seconds += seconds;
    ++its.done;
  }
  running_.reset();
}

/// How long cells of a point that nobody has seen last. With set-up a and work b c of cost c, a, b >= 0 unknown, the
/// time lies on the line between two neighbours. Beyond the last one it is no longer than that one in proportion, and no
/// shorter than it, or than the line through the first and the last one.
std::optional<Eta::Bounds> Eta::seconds_at(double cost, const std::map<double, Bounds>& seen) {
  const auto above = seen.lower_bound(cost);
  if (above != seen.end() && above->first == cost) {
    // Without a cost one point says nothing of the next; several at least show how far they lie apart.
    if (cost == 0 && above->second.points < 2) return std::nullopt;
    return above->second;
  }
  if (seen.empty()) return std::nullopt;
  if (above == seen.begin()) {
    return Bounds{above->second.low * cost / above->first, above->second.high};
  }
  const auto below = std::prev(above);
  if (above == seen.end()) {
    if (below->first == 0) return std::nullopt;
    const double more = cost - below->first;
    return Bounds{below->second.low + least_pace(seen) * more, below->second.high * cost / below->first};
  }
  const double share = (cost - below->first) / (above->first - below->first);
  return Bounds{below->second.low + share * (above->second.low - below->second.low),
                below->second.high + share * (above->second.high - below->second.high)};
}

/// Mean time of the cells of a point: of those done, else of the running one at its pace.
std::optional<double> Eta::mean_seconds(const Group& its, bool runs_now, const Running& now) {
  if (its.done > 0) return its.seconds / its.done;
  if (runs_now && now.has_pace) return now.elapsed_s / now.fraction;
  return std::nullopt;
}

/// Adds what cells of one kind still take. False: nothing of them is known.
bool Eta::add_kind(const Kind& kind, const Costs& costs, const Running& now, Estimate& estimate) const {
  const auto runs_now = [&](double cost, const std::string& point) {
    return running_ && kind_of(*running_) == kind && running_->cost == cost && running_->point == point;
  };
  std::map<double, Bounds> seen;
  for (const auto& [cost, points] : costs) {
    for (const auto& [point, its] : points) {
      const std::optional<double> mean = mean_seconds(its, runs_now(cost, point), now);
      if (!mean) continue;
      Bounds& bounds = seen.try_emplace(cost, Bounds{*mean, *mean}).first->second;
      bounds = {std::min(bounds.low, *mean), std::max(bounds.high, *mean), bounds.points + 1};
    }
  }
  bool known = false;
  for (const auto& [cost, points] : costs) {
    const std::optional<Bounds> unseen = seconds_at(cost, seen);
    for (const auto& [point, its] : points) {
      if (its.waiting == 0) continue;
      const bool runs = runs_now(cost, point);
      std::optional<Bounds> each = unseen;
      if (const std::optional<double> mean = mean_seconds(its, runs, now)) each = Bounds{*mean, *mean};
      if (!each) {
        estimate.open = true;
        if (its.least == 0) continue;
        each = Bounds{its.least, its.least};
      }
      known = true;
      const int untouched = its.waiting - (runs ? 1 : 0);
      estimate.low += each->low * untouched;
      estimate.high += each->high * untouched;
      if (!runs) continue;
      double low = std::max(0.0, each->low - now.elapsed_s);
      double high = std::max(0.0, each->high - now.elapsed_s);
      if (now.has_pace) {
        // The share that a cell tells need not be one of time, so what others took counts as well.
        const double by_pace = now.elapsed_s * (1 / now.fraction - 1);
        low = std::min(low, by_pace);
        high = std::max(high, by_pace);
      }
      estimate.low += low;
      estimate.high += high;
    }
  }
  return known;
}

std::optional<Eta::Estimate> Eta::left(double elapsed_s, double fraction) const {
  const bool has_pace = running_ && !running_->open_ended && fraction >= least_fraction;
  Estimate estimate;
  bool known = false;
  for (const auto& [kind, costs] : kinds_) known |= add_kind(kind, costs, {elapsed_s, fraction, has_pace}, estimate);
  if (!known) return std::nullopt;
  return estimate;
}

}  // namespace frugal::harness
