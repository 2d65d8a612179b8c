// DLRM on the device. impl/reference/recommender/dlrm.cpp has the formulas; this file has the order of work.
//
// One step: take the batch from the examples, which are in device memory; bottom MLP, interaction, top MLP; loss; the
// same backward; the rows that its bags name, numbered over all tables, are grouped, and each distinct row sums its
// gradients in the order of the batch and is updated once; dense layers, the top's beside what is below it. All of it is
// recorded once as a graph and replayed: it finds its batch from its number, and leaves its loss, on the device.
//
// Deterministic, bitwise: see the kernels' headers.
#include "impl/cuda/recommender/dlrm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>

#include "impl/common/recommender/init.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/common/spec_names.hpp"
#include "impl/cuda/recommender/dlrm_step.hpp"
#include "impl/cuda/recommender/embedding_tables.hpp"
#include "impl/cuda/recommender/interaction.hpp"
#include "impl/cuda/recommender/layer_widths.hpp"
#include "impl/cuda/recommender/logit_layer.hpp"
#include "impl/cuda/recommender/lookup_sort.hpp"
#include "impl/cuda/recommender/tensor_stack.hpp"

namespace frugal::cuda {
namespace {

constexpr std::size_t most_lookups = 0x7fffffff;
constexpr std::size_t most_examples_with_bags = 0xffffffff;
constexpr std::size_t kept_losses = 4096;    ///< losses kept on the device
constexpr std::size_t batches_at_once = 16;  ///< of a prediction, in device memory

/// Adds the layers of a stack; returns the number of the first.
std::size_t add_layers(DenseParameters& parameters, const std::vector<DenseShape>& shapes, std::uint64_t seed,
                       std::uint32_t stream) {
  std::size_t next = 0;
  for (const DenseShape shape : shapes) {
    next =
        1 + parameters.add_layer(shape, dlrm_weight_law(shape, seed, stream), dlrm_bias_law(shape, seed, 200 + stream));
    ++stream;
  }
  return next - shapes.size();
}

/// Examples first .. first + count - 1 of a ClickBatch in device memory.
class DeviceClicks {
 public:
  DeviceClicks(const ClickBatch& clicks, const DlrmShape& shape, std::size_t first, std::size_t count,
               const Stream& stream)
      : first_offset_(clicks.begin_of(first * shape.tables)),
        dense_(clicks.dense.subspan(first * shape.features, count * shape.features), "dense features", stream),
        ids_(clicks.ids.subspan(first_offset_, clicks.begin_of((first + count) * shape.tables) - first_offset_), "ids",
             stream) {
    if (!clicks.labels.empty()) labels_ = DeviceBuffer<float>(clicks.labels.subspan(first, count), "labels", stream);
    if (!clicks.offsets.empty())
      offsets_ = DeviceBuffer<std::uint64_t>(clicks.offsets.subspan(first * shape.tables, count * shape.tables + 1),
                                             "offsets of bags", stream);
  }

  ClickView view() const { return {dense_.data(), ids_.data(), labels_.data(), offsets_.data(), first_offset_}; }

 private:
  std::uint64_t first_offset_;
  DeviceBuffer<float> dense_;
  DeviceBuffer<std::uint32_t> ids_;
  DeviceBuffer<float> labels_;
  DeviceBuffer<std::uint64_t> offsets_;
};

/// The most ids that `batch` of the examples can have: a step may take those with the longest bags.
std::size_t most_lookups_of(const ClickBatch& clicks, std::size_t tables, std::size_t batch, std::size_t examples) {
  if (clicks.offsets.empty()) return batch * tables;
  std::vector<std::size_t> lengths(examples);
  for (std::size_t e = 0; e < examples; ++e)
    lengths[e] = clicks.begin_of((e + 1) * tables) - clicks.begin_of(e * tables);
  const std::size_t longest = std::min(batch, examples);
  std::nth_element(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(longest), lengths.end(),
                   std::greater<>());
  const std::size_t lookups =
      std::accumulate(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(longest), std::size_t{0});
  if (lookups > most_lookups)
    throw std::invalid_argument(
        fmt::format("the cuda back end takes up to {} ids a batch, not {}", most_lookups, lookups));
  return lookups;
}

/// The batch of a step, or of one pass of a prediction.
class DeviceBatch {
 public:
  DeviceBatch(const DlrmSpec& spec, const DlrmShape& shape, const EmbeddingTables& tables, const Stream& stream)
      : shape_(shape),
        precision_(spec.precision),
        first_trained_(static_cast<unsigned>(spec.frozen_tables)),
        all_rows_(tables.rows()),
        stream_(stream),
        table_begins_(tables.offsets(), "begins of tables", stream),
        labels_(shape.batch, "labels of a batch"),
        begins_(bags() + 1, "begins of bags"),
        sources_(shape.batch, "examples of a batch"),
        plan_(kept_losses, "plan of steps"),
        done_(1, "steps done"),
        step_(1, "step") {
    make_room(bags());
  }

