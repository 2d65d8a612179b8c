#include "impl/reference/recommender/parameter.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace frugal::reference {

Parameter::Parameter(std::string name, std::vector<std::int64_t> shape, const std::vector<float>& initial)
    : value(initial.begin(), initial.end()), name_(std::move(name)), shape_(std::move(shape)) {}

void Parameter::train_with(const UpdateRule& rule, bool table) {
  rule_ = rule;
  row_wise_ = table && rule.kind == OptimizerKind::rowwise_adagrad;
  if (!table) gradient.assign(value.size(), 0.0);
  if (rule.kind != OptimizerKind::sgd)
    first_.assign(row_wise_ ? static_cast<std::size_t>(shape_[0]) : value.size(), 0.0);
  if (rule.kind == OptimizerKind::adam) second_.assign(value.size(), 0.0);
}

void Parameter::add_value(TensorViews<double>& views) { views.add(name_, shape_, value.data()); }

void Parameter::add_state(TensorViews<double>& views) {
  if (rule_.kind == OptimizerKind::adam) {
    views.add("adam.m/" + name_, shape_, first_.data());
    views.add("adam.v/" + name_, shape_, second_.data());
  } else if (row_wise_) {
    views.add("adagrad/" + name_, {shape_[0]}, first_.data());
  } else if (rule_.kind != OptimizerKind::sgd) {
    views.add("adagrad/" + name_, shape_, first_.data());
  }
}

void Parameter::update(std::uint64_t step) {
  for (std::size_t i = 0; i < value.size(); ++i) update_element(i, gradient[i], step);
  std::fill(gradient.begin(), gradient.end(), 0.0);
}

void Parameter::update_rows(const RowGradients& gradients, std::uint64_t step) {
  for (const auto& [row, g] : gradients) {
    if (row_wise_) {
      update_row_wise(row, g);
    } else {
      for (std::size_t j = 0; j < g.size(); ++j) update_element(row * g.size() + j, g[j], step);
    }
  }
}

void Parameter::update_element(std::size_t i, double g, std::uint64_t step) {
  const Adam& a = rule_.adam;
  switch (rule_.kind) {
    case OptimizerKind::sgd:
      value[i] -= a.learning_rate * g;
      return;
    case OptimizerKind::adagrad:
    case OptimizerKind::rowwise_adagrad:
      first_[i] += g * g;
      value[i] -= a.learning_rate * g / (std::sqrt(first_[i]) + a.epsilon);
      return;
    case OptimizerKind::adam:
      first_[i] = a.beta1 * first_[i] + (1 - a.beta1) * g;
      second_[i] = a.beta2 * second_[i] + (1 - a.beta2) * g * g;
      const double t = static_cast<double>(step);
      const double m_hat = first_[i] / (1 - std::pow(a.beta1, t));
      const double v_hat = second_[i] / (1 - std::pow(a.beta2, t));
      value[i] -= a.learning_rate * m_hat / (std::sqrt(v_hat) + a.epsilon);
      return;
  }
}

void Parameter::update_row_wise(std::size_t row, const std::vector<double>& g) {
  double squares = 0;
  for (const double x : g) squares += x * x;
  first_[row] += squares / static_cast<double>(g.size());
  const double rate = rule_.adam.learning_rate / (std::sqrt(first_[row]) + rule_.adam.epsilon);
  for (std::size_t j = 0; j < g.size(); ++j) value[row * g.size() + j] -= rate * g[j];
}

}  // namespace frugal::reference
