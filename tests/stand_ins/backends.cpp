#include "tests/stand_ins/backends.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "impl/api/backend.hpp"
#include "impl/reference/backend.hpp"
#include "tests/stand_ins/describe.hpp"

namespace frugal {
namespace stand_ins {

Record& recorded() {
  static Record record;
  return record;
}

namespace {

/// What is wrong with the models of a back end.
enum class Fault {
  none,
  long_step,   ///< training moves one tensor 1% too far
  nan,         ///< training leaves a NaN
  stale_step,  ///< training does not count its steps
  rank,        ///< ranks are one too high
  bit          ///< training moves the first value of the first tensor by one bit, frozen or not
};

/// "7 of 9a3f": how many, and their digest (FNV-1a).
template <class Value>
std::string digest(std::span<const Value> values) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const Value& value : values) hash = (hash ^ static_cast<std::uint64_t>(value)) * 0x100000001b3;
  return fmt::format("{} of {:x}", values.size(), hash);
}

std::string digest(std::span<const Interaction> pairs) {
  std::vector<std::uint64_t> words;
  for (const auto& [user, item] : pairs) words.push_back(std::uint64_t{user} << 32 | item);
  return digest(std::span<const std::uint64_t>(words));
}

/// A model of the reference, watched or spoilt.
template <class Contract>
class StandIn : public Contract {
 public:
  StandIn(std::unique_ptr<Contract> inner, std::string name, Fault fault)
      : inner_(std::move(inner)), name_(std::move(name)), fault_(fault) {}

  std::string implementation() const override { return "stand-in"; }
  ModelState export_state() const override {
    ModelState state = inner_->export_state();
    if (fault_ == Fault::stale_step) state.step = imported_step_;
    return state;
  }
  void import_state(const ModelState& state) override {
    inner_->import_state(state);
    imported_step_ = state.step;
  }

 protected:
  template <class Count>
  std::vector<double> train_watched(Count count) {
    const ModelState before = inner_->export_state();
    std::vector<double> losses = inner_->train(count);
    trained_ += static_cast<std::uint64_t>(count);
    recorded()[name_ + ".trained"] = std::to_string(trained_);
    spoil(before);
    return losses;
  }
  std::vector<std::uint32_t> spoilt(std::vector<std::uint32_t> ranks) const {
    for (std::uint32_t& rank : ranks) rank += fault_ == Fault::rank;
    return ranks;
  }

  std::unique_ptr<Contract> inner_;
  std::string name_;

 private:
  void spoil(const ModelState& before) {
    if (fault_ != Fault::long_step && fault_ != Fault::nan && fault_ != Fault::bit) return;
    ModelState after = inner_->export_state();
    if (fault_ == Fault::nan) after.tensors.front().values.back() = std::numeric_limits<float>::quiet_NaN();
    if (float& first = after.tensors.front().values.front(); fault_ == Fault::bit) first = std::nextafter(first, 9.F);
    for (std::size_t t = 0; fault_ == Fault::long_step && t < after.tensors.size(); ++t) {
      std::vector<float>& now = after.tensors[t].values;
      const std::vector<float>& then = before.tensors[t].values;
      if (now == then) continue;
      for (std::size_t i = 0; i < now.size(); ++i) now[i] += 0.01F * (now[i] - then[i]);
      break;
    }
    inner_->import_state(after);
  }

