#include "benchmarks/workloads/cadc/stored.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <set>

#include "impl/base/philox.hpp"

namespace frugal::workloads {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::int64_t users = 400;
constexpr std::int64_t items = 300;
constexpr std::int64_t dim = 8;

/// Factors whose axes matter less and less, and share what they say.
ModelState some_factors(bool biases = false) {
  const Philox random(5, Purpose::test);
  std::uint64_t index = 0;
  const auto uniform = [&] { return static_cast<float>(random.word(index++)) / 4294967296.0F - 0.5F; };
  ModelState state;
  state.step = 12;
  for (const auto& [name, rows] : {std::pair{"user_factors", users}, {"item_factors", items}}) {
    std::vector<float> values;
    for (std::int64_t row = 0; row < rows; ++row) {
      const float shared = uniform();
      for (std::int64_t axis = 0; axis < dim; ++axis)
        values.push_back((uniform() + 0.5F * shared) / static_cast<float>(1 + axis));
    }
    state.tensors.push_back({name, {rows, dim}, std::move(values)});
  }
  if (biases) {
    state.tensors.push_back({"user_bias", {users}, std::vector<float>(users, 0.3F)});
    state.tensors.push_back({"item_bias", {items}, std::vector<float>(items, 0.7F)});
  }
  return state;
}

Matrix table(const ModelState& state, const char* name) {
  const NamedTensor& tensor = *state.find(name);
  return Eigen::Map<const Matrix>(tensor.values.data(), tensor.shape[0], tensor.shape[1]);
}

Matrix scores(const ModelState& state) {
  return table(state, "user_factors") * table(state, "item_factors").transpose();
}

/// Root mean square error of all scores, over the root mean square of these.
double score_error(const ModelState& stored, const ModelState& factors) {
  return (scores(stored) - scores(factors)).norm() / scores(factors).norm();
}

constexpr double values = (users + items) * dim;

TEST(Store, Fp32IsAsItWas) {
  const ModelState factors = some_factors(true);
  const StoredFactors stored = store(factors, Storing::fp32, 4);
  EXPECT_EQ(stored.bytes, static_cast<std::uint64_t>(4 * values + 4 * items));
  EXPECT_EQ(stored.factors.step, 12u);
  EXPECT_EQ(stored.factors.find("user_factors")->values, factors.find("user_factors")->values);
  EXPECT_EQ(stored.factors.find("item_bias")->values, factors.find("item_bias")->values);
  EXPECT_THAT(stored.factors.find("user_bias")->values, Each(0.0F));  // changes no ranking, and is not kept
}

TEST(Store, Fp16RoundsToElevenBits) {
  const ModelState factors = some_factors(true);
  const StoredFactors stored = store(factors, Storing::fp16, 4);
  EXPECT_EQ(stored.bytes, static_cast<std::uint64_t>(2 * values + 2 * items));
  EXPECT_EQ(stored.factors.find("item_bias")->values[0], 0.7001953125F);
  const Matrix before = table(factors, "user_factors");
  const Matrix after = table(stored.factors, "user_factors");
  EXPECT_LT(((after - before).array().abs() / before.array().abs().max(1e-4F)).maxCoeff(), 1.0 / 2048 * 1.001);
  EXPECT_GT((after - before).norm(), 0);
}

TEST(Store, UniformHasItsLevelsBetweenTheLeastAndTheLargestOfEachRow) {
  for (const int bits : {1, 3, 8, 12, 16}) {
    SCOPED_TRACE(bits);
    const ModelState factors = some_factors();
    const StoredFactors stored = store(factors, Storing::uniform, bits);
    EXPECT_EQ(stored.bytes, static_cast<std::uint64_t>(values * bits / 8 + 4 * (users + items)));
    const Matrix before = table(factors, "user_factors");
    const Matrix after = table(stored.factors, "user_factors");
    for (Eigen::Index row = 0; row < users; ++row) {
      EXPECT_LE((std::set<float>(after.row(row).begin(), after.row(row).end()).size()), std::size_t{1} << bits);
      const float step =
          (before.row(row).maxCoeff() - before.row(row).minCoeff()) / static_cast<float>((1 << bits) - 1);
      const float ends = before.row(row).cwiseAbs().maxCoeff() / 2048;  // fp16
      EXPECT_LE((after.row(row) - before.row(row)).cwiseAbs().maxCoeff(), 0.51F * step + ends);
    }
  }
}

TEST(Store, UniformKeepsARowOfOneValue) {
  ModelState factors = some_factors();
  std::fill_n(factors.tensors[0].values.begin(), dim, 0.25F);
  const Matrix after = table(store(factors, Storing::uniform, 4).factors, "user_factors");
  EXPECT_EQ(after.row(0), Matrix::Constant(1, dim, 0.25F));
}

TEST(Store, ProductHasAtMost256VectorsAPlaceAndBringsThemNear) {
  const ModelState factors = some_factors();
  const StoredFactors stored = store(factors, Storing::product, 4);  // two values a byte
  EXPECT_EQ(stored.bytes, static_cast<std::uint64_t>(values / 2 + 2 * 2 * 256 * dim));
  const Matrix after = table(stored.factors, "user_factors");
  for (Eigen::Index place = 0; place < dim; place += 2) {
    std::set<std::pair<float, float>> distinct;
    for (Eigen::Index row = 0; row < users; ++row) distinct.emplace(after(row, place), after(row, place + 1));
    EXPECT_LE(distinct.size(), 256u);
    EXPECT_GT(distinct.size(), 200u);
  }
  EXPECT_LT(score_error(stored.factors, factors), 0.08);
  EXPECT_GT(score_error(store(factors, Storing::product, 2).factors, factors), score_error(stored.factors, factors));
}

TEST(Store, TransformKeepsAllScoresWhereBitsAbound) {
  const ModelState factors = some_factors();
  EXPECT_LT(score_error(store(factors, Storing::transform, 20).factors, factors), 1e-4);
}

TEST(Store, TransformTakesTheBytesThatItWasGivenAndNoMore) {
  const ModelState factors = some_factors();
  double last = 1;
  for (const double bits : {1.0, 2.5, 4.0}) {
    SCOPED_TRACE(bits);
    const StoredFactors stored = store(factors, Storing::transform, bits);
    EXPECT_LE(static_cast<double>(stored.bytes), bits / 8 * values);
    EXPECT_GT(static_cast<double>(stored.bytes), 0.97 * bits / 8 * values);
    EXPECT_LT(score_error(stored.factors, factors), 0.75 * last);
    last = score_error(stored.factors, factors);
  }
}

TEST(Store, TransformGivesTheTablesThatItsBytesHold) {
  const StoredFactors stored = store(some_factors(), Storing::transform, 2.5);
  for (const char* name : {"user_factors", "item_factors"}) {
    const Matrix after = table(stored.factors, name);
    for (Eigen::Index axis = 0; axis < dim; ++axis) {
      std::set<float> steps;
      for (Eigen::Index row = 0; row < after.rows(); ++row) steps.insert(after(row, axis));
      EXPECT_LT(static_cast<Eigen::Index>(steps.size()), after.rows() / 4) << name << " " << axis;
    }
  }
}

TEST(Store, TransformIsBetterThanUniformForTheSameBytes) {
  const ModelState factors = some_factors();
  const StoredFactors uniform = store(factors, Storing::uniform, 4);
  const StoredFactors transform = store(factors, Storing::transform, 8 * static_cast<double>(uniform.bytes) / values);
  EXPECT_LE(transform.bytes, uniform.bytes);
  EXPECT_LT(score_error(transform.factors, factors), 0.8 * score_error(uniform.factors, factors));
}

TEST(Store, TransformBearsAxesThatSayNothing) {
  ModelState factors = some_factors();
  for (NamedTensor& tensor : factors.tensors)
    for (std::size_t k = 0; k < tensor.values.size(); k += dim) tensor.values[k] = tensor.values[k + 1];  // a double
  EXPECT_LT(score_error(store(factors, Storing::transform, 20).factors, factors), 1e-3);
  for (NamedTensor& tensor : factors.tensors) std::ranges::fill(tensor.values, 0.0F);
  const StoredFactors nothing = store(factors, Storing::transform, 4);
  EXPECT_THAT(nothing.factors.tensors[0].values, Each(0.0F));
  EXPECT_LT(nothing.bytes, 100u);
}

TEST(Store, BitsThatDoNotFitAreSaidSo) {
  EXPECT_EQ(why_not_stored(Storing::transform, 2.5, 7), "");
  EXPECT_EQ(why_not_stored(Storing::uniform, 3, 7), "");
  EXPECT_EQ(why_not_stored(Storing::product, 2, 8), "");
  EXPECT_THAT(why_not_stored(Storing::uniform, 2.5, 8), HasSubstr("whole bits"));
  EXPECT_THAT(why_not_stored(Storing::uniform, 17, 8), HasSubstr("1 to 16"));
  EXPECT_THAT(why_not_stored(Storing::product, 3, 8), HasSubstr("1, 2, 4 or 8"));
  EXPECT_THAT(why_not_stored(Storing::product, 1, 12), HasSubstr("8 values by a byte, and the dimension 12"));
  EXPECT_EQ(why_not_stored(Storing::fp16, 2.5, 8), "");
}

TEST(Bytes, OfPairsAreIdsInWholeBytesAndWhereUsersBegin) {
  EXPECT_EQ(bytes_as_ids(1000, 10, 256), 1000u + 44u);
  EXPECT_EQ(bytes_as_ids(1000, 10, 257), 2000u + 44u);
  EXPECT_EQ(bytes_as_ids(994'169, 6040, 3706), 2u * 994'169 + 4 * 6041);
  EXPECT_EQ(bytes_as_ids(5, 1, 1), 5u + 8u);
}

TEST(Bytes, CodedAreThoseOfPackedIdsAtMostAndFewerWhereItemsDifferInPopularity) {
  std::vector<Interaction> even, popular;
  const Philox random(1, Purpose::test);
  for (std::uint32_t user = 0; user < 500; ++user)
    for (std::uint32_t item = 0; item < 200; ++item) {
      const double chance = static_cast<double>(random.word(200 * user + item)) / 4294967296.0;
      if (chance < 0.05) even.push_back({user, item});
      if (chance < (item < 20 ? 0.41 : 0.01)) popular.push_back({user, item});
    }
  const auto packed = [](std::size_t pairs) { return static_cast<double>(pairs * 8 + 500 * 5) / 8; };
  EXPECT_LE(static_cast<double>(bytes_coded(even, 500, 200)), packed(even.size()) + 500.0);
  // 500 users: 20 items of entropy H(.41) and 180 of H(.01), and what is learned of each item.
  const auto entropy = [](double p) { return -p * std::log2(p) - (1 - p) * std::log2(1 - p); };
  const double bytes = 500 * (20 * entropy(0.41) + 180 * entropy(0.01)) / 8;
  EXPECT_GT(static_cast<double>(bytes_coded(popular, 500, 200)), 0.97 * bytes);
  EXPECT_LT(static_cast<double>(bytes_coded(popular, 500, 200)), 1.35 * bytes);
}

TEST(Bytes, OfTooManyPairsToCodeArePacked) {
  const std::vector<Interaction> few = {{0, 0}, {9'999, 9'999}};
  EXPECT_EQ(bytes_coded(few, 10'000, 10'000), (2u * 14 + 10'000u * 1 + 7) / 8);
}

}  // namespace
}  // namespace frugal::workloads
