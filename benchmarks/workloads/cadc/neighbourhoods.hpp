// Which items have users in common, and which users items: what neighbourhoods and graphs are made of.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "datasets/interactions/interactions.hpp"

namespace frugal::workloads {

/// The 0/1 matrix of the training interactions by rows and by columns.
struct Sides {
  data::SeenItems items_of;        ///< each user's items
  Groups<std::uint32_t> users_of;  ///< each item's users

  explicit Sides(const data::Split& split)
      : items_of(split),
        users_of(grouped(
            split.train, split.items, [](const Interaction& pair) { return pair.item; },
            [](const Interaction& pair, std::uint32_t) { return pair.user; })) {}
};

/// Additions that the inner products of all rows with each other take: column by column, whoever shares it.
inline double pairs_sharing(const Groups<std::uint32_t>& members) {
  double sum = 0;
  for (std::size_t g = 0; g < members.size(); ++g) sum += std::pow(static_cast<double>(members.of(g).size()), 2);
  return sum;
}

/// (weight, number) of others, the largest weight first, the smaller number first where they tie.
using Neighbours = std::vector<std::pair<float, std::uint32_t>>;

/// For each row the `neighbours` others of the largest weight above 0. shared_of: what each row has; rows_of: the rows
/// that have it. of_shared(s): what sharing s counts. weigh(row, sums): from the sums of what is shared with each other
/// row to the weights, in place.
template <class OfShared, class Weigh>
std::vector<Neighbours> neighbourhoods(const Groups<std::uint32_t>& shared_of, const Groups<std::uint32_t>& rows_of,
                                       int neighbours, OfShared of_shared, Weigh weigh) {
  const std::size_t rows = shared_of.size();
  std::vector<Neighbours> all(rows);
  std::vector<double> sums(rows);
  Neighbours own;
  for (std::uint32_t row = 0; row < rows; ++row) {
    std::ranges::fill(sums, 0.0);
    for (const std::uint32_t shared : shared_of.of(row)) {
      const double count = of_shared(shared);
      for (const std::uint32_t other : rows_of.of(shared)) sums[other] += count;
    }
    sums[row] = 0;
    weigh(row, sums);
    own.clear();
    for (std::uint32_t other = 0; other < rows; ++other)
      if (sums[other] > 0) own.emplace_back(static_cast<float>(sums[other]), other);
    const auto nearer = [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    };
    const auto kept = own.begin() + std::min<std::ptrdiff_t>(neighbours, std::ssize(own));
    if (kept != own.end()) std::nth_element(own.begin(), kept, own.end(), nearer);
    std::sort(own.begin(), kept, nearer);
    all[row].assign(own.begin(), kept);
  }
  return all;
}

}  // namespace frugal::workloads
