// Tables of the published runs, as their readers get them: in a terminal, in a paper, in a script.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Report : public ProgramTest {
 protected:
  static std::string published(const std::string& run) {
    return std::string(FRUGAL_SOURCE_DIR) + "/results/published/" + run;
  }
  static const std::vector<std::string>& runs() {
    static const std::vector<std::string> names{"paper_enrp",    "paper_enrp_variants", "paper_cadc_ml1m",
                                                "cadc_epinions", "cadc_beyond_mf",      "dlrm_synthetic",
                                                "mf_ml1m"};
    return names;
  }
};

/// Characters, not bytes.
std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0, length = 0;
  for (const char c : text) {
    if (c == '\n')
      length = 0;
    else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80)
      longest = std::max(longest, ++length);
  }
  return longest;
}

TEST_F(Report, NoRowIsWiderThanTheTerminal) {
  for (const std::string& run : runs()) {
    for (const char* width : {"80", "120"}) {
      for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{{}, {"--columns", "all"}}) {
        std::vector<std::string> words{"report", published(run)};
        words.insert(words.end(), options.begin(), options.end());
        const Said said = frugal(words, {std::string("COLUMNS=") + width});
        EXPECT_EQ(said.code, 0) << said.err;
        EXPECT_LE(longest_line(said.out), std::stoul(width)) << run;
      }
    }
  }
}

TEST_F(Report, OfAFileOrAPipeIsMarkdownAndNotCut) {
  EXPECT_THAT(frugal({"report", published("paper_enrp")}).out, HasSubstr("\n| grid"));
  frugal({"report", published("paper_enrp"), "--out", "t.md"}, {"COLUMNS=40"});
  EXPECT_THAT(read("t.md"), AllOf(HasSubstr("| grid"), HasSubstr("training time [s]")));
}

TEST_F(Report, SelectsSortsAndSuggests) {
  const Said said = frugal({"report", published("paper_enrp"), "--table", "inr", "--columns", "PSNR,total time",
                            "--rows", "grid=2x2,grid=1x1", "--sort", "-PSNR", "--format", "txt"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("total time"), Not(HasSubstr("parameters")), Not(HasSubstr("4x4"))));
  EXPECT_LT(said.out.find("1x1"), said.out.find("2x2"));
  const Said wrong = frugal({"report", published("paper_enrp"), "--columns", "PSRN"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean 'PSNR'"));
  for (const std::vector<std::string>& option :
       std::vector<std::vector<std::string>>{{"--transpose"}, {"--group", "grid"}, {"--pivot", "grid"}}) {
    std::vector<std::string> words{"report", published("paper_enrp"), "--format", "csv"};
    words.insert(words.end(), option.begin(), option.end());
    const Said refused = frugal(words);
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr(option.front() + " is for people: csv has all figures in one form"));
  }
  EXPECT_THAT(frugal({"report", published("paper_enrp"), "--pivot", "grid", "--format", "bencher"}).err,
              HasSubstr("--pivot is for tables; this format has all figures"));
  EXPECT_THAT(frugal({"report", published("paper_enrp"), "--rows", "grid=1x1", "--format", "svg"}).err,
              HasSubstr("--rows is for tables; figures have all rows"));
}

TEST_F(Report, AScriptGetsEveryColumnUnrounded) {
  const auto tables = nlohmann::json::parse(frugal({"report", published("paper_enrp"), "--format", "json"}).out);
  const auto& table = tables.at("tables").at(0);
  EXPECT_EQ(table.at("rows").size(), 6);
  EXPECT_EQ(table.at("rows").at(0).at("run"), "paper_enrp");
  for (const auto& row : table.at("rows")) EXPECT_EQ(row.at("entries").size(), table.at("columns").size());
  const std::string csv = frugal({"report", published("paper_enrp"), "--table", "inr", "--format", "csv"}).out;
  EXPECT_THAT(csv, AllOf(StartsWith("run,table,grid,layers x width,metric,column,relation,unit,n,mean,half_width,"),
                         HasSubstr("\npaper_enrp,inr,2x2,5 x 64,psnr,PSNR,,dB,5,")));
}

TEST_F(Report, LatexFitsAPageOfOneColumnAndOfTwo) {
  if (std::system("kpsewhich siunitx.sty threeparttable.sty > /dev/null 2>&1 && pdflatex --version > /dev/null 2>&1") !=
      0)
    GTEST_SKIP() << "no pdflatex with siunitx and threeparttable (ci/setup.sh --tex installs them)";
  for (const std::string layout : {"onecolumn", "twocolumn"}) {
    std::string document =
        "\\documentclass[" + layout + "]{article}\n\\usepackage{booktabs,siunitx,threeparttable}\n\\begin{document}\n";
    for (const std::string& run : runs()) {
      ASSERT_EQ(frugal({"report", published(run), "--format", "tex", "--out", run + ".tex"}).code, 0);
      document += "\\input{" + run + ".tex}\n\\clearpage\n";
    }
    write("paper.tex", document + "\\end{document}\n");
    const std::string command =
        "cd '" + folder_.string() + "' && pdflatex -interaction=nonstopmode -halt-on-error paper.tex > log 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << read("log");
    EXPECT_THAT(read("log"), AllOf(Not(HasSubstr("Overfull")), Not(HasSubstr("Float too large")))) << layout;
  }
}

}  // namespace
}  // namespace frugal::end_to_end
