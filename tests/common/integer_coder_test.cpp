#include "impl/common/integer_coder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

#include "impl/base/philox.hpp"

namespace frugal {
namespace {

struct Integers {
  std::size_t rows, columns;
  std::vector<std::int32_t> values;  ///< row-major

  std::vector<std::uint8_t> coded() const {
    return code_integers(rows, columns, [&](std::size_t column, std::span<std::int32_t> to) {
      for (std::size_t row = 0; row < rows; ++row) to[row] = values[row * columns + column];
    });
  }

  /// Of each column by the frequencies of its values, in bytes.
  double entropy() const {
    double bits = 0;
    for (std::size_t column = 0; column < columns; ++column) {
      std::map<std::int32_t, double> counts;
      for (std::size_t row = 0; row < rows; ++row) ++counts[values[row * columns + column]];
      for (const auto& [value, count] : counts) bits -= count * std::log2(count / static_cast<double>(rows));
    }
    return bits / 8;
  }
};

/// Rounded normal numbers times the scale of their column, and of their row where rows differ.
Integers normal(std::size_t rows, std::size_t columns, bool rows_differ) {
  Integers all{rows, columns, {}};
  const Philox random(3, Purpose::test);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t column = 0; column < columns; ++column) {
      const double scale = 4.0 / (1.0 + 0.1 * static_cast<double>(column)) * (rows_differ && row % 3 == 0 ? 4 : 1);
      const auto words = random.block(row, static_cast<std::uint32_t>(column));
      const double radius = std::sqrt(-2 * std::log((words[0] + 1.0) / 4294967297.0));
      all.values.push_back(
          static_cast<std::int32_t>(std::lround(scale * radius * std::cos(words[1] * 1.4629180792671596e-9))));
    }
  return all;
}

void expect_back(const Integers& integers) {
  const std::vector<std::uint8_t> bytes = integers.coded();
  EXPECT_EQ(decode_integers(bytes, integers.rows, integers.columns), integers.values);
}

TEST(IntegerCoder, GivesBackWhatItWasGiven) {
  expect_back(normal(50, 7, true));
  expect_back({1, 1, {0}});
  expect_back({0, 3, {}});
  expect_back({2, 0, {}});
  expect_back({3, 2, {13, 14, -14, 15, -16, 1000}});  // where its questions end
  const std::int32_t most = std::numeric_limits<std::int32_t>::max();
  expect_back({2, 2, {most, -most, 0, std::numeric_limits<std::int32_t>::min()}});
}

TEST(IntegerCoder, GivesBackLongRunsThatCarryThroughMany0xff) {
  for (const int share : {2, 50, 3000}) {  // likely answers make bytes of 0xff in the range coder
    Integers rare{4000, 30, std::vector<std::int32_t>(120'000)};
    for (std::size_t k = 0; k < rare.values.size(); k += static_cast<std::size_t>(share))
      rare.values[k] = k % 7 == 0 ? -1 : 1;
    expect_back(rare);
  }
}

TEST(IntegerCoder, TakesWithinTwoPercentOfTheEntropy) {
  const Integers alike = normal(5000, 30, false);
  EXPECT_LT(static_cast<double>(alike.coded().size()), 1.02 * alike.entropy());
}

TEST(IntegerCoder, TakesLessThanTheEntropyOfColumnsWhereRowsDiffer) {
  const Integers differing = normal(5000, 30, true);
  EXPECT_LT(static_cast<double>(differing.coded().size()), 0.95 * differing.entropy());
}

TEST(IntegerCoder, RefusesBytesThatAreTooFew) {
  std::vector<std::uint8_t> bytes = normal(50, 7, true).coded();
  bytes.resize(bytes.size() / 2);
  EXPECT_THROW(decode_integers(bytes, 50, 7), std::invalid_argument);
  EXPECT_THROW(decode_integers({}, 1, 1), std::invalid_argument);
}

}  // namespace
}  // namespace frugal
