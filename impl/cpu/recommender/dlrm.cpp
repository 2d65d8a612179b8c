// DLRM on the CPU. impl/reference/recommender/dlrm.cpp has the formulas; this file has the order of work.
//
// A block of examples goes forward and back through the whole network on one thread, so that its activations stay in
// that core's cache. Out of it come a slot of dense gradients (dense_stack.hpp) and, for each example and table, the
// gradient of the sum of its bag, which is that of each row in the bag. The ids of each table are sorted with their
// examples; each distinct row sums its gradients in the order of the batch and is updated once.
//
// Deterministic, bitwise, at any number of threads: blocks, slots and sums do not depend on it. Nor on that of ranks: each
// has a run of the examples (dealt_examples.hpp), and all get those of a step; each takes the blocks of its slots through the network, with the rows of all tables that these need (dealt_tables.hpp). All get
// the dense gradients and update the layers alike; the rows of a table are updated where they lie.
#include "impl/cpu/recommender/dlrm.hpp"

#include <omp.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <numeric>

#include "impl/common/recommender/init.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/cpu/placed_model.hpp"
#include "impl/cpu/recommender/dealt_examples.hpp"
#include "impl/cpu/recommender/dealt_tables.hpp"
#include "impl/cpu/recommender/dense_stack.hpp"
#include "impl/cpu/recommender/parameter.hpp"
#include "impl/cpu/recommender/sorted_ids.hpp"
#include "impl/cpu/subnormals.hpp"

namespace frugal::cpu {
namespace {

constexpr std::size_t row_block = 64;                // distinct embedding rows a task
constexpr std::size_t rows_ahead = 8;                // embedding rows fetched before they are summed or updated
constexpr std::size_t examples_at_a_time = 1 << 16;  // that several ranks predict before they are told of others

/// Examples a product: wide layers pay for more of them with every pass over their weights.
std::size_t suited_block(std::size_t dense_parameters) {
  constexpr std::size_t narrow = 64;
  constexpr std::size_t wide = 128;
  return is_wide_model(dense_parameters) ? wide : narrow;
}

/// One thread's products and buffers, for one block of examples at a time.
struct DlrmWorker {
  DlrmWorker(const DenseStack& bottom_stack, const DenseStack& top_stack, std::size_t block, std::size_t vectors,
             std::size_t dim)
      : bottom(bottom_stack, static_cast<int>(block)),
        top(top_stack, static_cast<int>(block)),
        dense(block * bottom_stack.shape(0).in),
        bottom_outputs(block * bottom_stack.outputs()),
        d_bottom(block * bottom_stack.shape(bottom_stack.layers() - 1).out),
        x(vectors * dim * block),
        dx(vectors * dim),
        scratch(static_cast<std::size_t>(pair_scratch(static_cast<long>(vectors), static_cast<long>(dim)))),
        q(block * top_stack.shape(0).in),
        d_q(block * top_stack.shape(0).in),
        top_outputs(block * top_stack.outputs()),
        d_logits(block),
        row_gradient(dim) {}

  DenseWorker bottom;
  DenseWorker top;
  AlignedBuffer<float> dense;           // [block, dense features]
  AlignedBuffer<float> bottom_outputs;  // of all layers
  AlignedBuffer<float> d_bottom;        // [block, bottom output]
  AlignedBuffer<float> x;               // dot: [block, 1 + tables, dim], what is multiplied with each other
  AlignedBuffer<float> dx;              // dot: [1 + tables, dim], of one example
  AlignedBuffer<float> scratch;
  AlignedBuffer<float> q;  // [block, top input]
  AlignedBuffer<float> d_q;
  AlignedBuffer<float> top_outputs;
  AlignedBuffer<float> d_logits;      // [block]
  AlignedBuffer<float> row_gradient;  // [dim]
};

/// What a batch looks up in this rank's rows of one table.
struct Lookups {
  std::vector<std::uint32_t> rows;
  std::vector<std::uint32_t> examples;  // whose bag each is in
  SortedIds sorted;                     // positions: examples

