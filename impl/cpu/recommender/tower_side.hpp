// One side of a two-tower network, the users or the items: its embedding table, side features, tower, and what a step
// computes for the distinct ids of its batch, in blocks of rows.
#pragma once
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/recommender/init.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/cpu/recommender/dealing.hpp"
#include "impl/cpu/recommender/dense_stack.hpp"
#include "impl/cpu/recommender/parameter.hpp"
#include "impl/cpu/recommender/sorted_ids.hpp"
#include "impl/cpu/subnormals.hpp"

namespace frugal::cpu {

inline constexpr int tower_block = 128;  // rows a product

inline std::size_t tower_blocks(std::size_t rows) { return (rows + tower_block - 1) / tower_block; }

/// Does each rank take examples of its own of a step?
inline bool have_own_examples(const TwoTowerSpec& spec, const Communicator& ranks) {
  return spec.sharing == TwoTowerSharing::examples && ranks.size() > 1;
}

/// One thread's products and buffers for one side.
struct TowerWorker {
  TowerWorker(const DenseStack& stack, std::size_t input, std::size_t width)
      : products(stack, tower_block), delta(tower_block * width), input_gradient(tower_block * input) {}
  DenseWorker products;
  AlignedBuffer<float> delta;           // [tower_block, width]
  AlignedBuffer<float> input_gradient;  // [tower_block, input]
};

/// The users, or the items: table, features, tower, and what one step computes for the distinct ids of its batch. The rows
/// of the table are dealt to ranks (dealing.hpp); of a list of ids, a step's or another, each rank takes some, and is lent
/// their rows. Where ranks share the examples of a step (TwoTowerSharing), each has the ids of its own, and all rows.
class TowerSide {
 public:
  TowerSide(const TwoTowerSpec& spec, std::uint32_t count, int features, Purpose purpose, std::uint32_t stream,
            std::size_t ids_a_step, Communicator& ranks)
      : ranks_(ranks),
        own_examples_(have_own_examples(spec, ranks)),
        dealing_(own_examples_ ? alone() : ranks),
        count_(count),
        dim_(spec.embedding_dim),
        features_(features),
        in_(dim_ + features_),
        out_(tower_output(spec)),
        trainable_(spec.embedding_trainable),
        stack_(dense_shapes(spec.embedding_dim + features, spec.tower_layers), /*relu_last=*/false),
        table_(
            dealing_.rows(count), spec.embedding_dim,
            [&, law = NormalLaw{spec.init_stddev, Philox(spec.seed, purpose), 0}](std::uint32_t row,
                                                                                  std::span<float> to) {
              const std::uint64_t first = std::uint64_t{dealing_.id_of(row)} * to.size();
              for (std::size_t k = 0; k < to.size(); ++k) to[k] = static_cast<float>(law(first + k));
            },
            {OptimizerKind::adam, spec.adam}, spec.embedding_trainable),
        feature_rows_(count * features_),
        tower_(stack_, {OptimizerKind::adam, spec.adam}),
        slots_(stack_.parameters(), GradientSlots::suited_to(stack_.parameters())) {
    for (std::size_t l = 0; l < stack_.layers(); ++l) {
      const DenseShape shape = stack_.shape(l);
      tower_.set_layer(l, initial_tower_weight(shape, spec.seed, stream + static_cast<std::uint32_t>(l)),
                       std::vector<float>(static_cast<std::size_t>(shape.out), 0.F));
    }
    const std::size_t rows = tower_blocks(std::min<std::size_t>(count, ids_a_step)) * tower_block;
    std::fill(feature_rows_.begin(), feature_rows_.end(), 0.F);
    x_ = AlignedBuffer<float>(rows * in_);
    outputs_ = AlignedBuffer<float>(rows * stack_.outputs());
    last_ = AlignedBuffer<float>(rows * out_);
  }

  const DenseStack& stack() const { return stack_; }
  std::size_t input() const { return in_; }
  std::size_t blocks() const { return tower_blocks(ids_.rows()); }
  const SortedIds& ids() const { return ids_; }
  const float* outputs() const { return last_.data(); }
  GradientSlots& slots() { return slots_; }
  DenseParameters& tower() { return tower_; }

  void add_values(TensorViews<float>& views, const std::string& name) {
    table_.add_value(views, name + "_embedding");
    if (features_ > 0)
      views.add(name + "_features", {count_, static_cast<std::int64_t>(features_)}, feature_rows_.data());
    tower_.add_values(views, name + "_tower");
  }
  void add_states(TensorViews<float>& views, const std::string& name) {
    table_.add_state(views, name + "_embedding");
    tower_.add_states(views, name + "_tower");
  }

