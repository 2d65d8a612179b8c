// What every back end's equivalence test asks of its checks.
#pragma once
#include <gtest/gtest.h>

#include <vector>

#include "impl/equivalence/equivalence.hpp"

namespace frugal {

/// All within their bounds, none skipped as unsupported, and more than `count` of them: an empty list proves nothing.
inline void expect_equivalent(const std::vector<EquivalenceCheck>& checks, std::size_t count) {
  EXPECT_GT(checks.size(), count);
  for (const EquivalenceCheck& check : checks) {
    EXPECT_TRUE(check.unsupported.empty()) << check.name << ": " << check.unsupported;
    EXPECT_TRUE(check.ok()) << check.name << ": error " << check.error << ", bound " << check.bound;
  }
}

}  // namespace frugal
