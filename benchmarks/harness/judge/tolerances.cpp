#include "benchmarks/harness/judge/tolerances.hpp"

namespace frugal::harness {

using Direction = MetricDescriptor::Direction;

Tolerance default_tolerance(const std::string& name, const std::string& unit, Direction direction, bool exact) {
  Tolerance tolerance;
  tolerance.metric = name;
  if (direction == Direction::informative) {
    tolerance.ignore = !exact;
  } else if (is_of_the_machine(unit)) {
    tolerance.ignore = true;
  } else {
    if (unit.empty())  // NDCG over a whole catalogue is a few hundredths: 0.01 would be a third of it
      tolerance.absolute = 0.0005, tolerance.relative = 0.05, tolerance.most = 0.01;
    else if (unit == "dB")
      tolerance.absolute = 0.5;
    else
      tolerance.relative = 0.02;
  }
  return tolerance;
}

}  // namespace frugal::harness