  void sort(const ClickBatch& batch, std::size_t n, std::size_t table, const DealtTables& tables) {
    rows.clear();
    examples.clear();
    for (std::size_t e = 0; e < n; ++e) {
      const auto bag = batch.bag(e * tables.size() + table);
      if (tables.dealing().whole()) {
        rows.insert(rows.end(), bag.begin(), bag.end());
      } else {
        for (const std::uint32_t id : bag)
          if (tables.dealing().owns(id)) rows.push_back(tables.dealing().row_of(id));
      }
      examples.resize(rows.size(), static_cast<std::uint32_t>(e));
    }
    sorted.assign(rows, examples, tables.rows(table));
  }
};

class CpuDlrm final : public PlacedModel<Dlrm> {
 public:
  CpuDlrm(const DlrmSpec& spec, Communicator& ranks)
      : PlacedModel(ranks),
        spec_(spec),
        dim_(static_cast<std::size_t>(spec.embedding_dim)),
        vectors_(spec.table_rows.size() + 1),
        rule_{spec.optimizer, {.learning_rate = spec.learning_rate, .epsilon = spec.epsilon}},
        bottom_stack_(dense_shapes(spec.dense_features, spec.bottom), /*relu_last=*/true),
        top_stack_(dense_shapes(dlrm_top_input(spec), spec.top), /*relu_last=*/false),
        bottom_(bottom_stack_, rule_),
        top_(top_stack_, rule_),
        block_(suited_block(bottom_stack_.parameters() + top_stack_.parameters())),
        slots_(GradientSlots::suited_to(bottom_stack_.parameters() + top_stack_.parameters())),
        bottom_slots_(bottom_stack_.parameters(), slots_),
        top_slots_(top_stack_.parameters(), slots_),
        tables_(spec, rule_, ranks),
        examples_(spec, ranks),
        lookups_(spec.table_rows.size()),
        bag_gradients_(spec.table_rows.size() * static_cast<std::size_t>(spec.batch) * dim_),
        losses_(static_cast<std::size_t>(spec.batch)) {
    set_layers(bottom_, bottom_stack_, 0);
    set_layers(top_, top_stack_, 100);
    tables_.add_values(views_);
    bottom_.add_values(views_, "bottom");
    top_.add_values(views_, "top");
    tables_.add_states(views_);
    bottom_.add_states(views_, "bottom");
    top_.add_states(views_, "top");
    refresh_operands();
  }
  CpuDlrm(const CpuDlrm&) = delete;  // views_ points into the members
  CpuDlrm& operator=(const CpuDlrm&) = delete;

  std::string implementation() const override { return onednn_implementation(); }
  ModelState export_state() const override {
    ModelState state = views_.export_state(step_);
    tables_.complete(state);
    return state;
  }
  void import_state(const ModelState& state) override {
    if (tables_.dealing().whole())
      views_.import_state(state);
    else
      views_.import_state(tables_.part_of(state));
    take_state(state.step);
  }

  void set_examples(const ClickBatch& examples) override { examples_.set(examples); }

  std::vector<double> train(std::uint64_t steps) override {
    std::vector<double> losses(steps);
    for (std::uint64_t s = 0; s < steps; ++s)
      losses[s] = train_step(examples_.gather(step_), /*ahead=*/s + 1 < steps && examples_.may_gather_ahead());
    return losses;
  }

  void predict(const ClickBatch& batch, std::span<float> out) const override {
    const bool shared = ranks_.size() > 1;
    if (ranks_.rank() == 0) require_readable(batch, spec_, out.size());
    DealtTables::Room room;
    ToldExamples told;
    const std::size_t round = shared ? examples_at_a_time : out.size();
    for (std::size_t done = 0; done < out.size(); done += round) {
      const std::size_t count_now = std::min(round, out.size() - done);
      const ClickBatch now = shared ? told.tell(batch, done, count_now, spec_, ranks_) : batch;
      const std::vector<std::size_t> begins = shares_of_blocks(count_now);
      const DealtTables::Lent lent = tables_.lend(now, begins, room);
      const std::size_t end = begins[ranks_.rank() + 1];
      float* const logits = out.data() + done;
#pragma omp parallel
      {
        const SubnormalsAreZero flush;
        DlrmWorker worker(bottom_stack_, top_stack_, block_, vectors_, dim_);
#pragma omp for schedule(dynamic)
        for (std::size_t first = begins[ranks_.rank()]; first < end; first += block_) {
          const std::size_t count = std::min(block_, end - first);
          std::copy_n(forward(worker, lent, first, count), count, logits + first);
        }
      }
      gather_rows(ranks_, logits, 1, begins);
    }
  }

 private:
  std::size_t frozen() const { return static_cast<std::size_t>(spec_.frozen_tables); }

