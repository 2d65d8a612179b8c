// DLRM on the device. impl/reference/recommender/dlrm.cpp has the formulas; this file has the order of work.
//
// One step: upload the batch; bottom MLP, interaction, top MLP; loss; the same backward; the rows that its bags name,
// numbered over all tables, are grouped, and each distinct row sums its gradients in the order of the batch and is
// updated once; dense layers. All but the upload is recorded once as a graph and replayed: it reads the size of the
// batch on the device.
//
// Deterministic, bitwise: see the kernels' headers.
#include "impl/cuda/recommender/dlrm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "impl/common/recommender/init.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/common/spec_names.hpp"
#include "impl/cuda/recommender/embedding_tables.hpp"
#include "impl/cuda/recommender/interaction.hpp"

namespace frugal::cuda {
namespace {

constexpr std::size_t most_lookups = 0x7fffffff;

std::vector<float> initial_layers(const std::vector<DenseShape>& shapes, std::uint64_t seed, std::uint32_t stream) {
  std::vector<float> parameters;
  for (const DenseShape shape : shapes) {
    const std::vector<float> weight = initial_dlrm_weight(shape, seed, stream);
    const std::vector<float> bias = initial_dlrm_bias(shape, seed, 200 + stream);
    parameters.insert(parameters.end(), weight.begin(), weight.end());
    parameters.insert(parameters.end(), bias.begin(), bias.end());
    ++stream;
  }
  return parameters;
}

std::vector<float> initial_tables(const DlrmSpec& spec) {
  std::vector<float> values;
  for (std::uint32_t t = 0; t < spec.table_rows.size(); ++t) {
    const std::vector<float> table = initial_table(spec.table_rows[t], spec.embedding_dim, spec.seed, t);
    values.insert(values.end(), table.begin(), table.end());
  }
  return values;
}

/// A batch on the device, and what one step, or one pass of a prediction, needs to know of its rows.
class DeviceBatch {
 public:
  DeviceBatch(const DlrmSpec& spec, const DlrmShape& shape, const EmbeddingTables& tables, const Stream& stream)
      : shape_(shape),
        features_(static_cast<std::size_t>(spec.dense_features)),
        rows_(tables.rows()),
        stream_(stream),
        table_begins_(tables.offsets(), "begins of tables", stream),
        dense_(static_cast<std::size_t>(spec.batch) * features_, "dense features"),
        bag_begins_(static_cast<std::size_t>(spec.batch) * shape.tables + 1, "begins of bags"),
        labels_(static_cast<std::size_t>(spec.batch), "labels"),
        step_(1, "step") {
    make_room(static_cast<std::size_t>(spec.batch) * shape.tables);
  }

  /// Examples first .. first + count - 1. Returns whether buffers moved: then no graph that knows them may be replayed.
  bool upload(const ClickBatch& batch, std::size_t first, std::size_t count, const UpdateStep& update) {
    const std::size_t bags = count * shape_.tables;
    const std::size_t begin = batch.begin_of(first * shape_.tables);
    const std::size_t lookups = batch.begin_of(first * shape_.tables + bags) - begin;
    if (lookups > most_lookups)
      throw std::invalid_argument(
          fmt::format("the cuda back end takes up to {} ids a batch, not {}", most_lookups, lookups));
    const bool moved = lookups > ids_.size();
    if (moved) make_room(std::max(lookups, 2 * ids_.size()));
    dense_.upload(batch.dense.subspan(first * features_, count * features_), stream_);
    ids_.upload(batch.ids.subspan(begin, lookups), stream_);
    if (!batch.labels.empty()) labels_.upload(batch.labels.subspan(first, count), stream_);
    if (!batch.offsets.empty()) {
      std::vector<std::uint32_t> begins(bags + 1);
      for (std::size_t b = 0; b <= bags; ++b)
        begins[b] = static_cast<std::uint32_t>(batch.begin_of(first * shape_.tables + b) - begin);
      bag_begins_.upload(begins, stream_);
    }
    const DlrmStep step[] = {{.examples = static_cast<std::uint32_t>(count),
                              .lookups = static_cast<std::uint32_t>(lookups),
                              .one_each = batch.offsets.empty(),
                              .update = update}};
    step_.upload(step, stream_);
    return moved;
  }

  /// Only launches, as everything below.
  void number() {
    number_lookups(shape_, bags(), ids_.data(), table_begins_.data(), rows_, static_cast<std::uint32_t>(ids_.size()),
                   {lookup_rows_.data(), groups_->ids(), lookup_bags_.data()}, stream_);
  }
  const IdGroups& group() {
    groups_->assign(ids_.size(), stream_);
    return *groups_;
  }

