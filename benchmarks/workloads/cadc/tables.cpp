#include "benchmarks/workloads/cadc/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "datasets/formats/npy.hpp"

namespace frugal::workloads {

ModelState embeddings_from(const ModelState& factors) {
  ModelState state;
  for (const auto& [from, to] : {std::pair{"user_factors", "user_embedding"}, {"item_factors", "item_embedding"}}) {
    NamedTensor tensor = *factors.find(from);
    tensor.name = to;
    state.tensors.push_back(std::move(tensor));
  }
  return state;
}

ModelState embeddings_of(const ModelState& state) {
  ModelState tables;
  for (const char* name : {"user_embedding", "item_embedding"}) tables.tensors.push_back(*state.find(name));
  return tables;
}

void require_tables(const TwoTower& model, const ModelState& expected, const char* when) {
  const ModelState now = model.export_state();
  for (const NamedTensor& table : expected.tensors) {
    const std::vector<float>& values = now.find(table.name)->values;
    if (values.size() != table.values.size() ||
        std::memcmp(values.data(), table.values.data(), values.size() * sizeof(float)) != 0)
      throw std::logic_error(fmt::format("{} is not bit-equal to its source {}", table.name, when));
  }
}

void start_as_identity(TwoTower& model, const TwoTowerSpec& spec, float gain) {
  const ModelState initial = model.export_state();
  ModelState changed;
  changed.step = initial.step;
  const std::size_t dim = static_cast<std::size_t>(spec.embedding_dim);
  for (const char* side : {"user", "item"}) {
    for (std::size_t l = 0; l < spec.tower_layers.size(); ++l) {
      NamedTensor weight = *initial.find(fmt::format("{}_tower.{}.weight", side, l));
      const std::size_t out = static_cast<std::size_t>(weight.shape.at(0));
      const std::size_t in = static_cast<std::size_t>(weight.shape.at(1));
      const bool first = l == 0;
      const bool last = l + 1 == spec.tower_layers.size();
      for (std::size_t row = 0; row < (last ? out : 2 * dim); ++row) {
        float* const values = weight.values.data() + row * in;
        std::fill_n(values, in, 0.0F);
        if (first && last) {
          values[row] = gain;
        } else if (first) {
          values[row % dim] = row < dim ? 1.0F : -1.0F;
        } else if (last) {
          values[row] = gain;
          values[row + dim] = -gain;
        } else {
          values[row] = 1.0F;
        }
      }
      changed.tensors.push_back(std::move(weight));
    }
  }
  model.import_state(changed);
}

std::vector<float> scores_of(const ModelState& factors, std::span<const Interaction> pairs) {
  const NamedTensor& users = *factors.find("user_factors");
  const NamedTensor& items = *factors.find("item_factors");
  const NamedTensor* const user_bias = factors.find("user_bias");
  const NamedTensor* const item_bias = factors.find("item_bias");
  const std::size_t dim = static_cast<std::size_t>(users.shape.at(1));
  std::vector<float> scores;
  scores.reserve(pairs.size());
  for (const auto& [user, item] : pairs) {
    float sum = 0;
    for (std::size_t k = 0; k < dim; ++k) sum += users.values[user * dim + k] * items.values[item * dim + k];
    if (user_bias) sum += user_bias->values[user];
    if (item_bias) sum += item_bias->values[item];
    scores.push_back(sum);
  }
  return scores;
}

void write_tables(const ModelState& tables, const std::filesystem::path& folder) {
  for (const NamedTensor& table : tables.tensors)
    data::write_npy(folder / (table.name + ".npy"), table.shape, table.values);
}

}  // namespace frugal::workloads
