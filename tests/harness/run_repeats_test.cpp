// Repeats are held against each other, all against all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "benchmarks/harness/run/measure.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

/// A score a run.
class ScoresInTurn final : public FakeWorkload {
 public:
  explicit ScoresInTurn(std::vector<double> scores) : scores_(std::move(scores)) {}
  Outcome run(const Cell&, RunContext&) const override {
    return {.implementation = "scripted", .metrics = {{"score", scores_.at(runs_++)}}};
  }

 private:
  std::vector<double> scores_;
  mutable std::size_t runs_ = 0;
};

std::string error_of(const std::vector<double>& scores, double band) {
  const ScoresInTurn workload(scores);
  CellRequest request;
  request.cell = fixtures::fake_cell();
  request.measure = {.warmup = 0, .repeats = static_cast<int>(scores.size())};
  request.determinism = Determinism::repeatable;
  request.band = band;
  const std::atomic<bool> stop = false;
  std::string error;
  measure_cell(workload, request, stop, [&](const CellMessage& message) { error = message.error; });
  return error;
}

TEST(Repeats, EachPairMustBeWithinTheBand) {
  EXPECT_EQ(error_of({1, 1.009, 0.9995}, 0.01), "");
  EXPECT_THAT(error_of({1, 1.009, 0.992}, 0.01), ::testing::HasSubstr("'score' differs between repeats"))
      << "the last two";
  EXPECT_EQ(error_of({100, 101}, 1 / 101.0 + 1e-9), "") << "relative to the larger";
  EXPECT_NE(error_of({100, 101}, 1 / 101.0 - 1e-9), "");
}

}  // namespace
}  // namespace frugal::harness