  std::size_t bags() const { return std::size_t{shape_.batch} * shape_.tables; }
  std::size_t lookups() const { return rows_.size(); }
  /// Returns whether buffers moved: then no graph that knows them may be replayed.
  bool reserve(std::size_t lookups) {
    const bool moved = lookups > rows_.size();
    if (moved) make_room(lookups);
    return moved;
  }

  /// Steps first, first + 1 ... of a training, up to kept_losses of them; next comes the first.
  void plan(const UpdateRule& rule, std::uint64_t seed, std::uint64_t examples, std::uint64_t first,
            std::size_t count) {
    plan_steps(shape_, rule, seed, examples, first, static_cast<std::uint32_t>(count), plan_.data(), stream_);
    done_.zero(stream_);
  }
  /// One step; next comes this one.
  void plan(const DlrmStep& step) {
    plan_.upload({&step, 1}, stream_);
    done_.zero(stream_);
  }

  /// Only launches, as everything below. The batch of the next step; its dense features go to `dense`.
  void take(const ClickView& clicks, const OperandPair& dense) {
    has_bags_ = clicks.offsets != nullptr;
    take_examples(shape_, precision_, plan_.data(), done_.data(), clicks, table_begins_.data(),
                  {step_.data(), dense, labels_.data(), rows_.data(), begins_.data(), sources_.data(), bag_of_.data(),
                   static_cast<std::uint32_t>(rows_.size())},
                  stream_);
  }
  SortedLookups sort(const Stream& stream) {
    return has_bags_ ? sort_->sort_bags(rows_.data(), bag_of_.data(), stream)
                     : sort_->sort_one_each(rows_.data(), stream);
  }

  const DlrmStep* step() const { return step_.data(); }
  std::uint32_t* done() { return done_.data(); }
  Count examples() const { return {shape_.batch, &step_.data()->examples}; }
  /// Or each bag has one id.
  bool has_bags() const { return has_bags_; }
  DlrmBags rows() const { return {rows_.data(), begins_.data()}; }
  const float* labels() const { return labels_.data(); }

 private:
  void make_room(std::size_t lookups) {
    DeviceBuffer<std::uint32_t> rows(lookups, "rows of lookups");
    DeviceBuffer<std::uint32_t> bags(lookups, "bags of lookups");
    std::optional<LookupSort> sort;
    if (first_trained_ < shape_.tables) sort.emplace(lookups, shape_.batch, shape_.tables, first_trained_, all_rows_);
    rows_ = std::move(rows);  // now that there is room for all of them
    bag_of_ = std::move(bags);
    sort_ = std::move(sort);
  }

