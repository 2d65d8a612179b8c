#include "impl/mpi/inr/inr_ensemble.hpp"

#include <cassert>
#include <vector>

#include "impl/cpu/inr/inr_ensemble.hpp"
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

  ModelState export_state() const override {
    return call(Call::export_state, 0, [&] { return model().export_state(); });
  }
};

class FollowingEnsemble final : public Follower {
 public:
  explicit FollowingEnsemble(Communicator& ranks) : ranks_(ranks), model_(cpu::make(hear<InrSpec>(ranks), ranks)) {}

  void obey(const Order& order) override {
    using Values = std::vector<float>;
    Values coordinates;
    Values values;
    switch (order.call) {
      case Call::set_data:
        coordinates = hear_values<Values>(ranks_);
        values = hear_values<Values>(ranks_);
        return model_->set_samples(coordinates, values);
      case Call::train:
        model_->train(static_cast<int>(order.number));
        return;
      case Call::evaluate:
        coordinates = hear_values<Values>(ranks_);
        values.resize(order.number);
        return model_->evaluate(coordinates, values);
      case Call::export_state:
        model_->export_state();
        return;
      case Call::import_state:
        return model_->import_state(hear_state(ranks_));
      default:
        assert(false && "no call of an ensemble");
    }
  }

 private:
  Communicator& ranks_;
  std::unique_ptr<InrEnsemble> model_;
};

}  // namespace

std::unique_ptr<InrEnsemble> make_ensemble(Team& team, const InrSpec& spec) {
  return std::make_unique<LeadingEnsemble>(team, spec);
}

std::unique_ptr<Follower> follow_ensemble(Communicator& ranks) { return std::make_unique<FollowingEnsemble>(ranks); }

}  // namespace frugal::mpi
