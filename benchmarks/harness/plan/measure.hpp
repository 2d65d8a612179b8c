// How the runs of a cell are timed: the key `measure` of a plan.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "benchmarks/harness/workload.hpp"
#include "impl/base/document.hpp"

namespace frugal::harness {

struct Measure {
  int warmup = 0;            ///< runs whose samples are thrown away
  int repeats = 1;           ///< runs whose samples are kept; at least so many, where max_repeats is given
  bool limits = false;       ///< measure what the device can do at most, too
  int max_repeats = 0;       ///< at most so many; 0: `repeats` is the number
  double target_rel_ci = 0;  ///< go on until half the 95% interval of the median is at most so much of it; 0: no target
  double min_time_s = 0;     ///< go on until the samples together are so long
  bool pin = false;          ///< each thread is bound to a processor of its own
  std::optional<std::uint64_t> order_seed{};  ///< the cells run in an order that it draws; none: in the plan's order

  bool operator==(const Measure&) const = default;
};

/// Fewer values have no 95% interval of their median: both ends would be missed more often than that.
inline constexpr int fewest_for_interval = 6;
/// Where a plan asks for a target or a time and gives no other bound.
inline constexpr int default_max_repeats = 100;

/// The value of `measure`; null: the defaults. Throws UserError.
Measure read_measure(const Node* node);

/// {warmup, repeats, limits}, and of the other keys those that a plan gave.
Json to_json(const Measure& measure);
/// What to_json made.
Measure measure_from_json(const Json& json);

}  // namespace frugal::harness
