// The published schema and the program must know the same words. That records which the program writes are valid, and
// that the schemas can refuse, is for ci/check_records.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/report/table_spec.hpp"

namespace frugal::harness {
namespace {

TEST(ReportSchema, EveryStatusIsKnown) {
  std::ifstream stream(std::string(FRUGAL_SOURCE_DIR) + "/results/schema/cells.schema.json");
  const auto known = Json::parse(stream).at("properties").at("status").at("enum").get<std::vector<std::string>>();
  for (Status status : {Status::ok, Status::failed, Status::skipped, Status::timeout, Status::oom}) {
    EXPECT_THAT(known, ::testing::Contains(to_string(status)));
  }
}

TEST(ReportSchema, EveryRelationOfATableIsKnown) {
  std::ifstream stream(std::string(FRUGAL_SOURCE_DIR) + "/results/schema/tables.schema.json");
  const Json column = Json::parse(stream).at("$defs").at("column").at("properties");
  using Relation = ColumnSpec::Relation;
  for (const Relation relation : {Relation::difference, Relation::percent, Relation::ratio, Relation::speedup})
    EXPECT_THAT(column.at("relation").at("enum").get<std::vector<std::string>>(),
                ::testing::Contains(relation_word(relation)));
}

}  // namespace
}  // namespace frugal::harness
