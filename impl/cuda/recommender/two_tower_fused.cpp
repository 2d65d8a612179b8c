// The two-tower network by the fused kernels of tower_pass.hpp: three launches a step, each of which starts while the
// one before ends. What the steps take is planned for many steps at once (tower_plan.hpp), on a branch of the graph
// beside the steps before them.
//
// A tower's output depends on the id alone, so each tower runs once per distinct id of the step, and the gradients that
// its examples send to an id are summed before the one pass back: exact, for frozen and for trainable embeddings. A
// distinct id is also an embedding row of its own, so its gradient comes out of the tower complete: no scatter.
//
// The loss batch_softmax has kernels of its own between the passes (batch_softmax.hpp).
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "impl/common/recommender/init.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/cuda/recommender/batch_softmax.hpp"
#include "impl/cuda/recommender/tower_pass.hpp"
#include "impl/cuda/recommender/tower_plan.hpp"
#include "impl/cuda/recommender/two_tower_engine.hpp"

namespace frugal::cuda {
namespace {

constexpr std::uint32_t ring = 4096;     ///< losses kept on the device
constexpr unsigned blocks_wanted = 132;  ///< a tile of the expected rows each: a wave of a large device
constexpr unsigned inference_blocks = 1024;

/// The cut of a step into tiles. It follows from the spec, not from the device: so do the bits of all sums.
struct Tiling {
  std::uint32_t rows = 0;  ///< of a tile; 0: nothing fits
  std::uint32_t blocks[2] = {0, 0};
};

/// Distinct ids among n that are drawn alike from `ids`.
double expected_rows(std::uint32_t ids, std::uint64_t n) { return ids * (1 - std::exp(-static_cast<double>(n) / ids)); }

Tiling tiling(const TwoTowerShape& shape, const TowerLayers& users, const TowerLayers& items) {
  const std::uint32_t ids[] = {shape.users, shape.items};
  const std::uint64_t drawn[] = {shape.batch, std::uint64_t{shape.batch} * shape.examples};
  Tiling found;
  for (std::uint32_t rows = 16; rows <= most_tile_rows; rows += 16) {
    if (std::max(learn_bytes(users, rows), learn_bytes(items, rows)) + tower_static_bytes >
            device_limits().shared_bytes_per_block ||
        rows * std::max(row_values(users), row_values(items)) > low_distance)
      break;
    found.rows = rows;
    double tiles = 0;
    for (unsigned s = 0; s < 2; ++s) {
      tiles += std::ceil(expected_rows(ids[s], drawn[s]) / rows);
      const auto most = static_cast<std::uint32_t>(std::min<std::uint64_t>(ids[s], drawn[s]));
      found.blocks[s] = std::min(most_tower_blocks, blocks_for(most, rows));
    }
    if (tiles <= blocks_wanted) break;
  }
  return found;
}

std::vector<DenseShape> shapes_of(const TwoTowerSpec& spec, int features) {
  return dense_shapes(spec.embedding_dim + features, spec.tower_layers);
}

/// The users, or the items: table, features, and what a step computes for its distinct ids.
struct FusedSide {
  FusedSide(const TwoTowerSpec& spec, const TowerLayers& tower, std::string side, std::uint32_t ids_there, int features,
            Purpose purpose, std::uint64_t ids_a_step, std::uint32_t blocks, const Stream& stream)
      : name(std::move(side)),
        layers(tower),
        ids(ids_there),
        dim(static_cast<std::uint32_t>(spec.embedding_dim)),
        stride(fours(dim)),
        features_width(static_cast<std::uint32_t>(features)),
        features_stride(fours(features_width)),
        capacity(static_cast<std::uint32_t>(std::min<std::uint64_t>(ids_there, ids_a_step))),
        table(with_gaps(initial_embedding(ids, spec.embedding_dim, spec.init_stddev, spec.seed, purpose), dim, stride),
              "embedding table", stream),
        features_of_ids(std::size_t{ids} * features_stride, "side features"),
        slices(std::size_t{blocks} * layers.parameters, "gradients of towers") {
    features_of_ids.zero(stream);
    slices.zero(stream);  // the gaps between parameters stay so
    if (spec.embedding_trainable)
      for (DeviceBuffer<float>& moment : moments) {
        moment = DeviceBuffer<float>(table.size(), "moments of embedding table");
        moment.zero(stream);
      }
    for (std::uint32_t l = 0; l < layers.count; ++l)
      outputs.emplace_back(std::size_t{capacity} * layers.layer[l].out_padded, "outputs of towers");
  }

