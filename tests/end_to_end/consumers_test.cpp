// What the program writes for other tools, read by these tools: those of .deps/consumers, where ci/setup.sh --consumers put
// them, else the system's. Each is skipped, with the reason, where the tool is not installed: the forms themselves are held
// by tests/harness.
#include <gmock/gmock.h>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

class Consumers : public ProgramTest {
 protected:
  void SetUp() override {
    write("toy.yaml", R"(schema: 1
name: toy
workload: fake
dataset: toy
matrix: {params.fake.n: [1, 2]}
seeds: [1, 2]
)");
    ASSERT_EQ(fake({"run", "toy.yaml", "--out", "run"}).code, 0);
  }

  /// check_consumers.py READER WHAT; 77: the tool is missing.
  void expect_read(const std::string& reader, const std::string& what) {
    const std::filesystem::path sources = FRUGAL_SOURCE_DIR;
    const std::string script = (sources / "tests/end_to_end/check_consumers.py").string();
    const std::filesystem::path installed = sources / ".deps/consumers/bin/python3";
    const std::string python = std::filesystem::exists(installed) ? installed.string() : "python3";
    const Said said = Program("/usr/bin/env", {python, script, reader, what}, folder_).wait();
    if (said.code == 77) GTEST_SKIP() << said.err;
    EXPECT_EQ(said.code, 0) << said.out << said.err;
  }
};

TEST_F(Consumers, PrometheusReadsOpenMetrics) {
  ASSERT_EQ(fake({"report", "run", "--format", "openmetrics", "--out", "metrics.txt"}).code, 0);
  expect_read("openmetrics", "metrics.txt");
}

TEST_F(Consumers, BenchersSchemaHolds) {
  ASSERT_EQ(fake({"report", "run", "--format", "bencher", "--out", "bencher.json"}).code, 0);
  expect_read("bencher", "bencher.json");
}

TEST_F(Consumers, JunitparserReadsACheck) {
  ASSERT_EQ(fake({"check", "run", "--baseline", "run", "--format", "junit=junit.xml"}).code, 0);
  expect_read("junit", "junit.xml");
}

TEST_F(Consumers, RocrateReadsACapsule) {
  ASSERT_EQ(fake({"capsule", "run", "--out", "capsule"}).code, 0);
  expect_read("capsule", "capsule");
}

TEST_F(Consumers, MlcroissantReadsADataSet) {
  const Said said = frugal({"data", "croissant", "ml-25m"});
  ASSERT_EQ(said.code, 0) << said.err;
  write("ml-25m.json", said.out);
  expect_read("croissant", "ml-25m.json");
}

TEST_F(Consumers, MlflowHasEveryCellOnce) { expect_read("mlflow", "run"); }

TEST_F(Consumers, MlperfsParserReadsEveryCell) { expect_read("mllog", "run"); }

TEST_F(Consumers, TheWorkflowsOfThePageAreWorkflows) {
  expect_read("workflows", (std::filesystem::path(FRUGAL_SOURCE_DIR) / "docs/ci.md").string());
}

}  // namespace
}  // namespace frugal::end_to_end
