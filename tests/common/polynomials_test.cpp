// The errors that polynomials.hpp states, by the evaluation that it states them for.
#include "impl/common/polynomials.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <numbers>

namespace frugal {
namespace {

/// Highest power first.
float horner(float x, std::initializer_list<float> coefficients) {
  float sum = 0;
  for (const float coefficient : coefficients) sum = std::fmaf(sum, x, coefficient);
  return sum;
}

float sine(float r) {
  using namespace sine_of_half_turns;
  return r * horner(r * r, {power9, power7, power5, power3, power1});
}

float cosine(float r) {
  using namespace cosine_of_half_turns;
  return horner(r * r, {power10, power8, power6, power4, power2, power0});
}

float exponential_of(float x) {
  using namespace exponential;
  const float n = std::nearbyintf(x * log2_e);
  const float r = std::fmaf(-n, ln2_low, std::fmaf(-n, ln2_high, x));
  return std::ldexp(horner(r, {power7, power6, power5, power4, power3, power2, power1, power0}), static_cast<int>(n));
}

/// Between the floats beside `exact`.
double ulp(double exact) {
  const auto nearest = std::abs(static_cast<float>(exact));
  return double{std::nextafterf(nearest, std::numeric_limits<float>::infinity())} - double{nearest};
}

/// visit(x) for floats from `first` to `last` > first > 0, evenly spread over their bits.
template <class Visit>
void for_many_floats(float first, float last, const Visit& visit) {
  constexpr std::uint32_t count = 500'000;
  const auto begin = std::bit_cast<std::uint32_t>(first);
  const auto end = std::bit_cast<std::uint32_t>(last);
  const std::uint32_t step = std::max(1U, (end - begin) / count);
  for (std::uint32_t bits = begin; bits <= end; bits += step) visit(std::bit_cast<float>(bits));
}

TEST(Polynomials, SineIsWithinItsStatedUlps) {
  double worst = 0;
  for_many_floats(0x1p-30F, 0.5F, [&](float r) {
    const double exact = std::sin(std::numbers::pi * double{r});
    worst = std::max(worst, std::abs(double{sine(r)} - exact) / ulp(exact));
    EXPECT_EQ(sine(-r), -sine(r));
  });
  EXPECT_LE(worst, 2.4);
}

TEST(Polynomials, CosineIsWithinItsStatedUlps) {
  double near = 0;
  double far = 0;
  for_many_floats(0x1p-30F, 0.5F, [&](float r) {
    const double exact = std::sin(std::numbers::pi * (0.5 - double{r}));
    const double error = std::abs(double{cosine(r)} - exact);
    if (r <= 0.25F) near = std::max(near, error / ulp(exact));
    far = std::max(far, error);
  });
  EXPECT_LE(near, 0.9);
  EXPECT_LE(far, 9e-8);
  EXPECT_EQ(cosine(0), 1);
}

TEST(Polynomials, ExponentialIsWithinItsStatedUlps) {
  double worst = 0;
  for_many_floats(0x1p-30F, -exponential::least, [&](float x) {
    const double exact = std::exp(-double{x});
    worst = std::max(worst, std::abs(double{exponential_of(-x)} - exact) / ulp(exact));
  });
  EXPECT_LE(worst, 0.94);
  EXPECT_EQ(exponential_of(0), 1);
}

}  // namespace
}  // namespace frugal
