// Few points of many losses, evenly spread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "benchmarks/harness/run/loss_recorder.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::ElementsAre;

TEST(LossRecorder, KeepsAShortCurveWhole) {
  LossRecorder recorder;
  recorder.add("train", 1, 0.5);
  recorder.add("factorize", 1, 9);
  recorder.add("train", 2, 0.25);
  recorder.add("train", 3, std::numeric_limits<double>::quiet_NaN());
  const std::vector<LossCurve> curves = recorder.curves();
  ASSERT_EQ(curves.size(), 2);
  EXPECT_EQ(curves[0].name, "train");
  EXPECT_THAT(curves[0].steps, ElementsAre(1, 2));
  EXPECT_THAT(curves[0].losses, ElementsAre(0.5, 0.25));
  EXPECT_THAT(curves[1].losses, ElementsAre(9));
}

TEST(LossRecorder, ThinsALongCurveEvenly) {
  LossRecorder recorder;
  for (int step = 1; step <= 10'000; ++step) recorder.add("train", step, 1.0 / step);
  const LossCurve curve = recorder.curves().at(0);
  ASSERT_LE(curve.steps.size(), LossRecorder::most_points);
  ASSERT_GT(curve.steps.size(), LossRecorder::most_points / 2);
  EXPECT_EQ(curve.steps[0], 1);
  for (std::size_t i = 0; i < curve.steps.size(); ++i) {
    EXPECT_EQ(curve.steps[i], 1 + 256 * static_cast<double>(i));
    EXPECT_EQ(curve.losses[i], 1.0 / curve.steps[i]);
  }
}

TEST(LossCurves, SurviveTheRecordAndMustHaveALossAStep) {
  CellRecord record = fixtures::fake_record();
  record.curves = {{"train", {1, 2, 3}, {0.5, 0.25, 0.125}}};
  const CellRecord back = CellRecord::from_json(Json::parse(record.to_json().dump()), {});
  EXPECT_EQ(back.to_json(), record.to_json());
  ASSERT_EQ(back.curves.size(), 1);
  EXPECT_THAT(back.curves[0].losses, ElementsAre(0.5, 0.25, 0.125));
  Json torn = record.to_json();
  torn["curves"][0]["losses"].erase(0);
  EXPECT_NE(fixtures::user_error_of([&] { CellRecord::from_json(torn, {}); }), "");
}

}  // namespace
}  // namespace frugal::harness
