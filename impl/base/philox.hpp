// The one source of randomness: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC'11; Random123), keyed by seed and addressed by (purpose, stream, index). A number depends on nothing
// else, so every back end draws the same initial weights, samples, shuffles and negatives at any thread count.
#pragma once
#include <Random123/philox.h>

#include <array>
#include <cmath>
#include <cstdint>

#include "impl/base/host_device.hpp"

namespace frugal {

/// What a random number is for. The values are part of the results: never renumber.
enum class Purpose : std::uint32_t {
  user_embedding = 1,
  item_embedding = 2,
  weights = 3,         ///< dense layers; stream = layer index (a back end's header gives the layout)
  shuffle = 4,         ///< stream = epoch
  negatives = 5,       ///< stream = epoch, index = position * negatives + k
  keep_sample = 6,     ///< which interactions a keep_fraction retains
  split = 7,           ///< random leave-one-out
  eval_negatives = 8,  ///< candidates beside the held-out item
  validation = 9,      ///< which training interaction of a user early stopping watches
  tie = 10,            ///< order of a user's interactions of one time; index and stream: hashes of item and user id
  proxy = 11,          ///< items that a proxy compares a training interaction with; stream = look
  start_block = 12,    ///< vectors that an eigendecomposition starts from; stream = which decomposition
  resample = 13,       ///< users of a bootstrap (stream 0) and signs of a randomisation test (stream 1)
  synthetic_user = 20,
  synthetic_item = 21,
  synthetic_event = 22,
  synthetic_click = 23,
  synthetic_image = 24,
  test = 30,  ///< inputs of tests and of `frugal verify`
};

class Philox {
 public:
  FRUGAL_HOST_DEVICE Philox(std::uint64_t seed, Purpose purpose) : purpose_(static_cast<std::uint32_t>(purpose)) {
    key_[0] = static_cast<std::uint32_t>(seed);
    key_[1] = static_cast<std::uint32_t>(seed >> 32);
  }

  /// Four independent 32-bit words.
  FRUGAL_HOST_DEVICE std::array<std::uint32_t, 4> block(std::uint64_t index, std::uint32_t stream = 0) const {
    r123::Philox4x32::ctr_type counter = {
        {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), stream, purpose_}};
    const r123::Philox4x32::ctr_type words = r123::Philox4x32{}(counter, key_);
    return {words[0], words[1], words[2], words[3]};
  }

  /// Word `index` of the stream: block(index / 4)[index % 4].
  FRUGAL_HOST_DEVICE std::uint32_t word(std::uint64_t index, std::uint32_t stream = 0) const {
    return block(index / 4, stream)[index % 4];
  }

  /// Uniform in [0, 1), 24 bits, exact in float.
  FRUGAL_HOST_DEVICE float uniform(std::uint64_t index, std::uint32_t stream = 0) const {
    return to_unit(word(index, stream));
  }

  /// Uniform in {0, ..., n-1} by Lemire's multiply-shift; the bias is below n / 2^32.
  FRUGAL_HOST_DEVICE std::uint32_t below(std::uint32_t n, std::uint64_t index, std::uint32_t stream = 0) const {
    return scale(word(index, stream), n);
  }

  /// Standard normal by Box-Muller on block(index)[0..1].
  FRUGAL_HOST_DEVICE double normal(std::uint64_t index, std::uint32_t stream = 0) const {
    const auto w = block(index, stream);
    const double u = (static_cast<double>(w[0]) + 0.5) * 0x1p-32;
    const double v = static_cast<double>(w[1]) * 0x1p-32;
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586476925 * v);
  }

  FRUGAL_HOST_DEVICE static float to_unit(std::uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24F; }
  FRUGAL_HOST_DEVICE static std::uint32_t scale(std::uint32_t word, std::uint32_t n) {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(word) * n) >> 32);
  }

 private:
  std::uint32_t purpose_;
  r123::Philox4x32::key_type key_;
};

}  // namespace frugal
