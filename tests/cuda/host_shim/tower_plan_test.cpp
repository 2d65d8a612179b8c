// The plans of steps against the ids drawn one by one and grouped by a map.
#include "impl/cuda/recommender/tower_plan.hpp"

#include <gtest/gtest.h>

#include <map>

#include "impl/cuda/device/host_shim/block.hpp"
#include "tests/impl/recommender_fixture.hpp"

namespace frugal::cuda {
namespace {

using host_shim::Order;
using recommender_test::examples_of_step;
using recommender_test::random_positives;
using recommender_test::StepExamples;

class TowerPlans : public ::testing::TestWithParam<Order> {
 protected:
  void SetUp() override { host_shim::set_order(GetParam()); }
  void TearDown() override { host_shim::set_order(Order::forward); }

  using Rows = std::map<std::uint32_t, std::vector<std::uint32_t>>;  // positions of each id

  static void expect_rows(const IdGroups::View& found, const Rows& expected) {
    ASSERT_EQ(*found.rows, expected.size());
    std::uint32_t row = 0;
    std::uint32_t begin = 0;
    for (const auto& [id, positions] : expected) {
      ASSERT_EQ(found.ids[row], id);
      ASSERT_EQ(found.begin[row], begin);
      for (std::size_t i = 0; i < positions.size(); ++i) {
        ASSERT_EQ(found.positions[begin + i], positions[i]);
        ASSERT_EQ(found.row_of[positions[i]], row);
      }
      begin += static_cast<std::uint32_t>(positions.size());
      ++row;
    }
    ASSERT_EQ(found.begin[row], begin);
  }

  void expect_step(const TwoTowerSpec& spec, const std::vector<Interaction>& positives, std::uint64_t number,
                   const PlannedStep& found) {
    const StepExamples examples = examples_of_step(spec, positives, number);
    const std::uint32_t each = 1 + static_cast<std::uint32_t>(spec.negatives);
    const auto n = static_cast<std::uint32_t>(examples.pairs.size());
    Rows users;
    Rows items;
    for (std::uint32_t e = 0; e < n; ++e) {
      if (e % each == 0) users[examples.pairs[e].user].push_back(e / each);
      items[examples.pairs[e].item].push_back(e);
    }
    EXPECT_EQ(found.step->number, number);
    EXPECT_EQ(found.step->count * each, n);
    expect_rows(found.users.ids, users);
    expect_rows(found.items.ids, items);
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint32_t of_user = found.users.ids.positions[i / each] * each + i % each;
      ASSERT_EQ(found.users.partners[i], 2 * found.items.ids.row_of[of_user] + (i % each == 0 ? 1 : 0));
      const std::uint32_t e = found.items.ids.positions[i];
      ASSERT_EQ(found.items.partners[i], 2 * found.users.ids.row_of[e / each] + (e % each == 0 ? 1 : 0));
    }
  }

  Stream stream_;
};

TEST_P(TowerPlans, AreTheStepsOfTheScheduleGroupedById) {
  // One, two and three passes of the sort; items of several ids a thread; the third step has what is left.
  const TwoTowerSpec tiny{.users = 2, .items = 1, .negatives = 1, .batch = 3, .seed = 1};
  const TwoTowerSpec usual{.users = 300, .items = 700, .negatives = 4, .batch = 130, .seed = 2};
  const TwoTowerSpec many{.users = 70'000, .items = 66'000'000, .negatives = 2, .batch = 300, .seed = 3};
  for (const TwoTowerSpec& spec : {tiny, usual, many}) {
    const std::vector<Interaction> positives = random_positives(spec, 2 * static_cast<unsigned>(spec.batch) + 1);
    const TwoTowerShape shape(spec);
    TowerPlan before(shape);
    TowerPlan plan(shape);
    before.set_first(1 - std::uint64_t{TowerPlan::steps(shape)}, stream_);
    plan.fill(before, DeviceBuffer<Interaction>(positives, "positives", stream_), stream_);
    for (std::uint32_t place = 0; place < 3; ++place) expect_step(spec, positives, 1 + place, plan.at(place));
  }
}

TEST_P(TowerPlans, FollowOneAnother) {
  const TwoTowerSpec spec{.users = 5, .items = 9, .negatives = 1, .batch = 4, .seed = 4};
  const std::vector<Interaction> positives = random_positives(spec, 30);
  const DeviceBuffer<Interaction> there(positives, "positives", stream_);
  const TwoTowerShape shape(spec);
  TowerPlan plans[] = {TowerPlan(shape), TowerPlan(shape)};
  plans[1].set_first(0, stream_);
  const std::uint32_t steps = TowerPlan::steps(shape);
  for (unsigned n = 0; n < 2; ++n) {
    plans[n].fill(plans[1 - n], there, stream_);
    for (std::uint32_t place = 0; place < 2; ++place)
      expect_step(spec, positives, (n + 1) * std::uint64_t{steps} + place, plans[n].at(place));
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, TowerPlans, ::testing::Values(Order::forward, Order::reversed),
                         [](const auto& order) { return order.param == Order::forward ? "forward" : "reversed"; });

}  // namespace
}  // namespace frugal::cuda
