// Two-tower recommender on the CPU. impl/reference/recommender/two_tower.cpp has the formulas; this file has the order
// of work.
//
// A tower's output depends on the id alone, so each tower runs once per distinct id of the step, and the gradients that
// its examples send to an id are summed before the one pass back. That is exact, for frozen and for trainable
// embeddings. At MovieLens-1M scale and a batch of 1024 it saves over 40% of the products; at larger batches it saves
// far more. A distinct id is also an embedding row of its own, so its gradient comes out of the tower complete: no
// scatter, and Adam moves the row while it is in the cache. Frozen embeddings cost a gather and nothing else.
//
// One step: draw positives and negatives; sort the ids; towers forward, in blocks of rows; dots and loss, in blocks of
// positives (batch_softmax.hpp: of users); towers backward, in the same blocks of rows; Adam on the towers.
//
// Deterministic, bitwise, at any number of threads: blocks and slots (dense_stack.hpp) do not depend on it. Nor on that of
// ranks: each has a run of the positives, and all get those of a step; each computes the blocks of its slots forward and
// back, and the losses of some blocks of positives, and all get from it what comes of them: outputs, slopes, gradients. The
// update is everybody's, who then have the same. Where ranks share examples (TwoTowerSharing), each takes positives of its
// own, all have all of the frozen rows, and only gradients of the towers go to all: bits then depend on the number of
// ranks.
#include "impl/cpu/recommender/two_tower.hpp"

#include <omp.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "impl/common/epoch_schedule.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/cpu/placed_model.hpp"
#include "impl/cpu/ranking/ranking.hpp"
#include "impl/cpu/recommender/batch_softmax.hpp"
#include "impl/cpu/recommender/tower_side.hpp"
#include "impl/cpu/runs.hpp"
#include "impl/cpu/subnormals.hpp"

namespace frugal::cpu {
namespace {

constexpr std::size_t positives_block = 64;           // positives whose dots and loss are one task
constexpr std::size_t most_lent = 512 * tower_block;  // ids whose rows several ranks are lent at a time

/// One thread's work on both sides.
struct TwoTowerWorker {
  TwoTowerWorker(const TowerSide& user_side, const TowerSide& item_side, long width, bool with_softmax)
      : user(user_side.stack(), user_side.input(), width), item(item_side.stack(), item_side.input(), width) {
    if (with_softmax) softmax.emplace(tower_block, width);
  }
  TowerWorker user;
  TowerWorker item;
  std::optional<SoftmaxWorker> softmax;
};

class CpuTwoTower final : public PlacedModel<TwoTower> {
 public:
  CpuTwoTower(const TwoTowerSpec& spec, Communicator& ranks)
      : PlacedModel(ranks),
        spec_(spec),
        width_(tower_output(spec)),
        examples_(spec.loss == TwoTowerLoss::bce ? 1 + static_cast<std::size_t>(spec.negatives) : 1),
        own_examples_(have_own_examples(spec, ranks)),
        rule_{OptimizerKind::adam, spec.adam},
        user_(spec, spec.users, spec.user_features, Purpose::user_embedding, 0, static_cast<std::size_t>(spec.batch),
              ranks),
        item_(spec, spec.items, spec.item_features, Purpose::item_embedding, 100,
              static_cast<std::size_t>(spec.batch) * examples_, ranks),
        user_rows_(spec.batch * examples_),
        logits_(spec.batch * examples_),
        slopes_(spec.batch * examples_),
        losses_(spec.batch * examples_),
        labels_(positives_block * examples_) {
    if (spec.loss == TwoTowerLoss::batch_softmax)
      softmax_.emplace(tower_block, width_, spec.items, static_cast<std::size_t>(spec.batch));
    for (std::size_t i = 0; i < labels_.size(); ++i) labels_[i] = i % examples_ == 0 ? 1.F : 0.F;
    user_.add_values(views_, "user");
    item_.add_values(views_, "item");
    user_.add_states(views_, "user");
    item_.add_states(views_, "item");
    refresh_operands();
  }
  CpuTwoTower(const CpuTwoTower&) = delete;  // views_ points into the members
  CpuTwoTower& operator=(const CpuTwoTower&) = delete;

  std::string implementation() const override { return onednn_implementation(); }
  ModelState export_state() const override {
    ModelState state = views_.export_state(step_);
    if (!own_examples_)
      complete(
          state, [&](std::string_view name) { return table_rows(name); }, ranks_);
    return state;
  }
  void import_state(const ModelState& state) override {
    if (ranks_.size() == 1 || own_examples_)
      views_.import_state(state);
    else
      views_.import_state(part_of(
          state, [&](std::string_view name) { return table_rows(name); }, Dealing(ranks_)));
    take_state(state.step);
  }