  TowerRowsIn rows(const std::uint32_t* of_ids, Count count) const {
    return {table.data(), dim, stride, features_of_ids.data(), features_stride, of_ids, count};
  }
  TowerRows output_rows(const PlannedSide& plan) const {
    return {{outputs.back().data(), layers.output_padded()}, plan.ids};
  }

  std::string name;
  TowerLayers layers;
  std::uint32_t ids;
  std::uint32_t dim;
  std::uint32_t stride;  ///< floats of a row of the table
  std::uint32_t features_width;
  std::uint32_t features_stride;
  std::uint32_t capacity;  ///< rows of a step at most
  DeviceBuffer<float> table;
  DeviceBuffer<float> moments[2];  ///< of the table, when trained
  DeviceBuffer<float> features_of_ids;
  DeviceBuffer<float> slices;
  std::vector<DeviceBuffer<float>> outputs;  ///< [rows, out_padded] of each layer
};

/// What batch_softmax keeps between its kernels.
struct SoftmaxState {
  SoftmaxState(const TwoTowerShape& shape, const FusedSide& users, const FusedSide& items)
      : softmax(shape, users.capacity, items.capacity),
        losses(shape.batch, "losses of examples"),
        slopes(shape.batch, "slopes of examples"),
        deltas{
            DeviceBuffer<float>(std::size_t{users.capacity} * users.layers.output_padded(), "gradients of outputs"),
            DeviceBuffer<float>(std::size_t{items.capacity} * items.layers.output_padded(), "gradients of outputs")} {}
  BatchSoftmax softmax;
  DeviceBuffer<float> losses;
  DeviceBuffer<float> slopes;
  DeviceBuffer<float> deltas[2];
};

class FusedTwoTower final : public TwoTowerEngine {
 public:
  FusedTwoTower(const TwoTowerSpec& spec, const TowerLayers& users, const TowerLayers& items, const Tiling& tiles,
                const Stream& stream)
      : shape_(spec),
        tiles_(tiles),
        trainable_(spec.embedding_trainable),
        sides_{{spec, users, "user", spec.users, spec.user_features, Purpose::user_embedding, shape_.batch,
                tiles.blocks[0], stream},
               {spec, items, "item", spec.items, spec.item_features, Purpose::item_embedding,
                std::uint64_t{shape_.batch} * shape_.examples, tiles.blocks[1], stream}},
        parameters_(initial_parameters(spec), "parameters of towers", stream),
        plans_{TowerPlan(shape_), TowerPlan(shape_)},
        block_losses_(tiles.blocks[0], "losses of blocks"),
        loss_of_steps_(ring, "losses of steps") {
    for (DeviceBuffer<float>& moment : moments_) {
      moment = DeviceBuffer<float>(parameters_.size(), "moments of towers");
      moment.zero(stream);
    }
    if (spec.loss == TwoTowerLoss::batch_softmax) softmax_.emplace(shape_, sides_[0], sides_[1]);
  }

  const char* name() const override { return "fused"; }

  void add_tensors(DeviceTensors& tensors) override {
    for (FusedSide& side : sides_) {
      tensors.add(side.name + "_embedding", {side.ids, side.dim}, side.table, 0, side.stride);
      if (side.features_width > 0)
        tensors.add(side.name + "_features", {side.ids, side.features_width}, side.features_of_ids, 0,
                    side.features_stride);
      add_tower(tensors, "", side, parameters_);
    }
    const char* const prefixes[] = {"adam.m/", "adam.v/"};
    for (FusedSide& side : sides_) {
      for (unsigned m = 0; m < 2; ++m)
        if (trainable_)
          tensors.add(prefixes[m] + side.name + "_embedding", {side.ids, side.dim}, side.moments[m], 0, side.stride);
      for (unsigned m = 0; m < 2; ++m) add_tower(tensors, prefixes[m], side, moments_[m]);
    }
  }

  void set_interactions(std::span<const Interaction> positives, const Stream& stream) override {
    for (auto& graph : graphs_) graph.reset();
    planned_ = false;
    positives_ = DeviceBuffer<Interaction>(positives, "positives", stream);
    if (softmax_) softmax_->softmax.set_interactions(positives_, stream);
  }

  void train(std::uint64_t first_step, std::span<double> losses, const Stream& stream) override {
    for (std::size_t done = 0; done < losses.size();) {
      const std::size_t count = std::min<std::size_t>(ring, losses.size() - done);
      run(first_step + done, count, stream);
      const std::size_t at = (first_step + done) % ring;
      const std::size_t until_end = std::min<std::size_t>(count, ring - at);
      loss_of_steps_.download(losses.subspan(done, until_end), stream, at);
      loss_of_steps_.download(losses.subspan(done + until_end, count - until_end), stream);
      done += count;
    }
  }