  /// `count` examples, dealt to ranks in whole blocks: [ranks + 1].
  std::vector<std::size_t> shares_of_blocks(std::size_t count) const {
    std::vector<std::size_t> begins = equal_shares((count + block_ - 1) / block_, ranks_.size());
    for (std::size_t& begin : begins) begin = std::min(begin * block_, count);
    return begins;
  }

  /// ahead: one of the threads gathers the next step's examples.
  double train_step(const ClickBatch& batch, bool ahead) {
    const std::size_t n = batch.labels.size();
    make_workers();

    const std::size_t blocks = (n + block_ - 1) / block_;
    bottom_slots_.deal(blocks);
    top_slots_.deal(blocks);
    forward_backward(batch, n, ahead);
    const UpdateStep step = update_step(rule_, ++step_);
    update_tables(batch, n, step);
    update_dense(step);
    return std::accumulate(losses_.begin(), losses_.begin() + n, 0.0) / static_cast<double>(n);
  }

  void set_layers(DenseParameters& parameters, const DenseStack& stack, std::uint32_t stream) {
    for (std::size_t l = 0; l < stack.layers(); ++l, ++stream)
      parameters.set_layer(l, initial_dlrm_weight(stack.shape(l), spec_.seed, stream),
                           initial_dlrm_bias(stack.shape(l), spec_.seed, 200 + stream));
  }

  void make_workers() {
    workers_.resize(std::max(workers_.size(), static_cast<std::size_t>(omp_get_max_threads())));
#pragma omp parallel
    {
      std::unique_ptr<DlrmWorker>& mine = workers_[omp_get_thread_num()];
      if (!mine) mine = std::make_unique<DlrmWorker>(bottom_stack_, top_stack_, block_, vectors_, dim_);
    }
  }

  /// Logits of examples first..first+count, within the worker.
  const float* forward(DlrmWorker& worker, const DealtTables::Lent& lent, std::size_t first, std::size_t count) const {
    const ClickBatch& batch = lent.batch;
    const std::size_t features = static_cast<std::size_t>(spec_.dense_features);
    std::copy_n(batch.dense.data() + first * features, count * features, worker.dense.data());
    std::fill(worker.dense.data() + count * features, worker.dense.end(), 0.F);
    worker.bottom.forward(bottom_.view(), worker.dense.data(), worker.bottom_outputs.data());
    if (spec_.interaction == FeatureInteraction::dot)
      dot(worker, lent, first, count);
    else
      concatenate(worker, lent, first, count);
    const std::size_t inputs = static_cast<std::size_t>(top_stack_.shape(0).in);
    std::fill(worker.q.data() + count * inputs, worker.q.end(), 0.F);
    worker.top.forward(top_.view(), worker.q.data(), worker.top_outputs.data());
    return worker.top.last(worker.top_outputs.data());
  }

  /// out [dim] = the sum of the rows in a bag. The first rows of the next bag come on their way.
  void sum_bag(const DealtTables::Lent& lent, std::size_t example, std::size_t table, float* out) const {
    const ClickBatch& batch = lent.batch;
    const std::size_t number = example * tables_.size() + table;
    const auto bag = batch.bag(number);
    if (const std::size_t next = number + 1; next < batch.dense.size() / spec_.dense_features * tables_.size()) {
      const auto ids = batch.bag(next);
      for (const std::uint32_t id : ids.first(std::min(rows_ahead, ids.size())))
        prefetch_row(lent.tables[next % tables_.size()] + id * dim_, dim_);
    }
    recommender_kernels().sum_rows(lent.tables[table], bag.data(), static_cast<long>(bag.size()),
                                   static_cast<long>(dim_), out);
  }

  void dot(DlrmWorker& worker, const DealtTables::Lent& lent, std::size_t first, std::size_t count) const {
    const RecommenderKernels& kernels = recommender_kernels();
    const std::size_t inputs = static_cast<std::size_t>(top_stack_.shape(0).in);
    const float* bottom = worker.bottom.last(worker.bottom_outputs.data());
    for (std::size_t e = 0; e < count; ++e) {
      float* x = worker.x.data() + e * vectors_ * dim_;
      std::copy_n(bottom + e * dim_, dim_, x);
      for (std::size_t t = 0; t < tables_.size(); ++t) sum_bag(lent, first + e, t, x + (t + 1) * dim_);
      float* q = worker.q.data() + e * inputs;
      std::copy_n(x, dim_, q);
      kernels.pair_dots(x, static_cast<long>(vectors_), static_cast<long>(dim_), worker.scratch.data(), q + dim_);
    }
  }

