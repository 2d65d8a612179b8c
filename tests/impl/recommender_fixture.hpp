// Small data and helpers shared by the tests of the recommenders.
#pragma once
#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "impl/api/backend.hpp"
#include "impl/base/permutation.hpp"
#include "impl/base/philox.hpp"
#include "tests/impl/backend_fixture.hpp"
#include "tests/impl/model_state.hpp"

namespace frugal::recommender_test {

inline double softplus(double z) { return z > 0 ? z + std::log1p(std::exp(-z)) : std::log1p(std::exp(z)); }

// ---------------------------------------------------------------------------------------------------------------------
// Two-tower.

inline TwoTowerSpec small_two_tower() { return smallest<TwoTowerSpec>(); }

inline std::vector<Interaction> random_positives(const TwoTowerSpec& spec, std::uint64_t count) {
  const Philox random(spec.seed, Purpose::test);
  std::vector<Interaction> positives;
  for (std::uint64_t p = 0; p < count; ++p)
    positives.push_back({random.below(spec.users, 2 * p), random.below(spec.items, 2 * p + 1)});
  return positives;
}

/// Users like the items of their own group, u mod groups = i mod groups, and each has seen two thirds of them.
struct PlantedPairs {
  std::vector<Interaction> seen;
  std::vector<Interaction> unseen;  ///< liked
  std::vector<Interaction> other;   ///< of another group
};

inline PlantedPairs planted_pairs(const TwoTowerSpec& spec, std::uint32_t groups) {
  const Philox random(spec.seed, Purpose::test);
  PlantedPairs pairs;
  for (std::uint32_t u = 0; u < spec.users; ++u)
    for (std::uint32_t i = 0; i < spec.items; ++i) {
      const bool liked = u % groups == i % groups;
      const bool seen = liked && random.below(3, u * std::uint64_t{spec.items} + i) != 0;
      (seen ? pairs.seen : liked ? pairs.unseen : pairs.other).push_back({u, i});
    }
  return pairs;
}

/// The examples of step t as the contract defines them, a positive and then its negatives.
struct StepExamples {
  std::vector<Interaction> pairs;
  std::vector<double> labels;
};

inline StepExamples examples_of_step(const TwoTowerSpec& spec, const std::vector<Interaction>& positives,
                                     std::uint64_t step) {
  const std::uint64_t n = positives.size();
  const std::uint64_t batch = static_cast<std::uint64_t>(spec.batch);
  const std::uint64_t steps = (n + batch - 1) / batch;
  const auto epoch = static_cast<std::uint32_t>(step / steps);
  const std::uint64_t negatives = static_cast<std::uint64_t>(spec.negatives);
  StepExamples examples;
  for (std::uint64_t p = step % steps * batch; p < std::min((step % steps + 1) * batch, n); ++p) {
    const Interaction positive = positives[Permutation(n, spec.seed, epoch)(p)];
    examples.pairs.push_back(positive);
    examples.labels.push_back(1);
    for (std::uint64_t k = 0; k < negatives; ++k) {
      const std::uint32_t item = Philox(spec.seed, Purpose::negatives).below(spec.items, p * negatives + k, epoch);
      examples.pairs.push_back({positive.user, item});
      examples.labels.push_back(0);
    }
  }
  return examples;
}

/// The positives of step t.
inline std::vector<Interaction> positives_of_step(TwoTowerSpec spec, const std::vector<Interaction>& positives,
                                                  std::uint64_t step) {
  spec.negatives = 0;
  return examples_of_step(spec, positives, step).pairs;
}

// ---------------------------------------------------------------------------------------------------------------------
// DLRM.

inline DlrmSpec small_dlrm(FeatureInteraction interaction = FeatureInteraction::dot) {
  DlrmSpec spec = smallest<DlrmSpec>();
  spec.interaction = interaction;
  return spec;
}

struct Clicks {
  std::vector<float> dense;
  std::vector<std::uint32_t> ids;
  std::vector<float> labels;
  std::vector<std::uint64_t> offsets{};
  ClickBatch batch() const { return {dense, ids, labels, offsets}; }
};

/// The loss of the model's next step, on these examples alone.
inline double train_step(Dlrm& model, const Clicks& clicks) {
  model.set_examples(clicks.batch());
  return model.train(1)[0];
}

/// The label is 1 when the first dense feature and the parities of the ids, +-1 each, have a positive sum.
inline Clicks planted_clicks(const DlrmSpec& spec, std::size_t count, std::uint32_t stream = 0) {
  const Philox random(spec.seed + stream, Purpose::test);
  Clicks clicks;
  for (std::size_t e = 0; e < count; ++e) {
    for (std::size_t f = 0; f < static_cast<std::size_t>(spec.dense_features); ++f)
      clicks.dense.push_back(static_cast<float>(random.normal(clicks.dense.size(), 0)));
    float sum = clicks.dense[e * static_cast<std::size_t>(spec.dense_features)];
    for (const std::uint32_t rows : spec.table_rows) {
      clicks.ids.push_back(random.below(rows, clicks.ids.size(), 1));
      sum += clicks.ids.back() % 2 == 0 ? 1.F : -1.F;
    }
    clicks.labels.push_back(sum > 0 ? 1.F : 0.F);
  }
  return clicks;
}

/// As planted_clicks, with bags of 0 to `longest` ids instead of one; ids repeat.
inline Clicks clicks_with_bags(const DlrmSpec& spec, std::size_t count, std::uint32_t longest,
                               std::uint32_t stream = 0) {
  const Philox random(spec.seed + stream, Purpose::test);
  Clicks clicks = planted_clicks(spec, count, stream);
  clicks.ids.clear();
  clicks.offsets = {0};
  for (std::size_t e = 0; e < count; ++e)
    for (const std::uint32_t rows : spec.table_rows) {
      for (std::uint32_t k = random.below(longest + 1, clicks.offsets.size(), 2); k > 0; --k)
        clicks.ids.push_back(random.below(rows, clicks.ids.size(), 3));
      clicks.offsets.push_back(clicks.ids.size());
    }
  return clicks;
}

}  // namespace frugal::recommender_test