  DlrmShape shape_;
  Precision precision_;
  unsigned first_trained_;  ///< table
  std::uint32_t all_rows_;  ///< of all tables
  const Stream& stream_;
  DeviceBuffer<std::uint32_t> table_begins_;
  DeviceBuffer<float> labels_;           ///< [batch]
  DeviceBuffer<std::uint32_t> begins_;   ///< [batch * tables + 1]
  DeviceBuffer<std::uint32_t> sources_;  ///< [batch]
  DeviceBuffer<std::uint32_t> rows_;     ///< [lookups]
  DeviceBuffer<std::uint32_t> bag_of_;   ///< [lookups]
  DeviceBuffer<DlrmStep> plan_;
  DeviceBuffer<std::uint32_t> done_;
  DeviceBuffer<DlrmStep> step_;
  std::optional<LookupSort> sort_;
  bool has_bags_ = false;
};

class CudaDlrm final : public Dlrm {
 public:
  explicit CudaDlrm(const DlrmSpec& spec)
      : spec_(spec),
        shape_(spec),
        rule_{spec.optimizer, {.learning_rate = spec.learning_rate, .epsilon = spec.epsilon}},
        batch_size_(static_cast<std::size_t>(spec.batch)),
        tables_(spec.table_rows, spec.embedding_dim, spec.seed, rule_, frozen(), stream_),
        parameters_(rule_, spec.precision),
        bottom_layers_(add_layers(parameters_, bottom_shapes(), spec.seed, 0)),
        top_layers_(add_layers(parameters_, top_shapes(), spec.seed, 100)),
        bottom_(bottom_shapes(), spec.dense_features, /*plain_output=*/true, interaction_block(shape_), parameters_,
                bottom_layers_, batch_size_, spec.precision, stream_),
        top_(hidden_top_shapes(), dlrm_top_input(spec), /*plain_output=*/false, batch_block, parameters_, top_layers_,
             batch_size_, spec.precision, stream_),
        logit_(top_shapes().back().in, parameters_, top_layers_ + top_.layers(), batch_size_, spec.precision, stream_),
        batch_(spec, shape_, tables_, stream_),
        d_q_(batch_size_ * shape_.gradient_stride(), "gradients of interactions"),
        d_bags_(batch_size_ * shape_.tables * shape_.dim, "gradients of bags"),
        loss_of_steps_(kept_losses, "losses of steps") {
    parameters_.allocate(stream_);
    for (std::size_t t = 0; t < shape_.tables; ++t) tables_.add_value(tensors_, t, "table." + std::to_string(t));
    each_layer([&](std::size_t layer, const std::string& name) { parameters_.add_value(tensors_, layer, name); });
    for (std::size_t t = 0; t < shape_.tables; ++t) tables_.add_state(tensors_, t, "table." + std::to_string(t));
    each_layer([&](std::size_t layer, const std::string& name) { parameters_.add_state(tensors_, layer, name); });
  }
  CudaDlrm(const CudaDlrm&) = delete;  // tensors_ points into the members
  CudaDlrm& operator=(const CudaDlrm&) = delete;

  std::string implementation() const override {
    return fmt::format("{}/{}", platform(), to_word(precision_names, spec_.precision));
  }
  ModelState export_state() const override { return tensors_.export_state(step_, stream_); }
  void import_state(const ModelState& state) override {
    tensors_.import_state(state, stream_);
    parameters_.refresh_operands(stream_);
    step_ = state.step;
  }

  void set_examples(const ClickBatch& examples) override {
    const std::size_t n = examples.labels.size();
    require_readable(examples, spec_, n);
    if (!examples.offsets.empty() && n > most_examples_with_bags)
      throw std::invalid_argument(
          fmt::format("the cuda back end takes up to {} examples with bags, not {}", most_examples_with_bags, n));
    const std::size_t lookups = most_lookups_of(examples, shape_.tables, batch_size_, n);
    graph_.reset();
    reserve(examples, lookups);
    reserve_tables();
    count_ = 0;
    examples_.emplace(examples, shape_, 0, n, stream_);
    count_ = n;
  }

  std::vector<double> train(std::uint64_t steps) override {
    if (count_ == 0 && steps > 0) throw std::invalid_argument("DLRM training needs examples");
    if (!graph_ && steps > 0) {
      reserve_tables();  // a prediction may have made room for longer bags
      graph_.emplace(stream_, [this] { step(); });
    }
    std::vector<double> losses(steps);
    for (std::uint64_t done = 0; done < steps;) {
      const std::size_t count = std::min<std::uint64_t>(kept_losses, steps - done);
      batch_.plan(rule_, spec_.seed, count_, step_, count);
      for (std::size_t s = 0; s < count; ++s) graph_->replay(stream_);
      loss_of_steps_.download(std::span(losses).subspan(done, count), stream_);
      step_ += count;
      done += count;
    }
    return losses;
  }