  void set_ids(std::span<const std::uint32_t> ids) {
    ids_.assign(ids, count_);
    slots_.deal(blocks());
  }

  /// What each of several ranks computes of the ids: slots, the blocks in them, and the rows in these. [ranks + 1]
  std::vector<std::size_t> slots_of_ranks() const {
    if (!own_examples_) return equal_shares(slots_.used(), ranks_.size());
    std::vector<std::size_t> begins(static_cast<std::size_t>(ranks_.size()) + 1);  // all that it has are its own
    std::fill(begins.begin() + ranks_.rank() + 1, begins.end(), slots_.used());
    return begins;
  }
  std::vector<std::size_t> blocks_of_ranks() const {
    std::vector<std::size_t> begins = slots_of_ranks();
    for (std::size_t& begin : begins) begin = std::min(slots_.begin(begin), blocks());
    return begins;
  }
  std::vector<std::size_t> rows_of_ranks() const {
    std::vector<std::size_t> begins = blocks_of_ranks();
    for (std::size_t& begin : begins) begin = std::min(begin * tower_block, ids_.rows());
    return begins;
  }

  /// Rows of the table for one rank's run of a list of ids.
  struct Lent {
    std::size_t begin = 0;  ///< of the run
    SortedIds used;
    FloatBuffers values{1};  ///< [distinct ids, dim]
  };
  /// begins [ranks + 1]: the run of each rank. Of one rank nothing is copied. All ranks call this alike.
  void lend(std::span<const std::uint32_t> ids, std::span<const std::size_t> begins, Lent& lent) const {
    if (dealing_.whole()) return;
    const auto run = [&](std::uint32_t r) { return ids.subspan(begins[r], begins[r + 1] - begins[r]); };
    std::vector<TableIds> wanted(dealing_.ranks, TableIds(1));
    for (std::uint32_t r = 0; r < dealing_.ranks; ++r) {
      if (r == dealing_.rank) continue;
      std::ranges::copy_if(run(r), std::back_inserter(wanted[r][0]),
                           [&](std::uint32_t id) { return dealing_.owns(id); });
      wanted[r][0] = distinct_of(std::move(wanted[r][0]));
    }
    lent.begin = begins[dealing_.rank];
    lent.used.assign(run(dealing_.rank), count_);
    const EmbeddingTable* const table = &table_;
    lend_rows(ranks_, {&table, 1}, dim_, wanted, {&lent.used, 1}, lent.values);
  }

  /// Before forward(): all ranks have the rows of their blocks. All call this alike.
  void borrow() { lend(ids_.distinct(), rows_of_ranks(), lent_); }

  /// All ranks have the outputs that each has computed.
  void gather_outputs() {
    if (!own_examples_)
      gather_rows(ranks_, last_.data(), tower_block * static_cast<std::size_t>(out_), blocks_of_ranks());
  }

  /// After backward(): all ranks have the gradients of the tower that each has computed.
  void gather_gradients() {
    if (own_examples_)
      slots_.gather_sums(ranks_);
    else
      slots_.gather(ranks_, slots_of_ranks());
  }

  /// Outputs of ids first ... first + count - 1 of a list, at most tower_block of them, into out [tower_block, width]; the
  /// rest of the rows are finite. lent: of the list.
  void tower_outputs(DenseWorker& products, std::span<const std::uint32_t> list, std::size_t first, std::size_t count,
                     const Lent& lent, float* x, float* activations, float* out) const {
    gather(list.subspan(first, count), first, lent, x);
    if (stack_.layers() > 0)
      products.forward(tower_.view(), x, activations, out);
    else
      std::copy_n(x, tower_block * in_, out);
  }

  void forward(DenseWorker& products, std::size_t block) {
    tower_outputs(products, ids_.distinct(), block * tower_block, block_ids(block).size(), lent_, x_of(block),
                  activations_of(block), last_.data() + block * tower_block * static_cast<std::size_t>(out_));
  }