  Fault fault_;
  std::uint64_t imported_step_ = 0;
  std::uint64_t trained_ = 0;
};

class StandInInr final : public StandIn<InrEnsemble> {
 public:
  using StandIn::StandIn;
  void set_samples(std::span<const float> coordinates, std::span<const float> targets) override {
    inner_->set_samples(coordinates, targets);
  }
  std::vector<double> train(int steps) override { return train_watched(steps); }
  std::int64_t network_steps() const override { return inner_->network_steps(); }
  void evaluate(std::span<const float> coordinates, std::span<float> out) const override {
    inner_->evaluate(coordinates, out);
  }
};

class StandInMf final : public StandIn<MatrixFactorizer> {
 public:
  using StandIn::StandIn;
  void set_interactions(std::span<const Interaction> positives) override {
    recorded()[name_ + ".given"] = digest(positives);
    inner_->set_interactions(positives);
  }
  std::vector<double> train(int epochs) override { return train_watched(epochs); }
  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override {
    return spoilt(inner_->rank(queries));
  }
};

class StandInTower final : public StandIn<TwoTower> {
 public:
  using StandIn::StandIn;
  void set_interactions(std::span<const Interaction> positives) override {
    recorded()[name_ + ".given"] = digest(positives);
    inner_->set_interactions(positives);
  }
  std::vector<double> train(std::uint64_t steps) override { return train_watched(steps); }
  std::vector<float> score(std::span<const Interaction> pairs) const override { return inner_->score(pairs); }
  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override {
    return spoilt(inner_->rank(queries));
  }
};

class StandInDlrm final : public StandIn<Dlrm> {
 public:
  using StandIn::StandIn;
  void set_examples(const ClickBatch& examples) override {
    recorded()[name_ + ".given"] = fmt::format("{}; labels {}", digest(examples.ids), digest(examples.labels));
    inner_->set_examples(examples);
  }
  std::vector<double> train(std::uint64_t steps) override { return train_watched(steps); }
  void predict(const ClickBatch& examples, std::span<float> out) const override { inner_->predict(examples, out); }
};

/// Takes any setting that makes sense; only what `reference` can compute of it counts. `small`: refuses what takes
/// `reference` long, so that all checks of equivalence together take a second.
class StandInBackend final : public Backend {
 public:
  enum class Takes { all, small, nothing };
  StandInBackend(std::string name, Fault fault, Takes takes) : name_(std::move(name)), fault_(fault), takes_(takes) {}

  std::string name() const override { return name_; }
  std::string description() const override { return "a stand-in for tests"; }
  Support available() const override { return Support::yes(); }
  DeviceFacts device() const override { return {}; }

  Support supports(const InrSpec& spec) const override {
    return takes(spec.networks * spec.points * spec.width * (spec.hidden_layers + 1) < 5'000);
  }
  Support supports(const MfSpec& spec) const override { return takes(spec.dim <= 16 && spec.users < 100); }
  Support supports(const TwoTowerSpec& spec) const override { return takes(spec.users < 100); }
  Support supports(const DlrmSpec& spec) const override {
    return takes(spec.table_rows.size() < 10 && spec.dense_features < 100);
  }

  std::unique_ptr<InrEnsemble> make(const InrSpec& spec) const override {
    InrSpec plain = spec;
    plain.precision = Precision::fp32;
    plain.implementation = InrImplementation::automatic;
    return made<StandInInr>(spec, plain, "inr");
  }
  std::unique_ptr<MatrixFactorizer> make(const MfSpec& spec) const override {
    return made<StandInMf>(spec, spec, "mf");
  }
  std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec) const override {
    return made<StandInTower>(spec, spec, "tower");
  }
  std::unique_ptr<Dlrm> make(const DlrmSpec& spec) const override {
    DlrmSpec plain = spec;
    plain.precision = Precision::fp32;
    return made<StandInDlrm>(spec, plain, "dlrm");
  }

 private:
  Support takes(bool is_small) const {
    if (takes_ == Takes::nothing) return Support::no("it computes nothing");
    return takes_ == Takes::all || is_small ? Support::yes() : Support::no("it computes small models only");
  }

  template <class Model, class Spec>
  std::unique_ptr<Model> made(const Spec& spec, const Spec& plain, const char* name) const {
    describe(spec, recorded());
    return std::make_unique<Model>(reference::backend().make(plain), name, fault_);
  }

  std::string name_;
  Fault fault_;
  Takes takes_;
};

}  // namespace
}  // namespace stand_ins

/// Instead of that of impl/registry.cpp.
const std::vector<const Backend*>& backends() {
  using stand_ins::Fault;
  using stand_ins::StandInBackend;
  using Takes = StandInBackend::Takes;
  static const StandInBackend recording("recording", Fault::none, Takes::all);
  static const StandInBackend right("right", Fault::none, Takes::small);
  static const StandInBackend long_step("long_step", Fault::long_step, Takes::small);
  static const StandInBackend nan("nan", Fault::nan, Takes::small);
  static const StandInBackend stale("stale_step", Fault::stale_step, Takes::small);
  static const StandInBackend ranks("wrong_rank", Fault::rank, Takes::small);
  static const StandInBackend bit("wrong_bit", Fault::bit, Takes::all);
  static const StandInBackend idle("idle", Fault::none, Takes::nothing);
  static const std::vector<const Backend*> all = {
      &reference::backend(), &recording, &right, &long_step, &nan, &stale, &ranks, &bit, &idle};
  return all;
}

}  // namespace frugal