  const DlrmStep* step() const { return step_.data(); }
  Count examples() const { return {static_cast<std::uint32_t>(labels_.size()), &step_.data()->examples}; }
  Rows dense() const { return {dense_.data(), static_cast<unsigned>(features_)}; }
  DlrmRows rows(const EmbeddingTables& tables) const { return {tables.data(), bags(), lookup_rows_.data()}; }
  const float* labels() const { return labels_.data(); }
  const std::uint32_t* bag_of_lookup() const { return lookup_bags_.data(); }

 private:
  DlrmBags bags() const { return {step_.data(), bag_begins_.data()}; }

  void make_room(std::size_t lookups) {
    ids_ = DeviceBuffer<std::uint32_t>(lookups, "ids");
    lookup_rows_ = DeviceBuffer<std::uint32_t>(lookups, "rows of lookups");
    lookup_bags_ = DeviceBuffer<std::uint32_t>(lookups, "bags of lookups");
    groups_.emplace(lookups, rows_);
  }

  DlrmShape shape_;
  std::size_t features_;
  std::uint32_t rows_;  ///< of all tables
  const Stream& stream_;
  DeviceBuffer<std::uint32_t> table_begins_;
  DeviceBuffer<float> dense_;               ///< [batch, dense features]
  DeviceBuffer<std::uint32_t> ids_;         ///< [lookups], as the others of lookups
  DeviceBuffer<std::uint32_t> bag_begins_;  ///< [batch * tables + 1]
  DeviceBuffer<float> labels_;              ///< [batch]
  DeviceBuffer<std::uint32_t> lookup_rows_;
  DeviceBuffer<std::uint32_t> lookup_bags_;
  DeviceBuffer<DlrmStep> step_;
  std::optional<IdGroups> groups_;  ///< of the rows of all lookups
};

class CudaDlrm final : public Dlrm {
 public:
  explicit CudaDlrm(const DlrmSpec& spec)
      : spec_(spec),
        shape_(spec),
        rule_{spec.optimizer, {.learning_rate = spec.learning_rate, .epsilon = spec.epsilon}},
        batch_size_(static_cast<std::size_t>(spec.batch)),
        tables_(spec.table_rows, spec.embedding_dim, initial_tables(spec), rule_, frozen(), stream_),
        bottom_(bottom_shapes(), /*relu_last=*/true, initial_layers(bottom_shapes(), spec.seed, 0), rule_, batch_size_,
                stream_, spec.precision),
        top_(top_shapes(), /*relu_last=*/false, initial_layers(top_shapes(), spec.seed, 100), rule_, batch_size_,
             stream_, spec.precision),
        batch_(spec, shape_, tables_, stream_),
        bottom_outputs_(bottom_.make_outputs(batch_size_)),
        q_(batch_size_ * shape_.inputs, "interactions"),
        top_outputs_(top_.make_outputs(batch_size_)),
        losses_(batch_size_, "losses of examples"),
        slopes_(batch_size_, "gradients of logits"),
        d_q_(batch_size_ * shape_.inputs, "gradients of interactions"),
        d_bottom_(batch_size_ * shape_.bottom, "gradients of the bottom output"),
        d_bags_(batch_size_ * shape_.tables * shape_.dim, "gradients of bags"),
        mean_loss_(1, "loss") {
    for (std::size_t t = 0; t < shape_.tables; ++t) tables_.add_value(tensors_, t, "table." + std::to_string(t));
    bottom_.add_values(tensors_, "bottom");
    top_.add_values(tensors_, "top");
    for (std::size_t t = 0; t < shape_.tables; ++t) tables_.add_state(tensors_, t, "table." + std::to_string(t));
    bottom_.add_states(tensors_, "bottom");
    top_.add_states(tensors_, "top");
  }
  CudaDlrm(const CudaDlrm&) = delete;  // tensors_ points into the members
  CudaDlrm& operator=(const CudaDlrm&) = delete;

  std::string implementation() const override {
    return fmt::format("{}/{}", platform(), to_word(precision_names, spec_.precision));
  }
  ModelState export_state() const override { return tensors_.export_state(step_, stream_); }
  void import_state(const ModelState& state) override {
    tensors_.import_state(state, stream_);
    step_ = state.step;
  }

  double train_step(const ClickBatch& batch) override {
    const std::size_t n = batch.labels.size();
    if (n == 0 || n > batch_size_)
      throw std::invalid_argument("a DLRM batch must have from 1 to spec.batch labelled examples");
    require_readable(batch, spec_, n);
    if (batch_.upload(batch, 0, n, update_step(rule_, step_ + 1))) graph_.reset();
    if (!graph_) graph_.emplace(stream_, [this] { step(); });
    graph_->replay(stream_);
    ++step_;
    return mean_loss_.download(stream_)[0];
  }

