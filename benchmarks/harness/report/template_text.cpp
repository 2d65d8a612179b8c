#include "benchmarks/harness/report/template_text.hpp"

#include <cassert>

namespace frugal::harness {

std::optional<std::vector<std::string>> template_paths(std::string_view text) {
  std::vector<std::string> paths;
  while (true) {
    const std::size_t open = text.find_first_of("{}");
    if (open == std::string_view::npos) return paths;
    if (text[open] == '}') return std::nullopt;
    const std::size_t close = text.find_first_of("{}", open + 1);
    if (close == std::string_view::npos || text[close] == '{' || close == open + 1) return std::nullopt;
    paths.emplace_back(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
}

std::string fill_template(std::string_view text, const std::function<std::string(const std::string&)>& value) {
  assert(template_paths(text));
  std::string filled;
  while (true) {
    const std::size_t open = text.find('{');
    filled += text.substr(0, open);
    if (open == std::string_view::npos) return filled;
    const std::size_t close = text.find('}', open);
    filled += value(std::string(text.substr(open + 1, close - open - 1)));
    text.remove_prefix(close + 1);
  }
}

}  // namespace frugal::harness
