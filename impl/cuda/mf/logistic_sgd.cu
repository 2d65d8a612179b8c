// Logistic matrix factorisation by SGD in the order of mf/schedule.hpp, one thread block a block of the schedule.
//
//   z = u.v + b_u + b_i + b, g = sigmoid(z) - y, and with the old values on the right:
//   u -= lr (g v + l2 u), v -= lr (g u + l2 v), b_u -= lr (g + l2 b_u), b_i -= lr (g + l2 b_i)
//
// Shapes: factors [users, stride] and [items, stride]; the examples of a sweep [positives * (1 + negatives)], sorted by
// block of the schedule. A round is one launch of MfSchedule::groups blocks, which share no row. In a block the lanes
// of (at most) one warp go over the dimension; examples come one after another, as each reads what the last one wrote.
// The rows of the next example are fetched while this one is computed.
//
// Deterministic: the order of the examples is that of the schedule, the sum of a dot product that of the lanes. Same
// build, same bits. Against `reference`: eps * sqrt(dim + updates of a row) * 8 (impl/equivalence).
#include <algorithm>
#include <bit>

#include "impl/common/mf/schedule.hpp"
#include "impl/cuda/kernels/cross_entropy.hpp"
#include "impl/cuda/kernels/id_sort.hpp"
#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/mf/solver.hpp"

namespace frugal::cuda {
namespace {

/// Row numbers, and the label in the top bit of the item.
struct Example {
  static constexpr std::uint32_t positive = 0x80000000U;
  std::uint32_t user;
  std::uint32_t item;
};

/// group[id] of every user and item.
__global__ void deal_groups(MfSchedule schedule, std::uint32_t users, std::uint32_t items, std::uint8_t* user_group,
                            std::uint8_t* item_group) {
  const std::uint32_t id = blockIdx.x * blockDim.x + threadIdx.x;
  if (id < users) user_group[id] = static_cast<std::uint8_t>(schedule.user_group(schedule.user_slot(id)));
  if (id < items) item_group[id] = static_cast<std::uint8_t>(schedule.item_group(schedule.item_slot(id)));
}

/// What decides the examples of a sweep.
struct Draw {
  Permutation order;
  Philox random;
  std::uint32_t epoch;
  std::uint64_t begin;         ///< first position of the sweep
  std::uint32_t count;         ///< examples of the sweep
  std::uint32_t per_positive;  ///< 1 + negatives
  std::uint32_t items;
};

__global__ void draw_examples(Draw draw, const Interaction* positives, const std::uint8_t* user_group,
                              const std::uint8_t* item_group, Example* examples, std::uint32_t* blocks) {
  const std::uint32_t e = blockIdx.x * blockDim.x + threadIdx.x;
  if (e >= draw.count) return;
  const std::uint64_t position = draw.begin + e / draw.per_positive;
  const std::uint32_t k = e % draw.per_positive;
  const Interaction positive = positives[draw.order(position)];
  std::uint32_t item = positive.item;
  std::uint32_t label = Example::positive;
  if (k > 0) {
    item = draw.random.below(draw.items, position * (draw.per_positive - 1) + k - 1, draw.epoch);
    label = 0;
  }
  examples[e] = {positive.user, item | label};
  blocks[e] = MfSchedule::block(user_group[positive.user], item_group[item]);
}

/// binned[i] = examples[order[i]]
__global__ void bin_examples(const Example* examples, const std::uint32_t* order, std::uint32_t count,
                             Example* binned) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) binned[i] = examples[order[i]];
}

struct SgdModel {
  float* users;      ///< [users, stride]
  float* items;      ///< [items, stride]
  float* user_bias;  ///< [users]
  float* item_bias;  ///< [items]
  const float* global_bias;
  unsigned stride;
  float learning_rate;
  float l2;
};

/// A lane's part of one row: float4 number c * lanes + lane for c < chunks; zeros behind the row.
template <int chunks>
struct RowPart {
  float4 part[chunks];

  __device__ void load(const float* row, unsigned stride) {
    for (int c = 0; c < chunks; ++c) {
      const unsigned at = 4 * (static_cast<unsigned>(c) * blockDim.x + threadIdx.x);
      part[c] = at < stride ? *reinterpret_cast<const float4*>(row + at) : make_float4(0, 0, 0, 0);
    }
  }
  __device__ void store(float* row, unsigned stride) const {
    for (int c = 0; c < chunks; ++c) {
      const unsigned at = 4 * (static_cast<unsigned>(c) * blockDim.x + threadIdx.x);
      if (at < stride) *reinterpret_cast<float4*>(row + at) = part[c];
    }
  }
  __device__ float dot(const RowPart& other) const {
    float sum = 0;
    for (int c = 0; c < chunks; ++c) {
      sum += part[c].x * other.part[c].x;
      sum += part[c].y * other.part[c].y;
      sum += part[c].z * other.part[c].z;
      sum += part[c].w * other.part[c].w;
    }
    return sum;
  }
};