  void predict(const ClickBatch& labelled, std::span<float> out) const override {
    ClickBatch batch = labelled;
    batch.labels = {};
    require_readable(batch, spec_, out.size());
    for (std::size_t first = 0; first < out.size(); first += batch_size_) {
      const std::size_t count = std::min(batch_size_, out.size() - first);
      if (batch_.upload(batch, first, count, {})) graph_.reset();
      forward();
      top_outputs_.back().download(out.subspan(first, count), stream_);
    }
  }

 private:
  std::size_t frozen() const { return static_cast<std::size_t>(spec_.frozen_tables); }
  std::vector<DenseShape> bottom_shapes() const { return dense_shapes(spec_.dense_features, spec_.bottom); }
  std::vector<DenseShape> top_shapes() const { return dense_shapes(dlrm_top_input(spec_), spec_.top); }
  Rows interactions() const { return {q_.data(), shape_.inputs}; }

  void forward() const {
    batch_.number();
    bottom_.forward(batch_.dense(), batch_.examples(), bottom_outputs_, stream_);
    interact(shape_, batch_.rows(tables_), bottom_outputs_.back().data(), batch_.examples(), q_.data(), stream_);
    top_.forward(interactions(), batch_.examples(), top_outputs_, stream_);
  }

  void step() {
    const DlrmStep* const now = batch_.step();
    const Count examples = batch_.examples();
    forward();
    const IdGroups& groups = batch_.group();
    score_clicks(now, examples.most, top_outputs_.back().data(), batch_.labels(), losses_.data(), slopes_.data(),
                 stream_);
    top_.backward(interactions(), examples, top_outputs_, slopes_.data(), d_q_.data(), stream_);
    interact_backward(shape_, batch_.rows(tables_), bottom_outputs_.back().data(), d_q_.data(), examples,
                      d_bottom_.data(), d_bags_.data(), stream_);
    bottom_.backward(batch_.dense(), examples, bottom_outputs_, d_bottom_.data(), nullptr, stream_);
    if (frozen() < shape_.tables)
      tables_.update_summed(&now->update, groups, d_bags_.data(), batch_.bag_of_lookup(), stream_);
    bottom_.update(&now->update, stream_);
    top_.update(&now->update, stream_);
    mean_loss(now, losses_.data(), mean_loss_.data(), stream_);
  }

  DlrmSpec spec_;
  DlrmShape shape_;
  UpdateRule rule_;
  std::size_t batch_size_;
  Stream stream_;
  EmbeddingTables tables_;
  DenseStack bottom_;
  DenseStack top_;
  DeviceTensors tensors_;
  std::uint64_t step_ = 0;

  // One step, or one pass of a prediction, which uses what is mutable of it.
  mutable DeviceBatch batch_;
  mutable DenseStack::Outputs bottom_outputs_;
  mutable DeviceBuffer<float> q_;  ///< [batch, inputs of the top MLP]
  mutable DenseStack::Outputs top_outputs_;
  DeviceBuffer<float> losses_;
  DeviceBuffer<float> slopes_;
  DeviceBuffer<float> d_q_;
  DeviceBuffer<float> d_bottom_;
  DeviceBuffer<float> d_bags_;  ///< [batch, tables, dim]
  DeviceBuffer<double> mean_loss_;
  mutable std::optional<Graph> graph_;  ///< of step(), on batch_'s buffers
};

}  // namespace

Support supports(const DlrmSpec& spec) {
  if (std::string why = why_invalid(spec); !why.empty()) return {std::move(why)};
  const std::uint64_t rows = std::accumulate(spec.table_rows.begin(), spec.table_rows.end(), std::uint64_t{0});
  if (rows > 0xfffffffeU) return Support::no(fmt::format("the cuda back end takes fewer than 2^32 rows, not {}", rows));
  const std::uint64_t uses = static_cast<std::uint64_t>(spec.batch) * spec.table_rows.size();
  if (uses > most_lookups)
    return Support::no(fmt::format("the cuda back end takes up to {} rows a step, not {}", most_lookups, uses));
  const std::size_t wanted = DlrmShape(spec).shared_bytes();
  if (!device_available()) return Support::yes();
  if (spec.precision != Precision::fp32 && !has_tensor_cores())
    return Support::no("this device is older than sm_80: it computes dense layers in fp32 only");
  if (const std::size_t there = device_limits().shared_bytes_per_block; wanted > there)
    return Support::no(
        fmt::format("interaction `dot` of {} tables of dimension {} needs {} bytes of shared memory a block, and the "
                    "device has {}",
                    spec.table_rows.size(), spec.embedding_dim, wanted, there));
  return Support::yes();
}

std::unique_ptr<Dlrm> make(const DlrmSpec& spec) {
  assert(supports(spec));
  return std::make_unique<CudaDlrm>(spec);
}

}  // namespace frugal::cuda
