#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/table.hpp"
#include "impl/base/error.hpp"

namespace frugal::harness {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Every case a writer meets: an interval, a prefix, a word instead of a number, characters that need escaping.
Table awkward_table() {
  Table table{.name = "awkward", .title = "A & B_c <d> | 50%"};
  table.headings = {{.title = "cell, \"x\""},
                    {.title = "HR", .unit = "%", .numeric = true, .interval = true},
                    {.title = "work", .unit = "FLOP", .numeric = true, .unit_in_entries = true}};
  TableRow good;
  table.headings[1].name = "hr";
  good.entries = {{.text = "mf|frozen, \"a_b\" _c"},
                  number_entry(100.0 / 3, 0.25, "{:.1f}", "%"),
                  number_entry(1.0204e12, {}, "si", "FLOP")};
  good.entries[1].draws = {33, 33.7};
  good.origin = {.n = 5, .machine = "CPU, 2 cores", .commit = "0123456"};
  TableRow bad;
  bad.entries = {{.text = "<b>&</b>"}, {.text = "failed"}, {.text = "failed"}};
  bad.origin = {.n = 0, .machine = "CPU, 2 cores", .commit = "0123456"};
  table.rows = {good, bad};
  table.notes = {"It's a note"};
  table.caption = {"n = 5 ± t.", "Machine: CPU."};
  return table;
}

std::string rendered(TableFormat format) {
  const Table table = awkward_table();
  return render({&table, 1}, format);
}

TEST(ReportWriters, Markdown) {
  const std::string expected = R"md(## A & B_c \<d> \| 50%

| cell, "x"             |     HR [%] |       work |
| --------------------- | ---------: | ---------: |
| mf\|frozen, "a_b" \_c | 33.3 ± 0.2 | 1.02 TFLOP |
| \<b>&\</b>            |     failed |     failed |

- It's a note

n = 5 ± t. Machine: CPU.
)md";
  EXPECT_EQ(rendered(TableFormat::markdown), expected);
}

