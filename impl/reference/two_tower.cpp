// Two-tower recommender, one example after another, in double precision.
//
//   score(u, i) = f(e_u) . g(h_i)        f, g: the towers (mlp.hpp); e, h: embedding rows
//   loss        = mean over the step's examples of BCE(score, y), y = 1 for the positive, 0 for drawn negatives
//
// With w = 1 / examples and c = w (s(score) - y), an example sends c g(h_i) into the user tower and c f(e_u) into the
// item tower; a positive's examples share the user, so its tower is run and walked back once. What comes out below the
// towers is the gradient of the embedding rows; frozen embeddings do not use it.
#include <algorithm>
#include <cassert>
#include <stdexcept>

#include "impl/common/permutation.hpp"
#include "impl/common/recommender_init.hpp"
#include "impl/common/recommender_shapes.hpp"
#include "impl/reference/cross_entropy.hpp"
#include "impl/reference/mlp.hpp"
#include "impl/reference/ranking.hpp"
#include "impl/reference/recommender.hpp"

namespace frugal::reference {
namespace {

/// An embedding table with its tower: all there is of users, or of items.
class Side {
 public:
  Side(const TwoTowerSpec& spec, const std::string& name, std::uint32_t rows, Purpose purpose, std::uint32_t stream)
      : rows_(rows),
        dim_(spec.embedding_dim),
        embedding_(name + "_embedding", {rows, spec.embedding_dim},
                   initial_embedding(rows, spec.embedding_dim, spec.init_stddev, spec.seed, purpose)),
        tower_(/*relu_last=*/false),
        trainable_(spec.embedding_trainable) {
    for (const DenseShape shape : dense_shapes(spec.embedding_dim, spec.tower_layers))
      tower_.add_layer(name + "_tower", shape, initial_tower_weight(shape, spec.seed, stream++),
                       std::vector<float>(static_cast<std::size_t>(shape.out), 0.0F));
    const UpdateRule rule{OptimizerKind::adam, spec.adam};
    tower_.train_with(rule);
    if (trainable_) embedding_.train_with(rule, /*table=*/true);
  }

  void add_values(TensorViews<double>& views) {
    embedding_.add_value(views);
    tower_.add_values(views);
  }
  void add_states(TensorViews<double>& views) {
    if (trainable_) embedding_.add_state(views);
    tower_.add_states(views);
  }

  Mlp::Trace forward(std::uint32_t id) const {
    const std::size_t dim = static_cast<std::size_t>(dim_);
    return tower_.forward(std::span(embedding_.value).subspan(id * dim, dim));
  }

  /// Outputs of all ids, [rows, width].
  std::vector<double> all_outputs() const {
    std::vector<double> outputs;
    for (std::uint32_t id = 0; id < rows_; ++id) {
      const Mlp::Trace trace = forward(id);
      outputs.insert(outputs.end(), trace.back().begin(), trace.back().end());
    }
    return outputs;
  }

  void backward(std::uint32_t id, const Mlp::Trace& trace, std::vector<double> d_output) {
    const std::vector<double> d_row = tower_.backward(trace, std::move(d_output));
    if (!trainable_) return;
    std::vector<double>& sum = row_gradients_.try_emplace(id, d_row.size(), 0.0).first->second;
    for (std::size_t j = 0; j < d_row.size(); ++j) sum[j] += d_row[j];
  }

  void update(std::uint64_t step) {
    tower_.update(step);
    if (trainable_) embedding_.update_rows(row_gradients_, step);
    row_gradients_.clear();
  }