  Rows outputs(TwoTowerSide of, const std::uint32_t* ids, std::size_t count, DeviceBuffer<float>& storage,
               const Stream& stream) const override {
    const unsigned s = of == TwoTowerSide::users ? 0 : 1;
    const FusedSide& side = sides_[s];
    const unsigned width = side.layers.output_padded();
    storage = DeviceBuffer<float>(count * width, "outputs of towers");
    ForwardTowers towers{{pass(0), pass(1)}, {0, 0}, tiles_.rows};
    towers.blocks[s] = std::min(inference_blocks, blocks_for(count, tiles_.rows));
    towers.side[s].in = side.rows(ids, Count{static_cast<std::uint32_t>(count)});
    towers.side[s].outputs = {};
    towers.side[s].outputs[side.layers.count - 1] = storage.data();
    forward_towers(towers, /*early=*/false, stream);
    return {storage.data(), width};
  }

 private:
  std::vector<float> initial_parameters(const TwoTowerSpec& spec) const {
    std::vector<float> values(offset(2), 0.F);
    for (unsigned s = 0; s < 2; ++s) {
      const TowerLayers& layers = sides_[s].layers;
      for (std::uint32_t l = 0; l < layers.count; ++l) {
        const TowerLayer& layer = layers.layer[l];
        const DenseShape shape{static_cast<int>(layer.in), static_cast<int>(layer.out)};
        const std::vector<float> weight =
            with_gaps(initial_tower_weight(shape, spec.seed, (s == 0 ? 0 : 100) + l), layer.in, layer.in_padded);
        std::copy(weight.begin(), weight.end(), values.begin() + static_cast<std::ptrdiff_t>(offset(s) + layer.weight));
      }
    }
    return values;
  }

  /// Of the parameters of a side; of 2, their end.
  std::size_t offset(unsigned side) const {
    std::size_t at = 0;
    for (unsigned s = 0; s < side; ++s) at += sides_[s].layers.parameters;
    return at;
  }

  void add_tower(DeviceTensors& tensors, const std::string& prefix, const FusedSide& side,
                 DeviceBuffer<float>& buffer) const {
    const std::size_t first = offset(&side == &sides_[0] ? 0 : 1);
    for (std::uint32_t l = 0; l < side.layers.count; ++l) {
      const TowerLayer& layer = side.layers.layer[l];
      const std::string name = prefix + side.name + "_tower." + std::to_string(l);
      tensors.add(name + ".weight", {layer.out, layer.in}, buffer, first + layer.weight, layer.in_padded);
      tensors.add(name + ".bias", {layer.out}, buffer, first + layer.bias);
    }
  }

  /// Of the kernels that read the towers; without rows.
  TowerPass pass(unsigned s) const {
    return {sides_[s].layers, sides_[s].rows(nullptr, Count{0}), parameters_.data() + offset(s), {}};
  }

  /// Goes on in the plan that the last call has left, when that is about these steps.
  void run(std::uint64_t first_step, std::size_t count, const Stream& stream) {
    const std::uint32_t most = TowerPlan::steps(shape_);
    if (!planned_ || next_step_ != first_step) {
      here_ = 0;
      place_ = 0;
      plans_[1].set_first(first_step - most, stream);  // below 0 wraps around, and back
      plans_[0].fill(plans_[1], positives_, stream);
    }
    for (std::size_t left = count; left > 0;) {
      const auto now = static_cast<std::uint32_t>(std::min<std::size_t>(left, most - place_));
      if (now == most) {
        if (!graphs_[here_]) graphs_[here_].emplace(stream, [&] { take_steps(now, stream); });
        graphs_[here_]->replay(stream);
      } else {
        take_steps(now, stream);
      }
      left -= now;
      place_ += now;
      if (place_ < most) continue;
      here_ = 1 - here_;
      place_ = 0;
    }
    planned_ = true;
    next_step_ = first_step + count;
  }

  /// The next `count` steps of the plan, and beside its first ones the other plan.
  void take_steps(std::uint32_t count, const Stream& stream) {
    const bool plans_ahead = place_ == 0;
    if (plans_ahead) {
      branch_.wait_for(stream);
      plans_[1 - here_].fill(plans_[here_], positives_, branch_);
    }
    for (std::uint32_t n = 0; n < count; ++n) take_step(plans_[here_].at(place_ + n), n > 0, stream);
    if (plans_ahead) stream.wait_for(branch_);
  }

