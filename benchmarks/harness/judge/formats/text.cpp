// For the terminal.

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/judge/formats/words.hpp"

namespace frugal::harness {
namespace {

/// "0.5015 s -> 0.657 s: +31% ± 1.8%"; what has no figures says what happened.
std::string figures_text(const Finding& finding) {
  if (!finding.baseline || !finding.current) return finding.message;
  return fmt::format("{} -> {}: {}", value_of(*finding.baseline, finding.unit),
                     value_of(*finding.current, finding.unit), change_text(finding));
}

/// A column a run, the base first; what is the same in all is told once.
std::string setup_text(std::span<const Judgement> judgements) {
  std::string text;
  const std::vector<SetupFact>& facts = judgements.front().setup;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const SetupFact& fact = facts[i];
    std::vector<std::string> values{fact.baseline};
    for (const Judgement& judgement : judgements) values.push_back(judgement.setup[i].current);
    const bool all_equal = std::ranges::count(values, values.front()) == std::ssize(values);
    if (all_equal && !fact.always) continue;
    if (all_equal) {
      text += fmt::format("  {:<16} {}\n", fact.name, values.front());
      continue;
    }
    for (std::size_t k = 0; k < values.size(); ++k)
      text += fmt::format("  {:<16} {}: {}\n", k == 0 ? fact.name : "",
                          k == 0 ? judgements.front().baseline : judgements[k - 1].run, values[k]);
  }
  return text;
}

}  // namespace

std::string to_text(const Judgement& judgement) {
  std::string text = fmt::format("{} against {}\n", judgement.run, judgement.baseline);
  if (!judgement.how.empty()) text += judgement.how + "\n";
  if (judgement.speed) text += speed_sentence(judgement) + "\n";
  for (const std::string& note : judgement.notes) text += note + "\n";
  for (Verdict verdict : all_verdicts) {
    if (verdict == Verdict::same || verdict == Verdict::no_worse) continue;
    for (const Finding& finding : judgement.findings) {
      if (finding.verdict != verdict) continue;
      text += fmt::format("{:<9} ", verdict_word(finding));
      for (const std::string* word : {&finding.id, &finding.suite, &finding.cell, &finding.metric})
        if (!word->empty()) text += " " + *word;
      text += fmt::format(": {}\n", finding.message);
    }
  }
  std::string counts;
  if (judgement.new_cells > 0) counts += fmt::format("{} new (not in the baseline), ", judgement.new_cells);
  if (judgement.left_out > 0) counts += fmt::format("{} left out, ", judgement.left_out);
  return text + counts + counts_text(judgement) + (judgement.passed() ? "\npassed\n" : "\nFAILED\n");
}

std::string compared_text(std::span<const Judgement> judgements) {
  std::string text;
  for (const Judgement& judgement : judgements)
    text += fmt::format("{}\n{}.\n", speed_sentence(judgement), counts_text(judgement));
  text += "\n" + setup_text(judgements);
  for (const Judgement& judgement : judgements) {
    if (judgement.findings.empty()) continue;
    text += fmt::format("\n{} against {}: {}\n", judgement.run, judgement.baseline, judgement.how);
    for (const std::string& note : judgement.notes) text += note + "\n";
    const std::vector<const Finding*> changed = changed_findings(judgement, false);
    for (const Finding* finding : changed)
      text += fmt::format("{:<7}  {}: {}\n", verdict_word(*finding), finding_name(*finding), figures_text(*finding));
    const std::vector<const Finding*> others = other_findings(judgement, changed);
    const bool is_uncertain =
        std::ranges::any_of(others, [](const Finding* finding) { return finding->verdict == Verdict::ambiguous; });
    const char* const head = !changed.empty() ? "the others"
                             : is_uncertain   ? "no change is certain"
                                              : "nothing changed";
    if (!others.empty()) text += fmt::format("{}: {} (--format json has all)\n", head, counts_text(others));
    if (judgement.new_cells + judgement.left_out > 0)
      text += fmt::format("cells of one side only: {} of the base, {} of the run\n", judgement.left_out,
                          judgement.new_cells);
  }
  return text;
}

}  // namespace frugal::harness
