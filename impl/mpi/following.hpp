// What the models of the other ranks have in common: a model of the cpu back end that does what rank 0's does.
#pragma once
#include <cassert>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "impl/common/placed_state.hpp"
#include "impl/mpi/team.hpp"
#include "impl/mpi/travel.hpp"

namespace frugal::mpi {

/// A model of a rank that follows. Contract: MatrixFactorizer and so on; the twin of Leading<Contract>.
template <class Contract>
class Following : public Follower {
 public:
  void obey(const Order& order) final {
    switch (order.call) {
      case Call::import_state:
        return model_->import_state(hear_state(ranks_));
      case Call::export_state:
        model_->export_state();
        return;
      case Call::see:
        is_seen_by_all(ranks_, hear_path());
        return;
      case Call::save:
        return obey_or_refuse([&, file = hear_path()] { model_->save(file); });
      case Call::load_state: {
        const std::filesystem::path file = hear_path();
        const auto beside = hear_values<std::string>(ranks_);
        return obey_or_refuse([&] { model_->load(file, beside); });
      }
      case Call::set_data:
        return take_data(order.number);
      case Call::train:
        train(order.number, &Contract::train);
        return;
      default:
        obey_other(order);
    }
  }

 protected:
  Following(Communicator& ranks, std::unique_ptr<Contract> model) : ranks_(ranks), model_(std::move(model)) {}

  /// What it learns from: the loaded sequence of this number, or, where it is 0, what comes from rank 0.
  virtual void take_data(std::uint64_t loaded) = 0;
  /// A call that not all models have.
  virtual void obey_other(const Order&) { assert(false && "no call of this model"); }

  Communicator& ranks() const { return ranks_; }
  Contract& model() const { return *model_; }

 private:
  std::filesystem::path hear_path() const { return hear_values<std::string>(ranks_); }

  /// By epochs or steps, in the contract's own type.
  template <class Number>
  void train(std::uint64_t number, std::vector<double> (Contract::*method)(Number)) {
    (model_.get()->*method)(static_cast<Number>(number));
  }

  Communicator& ranks_;
  std::unique_ptr<Contract> model_;
};

}  // namespace frugal::mpi
