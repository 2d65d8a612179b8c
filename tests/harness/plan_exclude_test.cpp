// Excludes that overlap.
#include <gtest/gtest.h>

#include "tests/harness/plan_reading.hpp"

namespace frugal::harness {
namespace {

TEST(PlanExclude, OneWithinAnotherDropsSomethingInEitherOrder) {
  const std::string matrix = "matrix: {params.fake.n: [1, 2], params.fake.mode: [a, b]}\n";
  for (const char* order : {"exclude: [{params.fake.n: 1}, {params.fake.n: 1, params.fake.mode: b}]",
                            "exclude: [{params.fake.n: 1, params.fake.mode: b}, {params.fake.n: 1}]"})
    EXPECT_EQ(values_of(read_plan(matrix + order), "params.fake.n"), "2 2");
  EXPECT_EQ(plan_error(matrix + "exclude: [{params.fake.n: 1}, {params.fake.n: 5, params.fake.mode: b}]"),
            "p.yaml:6:31: this exclude drops nothing: no point has these values");
}

TEST(PlanExclude, AFileHasALimitOfCellsThatIsCountedBeforeAnyIsMade) {
  std::string values = "1";
  for (int n = 2; n <= 400; ++n) values += ", " + std::to_string(n);
  const std::string axes = "matrix: {params.fake.n: [" + values + "], params.fake.mf.dim: [" + values + "]}";
  EXPECT_NE(plan_error(axes).find("this would be 160000 cells"), std::string::npos) << plan_error(axes);
}

}  // namespace
}  // namespace frugal::harness
