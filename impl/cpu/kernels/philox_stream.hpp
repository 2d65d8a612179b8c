#pragma once
#include <cstdint>

namespace frugal::cpu {

/// The words of Philox(seed, purpose) in one stream: impl/base/philox.hpp, whose inline functions must not get into code
/// for one instruction set.
struct PhiloxStream {
  std::uint64_t seed;
  std::uint32_t purpose;
  std::uint32_t stream;
};

}  // namespace frugal::cpu
