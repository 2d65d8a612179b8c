// The losses of a training as a record has them: few points of many.
#pragma once
#include <string_view>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// Keeps at most `most_points` of each curve, evenly: when a curve is full, every second point goes, and from then on only
/// half as many come in. The first point stays; the last ones that do not fit the rhythm are left out.
class LossRecorder {
 public:
  static constexpr std::size_t most_points = 64;

  /// A loss that is not finite is not taken: a record holds none.
  void add(std::string_view name, double step, double loss);
  void clear() { curves_.clear(); }
  std::vector<LossCurve> curves() const;

 private:
  struct Thinned {
    LossCurve curve;
    std::size_t told = 0;   ///< points that came
    std::size_t every = 1;  ///< of these how many make one that is kept
  };
  std::vector<Thinned> curves_;
};

}  // namespace frugal::harness
