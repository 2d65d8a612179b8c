#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "benchmarks/harness/run/eta.hpp"
#include "benchmarks/harness/run/line_tail.hpp"
#include "benchmarks/harness/run/progress.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const CellWork a{.kind = "a", .point = "p"};

TEST(EtaTest, IsUnknownUntilSomethingIsKnown) {
  Eta eta;
  eta.expect(a);
  eta.expect(a);
  eta.start(a);
  EXPECT_FALSE(eta.left(5, 0));
  EXPECT_FALSE(eta.left(5, 0.01)) << "too little is done to tell the pace";
  ASSERT_TRUE(eta.left(5, 0.25));
  EXPECT_NEAR(eta.left(5, 0.25)->low, 15 + 20, 1e-9);
  EXPECT_NEAR(eta.left(5, 0.25)->high, 15 + 20, 1e-9);
  EXPECT_FALSE(eta.left(5, 0.25)->open);
}

TEST(EtaTest, UsesTheMeanOfFinishedCellsOfTheSamePoint) {
  Eta eta;
  for (int i = 0; i < 4; ++i) eta.expect(a);
  eta.start(a);
  eta.finish(10);
  eta.start(a);
  eta.finish(20);
  EXPECT_NEAR(eta.left(0, 0)->low, 30, 1e-9);
  eta.start(a);
  EXPECT_NEAR(eta.left(5, 0)->low, 10 + 15, 1e-9);
  EXPECT_NEAR(eta.left(100, 0)->high, 15, 1e-9) << "an overdue cell counts as nearly done, never as negative";
}

TEST(EtaTest, AKindThatNeverRanMakesALowerBound) {
  const CellWork fast{.kind = "fast", .point = "p"};
  Eta eta;
  eta.expect(fast);
  eta.expect(fast);
  eta.expect({.kind = "slow", .point = "p"});
  eta.start(fast);
  eta.finish(2);
  ASSERT_TRUE(eta.left(0, 0));
  EXPECT_NEAR(eta.left(0, 0)->low, 2, 1e-9);
  EXPECT_TRUE(eta.left(0, 0)->open);
}

TEST(EtaTest, AnotherAmountOfWorkLastsBetweenAsLongAndInProportion) {
  const auto work = [](double cost) { return CellWork{.kind = "a", .point = std::to_string(cost), .cost = cost}; };
  Eta eta;
  for (const double cost : {10, 20, 40}) eta.expect(work(cost));
  eta.start(work(10));
  eta.finish(3);
  EXPECT_NEAR(eta.left(0, 0)->low, 3 + 3, 1e-9) << "all of it may have been set-up";
  EXPECT_NEAR(eta.left(0, 0)->high, 6 + 12, 1e-9) << "or none";
  eta.start(work(40));
  eta.finish(6);
  EXPECT_NEAR(eta.left(0, 0)->low, 4, 1e-9) << "2 s of set-up and 0.1 s for each unit of work";
  EXPECT_NEAR(eta.left(0, 0)->high, 4, 1e-9);
}

TEST(EtaTest, WhatIsFarDearerThanAllThatRanIsWeighedByItsWork) {
  const auto work = [](double cost) { return CellWork{.kind = "a", .point = std::to_string(cost), .cost = cost}; };
  Eta eta;
  for (const double cost : {10, 100, 1000}) eta.expect(work(cost));
  eta.start(work(10));
  eta.finish(3);
  eta.start(work(100));
  eta.finish(12);
  // 2 s of set-up and 0.1 s for each unit of work would be 102 s; in proportion to the second it would be 120 s.
  EXPECT_NEAR(eta.left(0, 0)->low, 102, 1e-9);
  EXPECT_NEAR(eta.left(0, 0)->high, 120, 1e-9);
}

