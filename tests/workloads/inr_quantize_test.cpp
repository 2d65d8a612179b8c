#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "benchmarks/workloads/inr/quantize.hpp"

namespace frugal::workloads {
namespace {

std::vector<float> rounded(std::vector<float> values, WeightFormat format, std::int64_t networks = 1) {
  const auto n = static_cast<std::int64_t>(values.size()) / networks;
  const ModelState state{.step = 3, .tensors = {{"layer.0.weight", {networks, n}, std::move(values)}}};
  return quantized(state, format).tensors.at(0).values;
}

/// From 2^-20 to 2^10 and both signs, none a power of two; the last is the largest.
std::vector<float> numbers() {
  std::vector<float> values;
  for (int i = 0; i < 2000; ++i)
    values.push_back((i % 2 == 0 ? 1.F : -1.F) * std::exp2(-20 + 0.01501F * static_cast<float>(i)));
  return values;
}

TEST(QuantizedFp16, RoundsToTheNearestEvenWithSubnormalsAndSaturates) {
  // 1 + 2^-11 lies half-way between 1 and 1 + 2^-10, 1 + 3 2^-11 between that and 1 + 2^-9; 2^-24 is the smallest.
  const std::vector<float> values = {1 + 0x1p-11F, 1 + 3 * 0x1p-11F, 0x1p-24F, 0x1p-25F, 1e6F, -65504, 0.1F};
  EXPECT_EQ(rounded(values, WeightFormat::fp16),
            (std::vector<float>{1, 1 + 0x1p-9F, 0x1p-24F, 0, 65504, -65504, 0x1.998p-4F}));
}

TEST(QuantizedFp16, IsOffByHalfAStepAtMost) {
  for (const float value : numbers()) {
    const float step = std::max(std::exp2(std::floor(std::log2(std::abs(value))) - 10), 0x1p-24F);
    EXPECT_LE(std::abs(rounded({value}, WeightFormat::fp16)[0] - value), step / 2) << value;
  }
}

TEST(QuantizedFp16, LeavesWhatIsNotFinite) {
  const std::vector<float> result =
      rounded({std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}, WeightFormat::fp16);
  EXPECT_TRUE(std::isinf(result[0]));
  EXPECT_TRUE(std::isnan(result[1]));
}

TEST(QuantizedInt8, IsOffByHalfAStepAtMost) {
  const std::vector<float> values = numbers();
  const float scale = std::abs(values.back()) / 127;
  const std::vector<float> result = rounded(values, WeightFormat::int8);
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_LE(std::abs(result[i] - values[i]), scale / 2 * (1 + 1e-5F)) << values[i];
}

TEST(QuantizedInt8, TakesASliceTooSmallForAScaleAsZeros) {
  EXPECT_EQ(rounded({1e-44F, 0, -1e-45F}, WeightFormat::int8), (std::vector<float>{0, 0, 0}));
}

TEST(QuantizedInt8, HasAScaleForEachNetwork) {
  const std::vector<float> result = rounded({127, 1.4F, -126.6F, 0.127F, -0.0016F, 0}, WeightFormat::int8, 2);
  const std::vector<float> expected = {127, 1, -127, 0.127F, -0.002F, 0};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(result[i], expected[i], 1e-6 * std::abs(expected[i]));
}

TEST(QuantizedInt8, KeepsZerosOfANetworkWithoutAny) { EXPECT_EQ(rounded({0, 0, 5, 1}, WeightFormat::int8, 2)[0], 0); }

TEST(Quantized, TwiceIsOnceAndOptimizerStateIsLeftOut) {
  const ModelState state{
      .step = 1,
      .tensors = {{"layer.0.bias", {2, 2}, {0.3F, -0.7F, 1e-3F, 9}}, {"adam.m/layer.0.bias", {2, 2}, {1, 2, 3, 4}}}};
  for (const WeightFormat format : {WeightFormat::fp16, WeightFormat::int8}) {
    const ModelState once = quantized(state, format);
    ASSERT_EQ(once.tensors.size(), 1u);
    EXPECT_EQ(quantized(once, format).tensors[0].values, once.tensors[0].values);
    const std::vector<float> many = rounded(numbers(), format, 250);
    EXPECT_EQ(rounded(many, format, 250), many);
  }
  EXPECT_EQ(bits_of(state, WeightFormat::fp16), 4 * 16);
  EXPECT_EQ(bits_of(state, WeightFormat::int8), 4 * 8 + 2 * 32);
}

ModelState state_of(std::vector<float> values) {
  const auto n = static_cast<std::int64_t>(values.size());
  return {.step = 1,
          .tensors = {{"layer.0.weight", {1, n}, std::move(values)}, {"adam.m/layer.0.weight", {1, 1}, {9}}}};
}

TEST(CodedBits, AreThoseOfAnAdaptiveCodeByHand) {
  // 31, 31 and 0 of 63 levels: probabilities 0.5 / 31.5, 1.5 / 32.5 and 0.5 / 33.5, and a scale.
  EXPECT_NEAR(coded_bits_of(state_of({2, 2, 0}), WeightFormat::int6),
              32 - std::log2(0.5 / 31.5) - std::log2(1.5 / 32.5) - std::log2(0.5 / 33.5), 1e-9);
}

TEST(CodedBits, AreFewWhereFewValuesAreCommonAndHardlyMoreThanPlainWhereNoneIs) {
  std::vector<float> common(10'000, 0.F), even;
  common[7] = 1;
  for (int i = 0; i < 10'000; ++i) even.push_back(static_cast<float>(i % 255 - 127));
  EXPECT_LT(coded_bits_of(state_of(common), WeightFormat::int8), 0.05 * 8 * 10'000);
  EXPECT_LT(coded_bits_of(state_of(even), WeightFormat::int8), 1.03 * 8 * 10'000);
  EXPECT_GT(coded_bits_of(state_of(even), WeightFormat::int8), 10'000 * std::log2(255));
}

TEST(QuantizedInt6, IsOffByHalfAStepAtMost) {
  const std::vector<float> values = numbers();
  const float scale = std::abs(values.back()) / 31;
  const std::vector<float> result = rounded(values, WeightFormat::int6);
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_LE(std::abs(result[i] - values[i]), scale / 2 * (1 + 1e-5F)) << values[i];
}

}  // namespace
}  // namespace frugal::workloads
