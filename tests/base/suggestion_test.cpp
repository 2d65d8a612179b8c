#include "impl/base/suggestion.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace frugal {
namespace {

TEST(Suggestion, NearestAllowsAThirdOfTheLettersToBeWrong) {
  const std::vector<std::string> known{"width", "hidden_layers", "cpu"};
  EXPECT_EQ(nearest("Width", known), "width");
  EXPECT_EQ(nearest("hiden_layer", known), "hidden_layers");
  EXPECT_EQ(nearest("cup", known), "cpu");
  EXPECT_EQ(nearest("steps", known), std::nullopt);
  EXPECT_EQ(nearest("gpu", std::vector<std::string>{"cpu", "cuda"}), "cuda");
  EXPECT_EQ(nearest("c", std::vector<std::string>{"a", "b"}), std::nullopt) << "nothing in common";
  EXPECT_EQ(nearest(std::string(100'000, 'x'), known), std::nullopt);
  EXPECT_EQ(unknown_word("key", "zzz", known), "unknown key 'zzz'; known: width, hidden_layers, cpu");
  EXPECT_EQ(unknown_word("key", "zzz", {}), "unknown key 'zzz'; there is none");
}

}  // namespace
}  // namespace frugal