  void set_interactions(std::span<const Interaction> positives) override {
    if (ranks_.rank() == 0) require_in_range(positives, spec_.users, spec_.items);
    PairsRun run = run_of(ranks_, positives);
    positives_ = run.pairs.unpacked();
    begins_ = std::move(run.begins);
    if (softmax_) softmax_->set_interactions(positives_, ranks_);
  }

  std::vector<double> train(std::uint64_t steps) override {
    if (begins_.back() == 0 && steps > 0) throw std::invalid_argument("two-tower training needs interactions");
    make_workers();
    std::vector<double> losses(steps);
    for (double& loss : losses) loss = train_step();
    return losses;
  }

  std::vector<float> score(std::span<const Interaction> pairs) const override {
    std::vector<float> scores(pairs.size());
    std::vector<std::uint32_t> users(pairs.size());
    std::vector<std::uint32_t> items(pairs.size());
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      users[p] = pairs[p].user;
      items[p] = pairs[p].item;
    }
    const AlignedBuffer<float> u = outputs_of(user_, users);
    const AlignedBuffer<float> v = outputs_of(item_, items);
    const RecommenderKernels& kernels = recommender_kernels();
#pragma omp parallel for
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      const auto row = static_cast<std::uint32_t>(p);
      kernels.gather_dots(u.data() + p * width_, v.data(), &row, 1, width_, &scores[p]);
    }
    return scores;
  }

  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override {
    std::vector<std::uint32_t> ids(std::max(spec_.users, spec_.items));
    std::iota(ids.begin(), ids.end(), 0U);
    const AlignedBuffer<float> users = outputs_of(user_, std::span(ids).first(spec_.users));
    const AlignedBuffer<float> items = outputs_of(item_, std::span(ids).first(spec_.items));
    return cpu::rank({users.data(), items.data(), nullptr, spec_.items, static_cast<int>(width_)}, queries);
  }

 private:
  /// Things begin ... end - 1.
  struct Share {
    std::size_t begin;
    std::size_t end;
    std::size_t size() const { return end - begin; }
  };
  /// Of this rank.
  Share own(const std::vector<std::size_t>& begins) const { return {begins[ranks_.rank()], begins[ranks_.rank() + 1]}; }

  /// Rows of the table that a tensor of the state belongs to ("adam.m/user_embedding"); 0: to none.
  std::vector<PlacedTensor> placed() override {
    return placed_of(
        views_, [&](std::string_view name) { return own_examples_ ? 0 : table_rows(name); }, ranks_);
  }

  std::uint32_t table_rows(std::string_view tensor) const {
    const std::string_view name = tensor.substr(tensor.rfind('/') + 1);  // npos + 1 is 0
    return name == "user_embedding" ? spec_.users : name == "item_embedding" ? spec_.items : 0;
  }

  void take_state(std::uint64_t step) override {
    PlacedModel::take_state(step);
    refresh_operands();
  }

  void refresh_operands() {
    user_.tower().refresh_operands();
    item_.tower().refresh_operands();
  }

  void make_workers() {
    workers_.resize(std::max(workers_.size(), static_cast<std::size_t>(omp_get_max_threads())));
#pragma omp parallel
    {
      std::unique_ptr<TwoTowerWorker>& mine = workers_[omp_get_thread_num()];
      if (!mine) mine = std::make_unique<TwoTowerWorker>(user_, item_, width_, softmax_.has_value());
    }
  }

  /// Tower outputs of any ids, [ids, width], and what fills the last block. All ranks have them.
  AlignedBuffer<float> outputs_of(const TowerSide& side, std::span<const std::uint32_t> ids) const {
    AlignedBuffer<float> out(tower_blocks(ids.size()) * tower_block * width_);
    TowerSide::Lent lent;
    const std::size_t round = ranks_.size() == 1 ? ids.size() : most_lent;
    for (std::size_t done = 0; done < ids.size(); done += round) {
      const std::size_t count = std::min(round, ids.size() - done);
      const std::vector<std::size_t> blocks = equal_shares(tower_blocks(count), ranks_.size());
      std::vector<std::size_t> begins;  // of the ids of each rank
      begins.reserve(blocks.size());
      for (const std::size_t block : blocks) begins.push_back(done + std::min(block * tower_block, count));
      side.lend(ids, begins, lent);
      const Share mine = own(begins);
#pragma omp parallel
      {
        const SubnormalsAreZero flush;
        DenseWorker products(side.stack(), tower_block);
        AlignedBuffer<float> x(tower_block * side.input());
        AlignedBuffer<float> activations(tower_block * side.stack().outputs());
#pragma omp for schedule(dynamic)
        for (std::size_t first = mine.begin; first < mine.end; first += tower_block)
          side.tower_outputs(products, ids, first, std::min<std::size_t>(tower_block, mine.end - first), lent, x.data(),
                             activations.data(), out.data() + first * width_);
      }
      gather_rows(ranks_, out.data(), static_cast<std::size_t>(width_), begins);
    }
    return out;
  }

