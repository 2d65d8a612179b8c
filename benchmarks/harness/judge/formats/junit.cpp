// For CI servers: Jenkins, GitLab, and whatever else reads JUnit's XML.
#include <fmt/format.h>

#include <set>

#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/judge/formats/words.hpp"
#include "impl/base/shell.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

/// The attribute has no zone by its schema: it is UTC.
std::string timestamp_of(const Judgement& judgement) {
  std::string text = judgement.started.empty() ? "1970-01-01T00:00:00" : judgement.started;
  if (text.ends_with('Z')) text.pop_back();
  return text;
}

std::string properties_of(const Judgement& judgement) {
  std::string xml = "    <properties>\n";
  const auto add = [&](const std::string& name, const std::string& value) {
    xml += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", markup_escaped(name), markup_escaped(value));
  };
  add("run", judgement.run);
  add("baseline", judgement.baseline);
  if (judgement.speed) add("speed", speed_sentence(judgement));
  for (const SetupFact& fact : judgement.setup) {
    add(fact.name, fact.current);
    if (fact.baseline != fact.current) add(fact.name + " of the baseline", fact.baseline);
  }
  return xml + "    </properties>\n";
}

/// What somebody who only sees the server's page must know.
std::string body_of(const Finding& finding, const Judgement& judgement) {
  std::string text = fmt::format("{}\n{}\n", finding_name(finding), finding.message);
  if (finding.baseline && finding.current)
    text += fmt::format("baseline  {:.9g} {} (n={})\nrun       {:.9g} {} (n={})\ntolerance {:.9g} {}\n",
                        *finding.baseline, finding.unit, finding.baseline_n, *finding.current, finding.unit,
                        finding.current_n, finding.tolerance, finding.unit);
  for (const SetupFact& fact : judgement.setup)
    if (fact.baseline != fact.current)
      text += fmt::format("{}: {} then, {} now\n", fact.name, fact.baseline, fact.current);
  if (!judgement.plan.empty())
    text += fmt::format("again: frugal run {} --out {} --rerun {}\n", judgement.plan, shell_word(judgement.run),
                        finding.id);
  return text;
}

}  // namespace

std::string to_junit(const Judgement& judgement) {
  std::size_t failures = 0;
  double seconds = 0;
  std::set<std::string> timed;
  std::string cases;
  for (const Finding& finding : judgement.findings) {
    failures += finding.failed() ? 1 : 0;
    const double spent = timed.insert(finding.suite + "\n" + finding.cell).second ? finding.seconds : 0;
    seconds += spent;
    cases += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">\n", markup_escaped(finding.suite),
                         markup_escaped(finding.cell + (finding.cell.empty() ? "" : " ") + finding.metric), spent);
    const std::string message = fmt::format("{}: {} ({})", to_string(finding.verdict), finding.message, finding.id);
    if (finding.failed()) {
      cases += fmt::format("      <failure type=\"{}\" message=\"{}\">{}</failure>\n", to_string(finding.verdict),
                           markup_escaped(message), markup_escaped(body_of(finding, judgement)));
    } else {
      cases += fmt::format("      <system-out>{}</system-out>\n", markup_escaped(message));
    }
    cases += "    </testcase>\n";
  }
  // A server reads no test cases as no failures; say it as one.
  if (judgement.findings.empty()) {
    failures = 1;
    cases =
        "    <testcase classname=\"frugal\" name=\"compared\" time=\"0.000\"><failure type=\"missing\" "
        "message=\"nothing was compared\"/></testcase>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" timestamp=\"{}\" "
      "hostname=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\" time=\"{:.3f}\">\n{}{}"
      "  </testsuite>\n</testsuites>\n",
      markup_escaped("frugal check " + judgement.run), markup_escaped(timestamp_of(judgement)),
      markup_escaped(judgement.host.empty() ? "unknown" : judgement.host),
      judgement.findings.empty() ? 1 : judgement.findings.size(), failures, seconds, properties_of(judgement), cases);
}

}  // namespace frugal::harness
