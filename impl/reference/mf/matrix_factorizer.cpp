// Matrix factorisation as the papers write it, one row and one example after another in double. The model is rounded to
// fp32 at the end of each epoch, so an exported state is all there is and training goes on from it exactly.
#include "impl/reference/mf/matrix_factorizer.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "impl/common/mf/schedule.hpp"
#include "impl/common/recommender/init.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/common/tensor_views.hpp"
#include "impl/reference/cross_entropy.hpp"
#include "impl/reference/ranking/ranking.hpp"

namespace frugal::reference {
namespace {

using Rows = std::vector<double>;  ///< row-major, dim values a row

class ReferenceMatrixFactorizer : public MatrixFactorizer {
 public:
  explicit ReferenceMatrixFactorizer(const MfSpec& spec)
      : spec_(spec),
        dim_(static_cast<std::size_t>(spec.dim)),
        users_(initial_rows(Purpose::user_embedding)),
        items_(initial_rows(Purpose::item_embedding)) {
    add_tensor("user_factors", {spec.users, spec.dim}, users_);
    add_tensor("item_factors", {spec.items, spec.dim}, items_);
  }

  std::string implementation() const override { return "reference"; }

  ModelState export_state() const override { return tensors_.export_state(step_); }

  void import_state(const ModelState& state) override {
    tensors_.import_state(state);
    step_ = state.step;
  }

  void set_interactions(std::span<const Interaction> positives) override {
    require_in_range(positives, spec_.users, spec_.items);
    positives_.assign(positives.begin(), positives.end());
    arrange();
    interactions_set_ = true;
  }

  std::vector<double> train(int epochs) override {
    if (!interactions_set_) throw std::logic_error("matrix factorizer: train() before set_interactions()");
    std::vector<double> losses;
    for (int e = 0; e < epochs; ++e) {
      losses.push_back(epoch());
      ++step_;
      tensors_.import_state(tensors_.export_state(step_));  // rounds to fp32
    }
    return losses;
  }

  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override {
    return reference::rank(DotScorer{.users = users_.data(),
                                     .items = items_.data(),
                                     .item_bias = item_bias(),
                                     .items_count = spec_.items,
                                     .dim = spec_.dim},
                           queries);
  }

 protected:
  /// Makes `values` a state tensor; they must not change their size any more.
  void add_tensor(std::string name, std::vector<std::int64_t> shape, Rows& values) {
    tensors_.add(std::move(name), std::move(shape), values.data());
  }

  /// Called when the positives have changed.
  virtual void arrange() {}
  virtual const double* item_bias() const { return nullptr; }
  /// Trains epoch step_; returns its loss.
  virtual double epoch() = 0;

  double per_positive(double sum) const {
    return positives_.empty() ? 0 : sum / static_cast<double>(positives_.size());
  }

  MfSpec spec_;
  std::size_t dim_;
  Rows users_;
  Rows items_;
  std::vector<Interaction> positives_;
  std::uint64_t step_ = 0;

 private:
  Rows initial_rows(Purpose purpose) const {
    const std::vector<float> values = initial_factors(spec_, purpose);
    return Rows(values.begin(), values.end());
  }

  TensorViews<double> tensors_;
  bool interactions_set_ = false;
};

// ---------------------------------------------------------------------------------------------------------------------

/// y = sigmoid(z), z = u.v + b_u + b_i + b; loss -log p(y); plain SGD in the order of mf/schedule.hpp.
class LogisticSgd final : public ReferenceMatrixFactorizer {
 public:
  explicit LogisticSgd(const MfSpec& spec)
      : ReferenceMatrixFactorizer(spec),
        user_bias_(spec.users),
        item_bias_(spec.items),
        global_bias_(1, double{initial_global_bias(spec)}) {
    add_tensor("user_bias", {spec.users}, user_bias_);
    add_tensor("item_bias", {spec.items}, item_bias_);
    add_tensor("global_bias", {1}, global_bias_);
  }

 protected:
  const double* item_bias() const override { return item_bias_.data(); }

  void arrange() override {
    schedule_.emplace(spec_, positives_);
    user_of_slot_ = ids_by_slot(schedule_->users());
    item_of_slot_ = ids_by_slot(schedule_->items());
  }

  double epoch() override {
    std::vector<MfSchedule::Stream> streams;
    for (std::uint32_t part = 0; part < schedule_->parts(); ++part)
      streams.push_back(schedule_->stream(part, static_cast<std::uint32_t>(step_)));
    double loss = 0;
    for (std::uint32_t turn = 0; turn < schedule_->turns(); ++turn)
      for (const MfSchedule::Stream& stream : streams)
        for (std::uint32_t e = stream.begins[turn]; e < stream.begins[turn + 1]; ++e) loss += step(stream.examples[e]);
    return per_positive(loss) / (1.0 + spec_.negatives);
  }

 private:
  static std::vector<std::uint32_t> ids_by_slot(const MfSchedule::Side& side) {
    std::vector<std::uint32_t> ids(side.slot.size());
    for (std::uint32_t id = 0; id < ids.size(); ++id) ids[side.slot[id]] = id;
    return ids;
  }

