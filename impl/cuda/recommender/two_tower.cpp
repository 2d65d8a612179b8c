// Two-tower recommender on the device. impl/reference/recommender/two_tower.cpp has the formulas; an engine has the
// computation; this file has the contract.
#include "impl/cuda/recommender/two_tower.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "impl/common/recommender/shapes.hpp"
#include "impl/cuda/ranking/ranking.hpp"
#include "impl/cuda/recommender/embedding_tables.hpp"
#include "impl/cuda/recommender/layer_widths.hpp"
#include "impl/cuda/recommender/two_tower_engine.hpp"
#include "impl/cuda/recommender/two_tower_step.hpp"

namespace frugal::cuda {
namespace {

std::unique_ptr<TwoTowerEngine> make_engine(const TwoTowerSpec& spec, const Stream& stream) {
  std::unique_ptr<TwoTowerEngine> engine = make_fused_two_tower(spec, stream);
  return engine ? std::move(engine) : make_general_two_tower(spec, stream);
}

void require_countable(std::size_t count, const char* what) {
  if (count > most_numbered)
    throw std::invalid_argument(fmt::format("the cuda back end takes up to {} {}, not {}", most_numbered, what, count));
}

/// Of a tower with so many inputs.
std::uint64_t count_parameters(std::uint64_t inputs, const std::vector<int>& widths) {
  std::uint64_t count = 0;
  for (const int width : widths) {
    const auto outputs = static_cast<std::uint64_t>(width);
    count += (inputs + 1) * outputs;
    inputs = outputs;
  }
  return count;
}

class CudaTwoTower final : public TwoTower {
 public:
  explicit CudaTwoTower(const TwoTowerSpec& spec) : spec_(spec), engine_(make_engine(spec, stream_)) {
    engine_->add_tensors(tensors_);
  }

  std::string implementation() const override { return fmt::format("{}/{}", platform(), engine_->name()); }
  ModelState export_state() const override { return tensors_.export_state(step_, stream_); }
  void import_state(const ModelState& state) override {
    tensors_.import_state(state, stream_);
    step_ = state.step;
  }

  void set_interactions(std::span<const Interaction> positives) override {
    if (spec_.loss == TwoTowerLoss::batch_softmax) require_countable(positives.size(), "positives of batch_softmax");
    require_in_range(positives, spec_.users, spec_.items);
    engine_->set_interactions(positives, stream_);
    has_interactions_ = !positives.empty();
  }

  std::vector<double> train(std::uint64_t steps) override {
    if (steps == 0) return {};
    if (!has_interactions_) throw std::invalid_argument("two-tower training needs interactions");
    std::vector<double> losses(steps);
    engine_->train(step_, losses, stream_);
    step_ += steps;
    return losses;
  }

  std::vector<float> score(std::span<const Interaction> pairs) const override {
    if (pairs.empty()) return {};
    require_countable(pairs.size(), "pairs to score");
    std::vector<std::uint32_t> users;
    std::vector<std::uint32_t> items;
    for (const Interaction& pair : pairs) {
      users.push_back(pair.user);
      items.push_back(pair.item);
    }
    const DeviceBuffer<std::uint32_t> user_ids(users, "users to score", stream_);
    const DeviceBuffer<std::uint32_t> item_ids(items, "items to score", stream_);
    DeviceBuffer<float> user_storage;
    DeviceBuffer<float> item_storage;
    const Rows u = engine_->outputs(TwoTowerSide::users, user_ids.data(), pairs.size(), user_storage, stream_);
    const Rows v = engine_->outputs(TwoTowerSide::items, item_ids.data(), pairs.size(), item_storage, stream_);
    DeviceBuffer<float> scores(pairs.size(), "scores");
    score_pairs(u, v, static_cast<std::uint32_t>(pairs.size()), scores.data(), stream_);
    return scores.download(stream_);
  }

  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override {
    DeviceBuffer<float> user_storage;
    DeviceBuffer<float> item_storage;
    const Rows users = engine_->outputs(TwoTowerSide::users, nullptr, spec_.users, user_storage, stream_);
    const Rows items = engine_->outputs(TwoTowerSide::items, nullptr, spec_.items, item_storage, stream_);
    return cuda::rank({.users = users.data,
                       .items = items.data,
                       .item_bias = nullptr,
                       .items_count = spec_.items,
                       .dim = static_cast<unsigned>(tower_output(spec_)),
                       .stride = users.width},
                      queries, stream_);
  }

 private:
  TwoTowerSpec spec_;
  Stream stream_;
  std::unique_ptr<TwoTowerEngine> engine_;
  DeviceTensors tensors_;
  std::uint64_t step_ = 0;
  bool has_interactions_ = false;
};

}  // namespace

Support supports(const TwoTowerSpec& spec) {
  if (std::string why = why_invalid(spec); !why.empty()) return {std::move(why)};
  const TwoTowerShape shape(spec);
  const std::uint64_t examples = std::uint64_t{shape.batch} * shape.examples;
  if (examples > 0x7fffffffU)
    return Support::no(fmt::format("the cuda back end takes fewer than 2^31 examples a step, not {}", examples));
  const std::int64_t inputs = std::int64_t{spec.embedding_dim} + std::max(spec.user_features, spec.item_features);
  if (Support widths = supports_widths(inputs, spec.tower_layers); !widths) return widths;
  const std::uint64_t parameters = count_parameters(static_cast<std::uint64_t>(inputs), spec.tower_layers);
  if (parameters > most_numbered)
    return Support::no(
        fmt::format("the cuda back end takes towers of up to {} parameters, not {}", most_numbered, parameters));
  return EmbeddingTables::supports_dim(spec.embedding_dim);
}

std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec) {
  assert(supports(spec));
  return std::make_unique<CudaTwoTower>(spec);
}

}  // namespace frugal::cuda
