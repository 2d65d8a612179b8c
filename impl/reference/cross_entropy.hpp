// Binary cross-entropy of a logit z against a label y in {0, 1}, without overflow for any z:
//
//   -y log s(z) - (1 - y) log(1 - s(z)) = max(z, 0) - z y + log(1 + exp(-|z|)),   s(z) = 1 / (1 + exp(-z)),
//   and its derivative in z is s(z) - y.
#pragma once
#include <algorithm>
#include <cmath>

namespace frugal::reference {

inline double cross_entropy(double z, double y) {
  return std::max(z, 0.0) - z * y + std::log1p(std::exp(-std::abs(z)));
}

inline double cross_entropy_slope(double z, double y) { return 1 / (1 + std::exp(-z)) - y; }

}  // namespace frugal::reference