  /// One update; returns the loss before it.
  double step(const MfExample& example) {
    const std::uint32_t user = user_of_slot_[example.user];
    const std::uint32_t item = item_of_slot_[example.item & ~MfExample::positive];
    const double label = (example.item & MfExample::positive) != 0 ? 1 : 0;
    double* u = users_.data() + user * dim_;
    double* v = items_.data() + item * dim_;
    double& bu = user_bias_[user];
    double& bi = item_bias_[item];
    double z = bu + bi + global_bias_[0];
    for (std::size_t k = 0; k < dim_; ++k) z += u[k] * v[k];
    const double slope = cross_entropy_slope(z, label);
    const double rate = spec_.learning_rate;
    for (std::size_t k = 0; k < dim_; ++k) {
      const double old_u = u[k];
      u[k] -= rate * (slope * v[k] + spec_.l2 * u[k]);
      v[k] -= rate * (slope * old_u + spec_.l2 * v[k]);
    }
    bu -= rate * (slope + spec_.l2 * bu);
    bi -= rate * (slope + spec_.l2 * bi);
    return cross_entropy(z, label);
  }

  std::optional<MfSchedule> schedule_;
  std::vector<std::uint32_t> user_of_slot_;
  std::vector<std::uint32_t> item_of_slot_;
  Rows user_bias_;
  Rows item_bias_;
  Rows global_bias_;
};

// ---------------------------------------------------------------------------------------------------------------------

/// Minimises, one side at a time and exactly,
///   sum over positives (u.v - 1)^2 + w0 * sum over all pairs (u.v)^2 + sum over rows reg_row |row|^2,
///   reg_row = regularization * (|history| + w0 * rows of the other side)^frequency_scaling.
class Ials final : public ReferenceMatrixFactorizer {
 public:
  using ReferenceMatrixFactorizer::ReferenceMatrixFactorizer;

 protected:
  double epoch() override {
    const Histories of_users = histories(spec_.users, &Interaction::user, &Interaction::item);
    const Histories of_items = histories(spec_.items, &Interaction::item, &Interaction::user);
    solve_side(of_users, items_, users_);
    solve_side(of_items, users_, items_);
    return per_positive(objective(of_users, of_items));
  }

 private:
  using Histories = std::vector<std::vector<std::uint32_t>>;

  Histories histories(std::uint32_t rows, std::uint32_t Interaction::*row, std::uint32_t Interaction::*partner) const {
    Histories all(rows);
    for (const Interaction& pair : positives_) all[pair.*row].push_back(pair.*partner);
    return all;
  }

  double penalty(std::size_t history, std::size_t other_rows) const {
    return spec_.regularization *
           std::pow(static_cast<double>(history) + spec_.unobserved_weight * static_cast<double>(other_rows),
                    spec_.frequency_scaling);
  }

  /// rows[r] = (w0 G + sum of v v^T over the history + reg I)^-1 (sum of v over the history), G the Gram matrix of all
  /// rows of the other side: where the derivative of the objective by rows[r] is zero.
  void solve_side(const Histories& all, const Rows& others, Rows& rows) const {
    const std::size_t other_rows = others.size() / dim_;
    Rows gram(dim_ * dim_);
    for (std::size_t r = 0; r < other_rows; ++r) add_outer(spec_.unobserved_weight, &others[r * dim_], gram);
    for (std::size_t r = 0; r < all.size(); ++r) {
      Rows matrix = gram;
      Rows right(dim_);
      for (const std::uint32_t other : all[r]) {
        add_outer(1, &others[other * dim_], matrix);
        for (std::size_t k = 0; k < dim_; ++k) right[k] += others[other * dim_ + k];
      }
      for (std::size_t k = 0; k < dim_; ++k) matrix[k * dim_ + k] += penalty(all[r].size(), other_rows);
      solve(matrix, right);
      std::copy(right.begin(), right.end(), rows.begin() + static_cast<std::ptrdiff_t>(r * dim_));
    }
  }

  void add_outer(double weight, const double* v, Rows& matrix) const {
    for (std::size_t i = 0; i < dim_; ++i)
      for (std::size_t j = 0; j < dim_; ++j) matrix[i * dim_ + j] += weight * v[i] * v[j];
  }

  /// x of A x = b, A symmetric positive definite; b becomes x.
  void solve(const Rows& a, Rows& b) const {
    const auto size = static_cast<Eigen::Index>(dim_);
    const Eigen::Map<const Eigen::MatrixXd> matrix(a.data(), size, size);
    Eigen::Map<Eigen::VectorXd> vector(b.data(), size);
    vector = matrix.llt().solve(vector).eval();
  }

  double objective(const Histories& of_users, const Histories& of_items) const {
    double sum = 0;
    for (const Interaction& pair : positives_) {
      const double miss = product(pair.user, pair.item) - 1;
      sum += miss * miss;
    }
    for (std::uint32_t u = 0; u < spec_.users; ++u)
      for (std::uint32_t i = 0; i < spec_.items; ++i) {
        const double y = product(u, i);
        sum += spec_.unobserved_weight * y * y;
      }
    return sum + penalties(of_users, users_, spec_.items) + penalties(of_items, items_, spec_.users);
  }

  double product(std::uint32_t user, std::uint32_t item) const {
    double y = 0;
    for (std::size_t k = 0; k < dim_; ++k) y += users_[user * dim_ + k] * items_[item * dim_ + k];
    return y;
  }

  double penalties(const Histories& all, const Rows& rows, std::size_t other_rows) const {
    double sum = 0;
    for (std::size_t r = 0; r < all.size(); ++r)
      for (std::size_t k = 0; k < dim_; ++k)
        sum += penalty(all[r].size(), other_rows) * rows[r * dim_ + k] * rows[r * dim_ + k];
    return sum;
  }
};

}  // namespace

Support supports(const MfSpec& spec) { return {why_invalid(spec)}; }

std::unique_ptr<MatrixFactorizer> make(const MfSpec& spec) {
  if (spec.solver == MfSolver::logistic_sgd) return std::make_unique<LogisticSgd>(spec);
  return std::make_unique<Ials>(spec);
}

}  // namespace frugal::reference
