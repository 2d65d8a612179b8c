// What a user is told before he trusts a verdict.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Trust : public ProgramTest {
 protected:
  void run_on_photo(int seed, const std::string& folder) {
    ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", "photo.png", "--param", "size=16", "--seed",
                      std::to_string(seed)})
                  .code,
              0);
    write("mine.yaml", R"(schema: 1
name: mine
workload: inr
backend: reference
dataset: {name: file, path: photo.png}
params: {inr: {size: 16, steps: 2, grid: 2, width: 4, hidden_layers: 1}}
)");
    ASSERT_EQ(frugal({"run", "mine.yaml", "--out", folder}).code, 0);
  }
};

TEST_F(Trust, CheckAndCompareRefuseRunsOfOtherData) {
  run_on_photo(1, "before");
  run_on_photo(2, "now");
  const Said check = frugal({"check", "now", "--baseline", "before"});
  EXPECT_EQ(check.code, 2);
  EXPECT_THAT(check.err, AllOf(HasSubstr("read different data"), HasSubstr("photo.png"), HasSubstr("sha256")));
  EXPECT_EQ(frugal({"compare", "before", "now"}).code, 2);
  EXPECT_EQ(frugal({"check", "now", "--baseline", "now"}).code, 0);
}

TEST_F(Trust, ABaselineGetsOtherDataOnlyWhereThatIsAskedFor) {
  run_on_photo(1, "before");
  run_on_photo(2, "now");
  ASSERT_EQ(frugal({"baseline", "update", "before", "--baseline", "base"}).code, 0);
  const Said refused = frugal({"baseline", "update", "now", "--baseline", "base"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--other-data"));
  const Said said = frugal({"baseline", "update", "now", "--baseline", "base", "--other-data"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("other data"), HasSubstr("photo.png")));
  EXPECT_EQ(frugal({"check", "now", "--baseline", "base"}).code, 0);
}

TEST_F(Trust, VerifySaysALineAModelAndThenTheVerdict) {
  const Said said = frugal({"verify", "--backend", "cpu"});
  EXPECT_EQ(said.code, 0) << said.out;
  EXPECT_THAT(said.out, AllOf(StartsWith("cpu against reference\n  inr "), HasSubstr("\n  dlrm "), EndsWith(" ok\n"),
                              Not(HasSubstr("error"))));
  EXPECT_LE(std::ranges::count(said.out, '\n'), 6);
}

}  // namespace
}  // namespace frugal::end_to_end
