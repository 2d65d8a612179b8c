// What counts as the published file, and what as a kept bound.
#include <gtest/gtest.h>

#include <cmath>

#include "benchmarks/harness/plan/metric_bound.hpp"
#include "benchmarks/harness/run/inputs.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

/// Reads one file of which only the size is known.
class SizedWorkload final : public FakeWorkload {
 public:
  explicit SizedWorkload(std::filesystem::path path) : path_(std::move(path)) {}
  std::vector<InputFile> inputs(const Cell&, const std::vector<std::filesystem::path>&) const override {
    return {{.name = "set/data.txt", .path = path_, .dataset = "set", .published = {.bytes = 3}}};
  }

 private:
  std::filesystem::path path_;
};

TEST(InputsOfKnownSize, AreThePublishedOnesAtThatSizeOnly) {
  ScratchFolder scratch;
  const SizedWorkload workload(scratch / "data.txt");
  const Workloads workloads = {&workload};
  const auto modified = [&](const char* text, bool allow) {
    fixtures::write_file(scratch / "data.txt", text);
    Inputs inputs(workloads, {}, scratch / "hashes.json", allow);
    return inputs.of(fixtures::fake_cell()).at(0).modified;
  };
  EXPECT_FALSE(modified("abc", false));
  EXPECT_THROW(modified("abcd", false), UserError);
  EXPECT_TRUE(modified("abcd", true));
}

TEST(MetricBounds, AreKeptAtTheBoundAndBrokenBeyondItAndByNan) {
  const MetricBound low{.metric = "x", .min = 1, .max = {}};
  const MetricBound high{.metric = "x", .min = {}, .max = 2};
  EXPECT_FALSE(breach_of(low, 1));
  EXPECT_FALSE(breach_of(high, 2));
  EXPECT_EQ(breach_of(low, std::nextafter(1, 0))->limit, 1);
  EXPECT_EQ(breach_of(high, std::nextafter(2, 3))->limit, 2);
  EXPECT_TRUE(breach_of(low, std::nan("")));
  EXPECT_TRUE(breach_of(high, std::nan("")));
}

}  // namespace
}  // namespace frugal::harness