/// a -= rate * (slope * b + l2 * a)
__device__ inline void descend(float& a, float b, float slope, const SgdModel& model) {
  a -= model.learning_rate * (slope * b + model.l2 * a);
}

__device__ inline void descend(float4& u, float4& v, float slope, const SgdModel& model) {
  const float4 old = u;
  descend(u.x, v.x, slope, model);
  descend(u.y, v.y, slope, model);
  descend(u.z, v.z, slope, model);
  descend(u.w, v.w, slope, model);
  descend(v.x, old.x, slope, model);
  descend(v.y, old.y, slope, model);
  descend(v.z, old.z, slope, model);
  descend(v.w, old.w, slope, model);
}

/// Round `round` of a sweep; block_loss[b]: the sum of the cross-entropy of block b's examples before each update.
/// blockDim.x: a power of two up to 32 with 4 * chunks * blockDim.x >= stride.
template <int chunks>
__global__ void __launch_bounds__(32) sgd_round(SgdModel model, const Example* examples, const std::uint32_t* start,
                                                std::uint32_t round, double* block_loss) {
  const unsigned lanes = blockDim.x;
  const unsigned mask = lane_mask(lanes);
  const bool first_lane = threadIdx.x == 0;
  const std::uint32_t block = MfSchedule::block_of_round(round, blockIdx.x);
  const std::uint32_t end = start[block + 1];
  const float global_bias = *model.global_bias;
  double loss = 0;
  Example next{};
  RowPart<chunks> next_u, next_v;
  float next_user_bias = 0;  // the biases are the first lane's, in memory and here
  float next_item_bias = 0;
  const auto fetch = [&](std::uint32_t e) {
    next = examples[e];
    const std::uint32_t item = next.item & ~Example::positive;
    next_u.load(model.users + std::size_t{next.user} * model.stride, model.stride);
    next_v.load(model.items + std::size_t{item} * model.stride, model.stride);
    if (first_lane) {
      next_user_bias = model.user_bias[next.user];
      next_item_bias = model.item_bias[item];
    }
  };
  std::uint32_t e = start[block];
  if (e < end) fetch(e);
  for (; e < end; ++e) {
    const Example here = next;
    const std::uint32_t item = here.item & ~Example::positive;
    RowPart<chunks> u = next_u;
    RowPart<chunks> v = next_v;
    float user_bias = next_user_bias;
    float item_bias = next_item_bias;
    if (e + 1 < end) fetch(e + 1);

    float z = u.dot(v);
    if (first_lane) z += user_bias + item_bias + global_bias;
    z = sum_over_lanes(z, lanes, mask);
    const float label = (here.item & Example::positive) != 0 ? 1.F : 0.F;
    const float slope = cross_entropy_slope(z, label);
    for (int c = 0; c < chunks; ++c) descend(u.part[c], v.part[c], slope, model);
    u.store(model.users + std::size_t{here.user} * model.stride, model.stride);
    v.store(model.items + std::size_t{item} * model.stride, model.stride);
    if (first_lane) {
      loss += static_cast<double>(cross_entropy(z, label));
      descend(user_bias, 1, slope, model);
      descend(item_bias, 1, slope, model);
      model.user_bias[here.user] = user_bias;
      model.item_bias[item] = item_bias;
    }
    // What was fetched above is from before this update.
    if (next.user == here.user) {
      next_u = u;
      next_user_bias = user_bias;
    }
    if ((next.item & ~Example::positive) == item) {
      next_v = v;
      next_item_bias = item_bias;
    }
  }
  if (first_lane) block_loss[block] = loss;
}

using SgdRound = void (*)(SgdModel, const Example*, const std::uint32_t*, std::uint32_t, double*);

/// Lanes for a row of `stride` floats, and the kernel whose lanes hold it.
struct SgdShape {
  explicit SgdShape(unsigned stride)
      : lanes(std::min(32U, std::bit_ceil(stride / 4))),
        chunks((stride / 4 + lanes - 1) / lanes),
        kernel(chunks <= 1   ? sgd_round<1>
               : chunks <= 2 ? sgd_round<2>
               : chunks <= 4 ? sgd_round<4>
                             : sgd_round<8>) {}
  unsigned lanes;
  unsigned chunks;
  SgdRound kernel;
};
static_assert(largest_mf_dim <= 8 * 32 * 4);

