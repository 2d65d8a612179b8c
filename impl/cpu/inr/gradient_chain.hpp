// One step of a network whose points several ranks share: each has the gradients of some of its chunks of points.
//
// Chunks are added in order, as one process adds them, so the sum passes from rank to rank: each adds its own to what
// comes. The last one updates the parameters, which go the same way back. Both travel in pieces, so that the ranks add
// different pieces at a time: a step waits for about one sum more than with one rank, whatever their number.
#pragma once
#include <cstdint>
#include <functional>
#include <span>

#include "impl/common/communicator.hpp"

namespace frugal::cpu {

class GradientChain {
 public:
  /// Of ranks first ... end - 1. Pieces are of whole blocks of `block` values.
  GradientChain(Communicator& ranks, int first, int end, std::int64_t block)
      : ranks_(ranks), first_(first), end_(end), block_(block) {}

  bool begins() const { return ranks_.rank() == first_; }

  /// For values at ... at + count - 1.
  using Part = std::function<void(std::int64_t at, std::int64_t count)>;

  /// sum: where the chain begins the gradient of the first chunk, elsewhere room for what comes. `add` adds to it the
  /// gradients of this rank's other chunks. Where the chain ends, `update` follows, and makes `parameters`, which the others
  /// get. squares: errors of this rank's chunks; returns those of all, added in order. All [count] alike on all ranks.
  double step(std::span<float> sum, std::span<float> parameters, std::span<const double> squares, const Part& add,
              const Part& update);

 private:
  bool ends() const { return ranks_.rank() + 1 == end_; }
  void send(std::span<const std::byte> data, int to) { sent_.push_back(ranks_.send(data, to)); }

  Communicator& ranks_;
  int first_;
  int end_;
  std::int64_t block_;
  Communicator::Transfers sent_;
};

}  // namespace frugal::cpu
