#include "benchmarks/harness/cli/command_line.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "impl/base/shell.hpp"

namespace frugal::harness {

std::string command_line(const Args& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_word(word);
  return line;
}

std::string command_again(const Args& command) {
  std::string line = shell_word(command[0]);
  for (std::size_t i = 1; i < command.size(); ++i) {
    const std::string& word = command[i];
    if (word == "--rerun") {
      ++i;
    } else if (!word.starts_with("--rerun=")) {
      line += " " + shell_word(word);
    }
  }
  return line;
}

}  // namespace frugal::harness
