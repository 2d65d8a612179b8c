// The outcome of a check or a comparison, for whoever reads it: a terminal, a pull request, a program, a CI server. One
// function a format; none decides anything.
#pragma once
#include <cstddef>
#include <span>
#include <string>

#include "benchmarks/harness/judge/judge.hpp"

namespace frugal::harness {

/// A comment on a pull request never has more bytes: GitHub takes 65,536 characters.
inline constexpr std::size_t most_comment_bytes = 60000;

/// What a check wrote, in one format.
std::string render_check(const Judgement& judgement, VerdictFormat format);

/// For the terminal: what failed line by line, then counts, then "passed" or "FAILED".
std::string to_text(const Judgement& judgement);

/// GitHub's Markdown, of at most most_comment_bytes: the verdict, both setups, what changed; the rest folded.
std::string to_markdown(const Judgement& judgement);

/// One object, "schema": 1.
std::string to_json_text(const Judgement& judgement);

/// JUnit XML: one test case a finding. Seconds of a cell are those of its first case, so that they add up to the suite's.
std::string to_junit(const Judgement& judgement);

/// Workflow commands of GitHub Actions, a line each: at most ten errors and ten warnings, as it shows no more of a step.
std::string to_github(const Judgement& judgement);

/// Comparisons of several runs with one base, the answer first: text for the terminal.
std::string compared_text(std::span<const Judgement> judgements);

/// The same as to_markdown(), all together in most_comment_bytes.
std::string compared_markdown(std::span<const Judgement> judgements);

/// A list of to_json_text()'s objects.
std::string compared_json(std::span<const Judgement> judgements);

}  // namespace frugal::harness
