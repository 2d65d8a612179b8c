#include "impl/cpu/subnormals.hpp"

#include <gtest/gtest.h>

namespace frugal::cpu {
namespace {

TEST(SubnormalsAreZero, WhileItLives) {
  const volatile float subnormal = 0x1p-140F;
  const volatile float smallest = 0x1p-126F;
  const volatile float large = 0x1p30F;
  {
    const SubnormalsAreZero flush;
    EXPECT_EQ(subnormal * large, 0.F) << "an operand";
    EXPECT_EQ(smallest * 0.5F, 0.F) << "a result";
    EXPECT_EQ(smallest * large, 0x1p-96F);
  }
  EXPECT_EQ(subnormal * large, 0x1p-110F);
  EXPECT_EQ(smallest * 0.5F, 0x1p-127F);
}

}  // namespace
}  // namespace frugal::cpu
