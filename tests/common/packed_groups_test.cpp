#include "impl/common/packed_groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <type_traits>

#include "impl/base/philox.hpp"

namespace frugal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

static_assert(std::is_same_v<decltype(PackedGroups().members()), std::uint64_t>);

std::vector<std::uint32_t> members_of(const PackedGroups& groups, std::size_t group, std::size_t at_a_time) {
  std::vector<std::uint32_t> all;
  std::vector<std::uint32_t> some(at_a_time);
  for (PackedGroups::Reader reader(groups, group); reader.left() > 0;) {
    const std::uint32_t taken = reader.take(some);
    all.insert(all.end(), some.begin(), some.begin() + taken);
  }
  return all;
}

TEST(PackedGroups, GiveBackTheirMembersInPiecesOfAnySize) {
  const std::vector<std::uint32_t> large{0, 1, 127, 128, 129, 20000, 3000000, 0xfffffffe, 0xffffffff};
  PackedGroups groups;
  groups.append({});
  groups.append(large);
  groups.append(std::vector<std::uint32_t>{5});
  EXPECT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups.members(), 10U);
  EXPECT_EQ(groups.count(1), 9U);
  EXPECT_THAT(members_of(groups, 0, 4), IsEmpty());
  for (const std::size_t at_a_time : {1U, 2U, 9U, 100U}) EXPECT_EQ(members_of(groups, 1, at_a_time), large);
  EXPECT_THAT(members_of(groups, 2, 1), ElementsAre(5U));
}

TEST(PackedGroups, TransposedHoldTheGroupsOfEachMember) {
  const Philox random(1, Purpose::test);
  constexpr std::uint32_t members = 40;
  PackedGroups groups;
  std::vector<std::vector<std::uint32_t>> expected(members);
  for (std::uint32_t group = 0; group < 3000; ++group) {
    std::set<std::uint32_t> of_group;
    for (std::uint32_t k = 0; k < group % 7; ++k) of_group.insert(random.below(members - 1, group * 7ULL + k));
    for (const std::uint32_t member : of_group) expected[member].push_back(group);
    groups.append(std::vector<std::uint32_t>(of_group.begin(), of_group.end()));
  }
  const PackedGroups other = groups.transposed(members);
  EXPECT_EQ(other.size(), members);
  EXPECT_EQ(other.members(), groups.members());
  for (std::uint32_t member = 0; member < members; ++member) EXPECT_EQ(members_of(other, member, 64), expected[member]);
}

}  // namespace
}  // namespace frugal
