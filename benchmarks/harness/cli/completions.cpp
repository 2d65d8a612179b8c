#include "benchmarks/harness/cli/completions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "benchmarks/harness/cli/verbs.hpp"

namespace frugal::harness {
namespace {

constexpr const char* made_note = "Made by the program itself, from its table of verbs.";

std::vector<const Verb*> shown_verbs() {
  std::vector<const Verb*> shown;
  for (const Verb& verb : verbs()) {
    if (!verb.hidden()) shown.push_back(&verb);
  }
  return shown;
}

/// Verbs and actions: whatever takes options.
std::vector<const Verb*> shown_leaves() {
  std::vector<const Verb*> leaves;
  for (const Verb* verb : shown_verbs()) {
    if (verb->actions.empty()) leaves.push_back(verb);
    for (const Verb& action : verb->actions) leaves.push_back(&action);
  }
  return leaves;
}

std::string verb_words() {
  std::vector<std::string> words;
  for (const Verb* verb : shown_verbs()) words.push_back(verb->word());
  return fmt::format("{}", fmt::join(words, " "));
}

std::string action_words(const Verb& verb) {
  std::vector<std::string> words;
  for (const Verb& action : verb.actions) words.push_back(action.word());
  return fmt::format("{}", fmt::join(words, " "));
}

std::string option_list(const Verb& verb) {
  std::string words;
  for (const OptionSpec& option : verb.options) words += "--" + option.name + " ";
  return words + "--help";
}

/// In single quotes, for any of the three shells.
std::string single_quoted(const std::string& text, const char* quote_inside) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string(quote_inside) : std::string(1, c);
  return quoted + "'";
}

/// The words that bash offers for a value.
std::string bash_reply(const Values& values) {
  std::string reply;
  if (!values.words.empty()) reply += fmt::format(" $(compgen -W '{}' -- \"$cur\")", fmt::join(values.words, " "));
  if (values.files) reply += " $(compgen -f -- \"$cur\")";
  if (values.folders) reply += " $(compgen -d -- \"$cur\")";
  return reply.empty() ? "()" : "(" + reply.substr(1) + ")";
}

std::string zsh_escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// What _arguments does for a value.
std::string zsh_action(const std::string& placeholder, const Values& values) {
  const std::string name = zsh_escaped(placeholder) + ":";
  const std::string words = fmt::format("{}", fmt::join(values.words, " "));
  if (values.folders) return name + "_files -/";
  if (values.files) return name + (words.empty() ? "_files" : " _frugal_words_or_files \"" + words + "\"");
  return name + (words.empty() ? " " : "(" + words + ")");
}

std::string zsh_arguments(const Verb& verb) {
  std::string text = "_arguments -s '(- *)--help[this text]'";
  const auto add = [&](const std::string& spec) { text += " \\\n        " + single_quoted(spec, "'\\''"); };
  for (const OptionSpec& option : verb.options) {
    add(fmt::format("{}--{}{}[{}]{}", option.repeatable ? "*" : "", option.name, option.value.empty() ? "" : "=",
                    zsh_escaped(option.help),
                    option.value.empty() ? "" : ":" + zsh_action(option.value, option.values)));
  }
  for (std::size_t i = 0; i < verb.arguments.size(); ++i) {
    const ArgumentSpec& argument = verb.arguments[i];
    const std::string position = argument.most > 1 ? "*" : std::to_string(i + 1) + (argument.least == 0 ? ":" : "");
    add(position + ":" + zsh_action(argument.name, argument.values));
  }
  return text;
}

std::string zsh_described(const std::vector<const Verb*>& among) {
  std::string words;
  for (const Verb* verb : among)
    words += " " + single_quoted(zsh_escaped(verb->word()) + ":" + zsh_escaped(verb->summary), "'\\''");
  return words.substr(1);
}

std::string fish_values(const Values& values) {
  std::string text;
  if (!values.words.empty()) text += fmt::format(" -a '{}'", fmt::join(values.words, " "));
  if (values.folders) text += " -a '(__fish_complete_directories)'";
  return text + (values.files ? " -F" : "");
}

std::string fish_line(const std::string& condition, const std::string& rest) {
  return fmt::format("complete -c frugal -n {}{}\n", single_quoted(condition, "\\'"), rest);
}

}  // namespace

