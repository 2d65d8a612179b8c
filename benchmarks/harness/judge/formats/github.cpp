// Annotations of GitHub Actions: lines that a step prints ("workflow commands" in its documentation).
#include <fmt/format.h>

#include <map>

#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/judge/formats/words.hpp"

namespace frugal::harness {
namespace {

/// Per step and kind; the last one counts the others.
constexpr int most_annotations = 10;

std::string command_escaped(const std::string& text, bool in_property) {
  std::string result;
  for (const char c : text) {
    if (c == '%' || c == '\r' || c == '\n' || (in_property && (c == ':' || c == ',')))
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      result += c;
  }
  return result;
}

std::string annotation(const std::string& kind, const std::string& title, const std::string& message) {
  return fmt::format("::{} title={}::{}\n", kind, command_escaped(title, true), command_escaped(message, false));
}

std::string kind_of(const Finding& finding) {
  if (!finding.failed()) return "notice";
  return finding.verdict == Verdict::ambiguous ? "warning" : "error";
}

}  // namespace

std::string to_github(const Judgement& judgement) {
  std::map<std::string, std::vector<const Finding*>> by_kind;
  for (const Finding* finding : changed_findings(judgement, true)) by_kind[kind_of(*finding)].push_back(finding);
  std::string text = annotation(judgement.passed() ? "notice" : "error",
                                judgement.passed() ? "frugal check passed" : "frugal check FAILED",
                                counts_text(judgement) + (judgement.speed ? ". " + speed_sentence(judgement) : ""));
  for (const char* kind : {"error", "warning", "notice"}) {
    const std::vector<const Finding*>& findings = by_kind[kind];
    const bool has_summary = kind == (judgement.passed() ? std::string("notice") : "error");
    const std::size_t room = most_annotations - (has_summary ? 1 : 0);
    const std::size_t shown = findings.size() <= room ? findings.size() : room - 1;
    for (std::size_t i = 0; i < shown; ++i)
      text += annotation(kind, fmt::format("{}: {}", verdict_word(*findings[i]), finding_name(*findings[i])),
                         findings[i]->message);
    if (shown < findings.size())
      text += annotation(kind, fmt::format("and {} more", findings.size() - shown),
                         "all of them: frugal check --format txt");
  }
  return text;
}

}  // namespace frugal::harness
