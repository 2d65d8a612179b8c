// The comment of a pull request: what a reader must know before the fold, all else behind it, and never more than GitHub
// takes.
#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/judge/formats/words.hpp"
#include "impl/base/markdown_text.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

/// As it is written, on one line: nothing mentions a person, an issue or a link.
std::string comment_text(std::string_view text) { return markdown_escaped(text, "~@#["); }

/// For a cell of a table: nobody reads a longer one, and the first may not take the room of all others.
std::string cell_text(std::string_view text) {
  constexpr std::size_t most_bytes = 200;
  std::size_t end = 0;
  while (end < text.size() && end < most_bytes) end += std::max<std::size_t>(utf8_length(text.substr(end)), 1);
  return comment_text(text.substr(0, end)) + (end < text.size() ? " ..." : "");
}

/// Text that takes what still has room, whole blocks only.
class Comment {
 public:
  explicit Comment(std::size_t most) : most_(most) {}
  bool add(const std::string& block, std::size_t keep_free) {
    if (text_.size() + block.size() + keep_free > most_) return false;
    text_ += block;
    return true;
  }
  std::string take() { return std::move(text_); }

 private:
  std::size_t most_;
  std::string text_{};
};

/// For the lines that end a table and the comment.
constexpr std::size_t end_bytes = 600;

std::string finding_row(const Finding& finding) {
  const auto side = [&](const std::optional<double>& value) { return value ? value_of(*value, finding.unit) : "-"; };
  // What has no figures has only its message to tell.
  const bool has_figures = finding.baseline && finding.current;
  return fmt::format("| {} | {} | {} | {} | {} | {} |\n", verdict_word(finding), cell_text(finding.metric),
                     cell_text(finding.suite + (finding.cell.empty() ? "" : " ") + finding.cell),
                     side(finding.baseline), side(finding.current),
                     has_figures ? change_text(finding) : cell_text(finding.message));
}

/// A table of findings, until `keep_free` bytes are left; what has no room is counted.
void add_findings(Comment& comment, std::span<const Finding* const> findings, std::size_t keep_free) {
  if (!comment.add("| | metric | cell | base | run | change |\n|---|---|---|---:|---:|---:|\n", keep_free)) return;
  std::size_t shown = 0;
  while (shown < findings.size() && comment.add(finding_row(*findings[shown]), keep_free + end_bytes)) ++shown;
  if (shown < findings.size())
    comment.add(fmt::format("\nand {} more, for which this comment has no room: `--format json` has them.\n",
                            findings.size() - shown),
                0);
}

std::string fold(const std::string& summary) { return fmt::format("\n<details><summary>{}</summary>\n\n", summary); }

/// The facts that always stand on top, and those that differ; a column a run.
std::string setup_table(std::span<const Judgement> judgements) {
  const std::vector<SetupFact>& facts = judgements.front().setup;
  if (facts.empty()) return "";
  std::string text = "\n| | base |";
  std::string line = "\n|---|---|";
  for (std::size_t k = 0; k < judgements.size(); ++k) {
    text += judgements.size() == 1 ? " run |" : fmt::format(" run {} |", k + 1);
    line += "---|";
  }
  text += line + fmt::format("\n| folder | {} |", cell_text(judgements.front().baseline));
  for (const Judgement& judgement : judgements) text += fmt::format(" {} |", cell_text(judgement.run));
  for (std::size_t i = 0; i < facts.size(); ++i) {
    std::string row = fmt::format("\n| {} | {} |", facts[i].name, cell_text(facts[i].baseline));
    bool differs = false;
    for (const Judgement& judgement : judgements) {
      const std::string& value = judgement.setup[i].current;
      differs = differs || value != facts[i].baseline;
      row += fmt::format(" {} |", value == facts[i].baseline ? "the same" : cell_text(value));
    }
    if (differs || facts[i].always) text += row;
  }
  return text + "\n";
}

/// Changed findings in a table, the others folded, and how all was judged.
void add_judgement(Comment& comment, const Judgement& judgement, bool with_ambiguous, std::size_t keep_free) {
  const std::vector<const Finding*> changed = changed_findings(judgement, with_ambiguous);
  const std::vector<const Finding*> others = other_findings(judgement, changed);
  if (!changed.empty()) {
    comment.add("\n", keep_free);
    add_findings(comment, changed, keep_free);
  }
  if (!others.empty() &&
      comment.add(fold(fmt::format("{}{}", changed.empty() ? "" : "the others: ", counts_text(others))),
                  keep_free + end_bytes)) {
    add_findings(comment, others, keep_free);
    comment.add("\n</details>\n", 0);
  }
  std::string how = fold("how this was judged") + "- " + comment_text(judgement.how) + "\n";
  for (const std::string& note : judgement.notes) how += "- " + comment_text(note) + "\n";
  if (judgement.new_cells + judgement.left_out > 0)
    how += fmt::format("- cells of one side only: {} of the base, {} of the run\n", judgement.left_out,
                       judgement.new_cells);
  const bool has_interval =
      std::ranges::any_of(judgement.findings, [](const Finding& finding) { return finding.half_width.has_value(); });
  if (has_interval)
    how += "- a change is told when it is beyond the tolerance and statistically significant; ± is the 90% interval\n";
  if (judgement.speed)
    how +=
        "- both were timed at their own time: what else had changed on the machine is in the ratio too, and "
        "`frugal check --paired` takes it out\n";
  comment.add(how + "\n</details>\n", keep_free);
}

}  // namespace

std::string to_markdown(const Judgement& judgement) {
  Comment comment(most_comment_bytes);
  comment.add(fmt::format("### frugal check: {}\n\n**{}** against {}.{}\n", judgement.passed() ? "passed" : "FAILED",
                          counts_text(judgement), comment_text(judgement.baseline),
                          judgement.speed ? " " + comment_text(speed_sentence(judgement)) : ""),
              0);
  comment.add(setup_table({&judgement, 1}), 0);
  add_judgement(comment, judgement, true, end_bytes);
  return comment.take();
}

std::string compared_markdown(std::span<const Judgement> judgements) {
  Comment comment(most_comment_bytes);
  for (const Judgement& judgement : judgements)
    comment.add(fmt::format("### {}\n\n{}.\n\n", comment_text(speed_sentence(judgement)), counts_text(judgement)),
                end_bytes);
  comment.add(setup_table(judgements), end_bytes);
  for (std::size_t k = 0; k < judgements.size(); ++k) {
    if (judgements[k].findings.empty()) continue;
    // Each has its part of the room, and what those before it have left.
    const std::size_t others = judgements.size() - k - 1;
    const std::size_t keep_free = end_bytes + others * (most_comment_bytes / (judgements.size() + 1));
    if (judgements.size() > 1) comment.add(fmt::format("\n#### run {}\n", k + 1), end_bytes);
    add_judgement(comment, judgements[k], false, keep_free);
  }
  return comment.take();
}

}  // namespace frugal::harness
