#include "benchmarks/harness/cli/option_values.hpp"

#include <fmt/format.h>

#include <optional>

#include "benchmarks/harness/plan/overrides.hpp"
#include "impl/base/number.hpp"

namespace frugal::harness {

double share_of(const std::string& option, const std::string& text) {
  const bool percent = text.ends_with('%');
  const Override given{option, percent ? text.substr(0, text.size() - 1) : text};
  const double share = read_assigned(given, {"--" + option}).as_real() / (percent ? 100 : 1);
  if (!(share > 0 && share < 1)) throw UserError(fmt::format("--{} is a share between 0 and 1: 3% or 0.03", option));
  return share;
}

std::size_t count_of(const std::string& option, const std::string& text) {
  const std::optional<std::size_t> count = number_in<std::size_t>(text);
  if (!count || *count == 0) throw UserError(fmt::format("{} '{}': write how many, at least 1", option, text));
  return *count;
}

void refuse_options(const Call& call, std::initializer_list<const char*> options, const char* why) {
  for (const char* option : options)
    if (call.has(option)) throw UserError(fmt::format("--{} {}", option, why));
}

}  // namespace frugal::harness
