// DLRM on the device. impl/reference/dlrm.cpp has the formulas; this file has the order of work.
//
// One step: upload the batch; bottom MLP, interaction, top MLP; loss; the same backward; rows of all tables, numbered
// one behind the other, are grouped, and each distinct row sums its gradients in the order of the batch and is updated
// once; dense layers. All but the upload is recorded once as a graph and replayed: it reads the size of the batch on
// the device.
//
// Deterministic, bitwise: see the kernels' headers.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "impl/common/recommender_init.hpp"
#include "impl/common/recommender_shapes.hpp"
#include "impl/cuda/embedding_tables.hpp"
#include "impl/cuda/interaction.hpp"
#include "impl/cuda/recommender.hpp"

namespace frugal::cuda {
namespace {

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

class CudaDlrm final : public Dlrm {
 public:
  explicit CudaDlrm(const DlrmSpec& spec)
      : spec_(spec),
        shape_(spec),
        rule_{spec.optimizer, {.learning_rate = spec.learning_rate, .epsilon = spec.epsilon}},
        batch_(static_cast<std::size_t>(spec.batch)),
        tables_(spec.table_rows, spec.embedding_dim, initial_tables(spec), rule_, /*trainable=*/true, stream_),
        bottom_(bottom_shapes(), /*relu_last=*/true, initial_layers(bottom_shapes(), spec.seed, 0), rule_, batch_,
                stream_),
        top_(top_shapes(), /*relu_last=*/false, initial_layers(top_shapes(), spec.seed, 100), rule_, batch_, stream_),
        groups_(batch_ * shape_.tables, tables_.rows()),
        offsets_(tables_.offsets(), "offsets of tables", stream_),
        dense_(batch_ * static_cast<std::size_t>(spec.dense_features), "dense features"),
        ids_(batch_ * shape_.tables, "ids"),
        labels_(batch_, "labels"),
        now_(1, "step"),
        bottom_outputs_(bottom_.make_outputs(batch_)),
        q_(batch_ * shape_.inputs, "interactions"),
        top_outputs_(top_.make_outputs(batch_)),
        losses_(batch_, "losses of examples"),
        slopes_(batch_, "gradients of logits"),
        d_q_(batch_ * shape_.inputs, "gradients of interactions"),
        d_bottom_(batch_ * shape_.bottom, "gradients of the bottom output"),
        d_rows_(batch_ * shape_.tables * shape_.dim, "gradients of embedding rows"),
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

  std::string implementation() const override { return platform(); }
  ModelState export_state() const override { return tensors_.export_state(step_, stream_); }
  void import_state(const ModelState& state) override {
    tensors_.import_state(state, stream_);
    step_ = state.step;
  }

  double train_step(const ClickBatch& batch) override {
    const std::size_t n = batch.labels.size();
    if (n == 0 || n > batch_)
      throw std::invalid_argument("a DLRM batch must have from 1 to spec.batch labelled examples");
    check(batch, n);
    dense_.upload(batch.dense, stream_);
    ids_.upload(batch.ids, stream_);
    labels_.upload(batch.labels, stream_);
    const DlrmStep now[] = {{static_cast<std::uint32_t>(n), update_step(rule_, ++step_)}};
    now_.upload(now, stream_);
    if (!graph_) graph_.emplace(stream_, [this] { step(); });
    graph_->replay(stream_);
    return mean_loss_.download(stream_)[0];
  }

  void predict(const ClickBatch& batch, std::span<float> out) const override {
    check(batch, out.size());
    const std::size_t features = static_cast<std::size_t>(spec_.dense_features);
    for (std::size_t first = 0; first < out.size(); first += batch_) {
      const std::size_t count = std::min(batch_, out.size() - first);
      dense_.upload(batch.dense.subspan(first * features, count * features), stream_);
      ids_.upload(batch.ids.subspan(first * shape_.tables, count * shape_.tables), stream_);
      forward(Count{static_cast<std::uint32_t>(count)});
      top_outputs_.back().download(out.subspan(first, count), stream_);
    }
  }

 private:
  std::vector<DenseShape> bottom_shapes() const { return dense_shapes(spec_.dense_features, spec_.bottom); }
  std::vector<DenseShape> top_shapes() const { return dense_shapes(dlrm_top_input(spec_), spec_.top); }

