// DLRM (Naumov et al., arXiv 1906.00091), one example after another, in double precision.
//
//   x_0 = bottom(dense features),   x_t = sum of the rows of table t-1 in the example's bag,   t = 1..T
//   dot:  q = [x_0, x_1.x_0, x_2.x_0, x_2.x_1, ..., x_T.x_{T-1}]
//   cat:  q = [x_0, x_1, ..., x_T]
//   logit = top(q),   loss = mean BCE
//
// Backward through a dot product x_i.x_j with gradient c: x_i gets c x_j and x_j gets c x_i; through a sum: each row of
// the bag gets the gradient of x_t, as often as the bag names it.
#include "impl/reference/recommender/dlrm.hpp"

#include <cassert>

#include "impl/common/recommender/init.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/reference/cross_entropy.hpp"
#include "impl/reference/recommender/dense_stack.hpp"

namespace frugal::reference {
namespace {

using Vectors = std::vector<std::vector<double>>;  // x_0, ..., x_T

std::vector<double> interact(FeatureInteraction kind, const Vectors& x) {
  std::vector<double> q = x[0];
  for (std::size_t i = 1; i < x.size(); ++i) {
    if (kind == FeatureInteraction::cat) {
      q.insert(q.end(), x[i].begin(), x[i].end());
      continue;
    }
    for (std::size_t j = 0; j < i; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < x[i].size(); ++k) sum += x[i][k] * x[j][k];
      q.push_back(sum);
    }
  }
  return q;
}

Vectors interact_backward(FeatureInteraction kind, const Vectors& x, const std::vector<double>& dq) {
  Vectors dx;
  for (const std::vector<double>& vector : x) dx.emplace_back(vector.size(), 0.0);
  std::size_t next = 0;
  for (double& d : dx[0]) d = dq[next++];
  for (std::size_t i = 1; i < x.size(); ++i) {
    if (kind == FeatureInteraction::cat) {
      for (double& d : dx[i]) d = dq[next++];
      continue;
    }
    for (std::size_t j = 0; j < i; ++j) {
      const double c = dq[next++];
      for (std::size_t k = 0; k < x[i].size(); ++k) {
        dx[i][k] += c * x[j][k];
        dx[j][k] += c * x[i][k];
      }
    }
  }
  return dx;
}

class ReferenceDlrm final : public Dlrm {
 public:
  explicit ReferenceDlrm(const DlrmSpec& spec) : spec_(spec), bottom_(/*relu_last=*/true), top_(/*relu_last=*/false) {
    add_layers(bottom_, "bottom", dense_shapes(spec.dense_features, spec.bottom), 0);
    add_layers(top_, "top", dense_shapes(dlrm_top_input(spec), spec.top), 100);
    const UpdateRule rule{spec.optimizer, {.learning_rate = spec.learning_rate, .epsilon = spec.epsilon}};
    tables_.reserve(spec.table_rows.size());
    for (std::uint32_t t = 0; t < spec.table_rows.size(); ++t) {
      const std::uint32_t rows = spec.table_rows[t];
      tables_.emplace_back("table." + std::to_string(t), std::vector<std::int64_t>{rows, spec.embedding_dim},
                           initial_table(rows, spec.embedding_dim, spec.seed, t));
      if (t >= frozen()) tables_.back().train_with(rule, /*table=*/true);
    }
    bottom_.train_with(rule);
    top_.train_with(rule);

    for (Parameter& table : tables_) table.add_value(views_);
    bottom_.add_values(views_);
    top_.add_values(views_);
    for (std::size_t t = frozen(); t < tables_.size(); ++t) tables_[t].add_state(views_);
    bottom_.add_states(views_);
    top_.add_states(views_);
  }
  ReferenceDlrm(const ReferenceDlrm&) = delete;  // views_ points into the members
  ReferenceDlrm& operator=(const ReferenceDlrm&) = delete;

  std::string implementation() const override { return "reference"; }
  ModelState export_state() const override { return views_.export_state(step_); }
  void import_state(const ModelState& state) override {
    views_.import_state(state);
    step_ = state.step;
  }