  double train_step() {
    const Drawn drawn = draw_batch();
    item_.borrow();
    user_.borrow();
    const Share user_blocks = own(user_.blocks_of_ranks());
    const Share item_blocks = own(item_.blocks_of_ranks());
#pragma omp parallel for schedule(dynamic)
    for (std::size_t b = 0; b < user_blocks.size() + item_blocks.size(); ++b) {
      const SubnormalsAreZero flush;
      TwoTowerWorker& worker = *workers_[omp_get_thread_num()];
      if (b < item_blocks.size())
        item_.forward(worker.item.products, item_blocks.begin + b);
      else
        user_.forward(worker.user.products, user_blocks.begin + b - item_blocks.size());
    }
    item_.gather_outputs();
    user_.gather_outputs();

    const float weight = 1.F / static_cast<float>(drawn.all * examples_);
    if (softmax_)
      learn_softmax(weight);
    else
      learn_bce(drawn.here, weight);

    const UpdateStep step = update_step(rule_, ++step_);
    const Share item_slots = own(item_.slots_of_ranks());
    const Share user_slots = own(user_.slots_of_ranks());
#pragma omp parallel for schedule(dynamic)
    for (std::size_t s = 0; s < item_slots.size() + user_slots.size(); ++s) {
      const SubnormalsAreZero flush;
      TwoTowerWorker& worker = *workers_[omp_get_thread_num()];
      if (s < item_slots.size())
        item_backward(worker, step, item_slots.begin + s);
      else
        user_backward(worker, step, user_slots.begin + s - item_slots.size());
    }
    if (ranks_.size() > 1) {
      item_.gather_gradients();
      user_.gather_gradients();
      item_.update_rows(step);
      user_.update_rows(step);
    }

    const std::size_t user_pieces = user_.tower().pieces();
    const std::size_t pieces = user_pieces + item_.tower().pieces();
#pragma omp parallel for schedule(static)
    for (std::size_t p = 0; p < pieces; ++p) {
      const SubnormalsAreZero flush;
      if (p < user_pieces)
        user_.tower().update_piece(step, p, user_.slots());
      else
        item_.tower().update_piece(step, p - user_pieces, item_.slots());
    }
    refresh_operands();
    return sum_of_losses(drawn.here) / static_cast<double>(drawn.all * examples_);
  }

  /// Over the whole step; `positives`: those that are here.
  double sum_of_losses(std::size_t positives) {
    const double here = std::accumulate(losses_.begin(), losses_.begin() + positives * examples_, 0.0);
    if (!own_examples_) return here;
    std::vector<double> of_ranks(static_cast<std::size_t>(ranks_.size()));
    of_ranks[ranks_.rank()] = here;
    gather_rows(ranks_, of_ranks.data(), 1, equal_shares(of_ranks.size(), ranks_.size()));
    return std::accumulate(of_ranks.begin(), of_ranks.end(), 0.0);
  }

  /// Positives of a step.
  struct Drawn {
    std::size_t all;
    std::size_t here;  ///< of which this rank has the ids
  };

