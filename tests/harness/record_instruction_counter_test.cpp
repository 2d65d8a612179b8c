// Counted instructions: what the kernel's answers mean; and, where this machine counts, that the count is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include "benchmarks/harness/record/instruction_counter.hpp"

namespace frugal::harness {
namespace {

using ::testing::HasSubstr;

TEST(InstructionCounter, ACountThatWasInterruptedIsNone) {
  EXPECT_EQ(exact_count({.count = 1000, .wanted_ns = 50, .counted_ns = 50}), 1000);
  EXPECT_EQ(exact_count({.count = 0, .wanted_ns = 0, .counted_ns = 0}), 0);
  EXPECT_FALSE(exact_count({.count = 1000, .wanted_ns = 50, .counted_ns = 49}));
}

TEST(InstructionCounter, SaysWhyThereIsNone) {
  EXPECT_THAT(why_not_counted(EACCES, "4\n"), HasSubstr("perf_event_paranoid is 4,"));
  EXPECT_THAT(why_not_counted(EPERM, ""), HasSubstr("perf_event_paranoid is unknown"));
  EXPECT_THAT(why_not_counted(ENOENT, "2\n"), HasSubstr("a virtual machine?"));
  EXPECT_THAT(why_not_counted(ENOSYS, "2\n"), HasSubstr("no perf_event_open"));
  EXPECT_THAT(why_not_counted(EBUSY, "2\n"), HasSubstr("busy"));
}

void loop(unsigned times) {
  volatile unsigned sum = 0;
  for (unsigned i = 0; i < times; ++i) sum = sum + i;
}

TEST(InstructionCounter, CountsTheSameWorkAlikeAndThreadsThatAreStartedLater) {
  const InstructionCounter counter;
  if (!counter.absent().empty()) {
    EXPECT_FALSE(counter.count());
    EXPECT_EQ(counter.absent().find("Success"), std::string::npos) << "the error is that of the call";
    GTEST_SKIP() << counter.absent();
  }
  const auto cost = [&](const auto& work) {
    const std::optional<double> before = counter.count();
    work();
    const std::optional<double> after = counter.count();
    return before && after ? std::optional(*after - *before) : std::nullopt;
  };
  constexpr unsigned times = 10'000'000;
  const auto first = cost([=] { loop(times); });
  const auto second = cost([=] { loop(times); });
  const auto in_a_thread = cost([=] { std::thread(loop, times).join(); });
  if (!first || !second || !in_a_thread) GTEST_SKIP() << "somebody else uses the counters";
  EXPECT_GE(*first, times);
  EXPECT_NEAR(*second / *first, 1, 0.001);
  EXPECT_NEAR(*in_a_thread / *first, 1, 0.02);
}

}  // namespace
}  // namespace frugal::harness
