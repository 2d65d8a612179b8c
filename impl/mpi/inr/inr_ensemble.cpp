#include "impl/mpi/inr/inr_ensemble.hpp"

#include <cassert>
#include <vector>

#include "impl/cpu/inr/inr_ensemble.hpp"
#include "impl/mpi/travel.hpp"

namespace frugal::mpi {
namespace {

class LeadingEnsemble final : public InrEnsemble {
 public:
  LeadingEnsemble(Team& team, const InrSpec& spec) : team_(team), number_(team.new_model()) {
    model_ = team.call({Call::make_inr, number_}, [&] {
      tell(team_.ranks(), spec);
      return cpu::make(spec, team_.ranks());
    });
  }
  ~LeadingEnsemble() override {
    if (!team_.busy()) team_.call({Call::drop, number_}, [] {});
  }

  std::string implementation() const override { return "mpi/" + model_->implementation(); }
  std::int64_t network_steps() const override { return model_->network_steps(); }

  void set_samples(std::span<const float> coordinates, std::span<const float> targets) override {
    team_.call({Call::set_data, number_}, [&] {
      tell_values(team_.ranks(), coordinates);
      tell_values(team_.ranks(), targets);
      model_->set_samples(coordinates, targets);
    });
  }

  std::vector<double> train(int steps) override {
    return team_.call({Call::train, number_, static_cast<std::uint64_t>(steps)}, [&] { return model_->train(steps); });
  }

  void evaluate(std::span<const float> coordinates, std::span<float> out) const override {
    team_.call({Call::evaluate, number_, out.size()}, [&] {
      tell_values(team_.ranks(), coordinates);
      model_->evaluate(coordinates, out);
    });
  }

  ModelState export_state() const override {
    return team_.call({Call::export_state, number_}, [&] { return model_->export_state(); });
  }

  void import_state(const ModelState& state) override {
    model_->import_state(state);  // what is wrong with it must be found before the others are told
    team_.call({Call::import_state, number_}, [&] { tell_state(team_.ranks(), state); });
  }

 private:
  Team& team_;
  std::uint32_t number_;
  std::unique_ptr<InrEnsemble> model_;
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
