#include "impl/base/shell.hpp"

#include <gtest/gtest.h>

namespace frugal {
namespace {

TEST(Shell, QuotesHoldWhateverIsInThem) {
  EXPECT_EQ(shell_quoted("seeds=[1, 2]"), "'seeds=[1, 2]'");
  EXPECT_EQ(shell_quoted("it's"), R"('it'\''s')");
  EXPECT_EQ(shell_quoted(""), "''");
}

}  // namespace
}  // namespace frugal
