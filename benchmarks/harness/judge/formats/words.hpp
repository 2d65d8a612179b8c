// Words that the formats share.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/judge/judge.hpp"

namespace frugal::harness {

/// What failed first.
inline constexpr Verdict all_verdicts[] = {Verdict::worse,  Verdict::changed,  Verdict::missing, Verdict::ambiguous,
                                           Verdict::better, Verdict::no_worse, Verdict::same};

/// Of a time: "slower", "faster"; else the verdict's word.
std::string verdict_word(const Finding& finding);

/// "time.total of inr.cpu grid=1": metric, suite, cell.
std::string finding_name(const Finding& finding);

/// Those that a reader must see: all but same, no worse, and those that compare cannot tell.
std::vector<const Finding*> changed_findings(const Judgement& judgement, bool with_ambiguous);
/// All others.
std::vector<const Finding*> other_findings(const Judgement& judgement, std::span<const Finding* const> changed);

/// Of finite numbers: "0.7238", "12346".
std::string value_of(double value, const std::string& unit);

/// "+30% ± 2%" of times, counts and sizes, "-0.021 ± 0.002" of ratios, "-2 dB" of decibels; "" where a side has no value.
std::string change_text(const Finding& finding);

/// "results/b takes 1.30 times as long as results/a (90% interval 1.28 to 1.32; geometric mean of the total time of 4
/// cells)", with the verdict in front; a sentence.
std::string speed_sentence(const Judgement& judgement);

/// "1 worse, 4 slower, 60 same": findings by their words, what failed first.
std::string counts_text(std::span<const Finding* const> findings);
/// Of all of them; "nothing was compared" where there is none.
std::string counts_text(const Judgement& judgement);

}  // namespace frugal::harness
