#include "datasets/clicks/clicks.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <utility>

namespace frugal::data {

std::uint64_t held_out_rows(std::uint64_t rows, double share) {
  assert(rows >= 2);
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(static_cast<double>(rows) * share), 1, rows - 1);
}

ClickSplit hold_out_tail(Clicks clicks, double share) {
  const std::uint64_t kept = clicks.size() - held_out_rows(clicks.size(), share);
  const auto cut = [&](auto& values, std::size_t columns) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(kept * columns);
    std::remove_reference_t<decltype(values)> tail(middle, values.end());
    values.erase(middle, values.end());
    return tail;
  };
  Clicks tail;
  tail.dense_features = clicks.dense_features;
  tail.table_rows = clicks.table_rows;
  tail.dense = cut(clicks.dense, static_cast<std::size_t>(clicks.dense_features));
  tail.ids = cut(clicks.ids, clicks.table_rows.size());
  tail.labels = cut(clicks.labels, 1);
  return {std::move(clicks), std::move(tail)};
}

}  // namespace frugal::data
