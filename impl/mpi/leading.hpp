// What the models of rank 0 have in common: a model of the cpu back end, which the others' follow.
#pragma once
#include <memory>
#include <string>

#include "impl/mpi/team.hpp"
#include "impl/mpi/travel.hpp"

namespace frugal::mpi {

/// A model of rank 0. Contract: MatrixFactorizer and so on.
template <class Contract>
class Leading : public Contract {
 public:
  ~Leading() override {
    if (!team_.busy()) team_.call({Call::drop, number_}, [] {});
  }
  Leading(const Leading&) = delete;
  Leading& operator=(const Leading&) = delete;

  std::string implementation() const override { return "mpi/" + model_->implementation(); }
  ModelState export_state() const override { return model_->export_state(); }

  void import_state(const ModelState& state) override {
    model_->import_state(state);  // what is wrong with it must be found before the others are told
    call(Call::import_state, 0, [&] { tell_state(ranks(), state); });
  }

 protected:
  /// make(): tells the spec, and makes the model of rank 0.
  template <class Make>
  Leading(Team& team, Call kind, const Make& make)
      : team_(team), number_(team.new_number()), model_(team.call({kind, number_}, make)) {}

  /// Of a model whose state lies with all ranks.
  ModelState gathered_state() const {
    return call(Call::export_state, 0, [&] { return model_->export_state(); });
  }

  template <class Body>
  auto call(Call what, std::uint64_t number, const Body& body) const {
    return team_.call({what, number_, number}, body);
  }
  Communicator& ranks() const { return team_.ranks(); }
  Contract& model() const { return *model_; }

 private:
  Team& team_;
  std::uint32_t number_;
  std::unique_ptr<Contract> model_;
};

}  // namespace frugal::mpi
