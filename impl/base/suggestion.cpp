#include "impl/base/suggestion.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <vector>

#include "impl/base/text.hpp"

namespace frugal {
namespace {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known) {
  const std::string wanted = lower_case(word);
  // One letter from "cpu", and meant is something else.
  if (wanted == "gpu" && std::ranges::find(known, "cuda") != known.end()) return "cuda";
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const std::string& candidate : known) {
    // A third of the letters may be wrong; of a short word, one.
    const std::size_t allowed = std::max<std::size_t>(1, std::max(candidate.size(), wanted.size()) / 3);
    if (std::max(candidate.size(), wanted.size()) - std::min(candidate.size(), wanted.size()) > allowed) continue;
    const std::size_t distance = edit_distance(wanted, lower_case(candidate));
    const bool alike = distance <= allowed && distance < candidate.size();
    if (alike && (!best || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string unknown_word(std::string_view what, std::string_view word, std::span<const std::string> known) {
  std::string text = "unknown " + std::string(what) + " '" + shortened(word) + "'; ";
  if (const auto guess = nearest(word, known)) return text + "did you mean '" + *guess + "'?";
  text += known.empty() ? "there is none" : "known: ";
  for (std::size_t i = 0; i < known.size(); ++i) text += (i == 0 ? "" : ", ") + known[i];
  return text;
}

}  // namespace frugal
