#include "impl/mpi/mf/matrix_factorizer.hpp"

#include <cassert>
#include <vector>

#include "impl/cpu/mf/matrix_factorizer.hpp"
#include "impl/mpi/travel.hpp"

namespace frugal::mpi {
namespace {

class LeadingFactorizer final : public MatrixFactorizer {
 public:
  LeadingFactorizer(Team& team, const MfSpec& spec) : team_(team), number_(team.new_model()) {
    model_ = team.call({Call::make_mf, number_}, [&] {
      tell(team_.ranks(), spec);
      return cpu::make(spec, team_.ranks());
    });
  }
  ~LeadingFactorizer() override {
    if (!team_.busy()) team_.call({Call::drop, number_}, [] {});
  }

  std::string implementation() const override { return "mpi/" + model_->implementation(); }
  ModelState export_state() const override { return model_->export_state(); }

  void import_state(const ModelState& state) override {
    model_->import_state(state);  // what is wrong with it must be found before the others are told
    team_.call({Call::import_state, number_}, [&] { tell_state(team_.ranks(), state); });
  }

  void set_interactions(std::span<const Interaction> positives) override {
    model_->set_interactions(positives);
    interactions_set_ = true;
    team_.call({Call::set_data, number_}, [&] { tell_values(team_.ranks(), positives); });
  }

  std::vector<double> train(int epochs) override {
    if (!interactions_set_) return model_->train(epochs);  // throws
    return team_.call({Call::train, number_, static_cast<std::uint64_t>(epochs)},
                      [&] { return model_->train(epochs); });
  }

  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override { return model_->rank(queries); }

 private:
  Team& team_;
  std::uint32_t number_;
  std::unique_ptr<MatrixFactorizer> model_;
  bool interactions_set_ = false;
};

class FollowingFactorizer final : public Follower {
 public:
  explicit FollowingFactorizer(Communicator& ranks) : ranks_(ranks), model_(cpu::make(hear<MfSpec>(ranks), ranks)) {}

  void obey(const Order& order) override {
    switch (order.call) {
      case Call::import_state:
        return model_->import_state(hear_state(ranks_));
      case Call::set_data:
        return model_->set_interactions(hear_values<std::vector<Interaction>>(ranks_));
      case Call::train:
        model_->train(static_cast<int>(order.number));
        return;
      default:
        assert(false && "no call of a factorizer");
    }
  }

 private:
  Communicator& ranks_;
  std::unique_ptr<MatrixFactorizer> model_;
};

}  // namespace

std::unique_ptr<MatrixFactorizer> make_factorizer(Team& team, const MfSpec& spec) {
  return std::make_unique<LeadingFactorizer>(team, spec);
}

std::unique_ptr<Follower> follow_factorizer(Communicator& ranks) {
  return std::make_unique<FollowingFactorizer>(ranks);
}

}  // namespace frugal::mpi
