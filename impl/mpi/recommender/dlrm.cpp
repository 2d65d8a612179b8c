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
    model().set_examples(examples);
    has_examples_ = !examples.labels.empty();
    call(Call::set_data, 0, [&] {
      tell_values(ranks(), examples.dense);
      tell_values(ranks(), examples.ids);
      tell_values(ranks(), examples.labels);
      tell_values(ranks(), examples.offsets);
    });
  }

  std::vector<double> train(std::uint64_t steps) override {
    if (!has_examples_) return model().train(steps);  // throws where there are steps
    return call(Call::train, steps, [&] { return model().train(steps); });
  }

  void predict(const ClickBatch& examples, std::span<float> out) const override {
    require_readable(examples, spec_, out.size());  // before the others are told
    call(Call::evaluate, out.size(), [&] {
      tell_values(ranks(), examples.dense);
      tell_values(ranks(), examples.ids);
      tell_values(ranks(), examples.offsets);
      model().predict(examples, out);
    });
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
  void take_data() override {
    dense_ = hear_values<std::vector<float>>(ranks());
    ids_ = hear_values<std::vector<std::uint32_t>>(ranks());
    labels_ = hear_values<std::vector<float>>(ranks());
    offsets_ = hear_values<std::vector<std::uint64_t>>(ranks());
    model().set_examples({.dense = dense_, .ids = ids_, .labels = labels_, .offsets = offsets_});
  }

  void obey_other(const Order& order) override {
    assert(order.call == Call::evaluate);
    const auto dense = hear_values<std::vector<float>>(ranks());
    const auto ids = hear_values<std::vector<std::uint32_t>>(ranks());
    const auto offsets = hear_values<std::vector<std::uint64_t>>(ranks());
    std::vector<float> values(order.number);
    model().predict({.dense = dense, .ids = ids, .labels = {}, .offsets = offsets}, values);
  }

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
