// The bound of a check by hand, a hair inside and a hair outside; and what no bound forgives.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "impl/equivalence/equivalence.hpp"

namespace frugal {
namespace {

constexpr double eps = 1.1920928955078125e-07;  // 2^-23

TEST(EquivalenceBounds, AreEpsTimesTheRootOfTheLengthTimesTheLargestValue) {
  const std::vector<double> oracle{1, -5, 2};
  const auto check = [&](double off, double reduction, double constant) {
    return compare_values(oracle, std::vector<double>{1 + off, -5, 2}, "x", reduction, constant);
  };
  for (const double reduction : {1.0, 100.0, 12345.0})
    for (const double constant : {1.0, 8.0}) {
      const double bound = constant * eps * std::sqrt(reduction) * 5;
      EXPECT_DOUBLE_EQ(check(0, reduction, constant).bound, bound);
      for (const double sign : {1.0, -1.0}) {
        EXPECT_TRUE(check(sign * 0.999 * bound, reduction, constant).ok());
        EXPECT_FALSE(check(sign * 1.001 * bound, reduction, constant).ok());
      }
    }
  EXPECT_DOUBLE_EQ(compare_values(oracle, oracle, "x", 9).bound, 8 * eps * 3 * 5) << "8 unless told";
  EXPECT_DOUBLE_EQ(check(0, 0.01, 1).bound, eps * 5) << "no sum has less than one term";
}

TEST(EquivalenceBounds, OkIsUpToTheBoundItself) {
  EquivalenceCheck check{.name = "x", .error = 1, .bound = 1, .unsupported = {}};
  EXPECT_TRUE(check.ok());
  check.error = std::nextafter(1.0, 2.0);
  EXPECT_FALSE(check.ok());
  check.unsupported = "too wide";
  EXPECT_TRUE(check.ok()) << "not asked of it";
}

TEST(EquivalenceBounds, NothingForgivesNanInfinityOrAnotherSize) {
  const std::vector<double> oracle{1, 2};
  for (const double value :
       {std::nan(""), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()})
    for (const std::size_t at : {0u, 1u}) {
      std::vector<double> candidate = oracle;
      candidate[at] = value;
      EXPECT_FALSE(compare_values(oracle, candidate, "x", 1e30, 1e30).ok()) << value;
    }
  EXPECT_FALSE(compare_values(oracle, std::vector<double>{1}, "x", 1e30, 1e30).ok());
}

bool all_ok(const ModelState& oracle, const ModelState& candidate) {
  for (const EquivalenceCheck& check : compare_states(oracle, candidate, "p", [](const std::string&) { return 1e30; }))
    if (!check.ok()) return false;
  return true;
}

TEST(EquivalenceBounds, StatesMustHaveTheSameStepNamesAndShapes) {
  const ModelState oracle{.step = 3, .tensors = {{"a", {2}, {1, 2}}, {"b", {1, 2}, {3, 4}}}};
  EXPECT_TRUE(all_ok(oracle, oracle));
  ModelState other = oracle;
  other.step = 4;
  EXPECT_FALSE(all_ok(oracle, other));
  other = oracle;
  other.tensors.pop_back();
  EXPECT_FALSE(all_ok(oracle, other));
  other = oracle;
  other.tensors.back().name = "c";
  EXPECT_FALSE(all_ok(oracle, other));
  other = oracle;
  other.tensors.back().shape = {2, 1};
  EXPECT_FALSE(all_ok(oracle, other));
  other = oracle;
  other.tensors.push_back({"more", {1}, {0}});
  EXPECT_FALSE(all_ok(oracle, other));
}

}  // namespace
}  // namespace frugal