 private:
  std::uint32_t rows_;
  int dim_;
  Parameter embedding_;
  Mlp tower_;
  bool trainable_;
  RowGradients row_gradients_;
};

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
  return sum;
}

void add_scaled(double factor, const std::vector<double>& x, std::vector<double>& y) {
  for (std::size_t j = 0; j < x.size(); ++j) y[j] += factor * x[j];
}

class ReferenceTwoTower final : public TwoTower {
 public:
  explicit ReferenceTwoTower(const TwoTowerSpec& spec)
      : spec_(spec),
        user_(spec, "user", spec.users, Purpose::user_embedding, 0),
        item_(spec, "item", spec.items, Purpose::item_embedding, 100) {
    user_.add_values(views_);
    item_.add_values(views_);
    user_.add_states(views_);
    item_.add_states(views_);
  }
  ReferenceTwoTower(const ReferenceTwoTower&) = delete;  // views_ points into the members
  ReferenceTwoTower& operator=(const ReferenceTwoTower&) = delete;

  std::string implementation() const override { return "reference"; }
  ModelState export_state() const override { return views_.export_state(step_); }
  void import_state(const ModelState& state) override {
    views_.import_state(state);
    step_ = state.step;
  }

  void set_interactions(std::span<const Interaction> positives) override {
    require_in_range(positives, spec_.users, spec_.items);
    positives_.assign(positives.begin(), positives.end());
  }

  std::vector<double> train(std::uint64_t steps) override {
    if (positives_.empty() && steps > 0) throw std::invalid_argument("two-tower training needs interactions");
    std::vector<double> losses;
    for (std::uint64_t s = 0; s < steps; ++s) losses.push_back(train_step());
    return losses;
  }

  std::vector<float> score(std::span<const Interaction> pairs) const override {
    std::vector<float> scores;
    for (const Interaction& pair : pairs)
      scores.push_back(static_cast<float>(dot(user_.forward(pair.user).back(), item_.forward(pair.item).back())));
    return scores;
  }

  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override {
    const std::vector<double> users = user_.all_outputs();
    const std::vector<double> items = item_.all_outputs();
    return reference::rank({users.data(), items.data(), nullptr, spec_.items, tower_output(spec_)}, queries);
  }

 private:
  double train_step() {
    const std::uint64_t n = positives_.size();
    const std::uint64_t batch = static_cast<std::uint64_t>(spec_.batch);
    const std::uint64_t steps_per_epoch = (n + batch - 1) / batch;
    const std::uint32_t epoch = static_cast<std::uint32_t>(step_ / steps_per_epoch);
    const std::uint64_t first = step_ % steps_per_epoch * batch;
    const std::uint64_t last = std::min(first + batch, n);
    const Permutation shuffled(n, spec_.seed, epoch);
    const Philox random(spec_.seed, Purpose::negatives);
    const std::uint64_t negatives = static_cast<std::uint64_t>(spec_.negatives);
    const double weight = 1 / static_cast<double>((1 + negatives) * (last - first));

    double loss = 0;
    for (std::uint64_t p = first; p < last; ++p) {
      const Interaction positive = positives_[shuffled(p)];
      const Mlp::Trace user = user_.forward(positive.user);
      std::vector<double> d_user(user.back().size(), 0.0);
      const auto learn = [&](std::uint32_t id, double label) {
        const Mlp::Trace item = item_.forward(id);
        const double z = dot(user.back(), item.back());
        loss += weight * cross_entropy(z, label);
        const double dz = weight * cross_entropy_slope(z, label);
        add_scaled(dz, item.back(), d_user);
        std::vector<double> d_item(item.back().size(), 0.0);
        add_scaled(dz, user.back(), d_item);
        item_.backward(id, item, std::move(d_item));
      };
      learn(positive.item, 1);
      for (std::uint64_t k = 0; k < negatives; ++k) learn(random.below(spec_.items, p * negatives + k, epoch), 0);
      user_.backward(positive.user, user, std::move(d_user));
    }
    ++step_;
    user_.update(step_);
    item_.update(step_);
    return loss;
  }

  TwoTowerSpec spec_;
  Side user_;
  Side item_;
  TensorViews<double> views_;
  std::uint64_t step_ = 0;
  std::vector<Interaction> positives_;
};

}  // namespace

Support supports(const TwoTowerSpec& spec) { return {why_invalid(spec)}; }

std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec) {
  assert(supports(spec));
  return std::make_unique<ReferenceTwoTower>(spec);
}

}  // namespace frugal::reference
