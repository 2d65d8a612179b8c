#include "impl/common/groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "impl/common/specs.hpp"

namespace frugal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Groups, HoldEachRowsMemberInTheOrderOfTheRows) {
  const std::vector<Interaction> rows{{2, 7}, {0, 5}, {2, 3}, {0, 9}};
  const auto items = grouped(
      rows, 3, [](const Interaction& row) { return row.user; },
      [](const Interaction& row, std::uint32_t) { return row.item; });
  EXPECT_EQ(items.size(), 3u);
  EXPECT_THAT(items.of(0), ElementsAre(5u, 9u));
  EXPECT_THAT(items.of(1), IsEmpty());
  EXPECT_THAT(items.of(2), ElementsAre(7u, 3u));
  EXPECT_THAT(rows_by_user(rows, 3).members, ElementsAre(1u, 3u, 0u, 2u));
}

TEST(Groups, MayBeEmpty) { EXPECT_EQ(rows_by_user(std::vector<Interaction>{}, 0).size(), 0u); }

}  // namespace
}  // namespace frugal