  void set_examples(const ClickBatch& examples) override { examples_.set(examples, spec_); }

  std::vector<double> train(std::uint64_t steps) override {
    std::vector<double> losses(steps);
    for (double& loss : losses) loss = train_step(examples_.gather(spec_, step_));
    return losses;
  }

  void predict(const ClickBatch& batch, std::span<float> out) const override {
    require_readable(batch, spec_, out.size());
    for (std::size_t e = 0; e < out.size(); ++e) out[e] = static_cast<float>(forward(batch, e).top.back()[0]);
  }

 private:
  std::size_t frozen() const { return static_cast<std::size_t>(spec_.frozen_tables); }

  double train_step(const ClickBatch& batch) {
    const std::size_t n = batch.labels.size();
    std::vector<RowGradients> row_gradients(tables_.size());
    double loss = 0;
    for (std::size_t e = 0; e < n; ++e) {
      const Example example = forward(batch, e);
      const double z = example.top.back()[0];
      const double label = batch.labels[e];
      loss += cross_entropy(z, label) / static_cast<double>(n);
      const double dz = cross_entropy_slope(z, label) / static_cast<double>(n);
      Vectors dx = interact_backward(spec_.interaction, example.x, top_.backward(example.top, {dz}));
      for (std::size_t t = frozen(); t < tables_.size(); ++t) {
        for (const std::uint32_t row : batch.bag(e * tables_.size() + t)) {
          std::vector<double>& sum = row_gradients[t].try_emplace(row, dx[t + 1].size(), 0.0).first->second;
          for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += dx[t + 1][k];
        }
      }
      bottom_.backward(example.bottom, std::move(dx[0]));
    }
    ++step_;
    for (std::size_t t = frozen(); t < tables_.size(); ++t) tables_[t].update_rows(row_gradients[t], step_);
    bottom_.update(step_);
    top_.update(step_);
    return loss;
  }

  struct Example {
    Mlp::Trace bottom;
    Vectors x;
    Mlp::Trace top;
  };

  void add_layers(Mlp& mlp, const std::string& name, const std::vector<DenseShape>& shapes, std::uint32_t stream) {
    for (const DenseShape shape : shapes) {
      mlp.add_layer(name, shape, initial_dlrm_weight(shape, spec_.seed, stream),
                    initial_dlrm_bias(shape, spec_.seed, 200 + stream));
      ++stream;
    }
  }

  Example forward(const ClickBatch& batch, std::size_t e) const {
    const std::size_t dense = static_cast<std::size_t>(spec_.dense_features);
    const auto features = batch.dense.subspan(e * dense, dense);
    Example example;
    example.bottom = bottom_.forward(std::vector<double>(features.begin(), features.end()));
    example.x.push_back(example.bottom.back());
    for (std::size_t t = 0; t < tables_.size(); ++t) {
      std::vector<double>& sum = example.x.emplace_back(static_cast<std::size_t>(spec_.embedding_dim), 0.0);
      for (const std::uint32_t id : batch.bag(e * tables_.size() + t))
        for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += tables_[t].value[id * sum.size() + k];
    }
    example.top = top_.forward(interact(spec_.interaction, example.x));
    return example;
  }

  DlrmSpec spec_;
  Mlp bottom_;
  Mlp top_;
  std::vector<Parameter> tables_;
  TensorViews<double> views_;
  std::uint64_t step_ = 0;
  StepExamples examples_;
};

}  // namespace

Support supports(const DlrmSpec& spec) {
  if (std::string problem = why_invalid(spec); !problem.empty()) return Support::no(std::move(problem));
  if (spec.precision != Precision::fp32)
    return Support::no("reference computes in fp64 and stands for fp32; tf32 and bf16 need another back end");
  return Support::yes();
}

std::unique_ptr<Dlrm> make(const DlrmSpec& spec) {
  assert(supports(spec));
  return std::make_unique<ReferenceDlrm>(spec);
}

}  // namespace frugal::reference
