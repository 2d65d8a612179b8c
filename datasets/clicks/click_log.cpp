#include "datasets/clicks/click_log.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>

#include "impl/base/error.hpp"
#include "impl/base/philox.hpp"

namespace frugal::data {
namespace {

using Rows = std::vector<std::uint64_t>;

template <class T>
std::span<const T> row_of(const std::vector<T>& values, std::uint64_t row, std::size_t columns) {
  return std::span(values).subspan(row * columns, columns);
}

/// Do two rows of one key, which may be a coincidence, come in this order?
bool row_before(const ClickLog& log, std::uint64_t a, std::uint64_t b) {
  const Clicks& clicks = log.examples;
  const auto dense = static_cast<std::size_t>(clicks.dense_features);
  const auto ids = [&](std::uint64_t row) { return row_of(clicks.ids, row, clicks.table_rows.size()); };
  if (clicks.labels[a] != clicks.labels[b]) return clicks.labels[a] < clicks.labels[b];
  if (!std::ranges::equal(ids(a), ids(b))) return std::ranges::lexicographical_compare(ids(a), ids(b));
  if (log.values.empty())
    return std::ranges::lexicographical_compare(row_of(clicks.dense, a, dense), row_of(clicks.dense, b, dense));
  const auto known = [](double value) { return std::isnan(value) ? -HUGE_VAL : value; };
  return std::ranges::lexicographical_compare(row_of(log.values, a, dense), row_of(log.values, b, dense), {}, known,
                                              known);
}

/// All rows in an order that is not that of the file.
Rows by_key(const ClickLog& log) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> keyed;
  keyed.reserve(log.keys.size());
  for (const std::uint64_t key : log.keys) keyed.emplace_back(key, keyed.size());
  std::ranges::sort(keyed, [&](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : row_before(log, a.second, b.second);
  });
  Rows rows;
  rows.reserve(keyed.size());
  for (const auto& [key, row] : keyed) rows.push_back(row);
  return rows;
}

/// Moves a random `held` of the rows to the end; both parts keep their order.
void draw(Rows& rows, std::uint64_t held, std::uint64_t seed) {
  const Philox random(seed, Purpose::split);
  Rows lots(rows.size());  // a random word, then the place that it is of
  for (std::uint64_t k = 0; k < lots.size(); ++k) lots[k] = std::uint64_t{random.word(k)} << 32 | (k & 0xffffffff);
  Rows sorted = lots;
  const auto first_held = sorted.end() - static_cast<std::ptrdiff_t>(held);
  std::ranges::nth_element(sorted, first_held);
  const std::uint64_t least = *first_held;
  Rows tested;
  std::uint64_t kept = 0;
  for (std::uint64_t k = 0; k < lots.size(); ++k) {
    if (lots[k] < least)
      rows[kept++] = rows[k];
    else
      tested.push_back(rows[k]);
  }
  std::ranges::copy(tested, rows.begin() + static_cast<std::ptrdiff_t>(kept));
}

/// The rows in the order of the split: those that are held out come last.
Rows order_of(const ClickLog& log, ClickHoldOut how, std::uint64_t held, std::uint64_t seed) {
  if (how == ClickHoldOut::tail) {
    Rows rows(log.examples.size());
    std::iota(rows.begin(), rows.end(), std::uint64_t{0});
    return rows;
  }
  Rows rows = by_key(log);
  if (how == ClickHoldOut::random)
    draw(rows, held, seed);
  else
    std::ranges::stable_sort(rows, {}, [&](std::uint64_t row) { return log.times[row]; });
  return rows;
}

/// Mean 0 and standard deviation 1 over the trained rows, which `rows` begins with: [n, columns], in the same places.
std::vector<float> standardised(const std::vector<double>& values, std::size_t columns,
                                std::span<const std::uint64_t> trained) {
  constexpr double most = 1e30;  // of the tested rows one may lie very far out
  std::vector<float> result(values.size());
  for (std::size_t column = 0; column < columns; ++column) {
    const auto value = [&](std::uint64_t row) { return values[row * columns + column]; };
    double sum = 0;
    std::uint64_t known = 0;
    for (const std::uint64_t row : trained) {
      if (std::isnan(value(row))) continue;
      sum += value(row);
      ++known;
    }
    const double mean = known == 0 ? 0 : sum / static_cast<double>(known);
    double squares = 0;
    for (const std::uint64_t row : trained)
      if (!std::isnan(value(row))) squares += (value(row) - mean) * (value(row) - mean);
    const double deviation = known == 0 ? 0 : std::sqrt(squares / static_cast<double>(known));
    if (!(deviation > 0)) continue;
    for (std::size_t k = column; k < values.size(); k += columns)
      if (!std::isnan(values[k]))
        result[k] = static_cast<float>(std::clamp((values[k] - mean) / deviation, -most, most));
  }
  return result;
}

Clicks gathered(const Clicks& from, std::span<const std::uint64_t> rows) {
  Clicks clicks;
  clicks.dense_features = from.dense_features;
  clicks.table_rows = from.table_rows;
  const auto gather = [&](const auto& values, std::size_t columns, auto& to) {
    to.reserve(rows.size() * columns);
    for (const std::uint64_t row : rows) {
      const auto own = row_of(values, row, columns);
      to.insert(to.end(), own.begin(), own.end());
    }
  };
  gather(from.dense, static_cast<std::size_t>(from.dense_features), clicks.dense);
  gather(from.ids, from.table_rows.size(), clicks.ids);
  gather(from.labels, 1, clicks.labels);
  return clicks;
}

}  // namespace

ClickSplit split_click_log(ClickLog log, const ClickSplitRule& rule, std::uint64_t seed) {
  if (rule.how == ClickHoldOut::latest && log.times.empty())
    throw UserError("these clicks carry no times, so there is no latest one to hold out: hold out random ones");
  if (rule.how == ClickHoldOut::tail && log.values.empty())
    return hold_out_tail(std::move(log.examples), rule.test_fraction);
  const std::uint64_t held = held_out_rows(log.examples.size(), rule.test_fraction);
  const Rows rows = order_of(log, rule.how, held, seed);
  const std::span<const std::uint64_t> trained(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(held));
  Clicks& examples = log.examples;
  if (!log.values.empty()) {
    examples.dense = standardised(log.values, static_cast<std::size_t>(examples.dense_features), trained);
    log.values = {};
  }
  if (rule.how == ClickHoldOut::tail) return hold_out_tail(std::move(examples), rule.test_fraction);
  return {gathered(examples, trained), gathered(examples, std::span(rows).subspan(trained.size()))};
}

}  // namespace frugal::data
