#include "benchmarks/harness/cli/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>

#include "impl/base/document.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

namespace po = boost::program_options;

constexpr const char* positional_name = "argument";

void print_help(const VerbSpec& verb) {
  fmt::print("usage: frugal {}\n\n{}\n", verb.usage, verb.what);
  std::vector<std::pair<std::string, std::string>> rows;
  for (const OptionSpec& option : verb.options)
    rows.emplace_back("--" + option.name + (option.value.empty() ? "" : " " + option.value),
                      option.help + (option.repeatable ? " (may be repeated)" : ""));
  rows.emplace_back("--help", "this text");
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.first.size());
  fmt::print("\noptions:\n");
  for (const auto& [option, help] : rows) fmt::print("  {:<{}}  {}\n", option, width, help);
  if (!verb.examples.empty()) fmt::print("\nexamples:\n");
  for (const std::string& example : verb.examples) fmt::print("  {}\n", example);
}

std::string verb_name(const VerbSpec& verb) { return verb.usage.substr(0, verb.usage.find(' ')); }

[[noreturn]] void usage_error(const VerbSpec& verb, const std::string& message) {
  throw UserError(
      fmt::format("{}; usage: frugal {} (frugal {} --help says more)", message, verb.usage, verb_name(verb)));
}

po::parsed_options parse_with_boost(const VerbSpec& verb, const Args& args) {
  po::options_description known;
  known.add_options()("help,h", "");
  for (const OptionSpec& option : verb.options) {
    if (option.value.empty())
      known.add_options()(option.name.c_str(), "");
    else
      known.add_options()(option.name.c_str(), po::value<std::vector<std::string>>(), "");
  }
  known.add_options()(positional_name, po::value<std::vector<std::string>>(), "");
  po::positional_options_description positional;
  positional.add(positional_name, -1);
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  return po::command_line_parser(args).options(known).positional(positional).style(style).run();
}

}  // namespace

std::optional<std::string> ParsedOptions::one(const std::string& name) const {
  const auto found = values.find(name);
  if (found == values.end()) return std::nullopt;
  return found->second.front();
}

std::vector<std::string> ParsedOptions::all(const std::string& name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::vector<std::string>() : found->second;
}

std::optional<ParsedOptions> parse_options(const VerbSpec& verb, const Args& args) {
  // Whoever asks for help gets it, whatever else is wrong with the line.
  if (std::any_of(args.begin(), args.end(), [](const std::string& arg) { return arg == "--help" || arg == "-h"; })) {
    print_help(verb);
    return std::nullopt;
  }
  ParsedOptions parsed;
  try {
    for (const po::option& option : parse_with_boost(verb, args).options) {
      if (option.string_key == positional_name && option.position_key < 0)
        usage_error(verb, fmt::format("unknown option '--{}'", positional_name));
      if (option.string_key == positional_name) {
        parsed.arguments.insert(parsed.arguments.end(), option.value.begin(), option.value.end());
        continue;
      }
      std::vector<std::string>& values = parsed.values[option.string_key];
      values.insert(values.end(), option.value.begin(), option.value.end());
      if (option.value.empty()) values.emplace_back();
    }
  } catch (const po::unknown_option& error) {
    std::vector<std::string> known = {"--help"};
    for (const OptionSpec& option : verb.options) known.push_back("--" + option.name);
    usage_error(verb, unknown_word("option", error.get_option_name(), known));
  } catch (const po::error& error) {
    usage_error(verb, error.what());
  }
  for (const OptionSpec& option : verb.options)
    if (!option.repeatable && parsed.all(option.name).size() > 1)
      usage_error(verb, fmt::format("--{} is given more than once", option.name));
  if (parsed.arguments.size() < verb.least_arguments) usage_error(verb, "something is missing on the command line");
  if (parsed.arguments.size() > verb.most_arguments)
    usage_error(verb, fmt::format("do not know what to do with '{}'", parsed.arguments[verb.most_arguments]));
  return parsed;
}

OptionSpec set_option() {
  return {"set", "PATH=VALUE", "replaces a value of the plan, or an axis: params.inr.width=64, seeds=[1,2]", true};
}

OptionSpec data_dir_option() {
  return {"data-dir", "DIR", "looks for data sets here first, then in FRUGAL_DATA and the cache", true};
}

}  // namespace frugal::harness
