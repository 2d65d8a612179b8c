#include <gtest/gtest.h>

#include <cmath>

#include "benchmarks/workloads/inr/quantize.hpp"

namespace frugal::workloads {
namespace {

std::vector<float> rounded(std::vector<float> values, WeightFormat format, std::int64_t networks = 1) {
  const auto n = static_cast<std::int64_t>(values.size()) / networks;
  const ModelState state{.step = 3, .tensors = {{"layer.0.weight", {networks, n}, std::move(values)}}};
  return quantized(state, format).tensors.at(0).values;
}

TEST(QuantizedFp16, RoundsToTheNearestEvenWithSubnormalsAndSaturates) {
  // 1 + 2^-11 lies half-way between 1 and 1 + 2^-10, 1 + 3 2^-11 between that and 1 + 2^-9; 2^-24 is the smallest.
  const std::vector<float> values = {1 + 0x1p-11F, 1 + 3 * 0x1p-11F, 0x1p-24F, 0x1p-25F, 1e6F, -65504, 0.1F};
  EXPECT_EQ(rounded(values, WeightFormat::fp16),
            (std::vector<float>{1, 1 + 0x1p-9F, 0x1p-24F, 0, 65504, -65504, 0x1.998p-4F}));
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
  }
  EXPECT_EQ(bits_of(state, WeightFormat::fp16), 4 * 16);
  EXPECT_EQ(bits_of(state, WeightFormat::int8), 4 * 8 + 2 * 32);
}

}  // namespace
}  // namespace frugal::workloads
