// A random permutation of {0, ..., n-1} that needs no memory: position -> index in O(1), the same on every back end.
//
// A balanced Feistel network over the smallest even number of bits that covers n, with round keys from Philox, and
// cycle walking for the values outside [0, n) (Black & Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
// Expected walks per value: below 4.
#pragma once
#include <cstdint>

#include "impl/base/host_device.hpp"
#include "impl/base/philox.hpp"

namespace frugal {

class Permutation {
 public:
  /// stream: the epoch, for a shuffle of training; under another purpose, one that nothing else draws from.
  FRUGAL_HOST_DEVICE Permutation(std::uint64_t n, std::uint64_t seed, std::uint32_t stream,
                                 Purpose purpose = Purpose::shuffle)
      : n_(n) {
    while (half_bits_ < 31 && (std::uint64_t{1} << (2 * half_bits_)) < n) ++half_bits_;
    mask_ = (std::uint32_t{1} << half_bits_) - 1;
    const Philox keys(seed, purpose);
    for (std::uint32_t r = 0; r < rounds; ++r) keys_[r] = keys.word(r, stream);
  }

  FRUGAL_HOST_DEVICE std::uint64_t size() const { return n_; }

  FRUGAL_HOST_DEVICE std::uint64_t operator()(std::uint64_t position) const {
    std::uint64_t x = position;
    do x = encrypt(x);
    while (x >= n_);
    return x;
  }

 private:
  static constexpr std::uint32_t rounds = 6;

  FRUGAL_HOST_DEVICE std::uint64_t encrypt(std::uint64_t x) const {
    std::uint32_t left = static_cast<std::uint32_t>(x >> half_bits_) & mask_;
    std::uint32_t right = static_cast<std::uint32_t>(x) & mask_;
    for (const std::uint32_t key : keys_) {
      const std::uint32_t mixed = left ^ (mix(right ^ key) & mask_);
      left = right;
      right = mixed;
    }
    return (static_cast<std::uint64_t>(left) << half_bits_) | right;
  }

  /// The 32-bit finaliser of MurmurHash3: every input bit flips each output bit with probability near 1/2.
  FRUGAL_HOST_DEVICE static std::uint32_t mix(std::uint32_t h) {
    h ^= h >> 16;
    h *= 0x85ebca6bU;
    h ^= h >> 13;
    h *= 0xc2b2ae35U;
    return h ^ (h >> 16);
  }

  std::uint64_t n_;
  int half_bits_ = 1;
  std::uint32_t mask_ = 0;
  std::uint32_t keys_[rounds] = {};
};

}  // namespace frugal
