#include "impl/cuda/device/architectures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace frugal::cuda {
namespace {

/// The host chooses kernels by what the device can do; those for 8.0 and later, and for 9.0 and later, are empty in code
/// that was compiled for less.
bool has_same_kernels(int capability, int compiled) {
  constexpr int with_others[] = {80, 90};
  return std::ranges::all_of(with_others, [&](int first) { return (capability >= first) == (compiled >= first); });
}

bool word_runs_on(int capability, std::string_view word) {
  int compiled = 0;
  const char* const end = word.data() + word.size();
  const auto [behind, error] = std::from_chars(word.data(), end, compiled);
  if (error != std::errc{}) return true;
  const std::string_view kind(behind, static_cast<std::size_t>(end - behind));
  if (kind.starts_with('a')) return capability == compiled;
  const bool same_generation = capability / 10 == compiled / 10;
  return capability >= compiled && has_same_kernels(capability, compiled) &&
         (same_generation || kind.empty() || kind == "-virtual");
}

}  // namespace

Support runs_on(int compute_capability, std::string_view architectures) {
  for (std::string_view rest = architectures; !rest.empty();) {
    const std::size_t length = std::min(rest.find(' '), rest.size());
    if (word_runs_on(compute_capability, rest.substr(0, length))) return Support::yes();
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  const std::string why = fmt::format("this device has compute capability {}.{}, and this program has kernels for {}",
                                      compute_capability / 10, compute_capability % 10, architectures);
  if (compute_capability < 75) return Support::no(why + "; the back end is for 7.5 and later");
  return Support::no(fmt::format("{}: build it with -DCMAKE_CUDA_ARCHITECTURES={}-real", why, compute_capability));
}

}  // namespace frugal::cuda
