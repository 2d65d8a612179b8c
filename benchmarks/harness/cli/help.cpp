#include "benchmarks/harness/cli/help.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/cli/verbs.hpp"

namespace frugal::harness {
namespace {

constexpr std::size_t line_width = 100;

/// Paragraphs, broken at blanks.
std::string wrapped_text(const std::string& text) {
  std::string lines;
  std::size_t column = 0;
  std::size_t from = 0;
  while (from < text.size()) {
    if (text[from] == '\n' || text[from] == ' ') {
      if (text[from] == '\n') {
        lines += '\n';
        column = 0;
      }
      ++from;
      continue;
    }
    const std::size_t end = std::min(text.find_first_of(" \n", from), text.size());
    const std::string word = text.substr(from, end - from);
    if (column > 0 && column + 1 + word.size() > line_width) {
      lines += '\n';
      column = 0;
    }
    lines += (column > 0 ? " " : "") + word;
    column += (column > 0 ? 1 : 0) + word.size();
    from = end;
  }
  return lines;
}

std::string argument_usage(const ArgumentSpec& argument) {
  const std::string name = argument.name + (argument.most > 1 ? "..." : "");
  return argument.least == 0 ? "[" + name + "]" : name;
}

std::string option_usage(const OptionSpec& option) {
  std::string text = "--" + option.name + (option.value.empty() ? "" : " " + option.value);
  if (!option.required) text = "[" + text + "]";
  return text + (option.repeatable ? "..." : "");
}

using HelpRows = std::vector<std::vector<std::string>>;

HelpRows verb_rows(const std::vector<Verb>& among) {
  HelpRows rows;
  for (const Verb& verb : among) {
    if (!verb.hidden()) rows.push_back({verb.word(), verb.summary});
  }
  return rows;
}

std::string examples_text(const std::vector<std::string>& examples) {
  if (examples.empty()) return "";
  return fmt::format("\nexamples:\n  {}\n", fmt::join(examples, "\n  "));
}

}  // namespace

const char* const program_question = "how little data, and how few FLOPs, does this really need?";

const std::vector<std::pair<int, std::string>>& exit_code_words() {
  static const std::vector<std::pair<int, std::string>> words = {
      {exit_ok, "ok"},
      {exit_gate, "gate failed"},
      {exit_usage, "bad plan or usage"},
      {exit_cells_failed, "some cells failed"},
      {exit_unavailable, "something is unavailable, or cannot be written"},
      {exit_interrupted, "interrupted"}};
  return words;
}

const std::vector<std::pair<std::string, std::string>>& environment_words() {
  static const std::vector<std::pair<std::string, std::string>> words = {
      {"FRUGAL_DATA", "folders in which data sets are looked for, colon separated, after those of --data-dir"},
      {"XDG_CACHE_HOME", "its folder frugal is the cache, where `frugal data fetch` puts things; default: ~/.cache"},
      {"OMP_NUM_THREADS", "threads of a cell whose plan does not say; default: every core the program may use"},
      {"FRUGAL_ISA", "avx2: the cpu back end leaves AVX-512 alone; avx512: AMX; default: the best of the processor"},
      {"NO_COLOR", "anything: no colours on a terminal"}};
  return words;
}

std::string program_help() {
  std::vector<std::string> codes;
  for (const auto& [code, meaning] : exit_code_words()) codes.push_back(fmt::format("{} {}", code, meaning));
  return fmt::format(
      "frugal: {}\n\nusage: frugal VERB [ARGUMENTS]        (frugal VERB --help says more)\n\n{}\n{}{}\nexit codes: "
      "{}\n",
      program_question, text_table(verb_rows(verbs()), 2),
      text_table({{"--help", "this text"}, {"--version", "version, commit and build type"}}, 2),
      examples_text({"frugal doctor", "frugal run demo",
                     "frugal run benchmarks/plans/smoke.yaml --set seeds=[1,2] --out /tmp/smoke",
                     "frugal report results/local/demo --format md"}),
      fmt::join(codes, ", "));
}

std::string usage_text(const Verb& verb) {
  constexpr std::size_t most_options = 3;  // more are a line of their own each, below
  std::string text = verb.name;
  if (!verb.actions.empty()) text += " ACTION [ARGUMENTS]";
  for (const ArgumentSpec& argument : verb.arguments) text += " " + argument_usage(argument);
  for (const OptionSpec& option : verb.options) {
    if (option.required || verb.options.size() <= most_options) text += " " + option_usage(option);
  }
  return text + (verb.options.size() > most_options ? " [OPTIONS]" : "");
}

std::pair<std::string, std::string> option_words(const OptionSpec& option) {
  std::string help = option.help;
  if (option.required) help += " (required)";
  if (option.repeatable) help += " (may be repeated)";
  const std::string letter = option.letter == 0 ? "" : fmt::format("-{}, ", option.letter);
  return {letter + "--" + option.name + (option.value.empty() ? "" : " " + option.value), help};
}

std::string verb_help(const Verb& verb) {
  std::string text = fmt::format("usage: frugal {}\n\n{}\n", usage_text(verb), wrapped_text(verb.help));
  if (!verb.actions.empty()) {
    text += fmt::format("\nactions (frugal {} ACTION --help says more):\n{}", verb.name,
                        text_table(verb_rows(verb.actions), 2));
  }
  HelpRows options;
  for (const OptionSpec& option : verb.options) {
    const auto& [words, help] = option_words(option);
    options.push_back({words, help});
  }
  options.push_back({"--help", "this text"});
  text += "\noptions:\n" + text_table(options, 2);
  return text + examples_text(verb.examples);
}

}  // namespace frugal::harness
