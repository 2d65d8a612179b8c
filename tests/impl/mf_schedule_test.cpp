// The order of logistic SGD: what every back end relies on.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "impl/common/mf/schedule.hpp"

namespace frugal {
namespace {

struct Visited {
  Interaction positive;
  std::vector<std::uint32_t> negatives;
  friend bool operator==(const Visited&, const Visited&) = default;
};

std::vector<Visited> visited(const MfSchedule& schedule, const std::vector<Interaction>& positives, std::uint32_t epoch,
                             std::uint64_t begin, std::uint64_t end, int negatives) {
  std::vector<Visited> list;
  schedule.visit_positives(positives, epoch, begin, end, [&](const Interaction& positive, const std::uint32_t* items) {
    list.push_back({positive, std::vector<std::uint32_t>(items, items + negatives)});
  });
  return list;
}

std::vector<Interaction> numbered_pairs(std::uint32_t count) {
  std::vector<Interaction> pairs;
  for (std::uint32_t p = 0; p < count; ++p) pairs.push_back({p, p % 50});
  return pairs;
}

TEST(MfSchedule, AnEpochVisitsEachPositiveOnceInTheOrderOfItsPermutation) {
  const MfSpec spec{.users = 1000, .items = 50, .negatives = 2, .seed = 3};
  const auto positives = numbered_pairs(1000);
  const auto list = visited(MfSchedule(spec), positives, 4, 0, positives.size(), 2);
  const Permutation order(positives.size(), 3, 4);
  ASSERT_EQ(list.size(), positives.size());
  for (std::size_t p = 0; p < list.size(); ++p) EXPECT_EQ(list[p].positive, positives[order(p)]) << p;
}

TEST(MfSchedule, NegativesAreTheWordsOfTheEpochsStream) {
  for (const int negatives : {1, 3, 4, 8, 9}) {
    const MfSpec spec{.users = 1000, .items = 37, .negatives = negatives, .seed = 8};
    const auto positives = numbered_pairs(200);
    const auto list = visited(MfSchedule(spec), positives, 2, 0, positives.size(), negatives);
    const Philox random(8, Purpose::negatives);
    for (std::size_t p = 0; p < list.size(); ++p)
      for (std::size_t k = 0; k < list[p].negatives.size(); ++k)
        ASSERT_EQ(list[p].negatives[k], random.below(37, p * list[p].negatives.size() + k, 2)) << negatives;
  }
}

TEST(MfSchedule, PartsOfAnEpochMakeUpTheWhole) {
  for (const int negatives : {1, 3, 8}) {
    const MfSpec spec{.users = 1000, .items = 50, .negatives = negatives, .seed = 1};
    const MfSchedule schedule(spec);
    const auto positives = numbered_pairs(500);
    const auto whole = visited(schedule, positives, 0, 0, 500, negatives);
    std::vector<Visited> parts;
    for (std::uint64_t begin = 0, size = 1; begin < 500; begin += size, size = size * 2 + 1) {
      const auto part = visited(schedule, positives, 0, begin, std::min<std::uint64_t>(500, begin + size), negatives);
      parts.insert(parts.end(), part.begin(), part.end());
    }
    EXPECT_EQ(parts, whole);
  }
}

TEST(MfSchedule, EpochsDiffer) {
  const MfSpec spec{.users = 1000, .items = 50, .negatives = 1, .seed = 1};
  const auto positives = numbered_pairs(100);
  EXPECT_NE(visited(MfSchedule(spec), positives, 0, 0, 100, 1), visited(MfSchedule(spec), positives, 1, 0, 100, 1));
}

TEST(MfSchedule, ARoundSharesNoGroupAndASweepRunsEachBlockOnce) {
  std::set<std::uint32_t> all;
  for (std::uint32_t round = 0; round < MfSchedule::groups; ++round) {
    std::set<std::uint32_t> users, items;
    for (std::uint32_t group = 0; group < MfSchedule::groups; ++group) {
      const std::uint32_t block = MfSchedule::block_of_round(round, group);
      EXPECT_TRUE(users.insert(block / MfSchedule::groups).second);
      EXPECT_TRUE(items.insert(block % MfSchedule::groups).second);
      EXPECT_TRUE(all.insert(block).second);
    }
  }
  EXPECT_EQ(all.size(), MfSchedule::blocks);
  EXPECT_EQ(*all.rbegin(), MfSchedule::blocks - 1);
}

TEST(MfSchedule, GroupsAreContiguousInSlotsAndOfEqualSize) {
  for (const std::uint32_t count : {1U, 5U, 63U, 64U, 65U, 1000U, 6040U}) {
    const MfSchedule schedule({.users = count, .items = count, .seed = 2});
    std::set<std::uint32_t> slots;
    std::map<std::uint32_t, std::uint32_t> sizes;
    for (std::uint32_t id = 0; id < count; ++id) {
      slots.insert(schedule.user_slot(id));
      ++sizes[schedule.user_group(id)];
      if (id > 0) {
        EXPECT_GE(schedule.user_group(id), schedule.user_group(id - 1));
      }
    }
    EXPECT_EQ(slots.size(), count);
    EXPECT_EQ(*slots.rbegin(), count - 1);
    EXPECT_LT(sizes.rbegin()->first, MfSchedule::groups);
    for (const auto& [group, size] : sizes) {
      EXPECT_GE(size, count / MfSchedule::groups) << count << ' ' << group;
      EXPECT_LE(size, count / MfSchedule::groups + 1) << count << ' ' << group;
    }
  }
}

TEST(MfSchedule, UsersAndItemsAreDealtIndependently) {
  const MfSchedule schedule({.users = 1000, .items = 1000, .seed = 2});
  int same = 0;
  for (std::uint32_t id = 0; id < 1000; ++id) same += schedule.user_slot(id) == schedule.item_slot(id);
  EXPECT_LT(same, 10);
}

}  // namespace
}  // namespace frugal