  /// Draws the step's positives and negatives and sorts their ids.
  Drawn draw_batch() {
    const EpochSchedule schedule(begins_.back(), static_cast<std::uint64_t>(spec_.batch), spec_.seed);
    const EpochSchedule::Step step = schedule.at(step_);
    Share here{0, step.count};
    if (own_examples_) here = own(equal_shares(step.count, ranks_.size()));
    const std::size_t count = here.size();
    const Permutation shuffled = schedule.order(step.epoch);
    const std::vector<Interaction> gathered =
        ranks_.size() > 1 ? positives_of(schedule, step) : std::vector<Interaction>();
    const Philox random(spec_.seed, Purpose::negatives);
    batch_users_.resize(count);
    batch_items_.resize(count * examples_);
    const std::size_t negatives = examples_ - 1;
    const std::uint64_t begin = (step.first + here.begin) * negatives;
    const std::uint64_t end = begin + count * negatives;
#pragma omp parallel
    {
#pragma omp for nowait
      for (std::size_t p = 0; p < count; ++p) {
        const Interaction positive = gathered.empty() ? positives_[shuffled(step.first + p)] : gathered[here.begin + p];
        batch_users_[p] = positive.user;
        batch_items_[p * examples_] = positive.item;
      }
#pragma omp for
      for (std::uint64_t block = begin / 4; block < (end + 3) / 4; ++block) {
        const auto words = random.block(block, step.epoch);
        const std::uint64_t from = std::max(begin, block * 4);
        const std::uint64_t to = std::min(end, block * 4 + 4);
        std::size_t k = (from - begin) % negatives;
        std::size_t at = (from - begin) / negatives * examples_ + 1 + k;
        for (std::uint64_t i = from; i < to; ++i) {
          batch_items_[at] = Philox::scale(words[i % 4], spec_.items);
          at += ++k == negatives ? 2 : 1;  // past the next positive
          if (k == negatives) k = 0;
        }
      }
#pragma omp sections
      {
#pragma omp section
        item_.set_ids(batch_items_);
#pragma omp section
        user_.set_ids(batch_users_);
      }
    }
    return {step.count, count};
  }

  /// Of a step, in its order: each rank has some.
  std::vector<Interaction> positives_of(const EpochSchedule& schedule, const EpochSchedule::Step& step) const {
    const StepOwners owners(schedule, step, begins_, ranks_.rank());
    std::vector<Interaction> of_ranks(step.count);
    Interaction* to = of_ranks.data() + owners.begins()[ranks_.rank()];
    for (const std::uint64_t number : owners.own()) *to++ = positives_[number];
    gather_rows(ranks_, of_ranks.data(), 1, owners.begins());
    std::vector<Interaction> positives(step.count);
    owners.in_order([&](std::size_t position, std::size_t place) { positives[position] = of_ranks[place]; });
    return positives;
  }

  void learn_bce(std::size_t positives, float weight) {
    std::vector<std::size_t> shares = equal_shares((positives + positives_block - 1) / positives_block, ranks_.size());
    for (std::size_t& begin : shares) begin = std::min(begin * positives_block, positives);
    const Share mine = own_examples_ ? Share{0, positives} : own(shares);
#pragma omp parallel for schedule(dynamic)
    for (std::size_t first = mine.begin; first < mine.end; first += positives_block) {
      const SubnormalsAreZero flush;
      learn(first, std::min(positives_block, mine.end - first), weight);
    }
    if (ranks_.size() == 1 || own_examples_) return;
    for (std::size_t p = 0; p < positives; ++p)
      std::fill_n(user_rows_.begin() + p * examples_, examples_, user_.ids().row_of()[p]);
    gather_rows(ranks_, slopes_.data(), examples_, shares);
    gather_rows(ranks_, losses_.data(), examples_, shares);
  }

  void learn_softmax(float weight) {
    softmax_->start(item_.ids());
    std::copy(user_.ids().row_of().begin(), user_.ids().row_of().end(), user_rows_.begin());
    const std::vector<std::size_t> shares = user_.blocks_of_ranks();
    const Share blocks = own(shares);
#pragma omp parallel for schedule(dynamic)
    for (std::size_t block = blocks.begin; block < blocks.end; ++block) {
      const SubnormalsAreZero flush;
      softmax_->learn(*workers_[omp_get_thread_num()]->softmax, softmax_side(user_), softmax_side(item_), block, weight,
                      losses_.data(), slopes_.data());
    }
    if (ranks_.size() == 1) return;
    softmax_->gather(ranks_, shares);
    gather_positions(shares, losses_.data());
    gather_positions(shares, slopes_.data());
  }

  /// All ranks have what each knows of the positives of its blocks of users. values [positives].
  void gather_positions(const std::vector<std::size_t>& user_blocks, float* values) const {
    const SortedIds& ids = user_.ids();
    std::vector<std::size_t> begins;
    begins.reserve(user_blocks.size());
    for (const std::size_t block : user_blocks) begins.push_back(ids.begin(std::min(block * tower_block, ids.rows())));
    const std::span<const std::uint32_t> positions = ids.all_positions();
    std::vector<float> by_user(positions.size());
    for (std::size_t i = 0; i < positions.size(); ++i) by_user[i] = values[positions[i]];
    gather_rows(ranks_, by_user.data(), 1, begins);
    for (std::size_t i = 0; i < positions.size(); ++i) values[positions[i]] = by_user[i];
  }

