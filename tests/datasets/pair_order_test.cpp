#include "datasets/formats/pair_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>

namespace frugal::data {
namespace {

enum class Order { none, by_user, by_item };

/// Some users have many rows, some pairs come several times.
std::vector<Rating> rows_of(std::size_t count, std::uint32_t most_users, std::uint32_t most_items, Order order) {
  std::mt19937 random(static_cast<unsigned>(count) + most_users);
  std::vector<Rating> rows;
  for (std::size_t k = 0; k < count; ++k) {
    const auto user = static_cast<std::uint32_t>(random() % (1 + random() % most_users));
    rows.push_back(
        {user, static_cast<std::uint32_t>(random() % most_items), static_cast<float>(k), static_cast<int>(k), 7});
  }
  if (order == Order::by_user) std::ranges::stable_sort(rows, {}, &Rating::user);
  if (order == Order::by_item) std::ranges::stable_sort(rows, {}, &Rating::item);
  for (std::size_t k = 0; k < count; ++k) rows[k].line = static_cast<int>(k);
  return rows;
}

TEST(PairOrder, IsThatOfAStableSortWhateverTheOrderBefore) {
  const auto fields = [](const Rating& row) { return std::tuple(row.user, row.item, row.value, row.line, row.time); };
  for (const Order order : {Order::none, Order::by_user, Order::by_item})
    for (const std::size_t count : {0, 1, 100, 5000, 30'000})
      for (const std::uint32_t most_users : {1U, 700U, 100'000U, 3'000'000'000U})
        for (const std::uint32_t most_items : {1U, 300U, 70'000U, 4'294'967'295U}) {
          std::vector<Rating> rows = rows_of(count, most_users, most_items, order);
          std::vector<Rating> expected = rows;
          std::ranges::stable_sort(expected, {}, [](const Rating& row) { return std::pair(row.user, row.item); });
          sort_by_pair(rows, most_users, most_items);
          ASSERT_TRUE(std::ranges::equal(rows, expected, {}, fields, fields))
              << count << " rows, " << most_users << " users, " << most_items << " items, order "
              << static_cast<int>(order);
        }
}

}  // namespace
}  // namespace frugal::data
