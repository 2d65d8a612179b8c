// A click log as its file has it, and how it becomes examples to train on and to test on.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "datasets/clicks/clicks.hpp"
#include "impl/base/names.hpp"

namespace frugal::data {

/// What is held out of a click log. random: a random share; latest: the share that is latest in time; tail: the last
/// rows of the file, for a file whose order is that of time and that does not tell the times.
enum class ClickHoldOut { random, latest, tail };

inline constexpr Named<ClickHoldOut> click_hold_out_names[] = {
    {ClickHoldOut::random, "random"}, {ClickHoldOut::latest, "latest"}, {ClickHoldOut::tail, "tail"}};

/// The rows of a file, in its order.
struct ClickLog {
  Clicks examples;             ///< dense is empty where there are `values`
  std::vector<double> values;  ///< [n, dense_features], to be standardised; NaN: missing. Empty: nothing to standardise
  std::vector<std::uint64_t>
      keys;  ///< [n] a hash of what a row holds but for its time, whatever the form of its file; may be empty for `tail`
  std::vector<std::pair<std::int64_t, std::int32_t>> times;  ///< [n] whole and millionths; empty: none
};

struct ClickSplitRule {
  ClickHoldOut how = ClickHoldOut::random;
  double test_fraction = 0.1;  ///< at least one row is held out, and not all
};

/// Holds rows out of two or more. But for `tail` nothing depends on the order of the file: the rows, trained and tested,
/// come in the order of their keys (`latest`: of their times, and of their keys at one time), and rows that are equal are one as good as the other. A key alone does not draw:
/// equal rows, of which click logs have many, would all go to one side, and the test would be of rows never seen.
///
/// Values are standardised by the trained rows alone: mean 0 and standard deviation 1; what is missing becomes 0, the
/// mean, and so does all of a column that does not vary. Throws UserError for `latest` without times.
ClickSplit split_click_log(ClickLog log, const ClickSplitRule& rule, std::uint64_t seed);

}  // namespace frugal::data
