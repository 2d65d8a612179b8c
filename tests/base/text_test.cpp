#include "impl/base/text.hpp"

#include <gtest/gtest.h>

namespace frugal {
namespace {

TEST(MarkupEscaped, LeavesNothingThatMeansSomethingToAReader) {
  EXPECT_EQ(markup_escaped("a < b & \"c\" > 'd'"), "a &lt; b &amp; &quot;c&quot; &gt; &#39;d&#39;");
  EXPECT_EQ(markup_escaped("two\nlines\x01"), "two&#10;lines ");
  EXPECT_EQ(markup_escaped("± stays"), "± stays");
}

}  // namespace
}  // namespace frugal
