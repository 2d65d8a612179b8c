#include "benchmarks/harness/cli/screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace frugal::harness {

std::optional<std::size_t> screen_columns() {
  if (const char* variable = std::getenv("COLUMNS")) {
    const std::string_view text = variable;
    std::size_t columns = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
    if (error == std::errc() && end == text.data() + text.size() && columns > 0) return columns;
  }
  winsize size{};
  if (::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return std::size_t{size.ws_col};
  return std::nullopt;
}

}  // namespace frugal::harness
