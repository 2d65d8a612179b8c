// `cmake --install`: what it installs works without the source tree.
#include <gmock/gmock.h>

#include "impl/base/sanitizer.hpp"
#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Install : public ProgramTest {
 protected:
  void SetUp() override {
    const Said said =
        Program(CMAKE_PROGRAM, {"--install", FRUGAL_BUILD_DIR, "--prefix", prefix_.string()}, folder_).wait();
    ASSERT_EQ(said.code, 0) << said.err;
  }

  Said installed(const std::vector<std::string>& args) const {
    return Program((prefix_ / "bin/frugal").string(), args, folder_).wait();
  }

  const std::filesystem::path prefix_ = folder_ / "prefix";
};

TEST_F(Install, TheProgramRunsWithoutTheSourceTree) {
  if (!has_sanitizer) {  // whose reports name the lines of all headers
    EXPECT_THAT(read("prefix/bin/frugal"), Not(HasSubstr(FRUGAL_SOURCE_DIR "/.deps")))
        << "it looks for libraries there";
  }
  const Said version = installed({"--version"});
  EXPECT_EQ(version.code, 0) << version.err;
  EXPECT_EQ(version.out, frugal({"--version"}).out);
  const Said run = installed({"run", "smoke", "--only", "seed=1", "--set", "limits.timeout_s=1000"});
  EXPECT_EQ(run.code, 0) << run.err;
  const Said report = installed({"report", "results/local/smoke"});
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_THAT(report.out, HasSubstr("| "));
}

TEST_F(Install, PlansTablesAndManifestsLieBesideIt) {
  const Said plan = installed({"plan", "prefix/share/frugal/plans/smoke.yaml"});
  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_TRUE(std::filesystem::exists(prefix_ / "share/frugal/tables/inr.yaml"));
  EXPECT_TRUE(std::filesystem::exists(prefix_ / "share/frugal/manifests/ml-1m.yaml"));
}

TEST_F(Install, TheManualAndTheCompletionsAreThere) {
  EXPECT_THAT(read("prefix/share/man/man1/frugal.1"), AllOf(HasSubstr(".TH FRUGAL 1"), HasSubstr("frugal run PLAN")));
  for (const char* file :
       {"bash-completion/completions/frugal", "zsh/site-functions/_frugal", "fish/vendor_completions.d/frugal.fish"})
    EXPECT_THAT(read(std::string("prefix/share/") + file), HasSubstr("doctor")) << file;
}

}  // namespace
}  // namespace frugal::end_to_end
