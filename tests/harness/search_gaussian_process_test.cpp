#include <gtest/gtest.h>

#include <cmath>

#include "benchmarks/harness/search/gaussian_process.hpp"

namespace frugal::harness {
namespace {

TEST(GaussianProcess, ComesCloseToASmoothFunctionBetweenItsPoints) {
  const auto hill = [](double x, double y) { return 30 + 8 * x - 20 * (y - 0.4) * (y - 0.4); };
  std::vector<std::vector<double>> points;
  std::vector<double> values;
  for (const double x : {0.0, 0.5, 1.0}) {
    for (const double y : {0.0, 0.25, 0.5, 0.75, 1.0}) {
      points.push_back({x, y});
      values.push_back(hill(x, y));
    }
  }
  const PointPredictor predict = fit_gaussian_process(points, values);
  for (const double x : {0.25, 0.8}) {
    for (const double y : {0.1, 0.4, 0.9}) {
      const Prediction prediction = predict({x, y});
      EXPECT_NEAR(prediction.mean, hill(x, y), 0.3) << x << ", " << y;
      EXPECT_LT(prediction.deviation, 0.5);
    }
  }
}

TEST(GaussianProcess, IsTheLessCertainTheFartherFromItsPoints) {
  const PointPredictor predict = fit_gaussian_process({{0.0}, {0.1}, {0.2}, {0.3}}, {1.0, 2.0, 1.0, 2.0});
  EXPECT_LT(predict({0.1}).deviation, predict({0.5}).deviation);
  EXPECT_LT(predict({0.5}).deviation, predict({1.0}).deviation);
}

TEST(GaussianProcess, SmoothsNoiseInsteadOfFollowingIt) {
  std::vector<std::vector<double>> points;
  std::vector<double> values;
  for (int i = 0; i < 20; ++i) {
    points.push_back({i / 19.0});
    values.push_back(10.0 * i / 19.0 + (i % 2 == 0 ? 0.5 : -0.5));
  }
  const PointPredictor predict = fit_gaussian_process(points, values);
  for (const double x : {0.2, 0.5, 0.8}) EXPECT_NEAR(predict({x}).mean, 10 * x, 0.35) << x;
}

TEST(GaussianProcess, HasAnAnswerAfterOneValueAndAfterEqualOnes) {
  for (const std::vector<double>& values : {std::vector<double>{7}, std::vector<double>{7, 7, 7}}) {
    std::vector<std::vector<double>> points;
    for (std::size_t i = 0; i < values.size(); ++i) points.push_back({0.5 * static_cast<double>(i), 0.5});
    const Prediction prediction = fit_gaussian_process(points, values)({1.0, 1.0});
    EXPECT_EQ(prediction.mean, 7);
    EXPECT_GT(prediction.deviation, 0);
  }
}

}  // namespace
}  // namespace frugal::harness
