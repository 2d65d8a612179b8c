#include "benchmarks/harness/judge/paired.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "benchmarks/harness/judge/counted_work.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

constexpr int most_pairs = looks[std::size(looks) - 1];

class CellPairs {
 public:
  CellPairs(Finding finding, const PairedRule& rule) : finding_(std::move(finding)), rule_(rule) {
    finding_.metric = "time.total";
    finding_.unit = "s";
    finding_.direction = MetricDescriptor::Direction::lower_is_better;
  }

  bool is_decided() const { return verdict_ != PairedVerdict::undecided; }
  bool is_at_a_look() const { return std::ranges::find(looks, static_cast<int>(ratios_.size())) != std::end(looks); }

  /// old, new, new, old: a drift of the machine cancels over two pairs.
  Side first_side() const { return (pairs_ % 2 == 0) == (pairs_ / 2 % 2 == 0) ? Side::old_one : Side::new_one; }

  void add(const TimedRun& old_run, const TimedRun& new_run) {
    ++pairs_;
    if (old_run.instructions) old_counts_.push_back(*old_run.instructions);
    if (new_run.instructions) new_counts_.push_back(*new_run.instructions);
    if (std::abs(old_run.others - new_run.others) > uneven_cores) {
      ++uneven_;
    } else {
      ratios_.push_back(std::log(new_run.seconds / old_run.seconds));
      old_times_.push_back(old_run.seconds);
      new_times_.push_back(new_run.seconds);
      verdict_ = decide_pairs(rule_, ratios_);
    }
    if (pairs_ == 2 * most_pairs && !is_decided()) verdict_ = PairedVerdict::ambiguous;
  }

  Finding finding() const {
    Finding finding = finding_;
    finding.verdict = verdict_of_check();
    if (!ratios_.empty()) {
      finding.baseline = median(old_times_);
      finding.current = median(new_times_);
      finding.tolerance = rule_.slowdown * *finding.baseline;
    }
    finding.baseline_n = finding.current_n = static_cast<int>(ratios_.size());
    finding.message = text();
    return finding;
  }

  std::string text() const {
    std::string message = fmt::format("{} pairs", ratios_.size());
    if (!ratios_.empty()) {
      message = fmt::format("new / old = {:.4f} ({} pairs, {:.3g} s and {:.3g} s)", std::exp(center_of(ratios_)),
                            ratios_.size(), median(old_times_), median(new_times_));
    }
    if (uneven_ > 0) message += fmt::format(", {} more did not count: other work beside one half", uneven_);
    if (verdict_ == PairedVerdict::ambiguous)
      message += fmt::format("; cannot tell a slowdown of {:g}% on this machine now", 100 * rule_.slowdown);
    if (const std::optional<CountedWork> counted = work()) message += "; " + to_text(*counted);
    return message;
  }

  std::optional<CountedWork> work() const { return counted_work(old_counts_, new_counts_); }

  const std::string& name() const { return finding_.cell; }

 private:
  Verdict verdict_of_check() const {
    switch (verdict_) {
      case PairedVerdict::slower:
        return Verdict::worse;
      case PairedVerdict::faster:
        return Verdict::better;
      case PairedVerdict::same:
        return Verdict::same;
      case PairedVerdict::undecided:
      case PairedVerdict::ambiguous:
        break;
    }
    return Verdict::ambiguous;
  }

  Finding finding_;
  PairedRule rule_;
  std::vector<double> ratios_;  ///< logarithms
  std::vector<double> old_times_;
  std::vector<double> new_times_;
  std::vector<double> old_counts_;  ///< instructions, of every run: other work does not change them
  std::vector<double> new_counts_;
  int pairs_ = 0;
  int uneven_ = 0;
  PairedVerdict verdict_ = PairedVerdict::undecided;
};

}  // namespace

Judgement judge_pairs(std::vector<Finding> cells, PairedRule rule, const TimeCell& time_cell,
                      const std::function<void(const std::string&)>& say) {
  rule.tests = static_cast<int>(cells.size());
  std::vector<CellPairs> all;
  all.reserve(cells.size());
  for (Finding& cell : cells) all.emplace_back(std::move(cell), rule);
  // Round by round over the cells, so that what lasts a while does not hit one cell alone.
  while (std::ranges::any_of(all, [](const CellPairs& cell) { return !cell.is_decided(); })) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      CellPairs& cell = all[i];
      if (cell.is_decided()) continue;
      const bool old_first = cell.first_side() == Side::old_one;
      const TimedRun first = time_cell(old_first ? Side::old_one : Side::new_one, i);
      const TimedRun second = time_cell(old_first ? Side::new_one : Side::old_one, i);
      cell.add(old_first ? first : second, old_first ? second : first);
      if (cell.is_at_a_look() || cell.is_decided())
        say(fmt::format("{}{}{}", cell.name(), cell.name().empty() ? "" : ": ", cell.text()));
    }
  }
  Judgement judgement;
  judgement.how = fmt::format(
      "pairs of runs in turns: at most {:g} of all checks of equal programs call them slower or faster, and a slowdown of {:g}% is missed by at "
      "most {:g}%",
      rule.false_alarm, 100 * rule.slowdown, 100 * rule.miss);
  for (const CellPairs& cell : all) {
    judgement.findings.push_back(cell.finding());
    if (const std::optional<CountedWork> counted = cell.work(); counted && counted->is_other_work())
      judgement.notes.push_back(fmt::format("The new program does other work{}{}: {}.",
                                            cell.name().empty() ? "" : " in ", cell.name(), to_text(*counted)));
  }
  return judgement;
}

}  // namespace frugal::harness
