// From a stranger's click log to a trained model, by the commands of docs/data.md.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::HasSubstr;

class OwnClickLog : public ProgramTest {
 protected:
  void write_log() const {
    std::string text = "clicked,age,price,site,device,user\n";
    for (int k = 0; k < 400; ++k)
      text += fmt::format("{},{},{}.5,s{}.com,{},u{}\n", k % 4 == 0 ? 1 : 0, 18 + k % 50, k % 10, k % 13,
                          k % 3 == 0 ? "phone" : "tablet", k % 97);
    write("log.csv", text);
  }
};

TEST_F(OwnClickLog, IsInspectedAndItsPlanRuns) {
  write_log();
  const Said seen = frugal({"data", "inspect", "log.csv"});
  ASSERT_EQ(seen.code, 0) << seen.err;
  EXPECT_THAT(seen.out, HasSubstr("comma-separated, with a header, 6 columns"));
  const std::size_t plan = seen.out.find("schema: 1");
  ASSERT_NE(plan, std::string::npos);
  write("mine.yaml", seen.out.substr(plan) + "params: {dlrm: {epochs: 1}}\n");
  const Said run = frugal({"run", "mine.yaml", "--out", "out"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(records("out/cells.jsonl").size(), 3u);
  EXPECT_EQ(frugal({"data", "inspect", "log.csv", "--as", "ratings"}).code, 2);
}

TEST_F(OwnClickLog, IsAddedAndReadByItsName) {
  write_log();
  ASSERT_EQ(frugal({"data", "add", "ads", "log.csv", "--as", "clicks", "--to", "shelf"}).code, 0);
  write("mine.yaml",
        "schema: 1\nname: mine\nworkload: dlrm\nbackend: cpu\ndataset: ads\nparams: {dlrm: {epochs: 1}}\n");
  const Said run = frugal({"run", "mine.yaml", "--data-dir", "shelf", "--out", "out"});
  EXPECT_EQ(run.code, 0) << run.err;
  const Said refused = frugal({"data", "add", "other", "log.csv", "--to", "shelf", "--param", "split=latest"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--param split"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "shelf/other.yaml"));
  const Said parts =
      frugal({"data", "add", "parts", "log.csv", "log.csv", "log.csv", "--as", "clicks", "--to", "shelf"});
  EXPECT_EQ(parts.code, 2);
  EXPECT_THAT(parts.err, HasSubstr("a data set of clicks is one file"));
}

}  // namespace
}  // namespace frugal::end_to_end