  /// Gradients of the tower's parameters into the slot; Adam on the block's rows when they are trainable, where `alone`;
  /// else their gradients are kept for update_rows().
  /// delta [tower_block, width]: dL/d(output), rows beyond the block's ids zero; overwritten.
  void backward(TowerWorker& worker, const UpdateStep& step, std::size_t block, std::size_t slot, float* delta,
                bool alone) {
    const float* input_gradient = delta;
    if (stack_.layers() > 0) {
      float* dx = trainable_ ? worker.input_gradient.data() : nullptr;
      worker.products.backward(tower_.view(), x_of(block), activations_of(block), delta, slots_.gradient(slot),
                               block == slots_.begin(slot), dx);
      input_gradient = dx;
    }
    if (!trainable_) return;
    const auto ids = block_ids(block);
    if (!alone)
      std::copy_n(input_gradient, ids.size() * in_, x_of(block));  // which nobody reads any more
    else
      for (std::size_t r = 0; r < ids.size(); ++r) table_.update_row(step, ids[r], input_gradient + r * in_);
  }

  /// After backward() of several ranks: the gradients of rows go to where these lie, and move them. All call this alike.
  void update_rows(const UpdateStep& step) {
    if (!trainable_) return;
    const std::span<const std::uint32_t> ids = ids_.distinct();
    const std::vector<std::size_t> begins = rows_of_ranks();
    /// body(gradient) of the rows of rank `of` that `owner` has.
    const auto for_rows = [&](std::uint32_t of, std::uint32_t owner, const auto& body) {
      for (std::size_t r = begins[of]; r < begins[of + 1]; ++r)
        if (dealing_.owner(ids[r]) == owner) body(x_.data() + r * in_);
    };
    FloatBuffers outgoing;
    FloatBuffers incoming;
    for (std::uint32_t r = 0; r < dealing_.ranks; ++r) {
      std::size_t given = 0;
      std::size_t taken = 0;
      for_rows(dealing_.rank, r, [&](const float*) { given += r != dealing_.rank; });
      for_rows(r, dealing_.rank, [&](const float*) { taken += r != dealing_.rank; });
      float* to = outgoing.emplace_back(given * dim_).data();
      if (given > 0) for_rows(dealing_.rank, r, [&](const float* gradient) { to = std::copy_n(gradient, dim_, to); });
      incoming.emplace_back(taken * dim_);
    }
    exchange(ranks_, outgoing, incoming);
    for (std::uint32_t r = 0; r < dealing_.ranks; ++r) {
      const float* from = incoming[r].data();
      if (r != dealing_.rank)
        for_rows(r, dealing_.rank, [&](float* gradient) {
          std::copy_n(from, dim_, gradient);
          from += dim_;
        });
    }
#pragma omp parallel
    {
      const SubnormalsAreZero flush;
#pragma omp for schedule(static)
      for (std::size_t r = 0; r < ids.size(); ++r)
        if (dealing_.owns(ids[r])) table_.update_row(step, dealing_.row_of(ids[r]), x_.data() + r * in_);
    }
  }

  std::span<const std::uint32_t> block_ids(std::size_t block) const {
    const std::size_t first = block * tower_block;
    return ids_.distinct().subspan(first, std::min<std::size_t>(tower_block, ids_.rows() - first));
  }

 private:
  /// ids: those from number `first` on of the list that `lent` is of.
  void gather(std::span<const std::uint32_t> ids, std::size_t first, const Lent& lent, float* x) const {
    for (std::size_t r = 0; r < ids.size(); ++r) {
      const float* const row = dealing_.whole()
                                   ? table_.row(ids[r])
                                   : lent.values[0].data() + lent.used.row_of()[first + r - lent.begin] * dim_;
      std::copy_n(row, dim_, x + r * in_);
      std::copy_n(feature_rows_.data() + ids[r] * features_, features_, x + r * in_ + dim_);
    }
    std::fill(x + ids.size() * in_, x + tower_block * in_, 0.F);
  }
  float* x_of(std::size_t block) { return x_.data() + block * tower_block * in_; }
  float* activations_of(std::size_t block) { return outputs_.data() + block * tower_block * stack_.outputs(); }

  Communicator& ranks_;
  bool own_examples_;  // each rank has ids of its own
  Dealing dealing_;
  std::uint32_t count_;
  std::size_t dim_;
  std::size_t features_;
  std::size_t in_;  // of the tower: both
  int out_;
  bool trainable_;
  DenseStack stack_;
  EmbeddingTable table_;
  AlignedBuffer<float> feature_rows_;  // [count, features]
  DenseParameters tower_;
  GradientSlots slots_;
  SortedIds ids_;
  Lent lent_;                     // of ids_
  AlignedBuffer<float> x_;        // by block: inputs of the tower
  AlignedBuffer<float> outputs_;  // by block: those of all layers
  AlignedBuffer<float> last_;     // [rows, width]: what the towers give
};

}  // namespace frugal::cpu
