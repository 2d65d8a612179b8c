#include "datasets/signal/signal.hpp"
#include "datasets/synthetic/photo.hpp"
#include "impl/base/sha256.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::FloatNear;
using ::testing::Pointwise;

Signal grey(int height, int width, std::vector<float> values) {
  return {{.shape = {height, width}, .channels = 1}, std::move(values)};
}

TEST(Squash, SameSizeIsTheIdentity) {
  const Signal picture = synthetic_photo(16, 2);
  EXPECT_EQ(squash(picture, 16), picture);
}

// Halving has support 2: output 0 sits at 1.0 and sees inputs 0, 1, 2 (centres 0.5, 1.5, 2.5) with weights
// 0.75, 0.75, 0.25 over 1.75; output 1 is its mirror image.
TEST(Squash, FourToTwoMatchesHandComputedTriangleWeights) {
  EXPECT_THAT(squash(grey(4, 4, {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}), 2).values,
              Pointwise(FloatNear(1e-7F), {3 / 7.0, 0.0, 3 / 7.0, 0.0}));
  EXPECT_THAT(squash(grey(4, 4, {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0}), 2).values,
              Pointwise(FloatNear(1e-7F), {1 / 7.0, 1 / 7.0, 3 / 7.0, 3 / 7.0}));
}

// Doubling has support 1: output centres at 0.25, 0.75, 1.25, 1.75 between inputs at 0.5 and 1.5.
TEST(Squash, TwoToFourInterpolatesLinearly) {
  const Signal large = squash(grey(2, 2, {0, 1, 0, 1}), 4);
  EXPECT_THAT(std::vector<float>(large.values.begin(), large.values.begin() + 4),
              Pointwise(FloatNear(1e-7F), {0.0, 0.25, 0.75, 1.0}));
}

TEST(Squash, ConstantStaysConstantAtOddSizes) {
  Signal picture{{.shape = {37, 11}, .channels = 3}, std::vector<float>(37 * 11 * 3, 0.625F)};
  for (const float value : squash(picture, 13).values) EXPECT_FLOAT_EQ(value, 0.625F);
}

TEST(Squash, KeepsTheDepth) { EXPECT_EQ(squash({{.shape = {1, 2}, .bits = 16}, {0, 0}}, 1).bits, 16); }

// Recorded with the first version of this suite, whose published figures rest on these very floats.
TEST(Squash, ResultsAreTheSameBitsAsEver) {
  Signal picture{{.shape = {23, 37}, .channels = 3}, {}};
  for (int y = 0; y < 23; ++y) {
    for (int x = 0; x < 37; ++x) {
      for (int c = 0; c < 3; ++c) {
        picture.values.push_back(static_cast<float>(2 * ((y * 31 + x * 17 + c * 101 + x * y) % 256 / 255.0) - 1));
      }
    }
  }
  const auto hash = [](const Signal& signal) {
    return sha256({reinterpret_cast<const char*>(signal.values.data()), signal.values.size() * sizeof(float)});
  };
  EXPECT_EQ(hash(picture), "34b67bba5875a930e7ba3929ad1bb3394207754abf8687181113871a0ea52220");
  EXPECT_EQ(hash(squash(picture, 16)), "e54f9c67de8c7e4b53aa6325a821667df3da58324b738473e2ad986efae7e13b");
  EXPECT_EQ(hash(squash(picture, 23)), "bbf36283d287fbc67baafa3b5e63024a9c60520487c3434f9e7456c561265ff5");
  EXPECT_EQ(hash(squash(picture, 40)), "585176ae9ad94363fc4c8e50efda819f3dd97d3fee1fc2dfb0f10a8da021d5cd");
}

}  // namespace
}  // namespace frugal::data
