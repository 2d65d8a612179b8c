// The manual page and the completions: made from the table of verbs, so they know every verb, action and option.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Documents : public ProgramTest {
 protected:
  void SetUp() override { ASSERT_EQ(fake({"__documents", "made"}).code, 0); }

  /// What bash offers for the last of these words, joined by blanks.
  std::string offered(const std::string& words) {
    const std::string script = "source made/frugal.bash; COMP_WORDS=(" + words +
                               "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _frugal; echo ${COMPREPLY[@]}";
    return Program("/bin/bash", {"-c", script}, folder_).wait().out;
  }
};

TEST_F(Documents, TheManualTellsEveryVerbAndItsOptions) {
  const std::string manual = read("made/frugal.1");
  for (const char* usage : {"frugal doctor", "frugal run PLAN", "frugal data fetch NAME", "frugal check RUN [NEW] "})
    EXPECT_THAT(manual, HasSubstr(std::string(".SS ") + usage)) << usage;
  EXPECT_THAT(manual, AllOf(HasSubstr("\\-\\-rerun failed|all|ID"), HasSubstr("FRUGAL_DATA"), HasSubstr("130")));
  EXPECT_THAT(manual, Not(HasSubstr("__cell"))) << "what is for the program's own use";
}

TEST_F(Documents, BashCompletesVerbsActionsOptionsAndValues) {
  EXPECT_EQ(offered("frugal ru"), "run\n");
  EXPECT_EQ(offered("frugal data ve"), "verify\n");
  EXPECT_EQ(offered("frugal run --re"), "--rerun\n");
  EXPECT_EQ(offered("frugal data make --pa"), "--param\n");
  EXPECT_EQ(offered("frugal run --rerun fa"), "failed\n");
  EXPECT_EQ(offered("frugal run smo"), "smoke\n");
  EXPECT_EQ(offered("frugal verify --backend cp"), "cpu\n");
  write("mine.yaml", "");
  EXPECT_EQ(offered("frugal plan min"), "mine.yaml\n");
}

TEST_F(Documents, TheOtherShellsKnowTheSameWords) {
  for (const char* file : {"made/_frugal", "made/frugal.fish"})
    EXPECT_THAT(read(file), AllOf(HasSubstr("doctor"), HasSubstr("verify"), HasSubstr("rerun"), HasSubstr("smoke"),
                                  HasSubstr("synthetic-photo"), Not(HasSubstr("__cell"))))
        << file;
}

TEST_F(ProgramTest, ThePageOfParametersIsThatOfTheProgram) {
  ASSERT_EQ(frugal({"__documents", "made"}).code, 0);
  std::ifstream committed(FRUGAL_SOURCE_DIR "/docs/parameters.md");
  const std::string page{std::istreambuf_iterator<char>(committed), std::istreambuf_iterator<char>()};
  EXPECT_EQ(read("made/parameters.md"), page) << "ci/docs.sh --update mends it";
}

}  // namespace
}  // namespace frugal::end_to_end
