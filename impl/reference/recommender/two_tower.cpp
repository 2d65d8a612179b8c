// Two-tower recommender, one example after another, in double precision.
//
//   score(u, i) = f(e_u, x_u) . g(h_i, y_i)   f, g: the towers (dense_stack.hpp); e, h: embedding rows; x, y: side
//                                             features
//   bce:           mean over the step's examples of BCE(score, label), label = 1 for the positive, 0 for a drawn
//                  negative
//   batch_softmax: mean over the step's positives p of log(sum over c of exp(s_c)) - s_p, with
//                  s_j = score(u_p, i_j) - log q(i_j), and c over p and the positions j whose item is no positive of
//                  u_p in the step
//
// The loss sends a slope dz into each score it uses: w (sigmoid(score) - label) with w = 1 / examples, or w (softmax -
// [j = p]) with w = 1 / positives. A score sends dz g into the user's output and dz f into the item's. Each position's
// towers are run and walked back once. What comes out below the towers is the gradient of the embedding rows (and of
// the side features, which nobody uses); frozen embeddings do not use it.
#include "impl/reference/recommender/two_tower.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <set>
#include <stdexcept>

#include "impl/common/epoch_schedule.hpp"
#include "impl/common/recommender/init.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/reference/cross_entropy.hpp"
#include "impl/reference/ranking/ranking.hpp"
#include "impl/reference/recommender/dense_stack.hpp"

namespace frugal::reference {
namespace {

/// An embedding table and side features with their tower: all there is of users, or of items.
class Side {
 public:
  Side(const TwoTowerSpec& spec, const std::string& name, std::uint32_t rows, int features, Purpose purpose,
       std::uint32_t stream)
      : rows_(rows),
        dim_(static_cast<std::size_t>(spec.embedding_dim)),
        embedding_(name + "_embedding", {rows, spec.embedding_dim},
                   initial_embedding(rows, spec.embedding_dim, spec.init_stddev, spec.seed, purpose)),
        width_(static_cast<std::size_t>(features)),
        features_(name + "_features", {rows, features}, std::vector<float>(rows * width_, 0.0F)),
        tower_(/*relu_last=*/false),
        trainable_(spec.embedding_trainable) {
    for (const DenseShape shape : dense_shapes(spec.embedding_dim + features, spec.tower_layers))
      tower_.add_layer(name + "_tower", shape, initial_tower_weight(shape, spec.seed, stream++),
                       std::vector<float>(static_cast<std::size_t>(shape.out), 0.0F));
    const UpdateRule rule{OptimizerKind::adam, spec.adam};
    tower_.train_with(rule);
    if (trainable_) embedding_.train_with(rule, /*table=*/true);
  }

  void add_values(TensorViews<double>& views) {
    embedding_.add_value(views);
    if (width_ > 0) features_.add_value(views);
    tower_.add_values(views);
  }
  void add_states(TensorViews<double>& views) {
    if (trainable_) embedding_.add_state(views);
    tower_.add_states(views);
  }

  Mlp::Trace forward(std::uint32_t id) const {
    const auto row = std::span(embedding_.value).subspan(id * dim_, dim_);
    const auto features = std::span(features_.value).subspan(id * width_, width_);
    std::vector<double> input(row.begin(), row.end());
    input.insert(input.end(), features.begin(), features.end());
    return tower_.forward(input);
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
    const std::vector<double> d_input = tower_.backward(trace, std::move(d_output));
    if (!trainable_) return;
    std::vector<double>& sum = row_gradients_.try_emplace(id, dim_, 0.0).first->second;
    for (std::size_t j = 0; j < dim_; ++j) sum[j] += d_input[j];
  }

  void update(std::uint64_t step) {
    tower_.update(step);
    if (trainable_) embedding_.update_rows(row_gradients_, step);
    row_gradients_.clear();
  }