  void predict(const ClickBatch& labelled, std::span<float> out) const override {
    ClickBatch clicks = labelled;
    clicks.labels = {};
    require_readable(clicks, spec_, out.size());
    reserve(clicks, most_lookups_of(clicks, shape_.tables, batch_size_, out.size()));
    const std::size_t at_once = batch_size_ * batches_at_once;
    for (std::size_t chunk = 0; chunk < out.size(); chunk += at_once) {
      const std::size_t end = std::min(chunk + at_once, out.size());
      const DeviceClicks examples(clicks, shape_, chunk, end - chunk, stream_);
      for (std::size_t first = chunk; first < end; first += batch_size_) {
        const std::size_t count = std::min(batch_size_, end - first);
        batch_.plan({.order = Permutation(1, 0, 0),
                     .shuffled = false,
                     .first = first - chunk,
                     .examples = static_cast<std::uint32_t>(count),
                     .update = {}});
        batch_.take(examples.view(), bottom_.input());
        forward();
        logit_.forward(top_.output(), batch_.examples(), stream_);
        logit_.logits().download(out.subspan(first, count), stream_);
      }
    }
  }

 private:
  std::size_t frozen() const { return static_cast<std::size_t>(spec_.frozen_tables); }
  std::vector<DenseShape> bottom_shapes() const { return dense_shapes(spec_.dense_features, spec_.bottom); }
  std::vector<DenseShape> top_shapes() const { return dense_shapes(dlrm_top_input(spec_), spec_.top); }
  /// All but the last, which is logit_.
  std::vector<DenseShape> hidden_top_shapes() const {
    std::vector<DenseShape> shapes = top_shapes();
    shapes.pop_back();
    return shapes;
  }
  template <class Body>
  void each_layer(const Body& body) const {
    for (std::size_t l = 0; l < bottom_.layers(); ++l) body(bottom_layers_ + l, fmt::format("bottom.{}", l));
    for (std::size_t l = 0; l <= top_.layers(); ++l) body(top_layers_ + l, fmt::format("top.{}", l));
  }

  /// Room for what these examples need. What moves, the recorded step no longer knows.
  void reserve(const ClickBatch& examples, std::size_t lookups) const {
    bool moved = batch_.reserve(lookups);
    if (!examples.offsets.empty() && bag_sums_.size() == 0) {
      bag_sums_ = DeviceBuffer<float>(d_bags_.size(), "sums of bags");
      moved = true;
    }
    if (moved) graph_.reset();
  }

  /// What a step updates the tables with, of all lookups that the batch has room for.
  void reserve_tables() {
    if (frozen() < shape_.tables) tables_.reserve(batch_.lookups());
  }

  /// What stands for the categorical features: rows of the tables where they lie, or sums of several.
  DlrmVectors vectors() const {
    if (batch_.has_bags()) return {bag_sums_.data(), nullptr};
    return {tables_.data(), batch_.rows().rows};
  }

  /// Up to the last layer.
  void forward() const {
    const Count examples = batch_.examples();
    if (batch_.has_bags()) sum_bags(shape_, tables_.data(), batch_.rows(), examples, bag_sums_.data(), stream_);
    bottom_.forward(examples, stream_);
    interact(shape_, spec_.precision, vectors(), bottom_.plain_output(), examples, top_.input(), stream_);
    top_.forward(examples, stream_);
  }

  LogitLayer::Below below_logit() {
    if (top_.layers() == 0) return {{}, nullptr, d_q_.data(), shape_.gradient_stride()};
    return {top_.delta(), top_.delta_sums(), nullptr, 0};
  }

