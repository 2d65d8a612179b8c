#include "benchmarks/harness/judge/formats/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "benchmarks/harness/judge/formats/formats.hpp"

namespace frugal::harness {
namespace {

bool is_time(const Finding& finding) { return finding.metric.starts_with("time."); }

/// Ratios and decibels are told as they are; a share of them would mislead.
bool changes_by_share(const Finding& finding) {
  return !finding.unit.empty() && finding.unit != "dB" && finding.baseline.value_or(0) != 0;
}

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

std::string verdict_word(const Finding& finding) {
  if (is_time(finding) && finding.verdict == Verdict::worse) return "slower";
  if (is_time(finding) && finding.verdict == Verdict::better) return "faster";
  return to_string(finding.verdict);
}

std::string finding_name(const Finding& finding) {
  return fmt::format("{} of {}{}{}", finding.metric, finding.suite, finding.cell.empty() ? "" : " ", finding.cell);
}

std::vector<const Finding*> changed_findings(const Judgement& judgement, bool with_ambiguous) {
  std::vector<const Finding*> changed;
  for (const Verdict verdict : all_verdicts) {
    if (verdict == Verdict::same || verdict == Verdict::no_worse) continue;
    if (verdict == Verdict::ambiguous && !with_ambiguous) continue;
    for (const Finding& finding : judgement.findings)
      if (finding.verdict == verdict) changed.push_back(&finding);
  }
  // What a stage lost the total has lost as well: it comes last among those of its verdict.
  const auto rank = [](const Finding* finding) {
    return !is_time(*finding) ? 0 : finding->metric == "time.total" ? 1 : 2;
  };
  for (auto begin = changed.begin(); begin != changed.end();) {
    const auto end = std::find_if(begin, changed.end(),
                                  [&](const Finding* finding) { return finding->verdict != (*begin)->verdict; });
    std::stable_sort(begin, end, [&](const Finding* a, const Finding* b) { return rank(a) < rank(b); });
    begin = end;
  }
  return changed;
}

std::string value_of(double value, const std::string& unit) {
  return fmt::format("{:.4g}{}{}", value, unit.empty() ? "" : " ", unit);
}

std::string change_text(const Finding& finding) {
  if (!finding.baseline || !finding.current) return "";
  const double scale = changes_by_share(finding) ? 100 / std::abs(*finding.baseline) : 1;
  const std::string percent = changes_by_share(finding) ? "%" : finding.unit.empty() ? "" : " " + finding.unit;
  std::string text = fmt::format("{:+.3g}{}", (*finding.current - *finding.baseline) * scale, percent);
  if (finding.half_width && *finding.half_width > 0)
    text += fmt::format(" ± {:.2g}{}", *finding.half_width * scale, percent);
  return text;
}

std::string speed_sentence(const Judgement& judgement) {
  const Speed& speed = *judgement.speed;
  const std::string& a = judgement.baseline;
  const std::string& b = judgement.run;
  if (speed.verdict == SpeedVerdict::not_comparable)
    return fmt::format("Not comparable: {} with {}: {}.", b, a, speed.why);
  const bool faster = speed.verdict == SpeedVerdict::faster;
  const auto shown = [&](double ratio) { return fmt::format("{:.2f}", faster ? 1 / ratio : ratio); };
  std::string evidence =
      fmt::format("geometric mean of the total time of {} cell{}", speed.cells, speed.cells == 1 ? "" : "s");
  if (speed.interval) {
    const auto [low, high] = *speed.interval;
    evidence =
        fmt::format("90% interval {} to {}; {}", shown(faster ? high : low), shown(faster ? low : high), evidence);
  } else {
    evidence = "no interval, since the noise is not known: one time each; " + evidence;
  }
  const std::string within = fmt::format("{:.3g}%", 100 * speed.tolerance);
  switch (speed.verdict) {
    case SpeedVerdict::faster:
      return fmt::format("Faster: {} is {} times as fast as {} ({}).", b, shown(speed.ratio), a, evidence);
    case SpeedVerdict::slower:
      return fmt::format("Slower: {} takes {} times as long as {} ({}).", b, shown(speed.ratio), a, evidence);
    case SpeedVerdict::same:
      return fmt::format("Same: {} takes {} times as long as {} ({}); within {} counts as the same.", b,
                         shown(speed.ratio), a, evidence, within);
    case SpeedVerdict::ambiguous:
    case SpeedVerdict::not_comparable:
      break;
  }
  return fmt::format("Ambiguous: {} takes {} times as long as {} ({}): too uncertain to tell a change of {}.", b,
                     shown(speed.ratio), a, evidence, within);
}

std::vector<const Finding*> other_findings(const Judgement& judgement, std::span<const Finding* const> changed) {
  std::vector<const Finding*> others;
  for (const Finding& finding : judgement.findings)
    if (std::ranges::find(changed, &finding) == changed.end()) others.push_back(&finding);
  return others;
}

std::string counts_text(std::span<const Finding* const> findings) {
  std::vector<std::pair<std::string, std::size_t>> counts;
  for (const Verdict verdict : all_verdicts)
    for (const bool times : {false, true})
      for (const Finding* finding : findings) {
        if (finding->verdict != verdict || is_time(*finding) != times) continue;
        const std::string word = verdict_word(*finding);
        const auto known = std::ranges::find(counts, word, &decltype(counts)::value_type::first);
        if (known == counts.end())
          counts.emplace_back(word, 1);
        else
          ++known->second;
      }
  std::string text;
  for (const auto& [word, n] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, word);
  return text;
}

std::string counts_text(const Judgement& judgement) {
  if (judgement.findings.empty()) return "nothing was compared";
  return counts_text(other_findings(judgement, {}));
}

}  // namespace frugal::harness