  static SoftmaxSide softmax_side(const TowerSide& side) { return {side.ids(), side.outputs()}; }

  /// Scores, losses and their slopes of positives first..first+count and their negatives.
  void learn(std::size_t first, std::size_t count, float weight) {
    const RecommenderKernels& kernels = recommender_kernels();
    for (std::size_t p = first; p < first + count; ++p) {
      const std::uint32_t row = user_.ids().row_of()[p];
      std::fill_n(user_rows_.begin() + p * examples_, examples_, row);
      const float* user = user_.outputs() + row * width_;
      kernels.gather_dots(user, item_.outputs(), item_.ids().row_of().data() + p * examples_,
                          static_cast<long>(examples_), width_, logits_.data() + p * examples_);
    }
    const std::size_t at = first * examples_;
    kernels.cross_entropy(logits_.data() + at, labels_.data(), weight, static_cast<long>(count * examples_),
                          losses_.data() + at, slopes_.data() + at);
  }

  void user_backward(TwoTowerWorker& both, const UpdateStep& step, std::size_t slot) {
    TowerWorker& worker = both.user;
    for (std::size_t block = user_.slots().begin(slot); block < user_.slots().end(slot); ++block) {
      sum_partners(user_, block, item_.outputs(), item_.ids().row_of().data(), examples_, worker.delta);
      if (softmax_)
        softmax_->add_to_users(*both.softmax, softmax_side(user_), softmax_side(item_), block, worker.delta.data());
      user_.backward(worker, step, block, slot, worker.delta.data(), ranks_.size() == 1);
    }
  }

  void item_backward(TwoTowerWorker& both, const UpdateStep& step, std::size_t slot) {
    TowerWorker& worker = both.item;
    for (std::size_t block = item_.slots().begin(slot); block < item_.slots().end(slot); ++block) {
      sum_partners(item_, block, user_.outputs(), user_rows_.data(), 1, worker.delta);
      if (softmax_)
        softmax_->add_to_items(*both.softmax, softmax_side(user_), softmax_side(item_), block, worker.delta.data());
      item_.backward(worker, step, block, slot, worker.delta.data(), ranks_.size() == 1);
    }
  }

  /// delta [tower_block, width]: the gradients of a block's outputs, each the sum of the outputs of the other side that
  /// its examples met, weighted by their slopes; a position of the side has `run` examples. Zero beyond the ids.
  void sum_partners(const TowerSide& side, std::size_t block, const float* others, const std::uint32_t* other_rows,
                    std::size_t run, AlignedBuffer<float>& delta) const {
    const std::size_t rows = side.block_ids(block).size();
    for (std::size_t r = 0; r < rows; ++r) {
      const auto positions = side.ids().positions(block * tower_block + r);
      recommender_kernels().weighted_sum(others, other_rows, slopes_.data(), positions.data(),
                                         static_cast<long>(positions.size()), static_cast<long>(run), width_,
                                         delta.data() + r * width_);
    }
    std::fill(delta.data() + rows * width_, delta.end(), 0.F);
  }

  TwoTowerSpec spec_;
  long width_;            // of the towers' outputs
  std::size_t examples_;  // a positive and its negatives
  bool own_examples_;     // each rank takes positives of its own
  UpdateRule rule_;
  TowerSide user_;
  TowerSide item_;
  std::optional<BatchSoftmax> softmax_;  // where the loss is one
  TensorViews<float> views_;
  std::vector<Interaction> positives_;     ///< this rank's run
  std::vector<std::size_t> begins_ = {0};  ///< of the runs of all ranks

  // One step: examples p * examples_ + k are positive p (k = 0) and its negatives.
  std::vector<std::uint32_t> batch_users_;
  std::vector<std::uint32_t> batch_items_;
  std::vector<std::uint32_t> user_rows_;  // of each example
  AlignedBuffer<float> logits_;
  AlignedBuffer<float> slopes_;
  AlignedBuffer<float> losses_;
  AlignedBuffer<float> labels_;  // of positives_block positives
  std::vector<std::unique_ptr<TwoTowerWorker>> workers_;
};

}  // namespace

Support supports(const TwoTowerSpec& spec) { return {why_invalid(spec)}; }

std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec, Communicator& ranks) {
  assert(supports(spec));
  return std::make_unique<CpuTwoTower>(spec, ranks);
}

}  // namespace frugal::cpu
