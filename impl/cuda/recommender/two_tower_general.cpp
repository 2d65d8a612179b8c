// The two-tower network of any shape by the products of dense layers: what the fused kernels cannot take.
//
// A tower's output depends on the id alone, so each tower runs once per distinct id of the step, and the gradients that
// its examples send to an id are summed before the one pass back: exact, for frozen and for trainable embeddings. A
// distinct id is also an embedding row of its own, so its gradient comes out of the tower complete: no scatter. Frozen
// embeddings cost a gather and nothing else.
//
// One step: draw positives and negatives; group the ids; towers forward; dots and loss; gradients of the towers'
// outputs; towers backward; Adam on rows and towers. Nothing of it comes from the host, not even the number of the step
// or of the distinct ids, so it is recorded once as a graph and replayed.
//
// Deterministic, bitwise: see the kernels' headers.
#include <algorithm>
#include <memory>
#include <optional>

#include "impl/common/recommender/init.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/cuda/recommender/batch_softmax.hpp"
#include "impl/cuda/recommender/embedding_tables.hpp"
#include "impl/cuda/recommender/two_tower_engine.hpp"
#include "impl/cuda/recommender/two_tower_step.hpp"

namespace frugal::cuda {
namespace {

constexpr std::size_t inference_rows = 8192;  ///< rows of one pass outside of training
constexpr std::size_t steps_at_once = 4096;   ///< losses kept on the device

/// The users, or the items: table, tower, and what one step computes for the distinct ids of its batch.
class TowerSide {
 public:
  TowerSide(const TwoTowerSpec& spec, std::uint32_t count, int features, Purpose purpose,
            std::uint32_t stream_of_weights, std::size_t ids_a_step, const Stream& stream)
      : width_(static_cast<unsigned>(tower_output(spec))),
        dim_(static_cast<unsigned>(spec.embedding_dim)),
        features_width_(static_cast<unsigned>(features)),
        trainable_(spec.embedding_trainable),
        groups_(ids_a_step, count),
        table_({count}, spec.embedding_dim,
               initial_embedding(count, spec.embedding_dim, spec.init_stddev, spec.seed, purpose),
               {OptimizerKind::adam, spec.adam}, /*frozen=*/spec.embedding_trainable ? 0 : 1, stream),
        features_(std::size_t{count} * features_width_, "side features"),
        tower_(dense_shapes(spec.embedding_dim + features, spec.tower_layers), /*relu_last=*/false,
               initial_tower(spec, features, stream_of_weights), {OptimizerKind::adam, spec.adam}, groups_.capacity(),
               stream),
        outputs_(tower_.make_outputs(groups_.capacity())),
        delta_(groups_.capacity() * width_, "gradients of tower outputs") {
    features_.zero(stream);
    if (trainable_ && tower_.layers() > 0)
      row_gradients_ = DeviceBuffer<float>(groups_.capacity() * dim_, "gradients of embedding rows");
  }

  void add_values(DeviceTensors& tensors, const std::string& name) {
    table_.add_value(tensors, 0, name + "_embedding");
    if (features_width_ > 0) tensors.add(name + "_features", {table_.rows(), features_width_}, features_);
    tower_.add_values(tensors, name + "_tower");
  }
  void add_states(DeviceTensors& tensors, const std::string& name) {
    table_.add_state(tensors, 0, name + "_embedding");
    tower_.add_states(tensors, name + "_tower");
  }

  IdGroups& groups() { return groups_; }
  float* delta() { return delta_.data(); }

  void forward(const Stream& stream) {
    if (tower_.layers() > 0) tower_.forward(batch_rows(), rows(), outputs_, stream);
  }

  TowerRows outputs() const {
    if (tower_.layers() == 0) return {batch_rows(), groups_.view()};
    return {{outputs_.back().data(), width_}, groups_.view()};
  }

  /// From delta() on.
  void backward_and_update(const UpdateStep* step, const Stream& stream) {
    if (tower_.layers() > 0) {
      tower_.backward(batch_rows(), rows(), outputs_, delta_.data(), row_gradients_.data(), stream);
      tower_.update(step, stream);
    }
    if (trainable_) table_.update(step, groups_, tower_.layers() > 0 ? row_gradients_.data() : delta_.data(), stream);
  }

  /// Outputs of `count` ids, [count, width] to `out`; of ids 0, 1, ... when ids is null.
  void outputs_of(const std::uint32_t* ids, std::size_t count, float* out, const Stream& stream) const {
    DenseStack::Outputs outputs = tower_.make_outputs(std::min(count, inference_rows));
    for (std::size_t first = 0; first < count; first += inference_rows) {
      const auto rows = static_cast<std::uint32_t>(std::min(inference_rows, count - first));
      const std::size_t skipped = ids == nullptr ? first : 0;
      const Rows input{table_.data() + skipped * dim_, dim_, ids == nullptr ? nullptr : ids + first,
                       features_.data() + skipped * features_width_, features_width_};
      tower_.forward(input, Count{rows}, outputs, stream, out + first * width_);
    }
    stream.synchronize();  // the buffers go
  }

  Rows rows_or_outputs(const std::uint32_t* ids, std::size_t count, DeviceBuffer<float>& storage,
                       const Stream& stream) const {
    if (tower_.layers() == 0) return rows_of(ids);
    storage = DeviceBuffer<float>(count * width_, "outputs of towers");
    outputs_of(ids, count, storage.data(), stream);
    return {storage.data(), width_};
  }

  std::size_t most_rows() const { return groups_.capacity(); }