  void concatenate(DlrmWorker& worker, const DealtTables::Lent& lent, std::size_t first, std::size_t count) const {
    const std::size_t width = static_cast<std::size_t>(spec_.bottom.back());
    const float* bottom = worker.bottom.last(worker.bottom_outputs.data());
    float* q = worker.q.data();
    for (std::size_t e = 0; e < count; ++e) {
      q = std::copy_n(bottom + e * width, width, q);
      for (std::size_t t = 0; t < tables_.size(); ++t, q += dim_) sum_bag(lent, first + e, t, q);
    }
  }

  void forward_backward(const ClickBatch& batch, std::size_t n, bool ahead) {
    const std::vector<std::size_t> slots = equal_shares(bottom_slots_.used(), ranks_.size());  // as of the top MLP
    const std::size_t end_slot = slots[ranks_.rank() + 1];
    std::vector<std::size_t> begins;  // examples of each rank
    begins.reserve(slots.size());
    for (const std::size_t slot : slots) begins.push_back(std::min(bottom_slots_.begin(slot) * block_, n));
    const DealtTables::Lent lent = tables_.lend(batch, begins, room_);
#pragma omp parallel
    {
#pragma omp single nowait
      if (ahead) examples_.gather_ahead(step_ + 1);
#pragma omp for schedule(dynamic)
      for (std::size_t slot = slots[ranks_.rank()]; slot < end_slot; ++slot) learn_slot(batch, lent, n, slot);
    }
    gather_rows(ranks_, losses_.data(), 1, begins);
    std::vector<float*> gradients;
    for (std::size_t t = 0; t < tables_.size(); ++t) gradients.push_back(bag_gradients(t));
    tables_.give_back(batch, begins, gradients);
    bottom_slots_.gather(ranks_, slots);
    top_slots_.gather(ranks_, slots);
  }

  /// Forward and back: losses, gradients of the layers, and of bags.
  void learn_slot(const ClickBatch& batch, const DealtTables::Lent& lent, std::size_t n, std::size_t slot) {
    const SubnormalsAreZero flush;
    DlrmWorker& worker = *workers_[omp_get_thread_num()];
    const float weight = 1.F / static_cast<float>(n);
    for (std::size_t block = bottom_slots_.begin(slot); block < bottom_slots_.end(slot); ++block) {
      const std::size_t first = block * block_;
      const std::size_t count = std::min(block_, n - first);
      const float* logits = forward(worker, lent, first, count);
      std::fill(worker.d_logits.begin(), worker.d_logits.end(), 0.F);
      recommender_kernels().cross_entropy(logits, batch.labels.data() + first, weight, static_cast<long>(count),
                                          losses_.data() + first, worker.d_logits.data());
      backward(worker, first, count, slot, block == bottom_slots_.begin(slot));
    }
  }

  void backward(DlrmWorker& worker, std::size_t first, std::size_t count, std::size_t slot, bool first_of_slot) {
    worker.top.backward(top_.view(), worker.q.data(), worker.top_outputs.data(), worker.d_logits.data(),
                        top_slots_.gradient(slot), first_of_slot, worker.d_q.data());
    const std::size_t inputs = static_cast<std::size_t>(top_stack_.shape(0).in);
    const std::size_t width = static_cast<std::size_t>(spec_.bottom.back());
    const RecommenderKernels& kernels = recommender_kernels();
    for (std::size_t e = 0; e < count; ++e) {
      const float* d_q = worker.d_q.data() + e * inputs;
      float* d_bottom = worker.d_bottom.data() + e * width;
      std::copy_n(d_q, width, d_bottom);
      const float* d_bags = d_q + width;
      if (spec_.interaction == FeatureInteraction::dot) {
        kernels.pair_dots_backward(worker.x.data() + e * vectors_ * dim_, d_q + width, static_cast<long>(vectors_),
                                   static_cast<long>(dim_), worker.scratch.data(), worker.dx.data());
        kernels.add(d_bottom, worker.dx.data(), static_cast<long>(width));
        d_bags = worker.dx.data() + dim_;
      }
      for (std::size_t t = 0; t < tables_.size(); ++t)
        std::copy_n(d_bags + t * dim_, dim_, bag_gradients(t) + (first + e) * dim_);
    }
    std::fill(worker.d_bottom.data() + count * width, worker.d_bottom.end(), 0.F);
    worker.bottom.backward(bottom_.view(), worker.dense.data(), worker.bottom_outputs.data(), worker.d_bottom.data(),
                           bottom_slots_.gradient(slot), first_of_slot, nullptr);
  }

