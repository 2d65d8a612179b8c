#include "impl/mpi/inr/inr_ensemble.hpp"

#include <cassert>
#include <vector>

#include "impl/cpu/inr/inr_ensemble.hpp"
#include "impl/mpi/following.hpp"
#include "impl/mpi/leading.hpp"

namespace frugal::mpi {
namespace {

class LeadingEnsemble final : public Leading<InrEnsemble> {
 public:
  LeadingEnsemble(Team& team, const InrSpec& spec)
      : Leading(team, Call::make_inr, [&] {
          tell(team.ranks(), spec);
          return cpu::make(spec, team.ranks());
        }) {}

  std::int64_t network_steps() const override { return model().network_steps(); }

  void set_samples(std::span<const float> coordinates, std::span<const float> targets) override {
    call(Call::set_data, 0, [&] {
      tell_values(ranks(), coordinates);
      tell_values(ranks(), targets);
      model().set_samples(coordinates, targets);
    });
  }

  std::vector<double> train(int steps) override {
    return call(Call::train, static_cast<std::uint64_t>(steps), [&] { return model().train(steps); });
  }

  void evaluate(std::span<const float> coordinates, std::span<float> out) const override {
    call(Call::evaluate, out.size(), [&] {
      tell_values(ranks(), coordinates);
      model().evaluate(coordinates, out);
    });
  }

  ModelState export_state() const override { return gathered_state(); }
};

class FollowingEnsemble final : public Following<InrEnsemble> {
 public:
  explicit FollowingEnsemble(Communicator& ranks) : Following(ranks, cpu::make(hear<InrSpec>(ranks), ranks)) {}

 private:
  using Values = std::vector<float>;

  void take_data(std::uint64_t) override {
    const Values coordinates = hear_values<Values>(ranks());
    const Values targets = hear_values<Values>(ranks());
    model().set_samples(coordinates, targets);
  }

  void obey_other(const Order& order) override {
    assert(order.call == Call::evaluate);
    const Values coordinates = hear_values<Values>(ranks());
    Values values(order.number);
    model().evaluate(coordinates, values);
  }
};

}  // namespace

std::unique_ptr<InrEnsemble> make_ensemble(Team& team, const InrSpec& spec) {
  return std::make_unique<LeadingEnsemble>(team, spec);
}

std::unique_ptr<Follower> follow_ensemble(Team& team) { return std::make_unique<FollowingEnsemble>(team.ranks()); }

}  // namespace frugal::mpi
