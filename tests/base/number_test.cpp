#include "impl/base/number.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace frugal {
namespace {

TEST(NumberIn, IsThatOfTheWholeText) {
  EXPECT_EQ(number_in<int>("-12"), -12);
  EXPECT_EQ(number_in<double>("1e-3"), 1e-3);
  for (const char* text : {"", " 1", "1 ", "+1", "1.5", "0x10", "one"})
    EXPECT_EQ(number_in<int>(text), std::nullopt) << text;
}

TEST(NumberIn, IsNothingWhereItDoesNotFit) {
  EXPECT_EQ(number_in<std::uint8_t>("255"), 255);
  EXPECT_EQ(number_in<std::uint8_t>("256"), std::nullopt);
  EXPECT_EQ(number_in<std::uint64_t>("-1"), std::nullopt);
  EXPECT_EQ(number_in<double>("1e999"), std::nullopt);
}

}  // namespace
}  // namespace frugal
