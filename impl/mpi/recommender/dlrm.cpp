#include "impl/mpi/recommender/dlrm.hpp"

#include <cassert>
#include <vector>

#include "impl/cpu/recommender/dlrm.hpp"
#include "impl/mpi/following.hpp"
#include "impl/mpi/leading.hpp"

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

class LeadingDlrm final : public Leading<Dlrm> {
 public:
  LeadingDlrm(Team& team, const DlrmSpec& spec)
      : Leading(team, Call::make_dlrm,
                [&] {
                  tell_dlrm_spec(team.ranks(), spec);
                  return cpu::make(spec, team.ranks());
                }),
        spec_(spec) {}

  void set_examples(const ClickBatch& examples) override {
    require_readable(examples, spec_, examples.labels.size());  // before the others are told
    call(Call::set_data, 0, [&] { model().set_examples(examples); });
    has_examples_ = !examples.labels.empty();
  }

  std::vector<double> train(std::uint64_t steps) override {
    if (!has_examples_) return model().train(steps);  // throws where there are steps
    return call(Call::train, steps, [&] { return model().train(steps); });
  }

  void predict(const ClickBatch& examples, std::span<float> out) const override {
    require_readable(examples, spec_, out.size());  // before the others are told
    call(Call::evaluate, out.size(), [&] { model().predict(examples, out); });
  }

  ModelState export_state() const override { return gathered_state(); }

 private:
  DlrmSpec spec_;
  bool has_examples_ = false;
};

class FollowingDlrm final : public Following<Dlrm> {
 public:
  explicit FollowingDlrm(Communicator& ranks) : Following(ranks, cpu::make(hear_dlrm_spec(ranks), ranks)) {}

 private:
  void take_data(std::uint64_t) override { model().set_examples({}); }  // rank 0's are dealt

  void obey_other(const Order& order) override {
    assert(order.call == Call::evaluate);
    std::vector<float> logits(order.number);
    model().predict({}, logits);
  }
};

}  // namespace

std::unique_ptr<Dlrm> make_dlrm(Team& team, const DlrmSpec& spec) { return std::make_unique<LeadingDlrm>(team, spec); }

std::unique_ptr<Follower> follow_dlrm(Team& team) { return std::make_unique<FollowingDlrm>(team.ranks()); }

}  // namespace frugal::mpi
