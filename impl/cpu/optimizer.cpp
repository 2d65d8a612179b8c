#include "impl/cpu/optimizer.hpp"

#include <cmath>

namespace frugal::cpu {

UpdateStep Optimizer::step(std::uint64_t t) const {
  const double power = static_cast<double>(t);
  const Adam& a = settings_;
  const double rate = kind_ == OptimizerKind::adam ? a.learning_rate / (1 - std::pow(a.beta1, power)) : a.learning_rate;
  return {.learning_rate = static_cast<float>(rate),
          .epsilon = static_cast<float>(a.epsilon),
          .one_minus_beta1 = static_cast<float>(1 - a.beta1),
          .one_minus_beta2 = static_cast<float>(1 - a.beta2),
          .inverse_second = static_cast<float>(1 / (1 - std::pow(a.beta2, power)))};
}

}  // namespace frugal::cpu