  void check(const ClickBatch& batch, std::size_t n) const {
    const std::size_t tables = shape_.tables;
    if (batch.dense.size() != n * static_cast<std::size_t>(spec_.dense_features) || batch.ids.size() != n * tables)
      throw std::invalid_argument("the dense features or the ids of a DLRM batch do not match its number of examples");
    for (std::size_t i = 0; i < batch.ids.size(); ++i)
      if (batch.ids[i] >= spec_.table_rows[i % tables])
        throw std::invalid_argument("an id of a DLRM batch is beyond the rows of its table");
  }

  Rows dense_rows() const { return {dense_.data(), static_cast<unsigned>(spec_.dense_features)}; }
  Rows interactions() const { return {q_.data(), shape_.inputs}; }
  DlrmRows rows() const { return {tables_.data(), offsets_.data(), ids_.data()}; }

  void forward(Count examples) const {
    bottom_.forward(dense_rows(), examples, bottom_outputs_, stream_);
    interact(shape_, rows(), bottom_outputs_.back().data(), examples, q_.data(), stream_);
    top_.forward(interactions(), examples, top_outputs_, stream_);
  }

  void step() {
    const auto most = static_cast<std::uint32_t>(batch_);
    const Count examples{most, &now_.data()->examples};
    const UpdateStep* const update = &now_.data()->update;
    number_rows(shape_, rows(), examples, tables_.rows(), groups_.ids(), stream_);
    groups_.assign(batch_ * shape_.tables, stream_);
    forward(examples);
    score_clicks(now_.data(), most, top_outputs_.back().data(), labels_.data(), losses_.data(), slopes_.data(),
                 stream_);
    top_.backward(interactions(), examples, top_outputs_, slopes_.data(), d_q_.data(), stream_);
    interact_backward(shape_, rows(), bottom_outputs_.back().data(), d_q_.data(), examples, d_bottom_.data(),
                      d_rows_.data(), stream_);
    bottom_.backward(dense_rows(), examples, bottom_outputs_, d_bottom_.data(), nullptr, stream_);
    tables_.update_summed(update, groups_, d_rows_.data(), stream_);
    bottom_.update(update, stream_);
    top_.update(update, stream_);
    mean_loss(now_.data(), losses_.data(), mean_loss_.data(), stream_);
  }

  DlrmSpec spec_;
  DlrmShape shape_;
  UpdateRule rule_;
  std::size_t batch_;
  Stream stream_;
  EmbeddingTables tables_;
  DenseStack bottom_;
  DenseStack top_;
  DeviceTensors tensors_;
  std::uint64_t step_ = 0;

  // One step, or one pass of a prediction, which uses the first half of it.
  IdGroups groups_;  ///< of the rows of all tables
  DeviceBuffer<std::uint32_t> offsets_;
  mutable DeviceBuffer<float> dense_;        ///< [batch, dense features]
  mutable DeviceBuffer<std::uint32_t> ids_;  ///< [batch, tables]
  DeviceBuffer<float> labels_;
  DeviceBuffer<DlrmStep> now_;
  mutable DenseStack::Outputs bottom_outputs_;
  mutable DeviceBuffer<float> q_;  ///< [batch, inputs of the top MLP]
  mutable DenseStack::Outputs top_outputs_;
  DeviceBuffer<float> losses_;
  DeviceBuffer<float> slopes_;
  DeviceBuffer<float> d_q_;
  DeviceBuffer<float> d_bottom_;
  DeviceBuffer<float> d_rows_;  ///< [batch, tables, dim]
  DeviceBuffer<double> mean_loss_;
  std::optional<Graph> graph_;  ///< of step()
};

}  // namespace

Support supports(const DlrmSpec& spec) {
  if (std::string why = why_invalid(spec); !why.empty()) return {std::move(why)};
  const std::uint64_t rows = std::accumulate(spec.table_rows.begin(), spec.table_rows.end(), std::uint64_t{0});
  if (rows > 0xfffffffeU) return Support::no(fmt::format("the cuda back end takes fewer than 2^32 rows, not {}", rows));
  const std::uint64_t uses = static_cast<std::uint64_t>(spec.batch) * spec.table_rows.size();
  if (uses > 0x7fffffffU)
    return Support::no(fmt::format("the cuda back end takes fewer than 2^31 rows a step, not {}", uses));
  const std::size_t wanted = DlrmShape(spec).shared_bytes();
  if (!device_available()) return Support::yes();
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
