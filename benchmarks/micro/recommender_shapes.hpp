// The recommenders that the micro benchmarks time: two-tower and factorisation at the size of MovieLens, DLRM at the
// shape of Meta's benchmark (bench/dlrm_s_benchmark.sh of facebookresearch/dlrm).
#pragma once
#include <cstdint>
#include <vector>

#include "impl/base/philox.hpp"
#include "impl/common/recommender/click_batch.hpp"
#include "impl/common/specs.hpp"

namespace frugal::micro {

inline TwoTowerSpec movielens_towers(std::int64_t batch, bool trainable) {
  return {.users = 6040,
          .items = 3706,
          .embedding_dim = 64,
          .tower_layers = {128, 64},
          .embedding_trainable = trainable,
          .negatives = 4,
          .batch = static_cast<int>(batch)};
}

/// Uniform users, items with a head, as in a catalogue.
inline std::vector<Interaction> positives_with_a_head(std::uint32_t users, std::uint32_t items, std::uint64_t count) {
  const Philox random(1, Purpose::test);
  std::vector<Interaction> positives(count);
  for (std::uint64_t p = 0; p < count; ++p) {
    const float u = random.uniform(p, 1);
    positives[p] = {random.below(users, p, 0), static_cast<std::uint32_t>(u * u * static_cast<float>(items))};
  }
  return positives;
}

// Meta's "512-512-64" and "1024-1024-1024-1" begin with the inputs of the bottom MLP, and with the first width of the
// top one, whose inputs follow from the interaction.
inline DlrmSpec meta_dlrm() {
  return {.dense_features = 512,
          .table_rows = std::vector<std::uint32_t>(8, 1000000),
          .embedding_dim = 64,
          .bottom = {512, 64},
          .top = {1024, 1024, 1024, 1},
          .optimizer = OptimizerKind::rowwise_adagrad,
          .batch = 2048};
}

/// Examples whose bags have 1 to longest_bag uniform ids.
struct MetaExamples {
  MetaExamples(const DlrmSpec& spec, std::size_t count, std::uint32_t longest_bag) {
    const Philox random(1, Purpose::test);
    for (std::size_t i = 0; i < count * static_cast<std::size_t>(spec.dense_features); ++i)
      dense.push_back(random.uniform(i, 0));
    for (std::size_t b = 0; b < count * spec.table_rows.size(); ++b) {
      for (std::uint32_t k = random.below(longest_bag, b, 1) + 1; k > 0; --k)
        ids.push_back(random.below(spec.table_rows[0], ids.size(), 2));
      offsets.push_back(ids.size());
    }
    for (std::size_t i = 0; i < count; ++i) labels.push_back(static_cast<float>(random.below(2, i, 3)));
  }
  ClickBatch batch() const { return {dense, ids, labels, offsets}; }
  std::vector<float> dense;
  std::vector<std::uint32_t> ids;
  std::vector<float> labels;
  std::vector<std::uint64_t> offsets{0};
};

}  // namespace frugal::micro
