// Judgements for people (terminal) and for CI servers (JUnit XML).
#include <fmt/format.h>

#include "benchmarks/harness/judge/judge.hpp"
#include "impl/base/files.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

/// What failed first.
constexpr Verdict all_verdicts[] = {Verdict::worse,  Verdict::changed,  Verdict::missing, Verdict::ambiguous,
                                    Verdict::better, Verdict::no_worse, Verdict::same};

}  // namespace

std::string to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::better:
      return "better";
    case Verdict::same:
      return "same";
    case Verdict::no_worse:
      return "no worse";
    case Verdict::ambiguous:
      return "ambiguous";
    case Verdict::worse:
      return "worse";
    case Verdict::changed:
      return "changed";
    case Verdict::missing:
      return "missing";
  }
  return "";
}

std::string to_text(const Judgement& judgement) {
  std::string text = fmt::format("{} against {}\n", judgement.run, judgement.baseline);
  if (!judgement.how.empty()) text += judgement.how + "\n";
  for (const std::string& note : judgement.notes) text += note + "\n";
  for (Verdict verdict : all_verdicts) {
    if (verdict == Verdict::same || verdict == Verdict::no_worse) continue;
    for (const Finding& finding : judgement.findings) {
      if (finding.verdict != verdict) continue;
      text += fmt::format("{:<9}  {} {} {} {}: {}\n", to_string(verdict), finding.id, finding.suite, finding.cell,
                          finding.metric, finding.message);
    }
  }
  std::string counts;
  for (Verdict verdict : all_verdicts) {
    if (const std::size_t n = judgement.count(verdict)) {
      counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", n, to_string(verdict));
    }
  }
  if (judgement.new_cells > 0) {
    counts += fmt::format("{}{} new (not in the baseline)", counts.empty() ? "" : ", ", judgement.new_cells);
  }
  if (judgement.left_out > 0) {
    counts += fmt::format("{}{} left out", counts.empty() ? "" : ", ", judgement.left_out);
  }
  if (judgement.findings.empty()) counts += counts.empty() ? "nothing was compared" : "; nothing was compared";
  return text + counts + (judgement.passed() ? "\npassed\n" : "\nFAILED\n");
}

std::string to_junit(const Judgement& judgement) {
  std::size_t failures = 0;
  for (const Finding& finding : judgement.findings) failures += finding.failed() ? 1 : 0;
  // A server reads no test cases as no failures; say it as one.
  const bool nothing = judgement.findings.empty();
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  xml += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">\n",
                     markup_escaped("frugal check " + judgement.run), nothing ? 1 : judgement.findings.size(),
                     nothing ? 1 : failures);
  if (nothing) {
    xml +=
        "    <testcase classname=\"frugal\" name=\"compared\"><failure message=\"nothing was compared\"/></testcase>\n";
  }
  for (const Finding& finding : judgement.findings) {
    xml += fmt::format("    <testcase classname=\"{}\" name=\"{}\"", markup_escaped(finding.suite),
                       markup_escaped(finding.cell + (finding.cell.empty() ? "" : " ") + finding.metric));
    const std::string message = fmt::format("{}: {} ({})", to_string(finding.verdict), finding.message, finding.id);
    if (finding.failed()) {
      xml += fmt::format(">\n      <failure type=\"{}\" message=\"{}\"/>\n    </testcase>\n",
                         to_string(finding.verdict), markup_escaped(message));
    } else {
      xml += fmt::format(">\n      <system-out>{}</system-out>\n    </testcase>\n", markup_escaped(message));
    }
  }
  return xml + "  </testsuite>\n</testsuites>\n";
}

void write_junit(const Judgement& judgement, const std::filesystem::path& path) {
  write_whole_file(path, to_junit(judgement));
}

}  // namespace frugal::harness
