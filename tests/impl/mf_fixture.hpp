// Small matrix factorisation problems for the tests.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "impl/api/backend.hpp"
#include "impl/base/philox.hpp"
#include "tests/impl/model_state.hpp"

namespace frugal::mf_test {

inline std::unique_ptr<MatrixFactorizer> make(const std::string& backend, const MfSpec& spec,
                                              std::span<const Interaction> positives) {
  auto model = find_backend(backend)->make(spec);
  model->set_interactions(positives);
  return model;
}

/// Distinct pairs, about one in `one_in` of all.
inline std::vector<Interaction> some_pairs(const MfSpec& spec, std::uint32_t one_in) {
  const Philox random(spec.seed, Purpose::test);
  std::vector<Interaction> pairs;
  for (std::uint32_t user = 0; user < spec.users; ++user)
    for (std::uint32_t item = 0; item < spec.items; ++item)
      if (random.below(one_in, std::uint64_t{user} * spec.items + item) == 0) pairs.push_back({user, item});
  return pairs;
}

/// The same in an order that is not that of the users.
inline std::vector<Interaction> some_pairs_shuffled(const MfSpec& spec, std::uint32_t one_in) {
  std::vector<Interaction> pairs = some_pairs(spec, one_in);
  const Philox random(2, Purpose::test);
  for (std::uint32_t k = static_cast<std::uint32_t>(pairs.size()); k > 1; --k)
    std::swap(pairs[k - 1], pairs[random.below(k, k, 9)]);
  return pairs;
}

/// Two communities: a user likes the items of the own parity, each seen with probability 1/2, none of the other.
inline std::vector<Interaction> two_communities(const MfSpec& spec) {
  const Philox random(spec.seed, Purpose::test);
  std::vector<Interaction> pairs;
  for (std::uint32_t user = 0; user < spec.users; ++user)
    for (std::uint32_t item = user % 2; item < spec.items; item += 2)
      if (random.below(2, std::uint64_t{user} * spec.items + item) == 0) pairs.push_back({user, item});
  return pairs;
}

inline double dot(const std::vector<float>& a, std::size_t row_a, const std::vector<float>& b, std::size_t row_b,
                  int dim) {
  double sum = 0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(dim); ++k)
    sum += double{a[row_a * static_cast<std::size_t>(dim) + k]} * double{b[row_b * static_cast<std::size_t>(dim) + k]};
  return sum;
}

}  // namespace frugal::mf_test