  void take_step(const PlannedStep& plan, bool early, const Stream& stream) {
    const PlannedSide* const plans[] = {&plan.users, &plan.items};
    ForwardTowers forward{{pass(0), pass(1)}, {tiles_.blocks[0], tiles_.blocks[1]}, tiles_.rows};
    for (unsigned s = 0; s < 2; ++s) {
      FusedSide& side = sides_[s];
      forward.side[s].in = side.rows(plans[s]->ids.ids, Count{side.capacity, plans[s]->ids.rows});
      for (std::uint32_t l = 0; l < side.layers.count; ++l) forward.side[s].outputs[l] = side.outputs[l].data();
    }
    forward_towers(forward, early, stream);
    if (softmax_) find_softmax_deltas(plan, stream);
    learn_towers({.side = {learning(0, plan.users, forward), learning(1, plan.items, forward)},
                  .blocks = {tiles_.blocks[0], tiles_.blocks[1]},
                  .tile_rows = tiles_.rows,
                  .examples = shape_.examples,
                  .step = plan.step,
                  .losses = block_losses_.data()},
                 stream);
    update_towers({.parameters = parameters_.data(),
                   .first = moments_[0].data(),
                   .second = moments_[1].data(),
                   .parameters_of = {sides_[0].layers.parameters, sides_[1].layers.parameters},
                   .slices = {sides_[0].slices.data(), sides_[1].slices.data()},
                   .blocks = {tiles_.blocks[0], tiles_.blocks[1]},
                   .rows = {plan.users.ids.rows, plan.items.ids.rows},
                   .tile_rows = tiles_.rows,
                   .examples = shape_.examples,
                   .step = plan.step,
                   .losses = block_losses_.data(),
                   .losses_of_examples = softmax_ ? softmax_->losses.data() : nullptr,
                   .loss_of_steps = loss_of_steps_.data(),
                   .ring = ring},
                  stream);
  }

  TowerLearning learning(unsigned s, const PlannedSide& plan, const ForwardTowers& forward) {
    FusedSide& side = sides_[s];
    TowerLearning learning{.layers = side.layers,
                           .in = forward.side[s].in,
                           .plan = plan,
                           .parameters = forward.side[s].parameters,
                           .outputs = {},
                           .other_outputs = sides_[1 - s].outputs.back().data(),
                           .given_delta = softmax_ ? softmax_->deltas[s].data() : nullptr,
                           .slices = side.slices.data(),
                           .table = trainable_ ? side.table.data() : nullptr,
                           .table_first = side.moments[0].data(),
                           .table_second = side.moments[1].data()};
    for (std::uint32_t l = 0; l < side.layers.count; ++l) learning.outputs[l] = side.outputs[l].data();
    return learning;
  }

  void find_softmax_deltas(const PlannedStep& plan, const Stream& stream) {
    SoftmaxState& state = *softmax_;
    const TowerRows users = sides_[0].output_rows(plan.users);
    const TowerRows items = sides_[1].output_rows(plan.items);
    float* const d_users = state.deltas[0].data();
    float* const d_items = state.deltas[1].data();
    state.softmax.score(plan.step, users, items, state.losses.data(), state.slopes.data(), stream);
    sum_deltas(shape_, users, items, state.slopes.data(), d_users, d_items, stream);
    state.softmax.add_competitors(plan.step, users, items, d_users, d_items, stream);
  }

  TwoTowerShape shape_;
  Tiling tiles_;
  bool trainable_;
  FusedSide sides_[2];
  DeviceBuffer<float> parameters_;  ///< of both towers, with gaps of zeros
  DeviceBuffer<float> moments_[2];
  Stream branch_;
  TowerPlan plans_[2];
  DeviceBuffer<Interaction> positives_;
  DeviceBuffer<double> block_losses_;
  DeviceBuffer<double> loss_of_steps_;
  std::optional<SoftmaxState> softmax_;
  // The next step is that at place_ of plans_[here_]; the other plan follows, once place_ is beyond 0.
  bool planned_ = false;
  std::uint64_t next_step_ = 0;
  unsigned here_ = 0;
  std::uint32_t place_ = 0;
  std::optional<Graph> graphs_[2];  ///< of take_steps() of a whole plan, on these positives
};

}  // namespace

std::unique_ptr<TwoTowerEngine> make_fused_two_tower(const TwoTowerSpec& spec, const Stream& stream) {
  const unsigned output = output_width(tower_output(spec));
  if (!has_tensor_cores() || spec.tower_layers.empty() || spec.tower_layers.size() > most_tower_layers || output == 0)
    return nullptr;
  const TowerLayers users(shapes_of(spec, spec.user_features), output);
  const TowerLayers items(shapes_of(spec, spec.item_features), output);
  const Tiling tiles = tiling(TwoTowerShape(spec), users, items);
  if (tiles.rows == 0) return nullptr;
  return std::make_unique<FusedTwoTower>(spec, users, items, tiles, stream);
}

}  // namespace frugal::cuda
