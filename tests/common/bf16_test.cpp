#include "impl/common/bf16.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace frugal {
namespace {

float rounded(float x) { return from_bf16(to_bf16(x)); }

TEST(Bf16, RoundsToTheNearestAndTiesToEven) {
  EXPECT_EQ(rounded(1 + 0x1p-8F), 1.F);
  EXPECT_EQ(rounded(1 + 3 * 0x1p-8F), 1 + 0x1p-6F);
  EXPECT_EQ(rounded(1 + 0x1.02p-8F), 1 + 0x1p-7F);
  EXPECT_EQ(rounded(-1 - 0x1.1p-8F), -1 - 0x1p-7F);
  EXPECT_EQ(rounded(0x1p-140F), 0.F);
}

TEST(Bf16, KeepsWhatHasEightBitsAtMost) {
  for (const float x : {0.F, -0.F, 1.F, -1.9921875F, 0x1p-126F, 0x1p-133F, 0x1.fep127F}) {
    EXPECT_EQ(rounded(x), x);
    EXPECT_EQ(std::signbit(rounded(x)), std::signbit(x));
  }
}

TEST(Bf16, KeepsInfinityAndEveryNan) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(rounded(infinity), infinity);
  EXPECT_EQ(rounded(-infinity), -infinity);
  EXPECT_EQ(rounded(std::numeric_limits<float>::max()), infinity);
  for (const std::uint32_t bits : {0x7fffffffU, 0x7f800001U, 0x7fc00000U, 0xffffffffU, 0xff800001U})
    EXPECT_TRUE(std::isnan(rounded(std::bit_cast<float>(bits)))) << bits;
}

}  // namespace
}  // namespace frugal
