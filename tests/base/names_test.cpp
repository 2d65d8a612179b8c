#include "impl/base/names.hpp"

#include <gtest/gtest.h>

namespace frugal {
namespace {

enum class Colour { red, green };
constexpr Named<Colour> colour_names[] = {{Colour::red, "red"}, {Colour::green, "green"}};

TEST(Names, EveryWordGoesThereAndBack) {
  static_assert(to_word(colour_names, Colour::green) == "green");
  for (const std::string& word : words(colour_names))
    EXPECT_EQ(to_word(colour_names, from_word(colour_names, "colour", word)), word);
  EXPECT_EQ(words(colour_names), (std::vector<std::string>{"red", "green"}));
}

TEST(Names, AnUnknownWordIsAnErrorAtItsPlaceWithASuggestion) {
  try {
    from_word(colour_names, "colour", "gren", {"f.yaml", 2, 3});
    FAIL() << "taken";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "f.yaml:2:3: unknown colour 'gren'; did you mean 'green'?");
  }
}

}  // namespace
}  // namespace frugal