  void step() {
    const bool trains_tables = frozen() < shape_.tables;
    const Count examples = batch_.examples();
    batch_.take(examples_->view(), bottom_.input());
    SortedLookups lookups{};
    if (trains_tables) {
      sorting_.wait_for(stream_);
      lookups = batch_.sort(sorting_);
    }
    forward();
    logit_.train(top_.output(), batch_.labels(), examples, below_logit(), stream_);
    top_.backward(examples, d_q_.data(), shape_.gradient_stride(), stream_);
    updating_.wait_for(stream_);  // the top's weights are no longer needed
    const UpdateStep* const update = &batch_.step()->update;
    parameters_.update(update, examples, top_layers_, top_layers_ + top_.layers() + 1, updating_);
    interact_backward(shape_, spec_.precision, vectors(), bottom_.plain_output(), d_q_.data(), examples,
                      {bottom_.delta(), bottom_.delta_sums(), d_bags_.data()}, stream_);
    if (trains_tables) {  // beside the dense layers
      sorting_.wait_for(stream_);
      tables_.update_summed(update, lookups, d_bags_.data(), sorting_);
    }
    bottom_.backward(examples, nullptr, 0, stream_);
    parameters_.update(update, examples, bottom_layers_, bottom_layers_ + bottom_.layers(), stream_);
    finish_step(batch_.step(), logit_.losses(), batch_.done(), loss_of_steps_.data(), stream_);
    stream_.wait_for(updating_);
    if (trains_tables) stream_.wait_for(sorting_);
  }

  DlrmSpec spec_;
  DlrmShape shape_;
  UpdateRule rule_;
  std::size_t batch_size_;
  Stream stream_;
  Stream sorting_;   ///< a branch of the recorded step: what becomes of the tables
  Stream updating_;  ///< another: the update of the top MLP, beside what is below it
  EmbeddingTables tables_;
  DenseParameters parameters_;
  std::size_t bottom_layers_;  ///< number of the first in parameters_
  std::size_t top_layers_;
  TensorStack bottom_;
  TensorStack top_;
  mutable LogitLayer logit_;
  DeviceTensors tensors_;
  std::uint64_t step_ = 0;

  // One step, or one pass of a prediction, which uses what is mutable of it.
  mutable DeviceBatch batch_;
  DeviceBuffer<float> d_q_;
  DeviceBuffer<float> d_bags_;            ///< [batch, tables, dim]
  mutable DeviceBuffer<float> bag_sums_;  ///< the same, once there are bags
  std::optional<DeviceClicks> examples_;
  std::uint64_t count_ = 0;  ///< of them
  DeviceBuffer<double> loss_of_steps_;
  mutable std::optional<Graph> graph_;  ///< of step(), on these examples and batch_'s buffers
};

}  // namespace

Support supports(const DlrmSpec& spec) {
  if (std::string why = why_invalid(spec); !why.empty()) return {std::move(why)};
  const std::uint64_t rows = std::accumulate(spec.table_rows.begin(), spec.table_rows.end(), std::uint64_t{0});
  if (rows > 0xfffffffeU) return Support::no(fmt::format("the cuda back end takes fewer than 2^32 rows, not {}", rows));
  const std::uint64_t uses = static_cast<std::uint64_t>(spec.batch) * spec.table_rows.size();
  if (uses > most_lookups)
    return Support::no(fmt::format("the cuda back end takes up to {} rows a step, not {}", most_lookups, uses));
  if (Support widths = supports_widths(spec.dense_features, spec.bottom); !widths) return widths;
  const auto tables = static_cast<std::int64_t>(spec.table_rows.size());
  const std::int64_t met =
      spec.interaction == FeatureInteraction::dot ? tables * (tables + 1) / 2 : tables * spec.embedding_dim;
  if (Support widths = supports_widths(spec.bottom.back() + met, spec.top); !widths) return widths;
  if (device_available()) {
    if (!has_tensor_cores())
      return Support::no("this device is older than sm_80: it has not the tensor cores that dense layers need");
    const std::size_t wanted = least_interaction_bytes(DlrmShape(spec));
    if (const std::size_t there = device_limits().shared_bytes_per_block; wanted > there)
      return Support::no(
          fmt::format("interaction `dot` of {} tables of dimension {} needs {} bytes of shared memory a block, and the "
                      "device has {}",
                      spec.table_rows.size(), spec.embedding_dim, wanted, there));
  }
  return EmbeddingTables::supports_dim(spec.embedding_dim);
}

std::unique_ptr<Dlrm> make(const DlrmSpec& spec) {
  assert(supports(spec));
  return std::make_unique<CudaDlrm>(spec);
}

}  // namespace frugal::cuda
