#include "benchmarks/harness/judge/judge.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/harness/judge/comparison.hpp"

namespace frugal::harness {

bool Finding::failed() const {
  return verdict != Verdict::better && verdict != Verdict::same && verdict != Verdict::no_worse;
}

std::size_t Judgement::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(findings, verdict, &Finding::verdict));
}

bool Judgement::passed() const { return !findings.empty() && std::ranges::none_of(findings, &Finding::failed); }

Judgement check_run(const Run& run, const Baseline& baseline, bool subset) {
  Collected collected = collect(run, baseline, subset);
  Judgement judgement{
      .run = run.folder.string(),
      .baseline = baseline.file,
      .how = collected.why_not_exact.empty()
                 ? "the same seeds must give the same bits: the tolerances alone decide"
                 : fmt::format("differences may be noise ({}): they are tested over seeds", collected.why_not_exact),
      .why_not_exact = collected.why_not_exact,
      .notes = std::move(collected.notes),
      .findings = std::move(collected.settled),
      .new_cells = collected.new_cells,
      .left_out = collected.left_out};
  std::ranges::move(decide(collected.comparisons), std::back_inserter(judgement.findings));
  return judgement;
}

}  // namespace frugal::harness
