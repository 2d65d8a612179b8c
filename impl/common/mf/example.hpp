// What logistic SGD learns from, one at a time.
#pragma once
#include <cstdint>

namespace frugal {

/// Row numbers by slot (MfSchedule::Side), and the label in the top bit of the item.
struct alignas(8) MfExample {
  static constexpr std::uint32_t positive = 0x80000000U;
  std::uint32_t user;
  std::uint32_t item;
  friend bool operator==(const MfExample&, const MfExample&) = default;
};

}  // namespace frugal
