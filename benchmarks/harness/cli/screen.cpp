#include "benchmarks/harness/cli/screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "impl/base/number.hpp"

namespace frugal::harness {

std::optional<std::size_t> screen_columns() {
  if (const char* variable = std::getenv("COLUMNS")) {
    if (const std::optional<std::size_t> columns = number_in<std::size_t>(variable); columns && *columns > 0)
      return columns;
  }
  winsize size{};
  if (::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return std::size_t{size.ws_col};
  return std::nullopt;
}

}  // namespace frugal::harness