TEST(ReportWriters, CsvHasALineAFigureWithFullPrecisionAndOrigin) {
  const std::string expected =
      R"csv(run,table,"cell, ""x""",metric,column,relation,unit,n,mean,half_width,min,max,status,disturbed,machine,commit
,awkward,"mf|frozen, ""a_b"" _c",hr,HR,,%,2,33.333333333333336,0.25,33,33.7,,,"CPU, 2 cores",0123456
,awkward,"mf|frozen, ""a_b"" _c",work,work,,FLOP,5,1020400000000,,,,,,"CPU, 2 cores",0123456
,awkward,<b>&</b>,hr,HR,,%,0,,,,,failed,,"CPU, 2 cores",0123456
,awkward,<b>&</b>,work,work,,FLOP,0,,,,,failed,,"CPU, 2 cores",0123456
)csv";
  EXPECT_EQ(rendered(TableFormat::csv), expected);
}

TEST(ReportWriters, LatexUsesBooktabsSiunitxAndEscapes) {
  const std::string expected = R"tex(% needs \usepackage{booktabs,siunitx,threeparttable}
\begin{table}
  \centering\small
  \setlength{\tabcolsep}{4pt}
  \sisetup{separate-uncertainty, table-align-uncertainty=false, retain-explicit-plus, detect-weight}
  \renewcommand{\TPTminimum}{0.7\linewidth}
  \begin{threeparttable}
    \caption{A \& B\_c \textless{}d\textgreater{} | 50\%}
    \label{tab:awkward}
    \begin{tabular}{@{}lS[table-format=2.1(2)]r@{}}
      \toprule
      cell, "x" & {HR {[}\%{]}} & work \\
      \midrule
      mf|frozen, "a\_b" \_c & 33.3 +- 0.2 & $1.02$~TFLOP \\
      \textless{}b\textgreater{}\&\textless{}/b\textgreater{} & {failed} & failed \\
      \bottomrule
    \end{tabular}
    \begin{tablenotes}[flushleft]\setlength{\labelsep}{0pt}\footnotesize\raggedright
      \item[] It's a note.
      \item[] n = 5 $\pm$ t. Machine: CPU.
    \end{tablenotes}
  \end{threeparttable}
\end{table}
)tex";
  EXPECT_EQ(rendered(TableFormat::latex), expected);
}

TEST(ReportWriters, LatexEscapesEverySpecialCharacter) {
  Table table{.name = "x", .title = "\\ { } $ & # ^ _ ~ % → [1]"};
  EXPECT_THAT(render({&table, 1}, TableFormat::latex),
              ::testing::HasSubstr("\\caption{\\textbackslash{} \\{ \\} \\$ \\& \\# \\textasciicircum{} \\_ "
                                   "\\textasciitilde{} \\% $\\to$ {[}1{]}}"));
}

TEST(ReportWriters, LabelsOfLatexAreWordsAndEachIsThereOnce) {
  std::vector<Table> two{awkward_table(), awkward_table()};
  for (Table& table : two) table.name = "my%table";
  EXPECT_THAT(render(two, TableFormat::latex),
              AllOf(HasSubstr("\\label{tab:my-table}"), HasSubstr("\\label{tab:my-table-2}")));
}

TEST(ReportWriters, LatexBreaksALongNameAndSaysWhichLettersNeedAFont) {
  Table table = awkward_table();
  table.caption = {"Data: sessions_of_march_and_april_filtered.csv, a_b."};
  EXPECT_THAT(render({&table, 1}, TableFormat::latex),
              AllOf(HasSubstr("sessions\\_\\allowbreak{}of\\_\\allowbreak{}march"), HasSubstr(" a\\_b."),
                    Not(HasSubstr("LuaLaTeX"))));
  table.caption = {"Data: 写真.png – é."};
  EXPECT_THAT(render({&table, 1}, TableFormat::latex),
              HasSubstr("% needs LuaLaTeX or XeLaTeX, and a font that has 写真\n"));
}

TEST(ReportWriters, HtmlIsStandaloneAndEscaped) {
  const std::string text = rendered(TableFormat::html);
  EXPECT_TRUE(text.starts_with("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"));
  EXPECT_TRUE(text.ends_with("</body>\n</html>\n"));
  for (const char* outside : {"http", "src=", "<link", "<img", "@import", "url("}) {
    EXPECT_EQ(text.find(outside), std::string::npos) << outside;
  }
  const std::string body = R"html(<section id="awkward">
<h2 id="awkward-title">A &amp; B_c &lt;d&gt; | 50%</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="awkward-title">
<table aria-labelledby="awkward-title" aria-describedby="awkward-caption">
<thead><tr><th scope="col"><button type="button">cell, &quot;x&quot;</button></th><th scope="col" class="n"><button type="button">HR [%]</button></th><th scope="col" class="n"><button type="button">work</button></th></tr></thead>
<tbody>
<tr><td>mf|frozen, &quot;a_b&quot; _c</td><td class="n" data-v="33.333333333333336">33.3<span class="pm"> ± 0.2</span></td><td class="n" data-v="1020400000000">1.02 TFLOP</td></tr>
<tr><td>&lt;b&gt;&amp;&lt;/b&gt;</td><td class="n">failed</td><td class="n">failed</td></tr>
</tbody>
</table>
</div>
<p class="caption" id="awkward-caption">n = 5 ± t. Machine: CPU.</p>
<ul class="notes">
<li>It&#39;s a note</li>
</ul>
</section>
)html";
  EXPECT_THAT(text, ::testing::HasSubstr(body));
}

TEST(ReportWriters, TablesFollowEachOther) {
  const std::vector<Table> two{awkward_table(), awkward_table()};
  const std::string one = rendered(TableFormat::csv);
  EXPECT_EQ(render(two, TableFormat::csv), one + one.substr(one.find('\n') + 1)) << "one head, one long form";
  const std::string markdown = rendered(TableFormat::markdown);
  EXPECT_EQ(render(two, TableFormat::markdown), markdown + "\n" + markdown);
}

TEST(ReportWriters, FormatsHaveTheNamesOfTheirFiles) {
  EXPECT_EQ(parse_format("md"), TableFormat::markdown);
  EXPECT_EQ(parse_format("csv"), TableFormat::csv);
  EXPECT_EQ(parse_format("tex"), TableFormat::latex);
  EXPECT_EQ(parse_format("html"), TableFormat::html);
  EXPECT_THROW(parse_format("pdf"), UserError);
}

TEST(ReportWriters, EachFigureOfAScriptHasAFileOfItsOwn) {
  Table table = awkward_table();
  table.name = "t/x";
  Figure figure{.title = "a"};
  figure.bars = {"bar"};
  figure.series = {{.name = "s", .points = {{.at = {1, 0}}}}};
  table.figures = {figure, figure};
  const std::string script = render(std::vector{table, table}, TableFormat::matplotlib);
  for (const char* name : {"\"t-x_1\")", "\"t-x_2\")", "\"t-x-2_1\")", "\"t-x-2_2\")"})
    EXPECT_THAT(script, HasSubstr(name));
}

TEST(ReportNumbers, ThreeDigitsKeepThreeDigits) {
  const auto three_digits = [](double value) { return number_entry(value, {}, "", "").text; };
  EXPECT_EQ(three_digits(0), "0");
  EXPECT_EQ(three_digits(1), "1.00");
  EXPECT_EQ(three_digits(9.994), "9.99");
  EXPECT_EQ(three_digits(9.996), "10.0");
  EXPECT_EQ(three_digits(-12.34), "-12.3");
  EXPECT_EQ(three_digits(123.4), "123");
  EXPECT_EQ(three_digits(12345.6), "12346");
  EXPECT_EQ(three_digits(0.01234), "0.0123");
  EXPECT_EQ(three_digits(1.234e-7), "1.23e-07");
}

TEST(ReportNumbers, SiChoosesThePrefixAfterRounding) {
  const auto si = [](double value) {
    const TableEntry entry = number_entry(value, {}, "si", "FLOP");
    return entry.text + entry.suffix;
  };
  EXPECT_EQ(si(2.041e9), "2.04 GFLOP");
  EXPECT_EQ(si(999.4e9), "999 GFLOP");
  EXPECT_EQ(si(999.6e9), "1.00 TFLOP");
  EXPECT_EQ(si(0), "0 FLOP");
  EXPECT_EQ(si(-5e3), "-5.00 kFLOP");
  EXPECT_EQ(si(0.002), "2.00 mFLOP");
}

TEST(ReportNumbers, HalfWidthSharesPrefixAndDecimals) {
  const TableEntry entry = number_entry(1.5e12, 2e10, "si", "FLOP");
  EXPECT_EQ(entry.text + "±" + entry.half_width_text + entry.suffix, "1.50±0.02 TFLOP");
  const TableEntry narrow = number_entry(1.5e12, 2e6, "si", "FLOP");
  EXPECT_EQ(narrow.text + "±" + narrow.half_width_text, "1.5000±0.0000");
  const TableEntry plain = number_entry(123.4, 0.4, "", "s");
  EXPECT_EQ(plain.text + "±" + plain.half_width_text, "123.4±0.4");
  const TableEntry general = number_entry(129.784, 0.00384, "{:.3g}", "%");
  EXPECT_EQ(general.text + "±" + general.half_width_text, "129.78±0.00") << "their last digits are of one place";
  EXPECT_EQ(number_entry(-2.8, 0.14, "{:+.1f}", "%").half_width_text, "0.1") << "a width has no sign";
}

TEST(ReportNumbers, WhatIsNoFiniteNumberIsAWord) {
  const TableEntry entry = number_entry(std::numeric_limits<double>::infinity(), 1.0, "", "s");
  EXPECT_EQ(entry.text, "overflow");
  EXPECT_FALSE(entry.value || entry.half_width);
  EXPECT_FALSE(number_entry(1, std::numeric_limits<double>::infinity(), "", "s").half_width);
}

TEST(ReportNumbers, OnlyFormatsOfOneNumberAreAccepted) {
  for (const char* good : {"", "si", "{:.4f}", "{:g}", "{}", "{:+.1f} x"}) EXPECT_TRUE(is_number_format(good)) << good;
  for (const char* bad : {"{:d}", "{", "{} {}", "text", "{:.4q}"}) EXPECT_FALSE(is_number_format(bad)) << bad;
}

}  // namespace
}  // namespace frugal::harness
