// Data set parameters that contradict each other are errors of the plan, found before any cell runs.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/workloads/run_cell.hpp"

namespace frugal::workloads {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string dataset_error(const std::string& workload, const std::string& dataset) {
  try {
    first_cell(fmt::format("schema: 1\nname: test\nworkload: {}\nbackend: cpu\ndataset: {{{}}}\n", workload, dataset));
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(DatasetCheck, ContradictoryParametersAreAnErrorWithItsPlace) {
  EXPECT_THAT(dataset_error("cadc", "name: synthetic-interactions, users: 100, items: 50, interactions: 100000"),
              AllOf(HasSubstr("test.yaml:5:"), HasSubstr("100000 interactions do not fit 100 users and 50 items")));
  EXPECT_THAT(dataset_error("cadc", "name: synthetic-interactions, rank: 1001"),
              AllOf(HasSubstr("test.yaml:5:"), HasSubstr("rank 1001")));
  EXPECT_THAT(dataset_error("cadc", "name: synthetic-interactions, negatives: 999"),
              AllOf(HasSubstr("test.yaml:5:"), HasSubstr("999 negatives do not fit 1000 items")));
}

TEST(DatasetCheck, ClicksWithoutTablesOrDenseFeaturesAreAnErrorWithItsPlace) {
  EXPECT_THAT(dataset_error("dlrm", "name: synthetic-clicks, tables: 0"), HasSubstr("test.yaml:5:"));
  EXPECT_THAT(dataset_error("dlrm", "name: synthetic-clicks, dense_features: 0"), HasSubstr("test.yaml:5:"));
}

TEST(DatasetCheck, DefaultsAreFine) {
  EXPECT_EQ(dataset_error("cadc", "name: synthetic-interactions"), "no error");
  EXPECT_EQ(dataset_error("dlrm", "name: synthetic-clicks"), "no error");
}

}  // namespace
}  // namespace frugal::workloads