TEST(EtaTest, NoiseOfSmallCellsMakesNoPaceAboveThatOfTheLargest) {
  const auto work = [](double cost) { return CellWork{.kind = "a", .point = std::to_string(cost), .cost = cost}; };
  for (const double first_seconds : {0.1, 30.0}) {
    Eta eta;
    for (const double cost : {10, 20, 200}) eta.expect(work(cost));
    eta.start(work(10));
    eta.finish(first_seconds);
    eta.start(work(20));
    eta.finish(10);
    EXPECT_NEAR(eta.left(0, 0)->low, first_seconds < 1 ? 100 : 10, 1e-9);
    EXPECT_NEAR(eta.left(0, 0)->high, 100, 1e-9);
  }
}

TEST(EtaTest, PlansWhoseWorkIsUnknownTellNothingOfEachOther) {
  Eta eta;
  const CellWork first{.kind = "a", .apart = "first", .point = "p"}, other{.kind = "a", .apart = "first", .point = "q"};
  const CellWork second{.kind = "a", .apart = "second", .point = "r"};
  for (const CellWork& work : {first, other, second}) eta.expect(work);
  for (const CellWork& work : {first, other}) {
    eta.start(work);
    eta.finish(1);
  }
  EXPECT_FALSE(eta.left(0, 0));
}

TEST(EtaTest, WhereWorkIsUnknownTwoPointsBoundTheOthers) {
  Eta eta;
  for (const char* point : {"p", "q", "r", "s"}) eta.expect({.kind = "a", .point = point});
  eta.start({.kind = "a", .point = "p"});
  eta.finish(1);
  EXPECT_FALSE(eta.left(0, 0)) << "one point says nothing of the next";
  eta.start({.kind = "a", .point = "q"});
  eta.finish(5);
  EXPECT_NEAR(eta.left(0, 0)->low, 2, 1e-9);
  EXPECT_NEAR(eta.left(0, 0)->high, 10, 1e-9);
}

TEST(EtaTest, NeitherFailedCellsNorOpenEndedRepeatsTellAPace) {
  Eta eta;
  const CellWork open{.kind = "a", .point = "p", .open_ended = true};
  eta.expect(open);
  eta.expect(open);
  eta.start(open);
  EXPECT_FALSE(eta.left(5, 0.5));
  eta.finish(0.1, false);
  EXPECT_FALSE(eta.left(0, 0));
}

TEST(EtaTest, AnEarlierRunIsALowerBound) {
  Eta eta;
  eta.expect(a);
  eta.know(a, 7);
  ASSERT_TRUE(eta.left(0, 0));
  EXPECT_NEAR(eta.left(0, 0)->low, 7, 1e-9);
  EXPECT_TRUE(eta.left(0, 0)->open);
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
  const CellWork work{.kind = "fake", .point = "n=3"};
};

TEST_F(ProgressTest, ALogGetsALineACellAndOneInThirtySeconds) {
  Progress progress = make(false);
  progress.expect(work);
  progress.expect(work);
  progress.begin(cell, "n=3", work);
  EXPECT_EQ(take(), "");
  for (int second = 0; second < 29; ++second, ++now) progress.update(cell.id(), 0.1, "train");
  EXPECT_EQ(take(), "");
  now += 1;
  progress.update(cell.id(), 0.5, "train");
  EXPECT_EQ(take(), "[1/2] 25% | elapsed 0:30 | left about 1:30 | fake cpu n=3 train 50%\n");
  now += 30;
  progress.end(fixtures::fake_record(), "score 0.1000");
  EXPECT_EQ(take(), "[1/2] fake cpu n=3 ok 1:00 | score 0.1000\n");
}

