#include "impl/common/fp16.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace frugal {
namespace {

TEST(Fp16, RoundsToTheNearestAndTiesToEven) {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = from_fp16(half);
    if (std::isnan(value)) continue;
    ASSERT_EQ(to_fp16(value), half);
    const float next = from_fp16(static_cast<std::uint16_t>(half + 1));
    if (std::isfinite(next) && std::isfinite(value) && (bits & 0x7fffU) != 0x7fffU) {
      ASSERT_EQ(to_fp16((value + next) / 2), bits % 2 == 0 ? half : half + 1) << value;
      ASSERT_EQ(to_fp16(value + (next - value) * 0.49F), half) << value;
    }
  }
  EXPECT_EQ(from_fp16(to_fp16(1 + 0x1p-10F)), 1 + 0x1p-10F);
  EXPECT_EQ(from_fp16(to_fp16(0x1p-24F)), 0x1p-24F);
  EXPECT_EQ(from_fp16(to_fp16(65519.F)), 65504.F);
  EXPECT_TRUE(std::isinf(from_fp16(to_fp16(65520.F))));
  EXPECT_TRUE(std::isnan(from_fp16(to_fp16(NAN))));
}

}  // namespace
}  // namespace frugal
