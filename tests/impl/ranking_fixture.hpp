// One ranking problem, and any back end's answer.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "impl/api/backend.hpp"
#include "impl/base/philox.hpp"

namespace frugal::ranking_test {

struct Problem {
  int dim = 1;
  std::vector<float> users;
  std::vector<float> items;
  std::vector<float> item_bias;  ///< empty: none
  std::vector<Interaction> held_out;
  std::vector<std::uint32_t> candidates;  ///< the same number a query; empty: full ranking
  std::vector<std::uint64_t> seen_offsets;
  std::vector<std::uint32_t> seen;

  std::uint32_t item_count() const {
    return static_cast<std::uint32_t>(items.size()) / static_cast<std::uint32_t>(dim);
  }

  RankingQueries queries() const {
    RankingQueries q;
    q.held_out = held_out;
    q.candidates = candidates;
    q.per_query = held_out.empty() ? 0 : static_cast<int>(candidates.size() / held_out.size());
    q.seen_offsets = seen_offsets;
    q.seen_items = seen;
    return q;
  }
};

/// Factors are small integers: every sum is exact in fp32, so all back ends must agree to the last tie, of which
/// there are many.
inline Problem integer_problem(std::uint32_t users, std::uint32_t items, int dim, int per_query, bool with_bias) {
  const Philox random(static_cast<std::uint64_t>(dim), Purpose::test);
  const auto integers = [&](std::size_t count, std::uint32_t stream) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(random.below(5, i, stream)) - 2;
    return values;
  };
  Problem problem;
  problem.dim = dim;
  problem.users = integers(users * static_cast<std::size_t>(dim), 0);
  problem.items = integers(items * static_cast<std::size_t>(dim), 1);
  if (with_bias) problem.item_bias = integers(items, 2);
  problem.seen_offsets = {0};
  for (std::uint32_t user = 0; user < users; ++user) {
    problem.held_out.push_back({user, random.below(items, user, 3)});
    for (std::uint64_t c = 0; c < static_cast<std::uint64_t>(per_query); ++c)
      problem.candidates.push_back(random.below(items, user * static_cast<std::uint64_t>(per_query) + c, 4));
    for (std::uint32_t item = user % 7; item < items; item += 7 + user) problem.seen.push_back(item);
    problem.seen_offsets.push_back(problem.seen.size());
  }
  return problem;
}

/// By a back end's factorizer with these factors.
inline std::vector<std::uint32_t> ranked(const std::string& backend, const Problem& problem) {
  const std::int64_t users = std::ssize(problem.users) / problem.dim;
  const std::int64_t items = problem.item_count();
  ModelState state{.step = 0,
                   .tensors = {{"user_factors", {users, problem.dim}, problem.users},
                               {"item_factors", {items, problem.dim}, problem.items}}};
  if (!problem.item_bias.empty()) state.tensors.push_back({"item_bias", {items}, problem.item_bias});
  const auto model =
      find_backend(backend)->make(MfSpec{.solver = problem.item_bias.empty() ? MfSolver::ials : MfSolver::logistic_sgd,
                                         .users = static_cast<std::uint32_t>(users),
                                         .items = problem.item_count(),
                                         .dim = problem.dim});
  model->import_state(state);
  return model->rank(problem.queries());
}

}  // namespace frugal::ranking_test
