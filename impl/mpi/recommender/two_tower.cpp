#include "impl/mpi/recommender/two_tower.hpp"

#include <cassert>
#include <vector>

#include "impl/common/recommender/shapes.hpp"
#include "impl/cpu/recommender/two_tower.hpp"
#include "impl/mpi/following.hpp"
#include "impl/mpi/leading.hpp"

namespace frugal::mpi {
namespace {

/// All of a spec but the widths of its layers, which travel as an array.
struct TowerNumbers {
  std::uint32_t users;
  std::uint32_t items;
  int embedding_dim;
  bool embedding_trainable;
  int user_features;
  int item_features;
  double init_stddev;
  TwoTowerLoss loss;
  TwoTowerSharing sharing;
  int negatives;
  int batch;
  Adam adam;
  std::uint64_t seed;
};

void tell_spec(Communicator& ranks, const TwoTowerSpec& s) {
  tell(ranks, TowerNumbers{s.users, s.items, s.embedding_dim, s.embedding_trainable, s.user_features, s.item_features,
                           s.init_stddev, s.loss, s.sharing, s.negatives, s.batch, s.adam, s.seed});
  tell_values(ranks, std::span<const int>(s.tower_layers));
}

TwoTowerSpec hear_spec(Communicator& ranks) {
  const auto n = hear<TowerNumbers>(ranks);
  return {.users = n.users,
          .items = n.items,
          .embedding_dim = n.embedding_dim,
          .tower_layers = hear_values<std::vector<int>>(ranks),
          .embedding_trainable = n.embedding_trainable,
          .user_features = n.user_features,
          .item_features = n.item_features,
          .init_stddev = n.init_stddev,
          .loss = n.loss,
          .sharing = n.sharing,
          .negatives = n.negatives,
          .batch = n.batch,
          .adam = n.adam,
          .seed = n.seed};
}

class LeadingTwoTower final : public Leading<TwoTower> {
 public:
  LeadingTwoTower(Team& team, const TwoTowerSpec& spec)
      : Leading(team, Call::make_two_tower,
                [&] {
                  tell_spec(team.ranks(), spec);
                  return cpu::make(spec, team.ranks());
                }),
        users_(spec.users),
        items_(spec.items) {}

  void set_interactions(std::span<const Interaction> positives) override {
    require_in_range(positives, users_, items_);  // before the others are told
    call(Call::set_data, 0, [&] { model().set_interactions(positives); });
    has_positives_ = !positives.empty();
  }

  std::vector<double> train(std::uint64_t steps) override {
    if (!has_positives_) return model().train(steps);  // throws where there are steps
    return call(Call::train, steps, [&] { return model().train(steps); });
  }

  std::vector<float> score(std::span<const Interaction> pairs) const override {
    return call(Call::evaluate, 0, [&] {
      tell_values(ranks(), pairs);
      return model().score(pairs);
    });
  }
  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override {
    return call(Call::rank, 0, [&] { return model().rank(queries); });
  }
  ModelState export_state() const override { return gathered_state(); }

 private:
  std::uint32_t users_;
  std::uint32_t items_;
  bool has_positives_ = false;
};

class FollowingTwoTower final : public Following<TwoTower> {
 public:
  explicit FollowingTwoTower(Communicator& ranks) : Following(ranks, cpu::make(hear_spec(ranks), ranks)) {}

 private:
  void take_data(std::uint64_t) override { model().set_interactions({}); }  // rank 0's are dealt

  void obey_other(const Order& order) override {
    if (order.call == Call::evaluate) {
      model().score(hear_values<std::vector<Interaction>>(ranks()));
    } else {
      assert(order.call == Call::rank);
      model().rank({});
    }
  }
};

}  // namespace

std::unique_ptr<TwoTower> make_two_tower(Team& team, const TwoTowerSpec& spec) {
  return std::make_unique<LeadingTwoTower>(team, spec);
}

std::unique_ptr<Follower> follow_two_tower(Team& team) { return std::make_unique<FollowingTwoTower>(team.ranks()); }

}  // namespace frugal::mpi
