#include "benchmarks/harness/cli/parse.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/program_options.hpp>

#include "benchmarks/harness/cli/help.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

namespace po = boost::program_options;

constexpr const char* positional_name = "argument";

[[noreturn]] void usage_error(const Verb& verb, const std::string& message) {
  throw UserError(
      fmt::format("{}; usage: frugal {} (frugal {} --help says more)", message, usage_text(verb), verb.name));
}

po::parsed_options parse_with_boost(const Verb& verb, const Args& args) {
  po::options_description known;
  for (const OptionSpec& option : verb.options) {
    const std::string names = option.name + (option.letter == 0 ? "" : fmt::format(",{}", option.letter));
    if (option.value.empty())
      known.add_options()(names.c_str(), "");
    else
      known.add_options()(names.c_str(), po::value<std::vector<std::string>>(), "");
  }
  known.add_options()(positional_name, po::value<std::vector<std::string>>(), "");
  po::positional_options_description positional;
  positional.add(positional_name, -1);
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  return po::command_line_parser(args).options(known).positional(positional).style(style).run();
}

/// Options that `word` may be a misspelling of. One that does work again costs hours where it was not meant, so only the
/// beginning of its name leads to it.
std::vector<std::string> options_like(const Verb& verb, const std::string& word) {
  std::vector<std::string> options = {"--help"};
  for (const OptionSpec& option : verb.options) {
    std::string name = "--" + option.name;
    if (!option.repeats_work || name.starts_with(word)) options.push_back(std::move(name));
  }
  return options;
}

void read_words(const Verb& verb, const Args& args, Call& call) {
  try {
    for (const po::option& option : parse_with_boost(verb, args).options) {
      if (option.string_key == positional_name && option.position_key < 0)
        usage_error(verb, fmt::format("unknown option '--{}'", positional_name));
      if (option.string_key == positional_name) {
        call.arguments.insert(call.arguments.end(), option.value.begin(), option.value.end());
        continue;
      }
      std::vector<std::string>& values = call.values[option.string_key];
      values.insert(values.end(), option.value.begin(), option.value.end());
      if (option.value.empty()) values.emplace_back();
    }
  } catch (const po::unknown_option& error) {
    const std::string word = error.get_option_name();
    usage_error(verb, unknown_word("option", word, options_like(verb, word)));
  } catch (const po::error& error) {
    usage_error(verb, error.what());
  }
}

void check_value(const Verb& verb, const std::string& what, const Values& values, const std::string& value) {
  if (values.closed && std::ranges::find(values.words, value) == values.words.end())
    usage_error(verb, unknown_word(what, value, values.words));
}

void check_options(const Verb& verb, const Call& call) {
  for (const OptionSpec& option : verb.options) {
    const std::vector<std::string> given = call.all(option.name);
    if (option.required && given.empty())
      usage_error(verb, fmt::format("{} needs --{} {}: {}", verb.name, option.name, option.value, option.help));
    if (!option.repeatable && given.size() > 1)
      usage_error(verb, fmt::format("--{} is given more than once", option.name));
    for (const std::string& value : given) check_value(verb, "value of --" + option.name, option.values, value);
  }
}

void check_arguments(const Verb& verb, const Call& call) {
  std::size_t least = 0;
  std::size_t most = 0;
  for (const ArgumentSpec& argument : verb.arguments) {
    for (std::size_t i = most; i < std::min(most + argument.most, call.arguments.size()); ++i)
      check_value(verb, argument.name, argument.values, call.arguments[i]);
    least += argument.least;
    most += argument.most;
    if (call.arguments.size() < least) usage_error(verb, fmt::format("{} needs {}", verb.name, argument.name));
  }
  if (call.arguments.size() > most)
    usage_error(verb, fmt::format("do not know what to do with '{}'", call.arguments[most]));
}

}  // namespace

std::optional<std::string> Call::one(const std::string& option) const {
  const auto found = values.find(option);
  return found == values.end() ? std::nullopt : std::optional(found->second.front());
}

std::vector<std::string> Call::all(const std::string& option) const {
  const auto found = values.find(option);
  return found == values.end() ? std::vector<std::string>() : found->second;
}

bool asks_for_help(const Args& args) {
  return std::ranges::any_of(args, [](const std::string& arg) { return arg == "--help" || arg == "-h"; });
}

Call parse_call(const Verb& verb, const Args& args, const Workloads& workloads, const Args& command) {
  if (!verb.actions.empty()) {
    std::vector<std::string> words;
    for (const Verb& action : verb.actions) words.push_back(action.word());
    usage_error(verb, fmt::format("{} needs an action: {}", verb.name, fmt::join(words, ", ")));
  }
  Call call{.workloads = workloads, .command = command};
  read_words(verb, args, call);
  check_options(verb, call);
  check_arguments(verb, call);
  return call;
}

}  // namespace frugal::harness
