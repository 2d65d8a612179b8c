#include "benchmarks/harness/cli/outputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "impl/base/files.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {

OptionSpec outputs_option(std::vector<std::string> words, const std::string& help) {
  return {.name = "format",
          .value = "FORMAT[=FILE]",
          .help = help + "; with =FILE written there",
          .repeatable = true,
          .values = {.words = std::move(words)}};
}

std::vector<Output> outputs_of(const Call& call, const std::vector<std::string>& words, const std::string& standard) {
  std::vector<Output> outputs;
  for (const std::string& text : call.all("format")) {
    const std::size_t equals = text.find('=');
    Output output{.format = text.substr(0, equals)};
    if (std::ranges::find(words, output.format) == words.end())
      throw UserError(unknown_word("value of --format", output.format, words));
    if (equals != std::string::npos) {
      output.file = text.substr(equals + 1);
      if (output.file->empty()) throw UserError(fmt::format("--format {} names no file", text));
    }
    outputs.push_back(std::move(output));
  }
  if (std::ranges::all_of(outputs, [](const Output& output) { return output.file.has_value(); }))
    outputs.push_back({.format = standard});
  std::stable_partition(outputs.begin(), outputs.end(), [](const Output& output) { return output.file.has_value(); });
  return outputs;
}

void write_outputs(const std::vector<Output>& outputs, const std::function<std::string(const std::string&)>& render) {
  for (const Output& output : outputs) {
    const std::string text = render(output.format);
    if (output.file)
      write_whole_file(*output.file, text);
    else
      fmt::print("{}", text);
  }
}

}  // namespace frugal::harness
