// The order of logistic SGD: what every back end relies on.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "impl/base/philox.hpp"
#include "impl/common/mf/schedule.hpp"
#include "impl/cpu/mf/streams.hpp"
#include "tests/impl/mf_fixture.hpp"

namespace frugal {
namespace {

MfSchedule schedule_of(const MfSpec& spec, std::span<const Interaction> positives) {
  return MfSchedule(spec, MfSchedule::count(spec, positives));
}

/// Some users and items are busy, some have nothing.
std::vector<Interaction> uneven_pairs(const MfSpec& spec, std::uint32_t count) {
  const Philox random(spec.seed, Purpose::test);
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for (std::uint32_t p = 0; p < count; ++p) {
    const double user = double{random.uniform(p, 1)}, item = double{random.uniform(p, 2)};
    pairs.insert({static_cast<std::uint32_t>(user * user * user * spec.users),
                  static_cast<std::uint32_t>(item * item * spec.items)});
  }
  std::vector<Interaction> list;
  for (const auto& [user, item] : pairs) list.push_back({user, item});
  return list;
}

struct ScheduleCase {
  MfSpec spec;
  std::vector<Interaction> positives;
};

/// More parts than users, more users than parts, nothing at all, and enough for more than the least groups.
std::vector<ScheduleCase> cases() {
  std::vector<ScheduleCase> list;
  for (const auto& [users, items, positives, negatives] :
       {std::array<std::uint32_t, 4>{10, 7, 40, 3}, {1000, 300, 4000, 8}, {3, 5, 0, 1}, {900, 700, 150000, 30}}) {
    const MfSpec spec{.users = users, .items = items, .negatives = static_cast<int>(negatives), .seed = 3};
    list.push_back({spec, uneven_pairs(spec, positives)});
  }
  return list;
}

TEST(MfSchedule, AnEpochVisitsEachPositiveAndItsNegativesOnce) {
  for (const auto& [spec, positives] : cases()) {
    const MfSchedule schedule = schedule_of(spec, positives);
    const auto ordered = schedule.order(positives);
    const Philox random(spec.seed, Purpose::negatives);
    std::map<std::array<std::uint32_t, 3>, int> expected, found;  // user's slot, item's slot, label
    for (std::size_t p = 0; p < positives.size(); ++p) {
      const std::uint32_t user = schedule.users().slot[positives[p].user];
      ++expected[{user, schedule.items().slot[positives[p].item], 1}];
      for (int k = 0; k < spec.negatives; ++k) {
        const std::uint64_t word = p * static_cast<std::uint64_t>(spec.negatives) + static_cast<std::uint64_t>(k);
        ++expected[{user, schedule.items().slot[random.below(spec.items, word, 4)], 0}];
      }
    }
    for (std::uint32_t part = 0; part < schedule.parts(); ++part)
      for (const MfExample& e : schedule.stream(ordered, part, 4).examples)
        ++found[{e.user, e.item & ~MfExample::positive, (e.item & MfExample::positive) != 0 ? 1U : 0U}];
    EXPECT_EQ(found, expected);
  }
}

TEST(MfSchedule, InATurnNoTwoWorkersShareARow) {
  for (const auto& [spec, positives] : cases()) {
    const MfSchedule schedule = schedule_of(spec, positives);
    const auto ordered = schedule.order(positives);
    std::vector<MfSchedule::Stream> streams;
    for (std::uint32_t part = 0; part < schedule.parts(); ++part) streams.push_back(schedule.stream(ordered, part, 0));
    for (std::uint32_t turn = 0; turn < schedule.turns(); ++turn) {
      std::map<std::uint32_t, std::uint32_t> worker_of_user, worker_of_item;
      for (std::uint32_t part = 0; part < schedule.parts(); ++part)
        for (std::uint32_t e = streams[part].begins[turn]; e < streams[part].begins[turn + 1]; ++e) {
          const MfExample example = streams[part].examples[e];
          const std::uint32_t item = example.item & ~MfExample::positive;
          EXPECT_EQ(worker_of_user.try_emplace(example.user, part).first->second, part);
          EXPECT_EQ(worker_of_item.try_emplace(item, part).first->second, part);
        }
    }
  }
}

// What lets `workers` workers share a cache: in a round a group meets one group of items.
TEST(MfSchedule, ATurnIsTheMeetingOfTwoParts) {
  for (const std::uint32_t groups : {8U, 64U, 128U}) {
    const std::uint32_t parts = groups * MfSchedule::workers;
    for (const std::uint32_t part : {0U, 5U, 17U, parts - 1}) {
      std::set<std::uint32_t> turns;
      for (std::uint32_t other = 0; other < parts; ++other) {
        const std::uint32_t turn = MfSchedule::turn(groups, part, other);
        turns.insert(turn);
        const std::uint32_t round = turn / MfSchedule::workers;
        EXPECT_EQ((part / MfSchedule::workers + round) % groups, other / MfSchedule::workers);
        EXPECT_EQ((part + turn) % MfSchedule::workers, other % MfSchedule::workers);
      }
      EXPECT_EQ(turns.size(), parts);
      EXPECT_EQ(*turns.rbegin(), parts - 1);
    }
  }
}

TEST(MfSchedule, PartsAreEquallyMuchWorkUpToTheBusiestRow) {
  const MfSpec spec{.users = 3000, .items = 900, .negatives = 8, .seed = 5};
  const auto positives = uneven_pairs(spec, 60000);
  const MfSchedule schedule = schedule_of(spec, positives);
  std::vector<std::uint32_t> of_user(spec.users);
  for (const Interaction& pair : positives) of_user[pair.user] += 9;
  const std::uint32_t busiest = *std::max_element(of_user.begin(), of_user.end());
  const std::uint64_t mean = positives.size() * 9 / schedule.parts();
  std::uint64_t most = 0;
  std::uint32_t most_rows = 0;
  for (std::uint32_t part = 0; part < schedule.parts(); ++part) {
    most = std::max<std::uint64_t>(most, 9 * (schedule.begins()[part + 1] - schedule.begins()[part]));
    most_rows = std::max(most_rows, schedule.users().begins[part + 1] - schedule.users().begins[part]);
  }
  EXPECT_LE(most, std::max<std::uint64_t>(busiest, mean + mean / 8));
  EXPECT_LE(most_rows, 4 * spec.users / schedule.parts());  // users without positives are spread
}

TEST(MfSchedule, GroupsAreAPowerOfTwoThatGrowsWithTheWork) {
  EXPECT_EQ(schedule_of({.users = 1, .items = 1}, {}).groups(), 8U);
  const MfSpec spec{.users = 1000, .items = 1000, .negatives = 8, .seed = 1};
  std::vector<Interaction> million;
  for (std::uint32_t p = 0; p < 1000000; ++p) million.push_back({p / 1000, p % 1000});
  EXPECT_EQ(schedule_of(spec, million).groups(), 64U);
}

TEST(MfSchedule, SlotsAreAPermutationThatMakesPartsContiguous) {
  for (const auto& [spec, positives] : cases()) {
    const MfSchedule schedule = schedule_of(spec, positives);
    for (const MfSchedule::Side* side : {&schedule.users(), &schedule.items()}) {
      std::set<std::uint32_t> slots;
      for (std::size_t id = 0; id < side->slot.size(); ++id) {
        slots.insert(side->slot[id]);
        EXPECT_GE(side->slot[id], side->begins[side->part[id]]);
        EXPECT_LT(side->slot[id], side->begins[side->part[id] + 1]);
      }
      EXPECT_EQ(slots.size(), side->slot.size());
      EXPECT_EQ(side->begins.back(), side->slot.size());
    }
  }
}

TEST(MfSchedule, OnlyTheNegativesDifferBetweenEpochs) {
  const MfSpec spec{.users = 50, .items = 50, .negatives = 2, .seed = 1};
  const auto positives = uneven_pairs(spec, 300);
  const MfSchedule schedule = schedule_of(spec, positives);
  const auto ordered = schedule.order(positives);
  const auto of_epoch = [&](std::uint32_t epoch) {
    std::pair<std::vector<MfExample>, std::vector<MfExample>> of_label;
    for (std::uint32_t part = 0; part < schedule.parts(); ++part)
      for (const MfExample& e : schedule.stream(ordered, part, epoch).examples)
        ((e.item & MfExample::positive) != 0 ? of_label.first : of_label.second).push_back(e);
    return of_label;
  };
  EXPECT_EQ(of_epoch(0).first, of_epoch(1).first);
  EXPECT_NE(of_epoch(0).second, of_epoch(1).second);
}

// The fast drawing of the cpu back end, for any number of words a positive.
TEST(MfSchedule, TheStreamsOfTheCpuAreThoseOfTheSchedule) {
  for (const int negatives : {1, 3, 4, 8, 9, 150}) {
    const MfSpec spec{.users = 300, .items = 77, .negatives = negatives, .seed = 8};
    const auto positives = uneven_pairs(spec, 2000);
    const MfSchedule schedule = schedule_of(spec, positives);
    const auto ordered = schedule.order(positives);
    cpu::MfStreams streams(spec);
    streams.set_positives(positives);
    streams.prepare(6, 0, schedule.groups());
    for (std::uint32_t part = 0; part < schedule.parts(); ++part) {
      const MfSchedule::Stream stream = schedule.stream(ordered, part, 6);
      const std::uint32_t group = part / MfSchedule::workers, worker = part % MfSchedule::workers;
      for (std::uint32_t turn = 0; turn < schedule.turns(); ++turn) {
        const cpu::SgdRound round = streams.round(group, turn / MfSchedule::workers);
        const std::uint32_t* begins = round.begins[worker] + turn % MfSchedule::workers;
        const std::vector<MfExample> found(round.examples + begins[0], round.examples + begins[1]);
        const std::vector<MfExample> expected(stream.examples.begin() + stream.begins[turn],
                                              stream.examples.begin() + stream.begins[turn + 1]);
        ASSERT_EQ(found, expected) << negatives << ' ' << part << ' ' << turn;
      }
    }
  }
}

}  // namespace
}  // namespace frugal
