#include "impl/base/markdown_text.hpp"

#include <gtest/gtest.h>

namespace frugal {
namespace {

TEST(MarkdownEscaped, LeavesNoMarkupAndNoLineBreak) {
  EXPECT_EQ(markdown_escaped("a|b *c* <d> `e` \\\nf"), "a\\|b \\*c\\* \\<d> \\`e\\` \\\\ f");
  EXPECT_EQ(markdown_escaped("side_features _x_"), "side_features \\_x\\_") << "only at the edge of a word";
  EXPECT_EQ(markdown_escaped("hr@10[neg]"), "hr@10[neg]");
  EXPECT_EQ(markdown_escaped("hr@10[neg]", "@["), "hr\\@10\\[neg]");
}

}  // namespace
}  // namespace frugal