class LogisticSgd final : public MfSolverEngine {
 public:
  LogisticSgd(const MfSpec& spec, const Stream& stream)
      : spec_(spec),
        stream_(stream),
        schedule_(spec),
        shape_(mf_stride(spec.dim)),
        user_group_(spec.users, "groups of users"),
        item_group_(spec.items, "groups of items"),
        start_(MfSchedule::blocks + 1, "begins of the schedule's blocks"),
        block_loss_(MfSchedule::blocks, "losses of the schedule's blocks") {
    launch({"deal_groups", blocks_for(std::max(spec.users, spec.items), 256), 256}, stream_, deal_groups, schedule_,
           spec.users, spec.items, user_group_.data(), item_group_.data());
  }

  unsigned stride() const override { return mf_stride(spec_.dim); }
  std::string name() const override { return "sgd"; }

  void set_interactions(std::span<const Interaction> positives) override {
    const std::uint64_t largest = std::min<std::uint64_t>(positives.size(), MfSchedule::sweep_positives);
    const std::size_t examples = largest * per_positive();
    positives_ = DeviceBuffer<Interaction>(positives, "positives", stream_);
    drawn_ = DeviceBuffer<Example>(examples, "examples");
    binned_ = DeviceBuffer<Example>(examples, "examples by block");
    sort_ = std::make_unique<IdSort>(examples, MfSchedule::blocks - 1);
  }

  std::vector<double> train(MfParameters& parameters, std::uint64_t first_epoch, int epochs) override {
    const SgdModel model{.users = parameters.user_factors.data(),
                         .items = parameters.item_factors.data(),
                         .user_bias = parameters.user_bias.data(),
                         .item_bias = parameters.item_bias.data(),
                         .global_bias = parameters.global_bias.data(),
                         .stride = mf_stride(spec_.dim),
                         .learning_rate = static_cast<float>(spec_.learning_rate),
                         .l2 = static_cast<float>(spec_.l2)};
    std::vector<double> losses;
    for (int e = 0; e < epochs; ++e)
      losses.push_back(epoch(model, static_cast<std::uint32_t>(first_epoch + static_cast<std::uint64_t>(e))));
    return losses;
  }

 private:
  std::uint32_t per_positive() const { return 1 + static_cast<std::uint32_t>(spec_.negatives); }

  double epoch(const SgdModel& model, std::uint32_t number) {
    double loss = 0;
    for (std::uint64_t sweep = 0; sweep < MfSchedule::sweeps(positives_.size()); ++sweep) {
      bin(number, sweep * MfSchedule::sweep_positives);
      for (std::uint32_t round = 0; round < MfSchedule::groups; ++round)
        launch({"sgd_round", MfSchedule::groups, shape_.lanes}, stream_, shape_.kernel, model, binned_.data(),
               start_.data(), round, block_loss_.data());
      for (const double sum : block_loss_.download(stream_)) loss += sum;
    }
    const double examples = static_cast<double>(positives_.size()) * per_positive();
    return examples > 0 ? loss / examples : 0;
  }

  /// Draws the examples of the sweep that starts at position `begin` and sorts them by block of the schedule.
  void bin(std::uint32_t epoch_number, std::uint64_t begin) {
    const std::uint64_t end = std::min<std::uint64_t>(positives_.size(), begin + MfSchedule::sweep_positives);
    const auto count = static_cast<std::uint32_t>((end - begin) * per_positive());
    const Draw draw{.order = Permutation(positives_.size(), spec_.seed, epoch_number),
                    .random = Philox(spec_.seed, Purpose::negatives),
                    .epoch = epoch_number,
                    .begin = begin,
                    .count = count,
                    .per_positive = per_positive(),
                    .items = spec_.items};
    launch({"draw_examples", blocks_for(count, 256), 256}, stream_, draw_examples, draw, positives_.data(),
           user_group_.data(), item_group_.data(), drawn_.data(), sort_->ids());
    sort_->sort(count, stream_);
    find_begins(sort_->sorted(), count, MfSchedule::blocks, start_.data(), stream_);
    launch({"bin_examples", blocks_for(count, 256), 256}, stream_, bin_examples, drawn_.data(), sort_->order(), count,
           binned_.data());
  }

  MfSpec spec_;
  const Stream& stream_;
  MfSchedule schedule_;
  SgdShape shape_;
  DeviceBuffer<std::uint8_t> user_group_;
  DeviceBuffer<std::uint8_t> item_group_;
  DeviceBuffer<std::uint32_t> start_;  ///< [blocks + 1]: where each block begins in binned_
  DeviceBuffer<double> block_loss_;    ///< [blocks]
  DeviceBuffer<Interaction> positives_;
  DeviceBuffer<Example> drawn_;   ///< examples of the sweep by position
  DeviceBuffer<Example> binned_;  ///< the same by block
  std::unique_ptr<IdSort> sort_;
};

}  // namespace

std::unique_ptr<MfSolverEngine> make_logistic_sgd(const MfSpec& spec, const Stream& stream) {
  return std::make_unique<LogisticSgd>(spec, stream);
}

}  // namespace frugal::cuda
