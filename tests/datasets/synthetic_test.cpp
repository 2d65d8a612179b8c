#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "datasets/load/clicks.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/interactions.hpp"
#include "datasets/load/write_synthetic.hpp"
#include "datasets/synthetic/clicks.hpp"
#include "datasets/synthetic/interactions.hpp"
#include "impl/common/metrics.hpp"
#include "tests/datasets/data_test_support.hpp"
#include "tests/datasets/read_criteo.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

template <class Score>
double hit_rate_at_10(const Split& split, const Score& score) {
  int hits = 0;
  for (std::size_t q = 0; q < split.held_out.size(); ++q) {
    const auto [user, item] = split.held_out[q];
    int above = 0;
    for (int k = 0; k < split.negatives_per_query; ++k) {
      const std::size_t at = q * static_cast<std::size_t>(split.negatives_per_query) + static_cast<std::size_t>(k);
      above += score(user, split.negatives[at]) >= score(user, item);
    }
    hits += above < 10;
  }
  return static_cast<double>(hits) / static_cast<double>(split.held_out.size());
}

TEST(AliasTable, DrawsInProportionToItsWeights) {
  const std::array<double, 4> weights{1, 0, 3, 6};
  const AliasTable table(weights);
  const Philox random(1, Purpose::test);
  std::array<int, 4> counts{};
  for (std::uint64_t n = 0; n < 100'000; ++n) {
    const auto words = random.block(n);
    ++counts[table.draw(words[0], words[1])];
  }
  EXPECT_EQ(counts[1], 0);
  EXPECT_NEAR(counts[0], 10'000, 500);
  EXPECT_NEAR(counts[2], 30'000, 800);
  EXPECT_NEAR(counts[3], 60'000, 800);
}

TEST(SyntheticInteractions, TotalIsExactAndItemsAreDistinct) {
  for (const std::uint64_t interactions : {std::uint64_t{500}, std::uint64_t{7777}, std::uint64_t{25'000}}) {
    InteractionsGenerator generator({.users = 500, .items = 100, .interactions = interactions}, 3);
    std::uint64_t total = 0;
    generator.for_each(0, generator.users(), [&](std::uint32_t user, std::span<const std::uint32_t> items) {
      EXPECT_EQ(items.size(), generator.degree(user));
      EXPECT_EQ(std::set<std::uint32_t>(items.begin(), items.end()).size(), items.size());
      EXPECT_LT(*std::max_element(items.begin(), items.end()), 100u);
      total += items.size();
    });
    EXPECT_EQ(total, interactions);
  }
}

TEST(SyntheticInteractions, AUserDoesNotDependOnTheUsersBefore) {
  const InteractionsSpec spec{.users = 50, .items = 200, .interactions = 2000};
  InteractionsGenerator forward(spec, 3);
  InteractionsGenerator backward(spec, 3);
  std::vector<std::vector<std::uint32_t>> items(50);
  for (std::uint32_t u = 0; u < 50; ++u) forward.items_of(u, items[u]);
  std::vector<std::uint32_t> again;
  for (std::uint32_t u = 50; u-- > 0;) {
    backward.items_of(u, again);
    EXPECT_EQ(again, items[u]);
  }
}

TEST(SyntheticInteractions, PlantedProbabilitiesSumToOne) {
  const InteractionsGenerator generator({.users = 20, .items = 300, .interactions = 400}, 8);
  for (std::uint32_t u = 0; u < 20; ++u) {
    double sum = 0;
    for (std::uint32_t i = 0; i < 300; ++i) sum += generator.probability(u, i);
    EXPECT_NEAR(sum, 1, 1e-9);
  }
}

TEST(SyntheticInteractions, FirstDrawsFollowThePlantedProbabilities) {
  // Each user's single item, over many users, against the sum of their probabilities.
  const std::uint32_t users = 40'000;
  InteractionsGenerator generator({.users = users, .items = 20, .interactions = users, .rank = 3}, 2);
  std::array<double, 20> expected{};
  std::array<double, 20> counts{};
  generator.for_each(0, generator.users(), [&](std::uint32_t user, std::span<const std::uint32_t> items) {
    ++counts[items[0]];
    for (std::uint32_t i = 0; i < 20; ++i) expected[i] += generator.probability(user, i);
  });
  for (std::size_t i = 0; i < 20; ++i) EXPECT_NEAR(counts[i], expected[i], 5 * std::sqrt(expected[i]));
}

TEST(SyntheticInteractions, TastesBeatPopularityAndPopularityBeatsChance) {
  const Json dataset = complete_dataset({{"name", "synthetic-interactions"}});
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Split split = load_split(dataset, {}, seed);
    const InteractionsGenerator generator({}, seed);
    std::vector<int> popularity(split.items, 0);
    for (const Interaction& pair : split.train) ++popularity[pair.item];
    const double popular = hit_rate_at_10(split, [&](std::uint32_t, std::uint32_t i) { return popularity[i]; });
    const double oracle =
        hit_rate_at_10(split, [&](std::uint32_t u, std::uint32_t i) { return generator.probability(u, i); });
    EXPECT_GT(popular, 0.25);
    EXPECT_LT(popular, 0.45);
    EXPECT_GT(oracle, 0.70);
  }
}

TEST(SyntheticInteractions, WithoutSignalPopularityIsTheOracle) {
  const Json dataset = complete_dataset({{"name", "synthetic-interactions"}, {"signal", 0.0}});
  const Split split = load_split(dataset, {}, 1);
  const InteractionsGenerator generator({.signal = 0}, 1);
  std::vector<int> popularity(split.items, 0);
  for (const Interaction& pair : split.train) ++popularity[pair.item];
  const double popular = hit_rate_at_10(split, [&](std::uint32_t, std::uint32_t i) { return popularity[i]; });
  const double oracle =
      hit_rate_at_10(split, [&](std::uint32_t u, std::uint32_t i) { return generator.probability(u, i); });
  EXPECT_NEAR(popular, oracle, 0.03);
}

TEST(SyntheticInteractions, AFewItemsHoldMuchOfTheMass) {
  std::vector<int> counts(1000, 0);
  InteractionsGenerator generator({}, 1);
  generator.for_each(0, generator.users(), [&](std::uint32_t, std::span<const std::uint32_t> items) {
    for (const std::uint32_t item : items) ++counts[item];
  });
  std::sort(counts.rbegin(), counts.rend());
  const int head = std::accumulate(counts.begin(), counts.begin() + 200, 0);
  EXPECT_GT(head, 40'000) << "a fifth of the items should have far more than a fifth of the interactions";
  EXPECT_LT(head, 80'000);
}

TEST(SyntheticInteractions, ImpossibleSizesAreRefused) {
  EXPECT_THAT(user_error([] { InteractionsGenerator({.users = 10, .items = 10, .interactions = 51}, 0); }),
              HasSubstr("give between 10 (one a user) and 50"));
  EXPECT_THAT(user_error([] { InteractionsGenerator({.users = 10, .items = 10, .interactions = 9}, 0); }),
              HasSubstr("do not fit"));
  EXPECT_THAT(user_error([] { InteractionsGenerator({.users = 10, .items = 4, .interactions = 20, .rank = 5}, 0); }),
              HasSubstr("rank 5 is above"));
  EXPECT_THAT(user_error([] { ClicksGenerator({.tables = 0}, 0); }), HasSubstr("at least one dense feature and one"));
  EXPECT_THAT(user_error([] { ClicksGenerator({.dense_features = 0}, 0); }), HasSubstr("at least one dense feature"));
}

TEST(SyntheticClicks, AreDeterministicAndIndexable) {
  const ClicksSpec spec{.examples = 50, .test_examples = 10, .tables = 3, .rows = 40, .dense_features = 2};
  const ClickSplit split = ClicksGenerator(spec, 6).split();
  EXPECT_EQ(split.train.size(), 50u);
  EXPECT_EQ(split.test.size(), 10u);
  EXPECT_EQ(split.train.dense.size(), 100u);
  EXPECT_EQ(split.train.ids.size(), 150u);
  const Clicks late = ClicksGenerator(spec, 6).clicks(50, 10);
  EXPECT_EQ(late.dense, split.test.dense);
  EXPECT_EQ(late.ids, split.test.ids);
  EXPECT_EQ(late.labels, split.test.labels);
  EXPECT_NE(late.dense, ClicksGenerator(spec, 7).split().test.dense);
}

TEST(SyntheticClicks, AreThoseOfTheirIndicesWhicheverThreadMakesThem) {
  const ClicksGenerator generator({.tables = 3, .rows = 40, .dense_features = 2}, 6);
  const Clicks made = generator.clicks(1000, 300);
  ClicksStream::Example example;
  for (std::size_t n = 0; n < 300; ++n) {
    generator.make(1000 + n, example);
    EXPECT_THAT(std::span(made.dense).subspan(2 * n, 2), ElementsAreArray(example.dense)) << n;
    EXPECT_THAT(std::span(made.ids).subspan(3 * n, 3), ElementsAreArray(example.ids)) << n;
    EXPECT_EQ(made.labels[n], example.clicked ? 1 : 0) << n;
  }
}

TEST(SyntheticClicks, BayesAucIsThatOfTheTrueProbabilitiesAndGrowsWithTheSignal) {
  const auto bayes = [](double signal) {
    return *ClicksGenerator({.examples = 1, .test_examples = 20'000, .signal = signal}, 1).split().test.bayes_auc;
  };
  EXPECT_NEAR(bayes(0), 0.5, 0.02);
  EXPECT_GT(bayes(2), 0.82);
  EXPECT_LT(bayes(2), 0.92);
  EXPECT_GT(bayes(4), bayes(2));
}

TEST(SyntheticClicks, DenseFeaturesAloneExplainOnlyAPart) {
  const ClicksSpec spec{.examples = 1, .test_examples = 20'000};
  const ClicksGenerator generator(spec, 1);
  std::vector<float> scores;
  std::vector<float> labels;
  ClicksGenerator::Example example;
  std::vector<double> slope(13, 0);  // the direction of the clicked mean: close to the planted one
  for (std::uint64_t n = 0; n < 40'000; ++n) {
    generator.make(n, example);
    for (std::size_t d = 0; d < 13; ++d) slope[d] += (example.clicked ? 1 : -1) * static_cast<double>(example.dense[d]);
  }
  for (std::uint64_t n = 40'000; n < 60'000; ++n) {
    generator.make(n, example);
    scores.push_back(static_cast<float>(std::inner_product(slope.begin(), slope.end(), example.dense.begin(), 0.0)));
    labels.push_back(example.clicked ? 1.0F : 0.0F);
  }
  const double linear = *auc(scores, labels);
  EXPECT_GT(linear, 0.6);
  EXPECT_LT(linear, *generator.clicks(40'000, 20'000).bayes_auc - 0.1);
}

class SyntheticFiles : public WithFolder {};

TEST_F(SyntheticFiles, CriteoFileGivesTheSameIdsAndLabels) {
  const ClicksSpec spec{.examples = 200, .test_examples = 100, .tables = 5, .rows = 64, .dense_features = 4};
  const auto path = folder_ / "c.txt";
  write_synthetic(complete_dataset({{"name", "synthetic-clicks"},
                                    {"examples", 200},
                                    {"test_examples", 100},
                                    {"tables", 5},
                                    {"rows", 64},
                                    {"dense_features", 4}}),
                  path, 0, 6);
  const Clicks direct = ClicksGenerator(spec, 6).clicks(0, 300);
  const Clicks back = read_criteo(path, 64, 0);
  EXPECT_EQ(back.labels, direct.labels);
  for (std::size_t n = 0; n < 300; ++n) {
    for (std::size_t t = 0; t < 5; ++t) ASSERT_EQ(back.ids[n * 26 + t], direct.ids[n * 5 + t]);
    for (std::size_t d = 1; d < 4; ++d) {
      if (direct.dense[n * 4 + d] > direct.dense[n * 4] + 1) {
        EXPECT_GE(back.dense[n * 13 + d], back.dense[n * 13]);
      }
    }
  }
}

TEST_F(SyntheticFiles, LoadedClicksHoldOutTheLastSeventh) {
  std::filesystem::create_directories(folder_ / "criteo");
  write_synthetic(complete_dataset({{"name", "synthetic-clicks"}, {"examples", 600}, {"test_examples", 100}}),
                  folder_ / "criteo/train.txt", 0, 6);
  const ClickSplit split =
      load_clicks(complete_dataset({{"name", "criteo-kaggle"}, {"rows_per_table", 1000}}), {folder_}, 0);
  EXPECT_EQ(split.train.size(), 601u);
  EXPECT_EQ(split.test.size(), 99u);
  EXPECT_EQ(split.test.ids.size(), 99u * 26);
  EXPECT_EQ(split.test.dense.size(), 99u * 13);
}

TEST_F(SyntheticFiles, NothingIsLeftWhenTheFormatIsUnknown) {
  EXPECT_THAT(user_error([&] {
                write_synthetic(complete_dataset({{"name", "synthetic-clicks"}}), folder_ / "c.parquet", 0, 0);
              }),
              HasSubstr("unknown ending"));
  EXPECT_THAT(user_error([&] {
                write_synthetic(complete_dataset({{"name", "synthetic-interactions"}}), folder_ / "c.rating", 0, 0);
              }),
              HasSubstr(".train.rating"));
  EXPECT_THAT(user_error([&] {
                write_synthetic(complete_dataset({{"name", "ml-100k"}}), folder_ / "u.data", 0, 0);
              }),
              HasSubstr("only generators"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace frugal::data