  void update_tables(const ClickBatch& batch, std::size_t n, const UpdateStep& step) {
    const std::size_t tables = tables_.size();
#pragma omp parallel for schedule(dynamic)
    for (std::size_t t = frozen(); t < tables; ++t) lookups_[t].sort(batch, n, t, tables_);
    struct Task {
      std::size_t table;
      std::size_t first_row;
    };
    std::vector<Task> tasks;
    for (std::size_t t = frozen(); t < tables; ++t)
      for (std::size_t first = 0; first < lookups_[t].sorted.rows(); first += row_block) tasks.push_back({t, first});
#pragma omp parallel for schedule(dynamic)
    for (const Task& task : tasks) {
      const SubnormalsAreZero flush;
      update_rows(task.table, task.first_row, step);
    }
  }

  /// Rows first_row.. of those that the batch uses, up to row_block of them.
  void update_rows(std::size_t t, std::size_t first_row, const UpdateStep& step) {
    const SortedIds& sorted = lookups_[t].sorted;
    const float* gradients = bag_gradients(t);
    const std::size_t last = std::min(first_row + row_block, sorted.rows());
    for (std::size_t r = first_row; r < last; ++r) {
      if (r + rows_ahead < last) {
        tables_[t].prefetch_row(sorted.distinct()[r + rows_ahead]);
        __builtin_prefetch(gradients + sorted.positions(r + rows_ahead)[0] * dim_);
      }
      const auto examples = sorted.positions(r);
      const float* gradient = gradients + examples[0] * dim_;  // of most rows of a large table, there is no other
      if (examples.size() > 1) {
        float* sum = workers_[omp_get_thread_num()]->row_gradient.data();
        recommender_kernels().sum_rows(gradients, examples.data(), static_cast<long>(examples.size()),
                                       static_cast<long>(dim_), sum);
        gradient = sum;
      }
      tables_[t].update_row(step, sorted.distinct()[r], gradient);
    }
  }

  /// [batch, dim]: of the sum of each example's bag.
  float* bag_gradients(std::size_t table) {
    return bag_gradients_.data() + table * static_cast<std::size_t>(spec_.batch) * dim_;
  }

  void update_dense(const UpdateStep& step) {
    const std::size_t bottom_pieces = bottom_.pieces();
    const std::size_t pieces = bottom_pieces + top_.pieces();
#pragma omp parallel for schedule(static)
    for (std::size_t p = 0; p < pieces; ++p) {
      const SubnormalsAreZero flush;
      if (p < bottom_pieces)
        bottom_.update_piece(step, p, bottom_slots_);
      else
        top_.update_piece(step, p - bottom_pieces, top_slots_);
    }
    refresh_operands();
  }

  std::vector<PlacedTensor> placed() override { return tables_.placed_of(views_); }
  void take_state(std::uint64_t step) override {
    PlacedModel::take_state(step);
    refresh_operands();
  }

  void refresh_operands() {
    bottom_.refresh_operands();
    top_.refresh_operands();
  }

  DlrmSpec spec_;
  std::size_t dim_;
  std::size_t vectors_;  // bottom output and one row of each table
  UpdateRule rule_;
  DenseStack bottom_stack_;
  DenseStack top_stack_;
  DenseParameters bottom_;
  DenseParameters top_;
  std::size_t block_;  // examples a product
  std::size_t slots_;
  GradientSlots bottom_slots_;
  GradientSlots top_slots_;
  DealtTables tables_;
  TensorViews<float> views_;
  DealtExamples examples_;

  // One step.
  DealtTables::Room room_;
  std::vector<Lookups> lookups_;        // of each table
  AlignedBuffer<float> bag_gradients_;  // [tables, batch, dim]
  AlignedBuffer<float> losses_;
  std::vector<std::unique_ptr<DlrmWorker>> workers_;
};

}  // namespace

Support supports(const DlrmSpec& spec) {
  if (std::string problem = why_invalid(spec); !problem.empty()) return Support::no(std::move(problem));
  if (spec.precision != Precision::fp32) return Support::no("cpu computes DLRM in fp32 only");
  return Support::yes();
}

std::unique_ptr<Dlrm> make(const DlrmSpec& spec, Communicator& ranks) {
  assert(supports(spec));
  return std::make_unique<CpuDlrm>(spec, ranks);
}

}  // namespace frugal::cpu
