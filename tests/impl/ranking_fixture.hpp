// One ranking problem, computed by either back end.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "impl/cpu/kernels/isa.hpp"
#include "impl/cpu/ranking.hpp"
#include "impl/reference/ranking.hpp"

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

/// A back end's ranking, with a name for test reports.
struct Rank {
  const char* name;
  std::vector<std::uint32_t> (*rank)(const Problem&);
};

inline void PrintTo(const Rank& rank, std::ostream* out) { *out << rank.name; }

inline const Rank reference_rank{
    "reference", [](const Problem& p) {
      const std::vector<double> users(p.users.begin(), p.users.end());
      const std::vector<double> items(p.items.begin(), p.items.end());
      const std::vector<double> bias(p.item_bias.begin(), p.item_bias.end());
      return reference::rank({users.data(), items.data(), bias.empty() ? nullptr : bias.data(), p.item_count(), p.dim},
                             p.queries());
    }};

inline const Rank cpu_rank{
    "cpu", [](const Problem& p) {
      return cpu::rank(
          {p.users.data(), p.items.data(), p.item_bias.empty() ? nullptr : p.item_bias.data(), p.item_count(), p.dim},
          p.queries());
    }};

}  // namespace frugal::ranking_test