std::string bash_completion() {
  std::string values, options, arguments, actions;
  for (const Verb* verb : shown_verbs()) {
    if (verb->actions.empty()) continue;
    actions += fmt::format(
        "    {0})\n      if ((COMP_CWORD == 2)); then\n        COMPREPLY=($(compgen -W '{1}' -- \"$cur\"))\n"
        "        return\n      fi\n      verb=\"{0} ${{COMP_WORDS[2]}}\" ;;\n",
        verb->name, action_words(*verb));
  }
  for (const Verb* verb : shown_leaves()) {
    for (const OptionSpec& option : verb->options) {
      if (option.value.empty()) continue;
      values += fmt::format("    '{} --{}')\n      COMPREPLY={}\n      return ;;\n", verb->name, option.name,
                            bash_reply(option.values));
    }
    options +=
        fmt::format("      '{}') COMPREPLY=($(compgen -W '{}' -- \"$cur\")) ;;\n", verb->name, option_list(*verb));
    if (!verb->arguments.empty())
      arguments += fmt::format("    '{}') COMPREPLY={} ;;\n", verb->name, bash_reply(verb->arguments.back().values));
  }
  return fmt::format(
      "# bash completion for frugal. {}\n"
      "_frugal() {{\n"
      "  local cur=\"${{COMP_WORDS[COMP_CWORD]}}\" prev=\"${{COMP_WORDS[COMP_CWORD - 1]}}\" verb=\"${{COMP_WORDS[1]}}\"\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    COMPREPLY=($(compgen -W '{} --help --version' -- \"$cur\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"$verb\" in\n{}  esac\n"
      "  case \"$verb $prev\" in\n{}  esac\n"
      "  if [[ \"$cur\" == -* ]]; then\n"
      "    case \"$verb\" in\n{}    esac\n"
      "    return\n"
      "  fi\n"
      "  case \"$verb\" in\n{}  esac\n"
      "}}\n"
      "complete -o filenames -F _frugal frugal\n",
      made_note, verb_words(), actions, values, options, arguments);
}

std::string zsh_completion() {
  std::string cases;
  for (const Verb* verb : shown_verbs()) {
    if (verb->actions.empty()) {
      cases += fmt::format("    {})\n      {} ;;\n", verb->name, zsh_arguments(*verb));
      continue;
    }
    std::vector<const Verb*> actions;
    std::string action_cases;
    for (const Verb& action : verb->actions) {
      actions.push_back(&action);
      action_cases += fmt::format("      {})\n      {} ;;\n", action.word(), zsh_arguments(action));
    }
    cases += fmt::format(
        "    {})\n      if (( CURRENT == 2 )); then\n        known=({})\n        _describe action known\n"
        "        return\n      fi\n      shift words\n      (( CURRENT-- ))\n      case $words[1] in\n{}      esac ;;\n",
        verb->name, zsh_described(actions), action_cases);
  }
  return fmt::format(
      "#compdef frugal\n# {}\n"
      "_frugal_words_or_files() {{\n  _alternative \"words:word:($1)\" 'files:file:_files'\n}}\n"
      "_frugal() {{\n  local -a known\n"
      "  if (( CURRENT == 2 )); then\n    known=({})\n    _describe verb known\n    return\n  fi\n"
      "  shift words\n  (( CURRENT-- ))\n  case $words[1] in\n{}  esac\n}}\n_frugal \"$@\"\n",
      made_note, zsh_described(shown_verbs()), cases);
}

std::string fish_completion() {
  std::string text = fmt::format(
      "# fish completion for frugal. {}\n"
      "# Do these words come right after the program's name?\n"
      "function __frugal_begins\n"
      "    set -l words (commandline -opc)[2..-1]\n"
      "    string match -q -- \"$argv *\" \"$words \"\n"
      "end\n"
      "# The same, and nothing after them?\n"
      "function __frugal_is\n"
      "    set -l words (commandline -opc)[2..-1]\n"
      "    test \"$words\" = \"$argv\"\n"
      "end\n"
      "complete -c frugal -f\n",
      made_note);
  text += fish_line("__frugal_is", " -l help -d 'this text'") +
          fish_line("__frugal_is", " -l version -d 'version, commit and build type'");
  for (const Verb* verb : shown_verbs()) {
    text += fish_line("__frugal_is", fmt::format(" -a {} -d {}", verb->word(), single_quoted(verb->summary, "\\'")));
    for (const Verb& action : verb->actions) {
      text += fish_line("__frugal_is " + verb->name,
                        fmt::format(" -a {} -d {}", action.word(), single_quoted(action.summary, "\\'")));
    }
  }
  for (const Verb* verb : shown_leaves()) {
    const std::string begins = "__frugal_begins " + verb->name;
    text += fish_line(begins, " -l help -d 'this text'");
    for (const OptionSpec& option : verb->options) {
      text += fish_line(begins, fmt::format("{} -l {}{}{} -d {}",
                                            option.letter == 0 ? "" : fmt::format(" -s {}", option.letter), option.name,
                                            option.value.empty()  ? ""
                                            : option.values.files ? " -r"
                                                                  : " -x",
                                            fish_values(option.values), single_quoted(option.help, "\\'")));
    }
    if (!verb->arguments.empty()) {
      if (const std::string values = fish_values(verb->arguments.back().values); !values.empty())
        text += fish_line(begins, values);
    }
  }
  return text;
}

}  // namespace frugal::harness
