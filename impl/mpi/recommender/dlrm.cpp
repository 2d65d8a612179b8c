#include "impl/mpi/recommender/dlrm.hpp"

#include <cassert>
#include <vector>

#include "impl/cpu/recommender/dlrm.hpp"
#include "impl/mpi/travel.hpp"

namespace frugal::mpi {
namespace {

/// All of a spec but its lists, which travel as arrays.
struct DlrmNumbers {
  int dense_features;
  int frozen_tables;
  int embedding_dim;
  FeatureInteraction interaction;
  OptimizerKind optimizer;
  double learning_rate;
  double epsilon;
  int batch;
  Precision precision;
  std::uint64_t seed;
};

void tell_dlrm_spec(Communicator& ranks, const DlrmSpec& s) {
  tell(ranks, DlrmNumbers{s.dense_features, s.frozen_tables, s.embedding_dim, s.interaction, s.optimizer,
                          s.learning_rate, s.epsilon, s.batch, s.precision, s.seed});
  tell_values(ranks, std::span<const std::uint32_t>(s.table_rows));
  tell_values(ranks, std::span<const int>(s.bottom));
  tell_values(ranks, std::span<const int>(s.top));
}

DlrmSpec hear_dlrm_spec(Communicator& ranks) {
  const auto n = hear<DlrmNumbers>(ranks);
  DlrmSpec spec;
  spec.dense_features = n.dense_features;
  spec.frozen_tables = n.frozen_tables;
  spec.embedding_dim = n.embedding_dim;
  spec.interaction = n.interaction;
  spec.optimizer = n.optimizer;
  spec.learning_rate = n.learning_rate;
  spec.epsilon = n.epsilon;
  spec.batch = n.batch;
  spec.precision = n.precision;
  spec.seed = n.seed;
  spec.table_rows = hear_values<std::vector<std::uint32_t>>(ranks);
  spec.bottom = hear_values<std::vector<int>>(ranks);
  spec.top = hear_values<std::vector<int>>(ranks);
  return spec;
}

class LeadingDlrm final : public Dlrm {
 public:
  LeadingDlrm(Team& team, const DlrmSpec& spec) : team_(team), number_(team.new_model()) {
    model_ = team.call({Call::make_dlrm, number_}, [&] {
      tell_dlrm_spec(team_.ranks(), spec);
      return cpu::make(spec, team_.ranks());
    });
  }
  ~LeadingDlrm() override {
    if (!team_.busy()) team_.call({Call::drop, number_}, [] {});
  }

  std::string implementation() const override { return "mpi/" + model_->implementation(); }
  ModelState export_state() const override { return model_->export_state(); }

  void import_state(const ModelState& state) override {
    model_->import_state(state);  // what is wrong with it must be found before the others are told
    team_.call({Call::import_state, number_}, [&] { tell_state(team_.ranks(), state); });
  }

  void set_examples(const ClickBatch& examples) override {
    model_->set_examples(examples);
    trainable_ = !examples.labels.empty();
    team_.call({Call::set_data, number_}, [&] {
      tell_values(team_.ranks(), examples.dense);
      tell_values(team_.ranks(), examples.ids);
      tell_values(team_.ranks(), examples.labels);
      tell_values(team_.ranks(), examples.offsets);
    });
  }

  std::vector<double> train(std::uint64_t steps) override {
    if (!trainable_) return model_->train(steps);  // throws where there are steps
    return team_.call({Call::train, number_, steps}, [&] { return model_->train(steps); });
  }

  void predict(const ClickBatch& examples, std::span<float> out) const override { model_->predict(examples, out); }

 private:
  Team& team_;
  std::uint32_t number_;
  std::unique_ptr<Dlrm> model_;
  bool trainable_ = false;
};

class FollowingDlrm final : public Follower {
 public:
  explicit FollowingDlrm(Communicator& ranks) : ranks_(ranks), model_(cpu::make(hear_dlrm_spec(ranks), ranks)) {}

  void obey(const Order& order) override {
    switch (order.call) {
      case Call::import_state:
        return model_->import_state(hear_state(ranks_));
      case Call::set_data:
        dense_ = hear_values<std::vector<float>>(ranks_);
        ids_ = hear_values<std::vector<std::uint32_t>>(ranks_);
        labels_ = hear_values<std::vector<float>>(ranks_);
        offsets_ = hear_values<std::vector<std::uint64_t>>(ranks_);
        return model_->set_examples({.dense = dense_, .ids = ids_, .labels = labels_, .offsets = offsets_});
      case Call::train:
        model_->train(order.number);
        return;
      default:
        assert(false && "no call of a DLRM");
    }
  }

 private:
  Communicator& ranks_;
  std::unique_ptr<Dlrm> model_;
  // The examples, which the model reads where they are.
  std::vector<float> dense_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> labels_;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace

std::unique_ptr<Dlrm> make_dlrm(Team& team, const DlrmSpec& spec) { return std::make_unique<LeadingDlrm>(team, spec); }

std::unique_ptr<Follower> follow_dlrm(Communicator& ranks) { return std::make_unique<FollowingDlrm>(ranks); }

}  // namespace frugal::mpi