TEST_F(ProgressTest, AFailureShowsTheFirstLineOfItsReason) {
  Progress progress = make(false);
  progress.expect(work);
  progress.begin(cell, "", work);
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
    progress.expect(work);
    progress.begin(cell, "a_rather_long_parameter=0.123456789 another_one=12345", work);
    now += 1;
    progress.update(cell.id(), 0.42, "factorize");
    const std::string line = take();
    EXPECT_THAT(line, HasSubstr("\r\x1b[K"));
    EXPECT_THAT(line, Not(HasSubstr("\n")));
    EXPECT_LT(line.size() - line.rfind("\x1b[K") - 3, static_cast<std::size_t>(width));
    if (width >= 60) {
      EXPECT_THAT(line, HasSubstr("42% | elapsed 0:01 | left about 0:01"));
    }
    progress.end(fixtures::fake_record(), "score 0.1000, loss 0.9000, and another figure \xc3\xbc\xc3\xbc\xc3\xbc");
    std::string last = take();
    last = last.substr(last.rfind("\x1b[K") + 3);
    EXPECT_LE(last.size(), static_cast<std::size_t>(width) + 3) << "bytes: three letters have two";
    EXPECT_THAT(last, HasSubstr(" ok"));
  }
}

TEST_F(ProgressTest, ATerminalIsNotFlooded) {
  Progress progress = make(true);
  progress.expect(work);
  progress.begin(cell, "", work);
  take();
  for (int call = 0; call < 1000; ++call) {
    now += 0.001;
    progress.update(cell.id(), 0.5, "");
  }
  const std::string text = take();
  EXPECT_LE(std::count(text.begin(), text.end(), '\r'), 5);
}

TEST_F(ProgressTest, ATerminalNamesWorkloadAndBackendOnlyWhereTheyDiffer) {
  Progress progress = make(true);
  progress.expect(work);
  progress.begin(cell, "n=3", work);
  progress.end(fixtures::fake_record(), "");
  EXPECT_THAT(take(), HasSubstr("\x1b[K[1/1] n=3 ok"));
  progress.expect({.kind = "another", .point = "n=3"});
  progress.begin(cell, "n=3", work);
  progress.end(fixtures::fake_record(), "");
  EXPECT_THAT(take(), HasSubstr("\x1b[K[2/2] fake cpu n=3 ok"));
}

TEST_F(ProgressTest, OnlyAColourTerminalGetsColours) {
  for (const bool colour : {false, true}) {
    Progress::Screen screen{.write = [this](std::string_view text) { written += text; }, .now = [] { return 0.0; }};
    screen.is_terminal = true;
    screen.colour = colour;
    Progress progress(screen);
    progress.expect(work);
    progress.begin(cell, "", work);
    take();
    progress.end(fixtures::fake_record(), "");
    EXPECT_EQ(take(), colour ? "\r\x1b[K[1/1] fake cpu \x1b[32mok\x1b[0m 0 ms\n" : "\r\x1b[K[1/1] fake cpu ok 0 ms\n");
  }
}

TEST_F(ProgressTest, EventsAreThoseOfTheSchema) {
  const Json schema =
      Json::parse(fixtures::text_of(std::string(FRUGAL_SOURCE_DIR) + "/results/schema/events.schema.json"));
  std::vector<Json> events;
  Progress::Screen screen{.write = [](std::string_view) {}, .now = [this] { return now; }};
  screen.event = [&](const Json& event) { events.push_back(event); };
  Progress progress(screen);
  progress.expect(work);
  progress.start("results/local/toy", 1);
  progress.begin(cell, "n=3", work);
  for (int tenth = 0; tenth < 20; ++tenth, now += 0.1) progress.update(cell.id(), 0.5, "train");
  progress.end(fixtures::fake_record(), "");
  std::vector<std::string> names;
  for (const Json& event : events) {
    names.push_back(event.at("event"));
    const Json& described = schema.at("$defs").at(names.back());
    std::vector<std::string> keys;
    for (const auto& [key, value] : event.items()) keys.push_back(key);
    for (const std::string& key : keys) EXPECT_TRUE(described.at("properties").contains(key)) << key;
    for (const std::string key : described.at("required")) EXPECT_TRUE(event.contains(key)) << key;
  }
  EXPECT_THAT(names, ::testing::ElementsAre("start", "begin", "progress", "end")) << "one of progress a second at most";
}

}  // namespace
}  // namespace frugal::harness
