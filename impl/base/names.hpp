// The words of an enum, in one table that is read both ways:
//
//   enum class HoldOut { latest, random };
//   inline constexpr Named<HoldOut> hold_out_names[] = {{HoldOut::latest, "latest"}, {HoldOut::random, "random"}};
//
//   to_word(hold_out_names, HoldOut::latest)              "latest"
//   from_word(hold_out_names, "split", "randum", place)   UserError: unknown split 'randum'; did you mean 'random'?
//   words(hold_out_names)                                 for a parameter's choices
#pragma once
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "impl/base/error.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal {

template <class Enum>
struct Named {
  Enum value;
  std::string_view word;
};

/// The word of `value`, which is in the table.
template <class Enum, std::size_t n>
constexpr std::string_view to_word(const Named<Enum> (&names)[n], std::type_identity_t<Enum> value) {
  const auto found = std::ranges::find(names, value, &Named<Enum>::value);
  assert(found != std::end(names) && "every value of the enum has a word");
  return found->word;
}

/// All words, in the order of the table.
template <class Enum, std::size_t n>
std::vector<std::string> words(const Named<Enum> (&names)[n]) {
  std::vector<std::string> all;
  for (const Named<Enum>& named : names) all.emplace_back(named.word);
  return all;
}

/// The value of `word`. Throws UserError at `place` ("unknown WHAT ...") for a word that is not in the table.
template <class Enum, std::size_t n>
Enum from_word(const Named<Enum> (&names)[n], std::string_view what, std::string_view word, const Place& place = {}) {
  const auto found = std::ranges::find(names, word, &Named<Enum>::word);
  if (found == std::end(names)) throw UserError(place, unknown_word(what, word, words(names)));
  return found->value;
}

}  // namespace frugal