 private:
  Rows rows_of(const std::uint32_t* ids) const { return {table_.data(), dim_, ids, features_.data(), features_width_}; }

  static std::vector<float> initial_tower(const TwoTowerSpec& spec, int features, std::uint32_t stream_of_weights) {
    std::vector<float> parameters;
    for (const DenseShape shape : dense_shapes(spec.embedding_dim + features, spec.tower_layers)) {
      const std::vector<float> weight = initial_tower_weight(shape, spec.seed, stream_of_weights++);
      parameters.insert(parameters.end(), weight.begin(), weight.end());
      parameters.resize(parameters.size() + static_cast<std::size_t>(shape.out), 0.F);
    }
    return parameters;
  }

  Rows batch_rows() const { return rows_of(groups_.view().ids); }
  Count rows() const { return {static_cast<std::uint32_t>(groups_.capacity()), groups_.view().rows}; }

  unsigned width_;
  unsigned dim_;
  unsigned features_width_;
  bool trainable_;
  IdGroups groups_;
  EmbeddingTables table_;
  DeviceBuffer<float> features_;  ///< [ids, features]
  DenseStack tower_;
  DenseStack::Outputs outputs_;
  DeviceBuffer<float> delta_;          ///< [rows, width]
  DeviceBuffer<float> row_gradients_;  ///< [rows, dim], below a tower
};

class GeneralTwoTower final : public TwoTowerEngine {
 public:
  GeneralTwoTower(const TwoTowerSpec& spec, const Stream& stream)
      : shape_(spec),
        user_(spec, spec.users, spec.user_features, Purpose::user_embedding, 0, shape_.batch, stream),
        item_(spec, spec.items, spec.item_features, Purpose::item_embedding, 100,
              std::size_t{shape_.batch} * shape_.examples, stream),
        progress_(1, "progress"),
        now_(1, "step"),
        losses_(std::size_t{shape_.batch} * shape_.examples, "losses of examples"),
        slopes_(losses_.size(), "slopes of examples"),
        loss_of_steps_(steps_at_once, "losses of steps") {
    if (spec.loss == TwoTowerLoss::batch_softmax) softmax_.emplace(shape_, user_.most_rows(), item_.most_rows());
  }

  const char* name() const override { return "general"; }

  void add_tensors(DeviceTensors& tensors) override {
    user_.add_values(tensors, "user");
    item_.add_values(tensors, "item");
    user_.add_states(tensors, "user");
    item_.add_states(tensors, "item");
  }

  void set_interactions(std::span<const Interaction> positives, const Stream& stream) override {
    graph_.reset();
    positives_ = DeviceBuffer<Interaction>(positives, "positives", stream);
    if (softmax_) softmax_->set_interactions(positives_, stream);
  }

  void train(std::uint64_t first_step, std::span<double> losses, const Stream& stream) override {
    if (!graph_) graph_.emplace(stream, [&] { step(stream); });
    for (std::size_t done = 0; done < losses.size();) {
      const std::size_t count = std::min(steps_at_once, losses.size() - done);
      const Progress progress[] = {{.step = first_step + done, .done = 0}};
      progress_.upload(progress, stream);
      for (std::size_t s = 0; s < count; ++s) graph_->replay(stream);
      loss_of_steps_.download(losses.subspan(done, count), stream);
      done += count;
    }
  }

  Rows outputs(TwoTowerSide side, const std::uint32_t* ids, std::size_t count, DeviceBuffer<float>& storage,
               const Stream& stream) const override {
    return (side == TwoTowerSide::users ? user_ : item_).rows_or_outputs(ids, count, storage, stream);
  }

 private:
  void step(const Stream& stream) {
    TwoTowerStep* const now = now_.data();
    begin_step(shape_, positives_.size(), progress_.data(), now, stream);
    draw_batch(shape_, now, positives_.data(), user_.groups().ids(), item_.groups().ids(), stream);
    user_.groups().assign(shape_.batch, stream);
    item_.groups().assign(losses_.size(), stream);
    user_.forward(stream);
    item_.forward(stream);
    if (softmax_)
      softmax_->score(now, user_.outputs(), item_.outputs(), losses_.data(), slopes_.data(), stream);
    else
      score_examples(shape_, now, user_.outputs(), item_.outputs(), losses_.data(), slopes_.data(), stream);
    sum_deltas(shape_, user_.outputs(), item_.outputs(), slopes_.data(), user_.delta(), item_.delta(), stream);
    if (softmax_)
      softmax_->add_competitors(now, user_.outputs(), item_.outputs(), user_.delta(), item_.delta(), stream);
    user_.backward_and_update(&now->update, stream);
    item_.backward_and_update(&now->update, stream);
    finish_step(shape_, now, losses_.data(), progress_.data(), loss_of_steps_.data(), stream);
  }

  TwoTowerShape shape_;
  TowerSide user_;
  TowerSide item_;
  DeviceBuffer<Interaction> positives_;
  DeviceBuffer<Progress> progress_;
  DeviceBuffer<TwoTowerStep> now_;
  DeviceBuffer<float> losses_;  ///< [batch, E]
  DeviceBuffer<float> slopes_;  ///< [batch, E]
  DeviceBuffer<double> loss_of_steps_;
  std::optional<BatchSoftmax> softmax_;
  std::optional<Graph> graph_;  ///< of step(), on these positives
};

}  // namespace

std::unique_ptr<TwoTowerEngine> make_general_two_tower(const TwoTowerSpec& spec, const Stream& stream) {
  return std::make_unique<GeneralTwoTower>(spec, stream);
}

}  // namespace frugal::cuda