 private:
  std::uint32_t rows_;
  std::size_t dim_;
  Parameter embedding_;
  std::size_t width_;  // of the side features
  Parameter features_;
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
        user_(spec, "user", spec.users, spec.user_features, Purpose::user_embedding, 0),
        item_(spec, "item", spec.items, spec.item_features, Purpose::item_embedding, 100) {
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
    log_share_.assign(spec_.items, 0.0);
    for (const Interaction& positive : positives_) ++log_share_[positive.item];
    for (double& share : log_share_) share = std::log(share / static_cast<double>(positives_.size()));
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
    const EpochSchedule schedule(positives_.size(), static_cast<std::uint64_t>(spec_.batch), spec_.seed);
    const auto [epoch, first, count] = schedule.at(step_);
    const Permutation shuffled = schedule.order(epoch);
    std::vector<Interaction> batch;
    for (std::uint64_t p = first; p < first + count; ++p) batch.push_back(positives_[shuffled(p)]);
    const double loss = spec_.loss == TwoTowerLoss::bce ? learn_bce(batch, epoch, first) : learn_softmax(batch);
    ++step_;
    user_.update(step_);
    item_.update(step_);
    return loss;
  }

  /// The positives of a step, which stand at positions `first` and on of the epoch: adds the gradients, returns the
  /// loss.
  double learn_bce(const std::vector<Interaction>& batch, std::uint32_t epoch, std::uint64_t first) {
    const Philox random(spec_.seed, Purpose::negatives);
    const std::uint64_t negatives = static_cast<std::uint64_t>(spec_.negatives);
    const double weight = 1 / static_cast<double>((1 + negatives) * batch.size());
    double loss = 0;
    std::uint64_t p = first;
    for (const Interaction& positive : batch) {
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
      ++p;
      user_.backward(positive.user, user, std::move(d_user));
    }
    return loss;
  }

  double learn_softmax(const std::vector<Interaction>& pairs) {
    std::vector<Mlp::Trace> users;
    std::vector<Mlp::Trace> items;
    std::set<std::pair<std::uint32_t, std::uint32_t>> liked;
    for (const Interaction& pair : pairs) {
      users.push_back(user_.forward(pair.user));
      items.push_back(item_.forward(pair.item));
      liked.insert({pair.user, pair.item});
    }
    const std::size_t n = pairs.size();
    const std::size_t width = users[0].back().size();
    std::vector<std::vector<double>> d_items(n, std::vector<double>(width, 0.0));
    double loss = 0;
    for (std::size_t p = 0; p < n; ++p) {
      const auto competes = [&](std::size_t j) { return j == p || !liked.contains({pairs[p].user, pairs[j].item}); };
      std::vector<double> scores(n);
      for (std::size_t j = 0; j < n; ++j) scores[j] = dot(users[p].back(), items[j].back()) - log_share_[pairs[j].item];
      double largest = scores[p];
      for (std::size_t j = 0; j < n; ++j)
        if (competes(j)) largest = std::max(largest, scores[j]);
      double sum = 0;
      for (std::size_t j = 0; j < n; ++j)
        if (competes(j)) sum += std::exp(scores[j] - largest);
      loss += (largest + std::log(sum) - scores[p]) / static_cast<double>(n);

      std::vector<double> d_user(width, 0.0);
      for (std::size_t j = 0; j < n; ++j) {
        if (!competes(j)) continue;
        const double dz = (std::exp(scores[j] - largest) / sum - (j == p ? 1 : 0)) / static_cast<double>(n);
        add_scaled(dz, items[j].back(), d_user);
        add_scaled(dz, users[p].back(), d_items[j]);
      }
      user_.backward(pairs[p].user, users[p], std::move(d_user));
    }
    for (std::size_t j = 0; j < n; ++j) item_.backward(pairs[j].item, items[j], std::move(d_items[j]));
    return loss;
  }

  TwoTowerSpec spec_;
  Side user_;
  Side item_;
  TensorViews<double> views_;
  std::uint64_t step_ = 0;
  std::vector<Interaction> positives_;
  std::vector<double> log_share_;  // of each item in the interactions
};

}  // namespace

Support supports(const TwoTowerSpec& spec) { return {why_invalid(spec)}; }

std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec) {
  assert(supports(spec));
  return std::make_unique<ReferenceTwoTower>(spec);
}

}  // namespace frugal::reference
