#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/run/eta.hpp"
#include "benchmarks/harness/run/line_tail.hpp"
#include "benchmarks/harness/run/progress.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(EtaTest, IsUnknownUntilSomethingIsKnown) {
  Eta eta;
  eta.expect("a");
  eta.expect("a");
  eta.start("a");
  EXPECT_FALSE(eta.left(5, 0));
  EXPECT_FALSE(eta.left(5, 0.01)) << "too little is done to tell the pace";
  ASSERT_TRUE(eta.left(5, 0.25));
  EXPECT_NEAR(eta.left(5, 0.25)->seconds, 15 + 20, 1e-9);
  EXPECT_FALSE(eta.left(5, 0.25)->lower_bound);
}

TEST(EtaTest, UsesTheMeanOfFinishedCellsOfTheSameKind) {
  Eta eta;
  for (int i = 0; i < 4; ++i) eta.expect("a");
  eta.start("a");
  eta.finish(10);
  eta.start("a");
  eta.finish(20);
  EXPECT_NEAR(eta.left(0, 0)->seconds, 30, 1e-9);
  eta.start("a");
  EXPECT_NEAR(eta.left(5, 0)->seconds, 10 + 15, 1e-9);
  EXPECT_NEAR(eta.left(100, 0)->seconds, 15, 1e-9) << "an overdue cell counts as nearly done, never as negative";
}

TEST(EtaTest, AKindThatNeverRanMakesALowerBound) {
  Eta eta;
  eta.expect("fast");
  eta.expect("fast");
  eta.expect("slow");
  eta.start("fast");
  eta.finish(2);
  ASSERT_TRUE(eta.left(0, 0));
  EXPECT_NEAR(eta.left(0, 0)->seconds, 2, 1e-9);
  EXPECT_TRUE(eta.left(0, 0)->lower_bound);
}

TEST(LineTailTest, KeepsTheLastLines) {
  LineTail tail(2);
  tail.add("one\ntwo\nth");
  tail.add("ree\nfo");
  EXPECT_EQ(tail.text(), "two\nthree\nfo");
  tail.add(std::string(5000, 'x'));
  EXPECT_LT(tail.text().size(), 1100);
}

TEST(DurationText, FitsItsSize) {
  EXPECT_EQ(duration_text(0.0123), "12 ms");
  EXPECT_EQ(duration_text(1.234), "1.23 s");
  EXPECT_EQ(duration_text(12.34), "12.3 s");
  EXPECT_EQ(duration_text(72), "1:12");
  EXPECT_EQ(duration_text(3723), "1:02:03");
}

class ProgressTest : public ::testing::Test {
 protected:
  Progress make(bool is_terminal, int width = 80) {
    return Progress({.write = [this](std::string_view text) { written += text; },
                     .now = [this] { return now; },
                     .is_terminal = is_terminal,
                     .width = [width] { return width; }});
  }
  std::string take() { return std::exchange(written, ""); }

  double now = 1000;
  std::string written;
  Cell cell = fixtures::fake_cell();
};

TEST_F(ProgressTest, ALogGetsALineACellAndOneInThirtySeconds) {
  Progress progress = make(false);
  progress.expect(cell);
  progress.expect(cell);
  progress.begin(cell, "n=3");
  EXPECT_EQ(take(), "");
  for (int second = 0; second < 29; ++second, ++now) progress.update(0.1, "train");
  EXPECT_EQ(take(), "");
  now += 1;
  progress.update(0.5, "train");
  EXPECT_EQ(take(), "[1/2] fake cpu n=3 train 50% | elapsed 0:30 | left about 1:30\n");
  now += 30;
  progress.end(fixtures::fake_record(), "score 0.1000");
  EXPECT_EQ(take(), "[1/2] fake cpu n=3 ok 1:00 | score 0.1000\n");
}

TEST_F(ProgressTest, AFailureShowsTheFirstLineOfItsReason) {
  Progress progress = make(false);
  progress.expect(cell);
  progress.begin(cell, "");
  CellRecord record = fixtures::fake_record();
  record.status = Status::timeout;
  record.error = "not done after 2 s\nmore";
  now += 2;
  progress.end(record, "score 0.1000");
  EXPECT_EQ(take(), "[1/1] fake cpu timeout 2.00 s | not done after 2 s\n");
}

TEST_F(ProgressTest, ATerminalLineIsRewrittenAndNeverWraps) {
  for (const int width : {20, 40, 60, 120}) {
    Progress progress = make(true, width);
    progress.expect(cell);
    progress.begin(cell, "a_rather_long_parameter=0.123456789 another_one=12345");
    now += 1;
    progress.update(0.42, "factorize");
    const std::string line = take();
    EXPECT_THAT(line, HasSubstr("\r\x1b[K"));
    EXPECT_THAT(line, Not(HasSubstr("\n")));
    EXPECT_LT(line.size() - line.rfind("\x1b[K") - 3, static_cast<std::size_t>(width));
    if (width >= 60) {
      EXPECT_THAT(line, HasSubstr("42% | elapsed 0:01 | left about 0:01"));
    }
    progress.end(fixtures::fake_record(), "");
    take();
  }
}

TEST_F(ProgressTest, ATerminalIsNotFlooded) {
  Progress progress = make(true);
  progress.expect(cell);
  progress.begin(cell, "");
  take();
  for (int call = 0; call < 1000; ++call) {
    now += 0.001;
    progress.update(0.5, "");
  }
  const std::string text = take();
  EXPECT_LE(std::count(text.begin(), text.end(), '\r'), 5);
}

}  // namespace
}  // namespace frugal::harness
