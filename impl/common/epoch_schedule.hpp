// Which examples an optimiser step takes: one definition for every back end and workload.
#pragma once
#include <cstdint>

#include "impl/base/host_device.hpp"
#include "impl/base/permutation.hpp"

namespace frugal {

/// Steps of up to `batch` examples that go once over `examples`; the last one takes what is left.
FRUGAL_HOST_DEVICE constexpr std::uint64_t steps_per_epoch(std::uint64_t examples, std::uint64_t batch) {
  return (examples + batch - 1) / batch;
}

/// Steps `begin` to begin + steps of passes over `examples`, all together. of(n): the same of the steps that go once over n
/// examples; a pass that ends early has whole steps only.
template <class OfExamples>
auto of_steps(std::uint64_t examples, std::uint64_t batch, std::uint64_t begin, std::uint64_t steps, OfExamples of) {
  const std::uint64_t pass = steps_per_epoch(examples, batch);
  const auto first = [&](std::uint64_t some) {
    const std::uint64_t passes = some / pass;
    return of(examples) * static_cast<double>(passes) + of(some % pass * batch);
  };
  return first(begin + steps) - first(begin);
}

/// How many examples such steps take, of each pass together; exact below 2^53.
inline std::uint64_t examples_of_steps(std::uint64_t examples, std::uint64_t batch, std::uint64_t begin,
                                       std::uint64_t steps) {
  return static_cast<std::uint64_t>(
      of_steps(examples, batch, begin, steps, [](std::uint64_t n) { return static_cast<double>(n); }));
}

/// Epochs over shuffled examples, 1 or more. With S = steps_per_epoch(examples, batch), step t (from 0) is step t mod S
/// of epoch t div S: it takes `count` positions of the epoch from `first` on, and position p of epoch e is the example
/// Permutation(examples, seed, e)(p). Keeps sizes and seed; no memory.
class EpochSchedule {
 public:
  /// What one step takes.
  struct Step {
    std::uint32_t epoch;  ///< counted from 0
    std::uint64_t first;  ///< position in the epoch
    std::uint64_t count;  ///< 1 to batch
  };

  /// batch: examples of a step, 1 or more. seed: of the shuffles.
  FRUGAL_HOST_DEVICE EpochSchedule(std::uint64_t examples, std::uint64_t batch, std::uint64_t seed)
      : examples_(examples), batch_(batch), seed_(seed) {}

  /// Of step `step`, counted from 0.
  FRUGAL_HOST_DEVICE Step at(std::uint64_t step) const {
    const std::uint64_t steps = steps_per_epoch(examples_, batch_);
    const std::uint64_t first = step % steps * batch_;
    const std::uint64_t left = examples_ - first;
    return {static_cast<std::uint32_t>(step / steps), first, left < batch_ ? left : batch_};
  }

  /// Position -> index of the example.
  FRUGAL_HOST_DEVICE Permutation order(std::uint32_t epoch) const { return Permutation(examples_, seed_, epoch); }

 private:
  std::uint64_t examples_;
  std::uint64_t batch_;
  std::uint64_t seed_;
};

}  // namespace frugal
