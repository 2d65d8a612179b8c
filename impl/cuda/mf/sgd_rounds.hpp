// The rounds of mf/schedule.hpp on the device: a thread block a group, some lanes a worker.
//
//   z = u.v + b_u + b_i + b, g = sigmoid(z) - y, and with the old values on the right:
//   u -= lr (g v + l2 u), v -= lr (g u + l2 v), b_u -= lr (g + l2 b_u), b_i -= lr (g + l2 b_i)
//
// The busiest user's examples follow one another, so what counts is the time from one example of a user to the next:
// the dot product, four exchanges between lanes, exp, a reciprocal and the update. All else is kept out of that chain:
// records are read two ahead and rows one ahead, a user's row stays in registers while its examples last (they stand
// together in a turn), and the biases are in every lane.
//
// With t = z for a negative and -z for a positive, the slope is +-(1 - 1 / (1 + e^t)) and the loss log(1 + e^t). A value
// is rounded once an update, x - (g y + lr l2 x): with (1 - lr l2) x the shrinking would be rounded alike every time.
#pragma once
#include <cmath>
#include <cstdint>

#include "impl/common/mf/schedule.hpp"
#include "impl/cuda/device/cooperation.hpp"

namespace frugal::cuda::sgd {

/// Rows by slot.
struct Model {
  float* users;      ///< [users, stride]
  float* items;      ///< [items, stride]
  float* user_bias;  ///< [users]
  float* item_bias;  ///< [items]
  const float* global_bias;
  unsigned stride;
  float learning_rate;
  float shrink;  ///< learning_rate * l2
};

/// Some rounds of an epoch.
struct Rounds {
  Model model;
  const MfExample* examples;         ///< of SgdStreams
  const std::uint32_t* begins;       ///< of SgdStreams
  const std::uint32_t* user_begins;  ///< [parts + 1]: slots
  const std::uint32_t* item_begins;  ///< [parts + 1]: slots
  std::uint32_t groups;
  std::uint32_t first;
  std::uint32_t count;
  std::uint32_t most_users;  ///< of a group, a multiple of 4
  std::uint32_t most_items;  ///< of a group, a multiple of 4
  double* losses;            ///< [parts]: sums of the cross-entropy before each update
  /// [groups, flag_stride], or null: each launch is one round then. Else all rounds are one cooperative launch: group g
  /// starts round r when group g + 1, which had its items, has raised its flag to flag_base + r.
  unsigned* flags;
  unsigned flag_base;
};
inline constexpr unsigned flag_stride = 32;  ///< a cache line each

/// Where a group's rows are while it works.
enum class Place {
  shared,        ///< users and items in shared memory
  items_shared,  ///< users in device memory
  device         ///< both in device memory
};

#ifdef __CUDACC__
__device__ inline float exp2_fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
__device__ inline float log2_fast(float x) {
  float y;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
__device__ inline float reciprocal_fast(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
#else
inline float exp2_fast(float x) { return std::exp2(x); }
inline float log2_fast(float x) { return std::log2(x); }
inline float reciprocal_fast(float x) { return 1 / x; }
#endif

/// A lane's part of one row: float4 number c * lanes + lane for c < chunks; zeros behind the row.
template <int lanes, int chunks>
struct RowPart {
  float4 part[chunks];

  __device__ void load(const float* row, unsigned lane, unsigned stride) {
#pragma unroll
    for (int c = 0; c < chunks; ++c) {
      const unsigned at = 4 * (static_cast<unsigned>(c) * lanes + lane);
      part[c] = at < stride ? *reinterpret_cast<const float4*>(row + at) : make_float4(0, 0, 0, 0);
    }
  }
  /// Past the multiprocessor's own cache: another one may have written the row.
  __device__ void load_shared_by_all(const float* row, unsigned lane, unsigned stride) {
#pragma unroll
    for (int c = 0; c < chunks; ++c) {
      const unsigned at = 4 * (static_cast<unsigned>(c) * lanes + lane);
      part[c] = at < stride ? __ldcg(reinterpret_cast<const float4*>(row + at)) : make_float4(0, 0, 0, 0);
    }
  }
  __device__ void store(float* row, unsigned lane, unsigned stride) const {
#pragma unroll
    for (int c = 0; c < chunks; ++c) {
      const unsigned at = 4 * (static_cast<unsigned>(c) * lanes + lane);
      if (at < stride) *reinterpret_cast<float4*>(row + at) = part[c];
    }
  }
  __device__ float dot(const RowPart& other) const {
    float even = 0;
    float odd = 0;
#pragma unroll
    for (int c = 0; c < chunks; ++c) {
      even = fmaf(part[c].x, other.part[c].x, even);
      odd = fmaf(part[c].y, other.part[c].y, odd);
      even = fmaf(part[c].z, other.part[c].z, even);
      odd = fmaf(part[c].w, other.part[c].w, odd);
    }
    return even + odd;
  }
};

/// a -= g b + shrink a; g has the learning rate in it.
__device__ inline void descend(float& a, float b, float g, float shrink) { a -= fmaf(g, b, shrink * a); }
__device__ inline void descend(float4& u, float4& v, float g, float shrink) {
  const float4 old = u;
  descend(u.x, v.x, g, shrink);
  descend(u.y, v.y, g, shrink);
  descend(u.z, v.z, g, shrink);
  descend(u.w, v.w, g, shrink);
  descend(v.x, old.x, g, shrink);
  descend(v.y, old.y, g, shrink);
  descend(v.z, old.z, g, shrink);
  descend(v.w, old.w, g, shrink);
}

/// Rows from `first` on at `data`, wherever that is.
struct Table {
  float* data;
  float* bias;
  std::uint32_t first;
};

/// Copy `count` rows and biases, by all threads of the block; in device memory past the multiprocessor's own cache, as
/// blocks hand rows on.
__device__ inline void rows_to_shared(const Table& from, const Table& to, std::uint32_t count, unsigned stride) {
  for (std::uint32_t i = threadIdx.x; i < count * (stride / 4); i += blockDim.x)
    reinterpret_cast<float4*>(to.data)[i] = __ldcg(reinterpret_cast<const float4*>(from.data) + i);
  for (std::uint32_t i = threadIdx.x; i < count; i += blockDim.x) to.bias[i] = __ldcg(from.bias + i);
}
__device__ inline void rows_to_device(const Table& from, const Table& to, std::uint32_t count, unsigned stride) {
  for (std::uint32_t i = threadIdx.x; i < count * (stride / 4); i += blockDim.x)
    __stcg(reinterpret_cast<float4*>(to.data) + i, reinterpret_cast<const float4*>(from.data)[i]);
  for (std::uint32_t i = threadIdx.x; i < count; i += blockDim.x) __stcg(to.bias + i, from.bias[i]);
}

/// A row with its bias, and who it is.
template <int lanes, int chunks>
struct Row {
  RowPart<lanes, chunks> part;
  float bias;

  template <bool shared_by_all>
  __device__ void load(const Table& table, std::uint32_t slot, unsigned lane, unsigned stride) {
    const float* const row = table.data + std::size_t{slot - table.first} * stride;
    const float* const its_bias = table.bias + (slot - table.first);
    if constexpr (shared_by_all) {
      part.load_shared_by_all(row, lane, stride);
      bias = __ldcg(its_bias);
    } else {
      part.load(row, lane, stride);
      bias = *its_bias;
    }
  }
  __device__ void store(const Table& table, std::uint32_t slot, unsigned lane, unsigned stride) const {
    part.store(table.data + std::size_t{slot - table.first} * stride, lane, stride);
    if (lane == 0) table.bias[slot - table.first] = bias;
  }
};

/// One worker of a group, `lanes` lanes of a warp; they go through its examples together.
template <Place place, int lanes, int chunks>
class Worker {
 public:
  __device__ Worker(const Rounds& rounds, const Table& users)
      : rounds_(rounds), users_(users), lane_(threadIdx.x % lanes), global_bias_(*rounds.model.global_bias) {
    const std::uint32_t part = blockIdx.x * MfSchedule::workers + threadIdx.x / lanes;
    begins_ = rounds.begins + std::size_t{part} * (rounds.groups * MfSchedule::workers + 1);
    at_ = begins_[rounds.first * MfSchedule::workers];
    end_ = begins_[rounds.first * MfSchedule::workers + 1];
#pragma unroll
    for (int i = 0; i <= ahead; ++i) records_[i] = rounds.examples[at_ + static_cast<std::uint32_t>(i)];
  }

  /// All workers of a warp take their turn together.
  __device__ void take_turn(std::uint32_t turn, const Table& items) {
    const std::uint32_t count = end_ - at_;
    // Where the next turn ends is known long before it begins.
    end_ = begins_[min(turn + 2, rounds_.groups * MfSchedule::workers)];
    std::uint32_t steps = count;
#pragma unroll
    for (int bit = lanes; bit < 32; bit *= 2) {
      const std::uint32_t other = __shfl_xor_sync(0xffffffffU, steps, bit);
      steps = other > steps ? other : steps;
    }
    const unsigned stride = rounds_.model.stride;
    Row<lanes, chunks> user{}, item{};
    Row<lanes, chunks> next_users[ahead] = {};
    if (count > 0) {
      user.template load<false>(users_, records_[0].user, lane_, stride);
      item.template load<place == Place::device>(items, item_of(records_[0]), lane_, stride);
    }
#pragma unroll
    for (int i = 1; i < ahead; ++i)
      if (static_cast<std::uint32_t>(i) < count && records_[i].user != records_[i - 1].user)
        next_users[i - 1].template load<false>(users_, records_[i].user, lane_, stride);

    float loss = 0;
    for (std::uint32_t step = 0; step < steps; ++step) {
      const bool active = step < count;
      const MfExample here = records_[0];
      const MfExample next = records_[1];
      const MfExample coming = rounds_.examples[at_ + ahead + 1];
      const bool same_user = next.user == here.user;
      const bool same_item = item_of(next) == item_of(here);
      Row<lanes, chunks> next_item{};
      if (step + ahead < count && records_[ahead].user != records_[ahead - 1].user)
        next_users[ahead - 1].template load<false>(users_, records_[ahead].user, lane_, stride);
      if (step + 1 < count && !same_item)
        next_item.template load<place == Place::device>(items, item_of(next), lane_, stride);

      constexpr float log2_e = 1.44269504F;
      constexpr float ln_2 = 0.693147181F;
      const bool positive = (here.item & MfExample::positive) != 0;
      const float sign = positive ? -log2_e : log2_e;
      const float rate = positive ? -rounds_.model.learning_rate : rounds_.model.learning_rate;
      const float bias = sign * (user.bias + item.bias + global_bias_);
      float dot = user.part.dot(item.part);
#pragma unroll
      for (int bit = lanes / 2; bit > 0; bit /= 2) dot += __shfl_xor_sync(0xffffffffU, dot, bit);
      const float t = fmaf(dot, sign, bias);  // in powers of 2
      const float odds = 1 + exp2_fast(t);
      const float slope = fmaf(-rate, reciprocal_fast(odds), rate);
#pragma unroll
      for (int c = 0; c < chunks; ++c) descend(user.part.part[c], item.part.part[c], slope, rounds_.model.shrink);
      descend(user.bias, 1, slope, rounds_.model.shrink);
      descend(item.bias, 1, slope, rounds_.model.shrink);
      if (active) {
        user.store(users_, here.user, lane_, stride);
        item.store(items, item_of(here), lane_, stride);
        loss += ln_2 * (t > 100 ? t : log2_fast(odds));
        ++at_;
#pragma unroll
        for (int i = 0; i < ahead; ++i) records_[i] = records_[i + 1];
        records_[ahead] = coming;
        if (!same_user) user = next_users[0];
        if (!same_item) item = next_item;
#pragma unroll
        for (int i = 0; i + 1 < ahead; ++i) next_users[i] = next_users[i + 1];
      }
    }
    loss_ += static_cast<double>(loss);
  }

  /// Of all examples so far, before each update.
  __device__ double loss() const { return loss_; }

 private:
  /// How far user rows are read ahead: from shared memory one example is enough. As the examples of a turn are sorted by
  /// user, a row that is read ahead is not one that is still to be written.
  static constexpr int ahead = place == Place::items_shared ? 3 : 1;

  __device__ static std::uint32_t item_of(const MfExample& example) { return example.item & ~MfExample::positive; }

  const Rounds& rounds_;
  const Table& users_;
  unsigned lane_;
  float global_bias_;
  const std::uint32_t* begins_;
  std::uint32_t at_;              ///< the next example
  std::uint32_t end_;             ///< of the next turn's
  MfExample records_[ahead + 1];  ///< from `at_` on
  double loss_ = 0;
};

/// Block g runs rounds.count rounds of group g. Dynamic shared memory: shared_floats().
template <Place place, int lanes, int chunks>
__global__ void __launch_bounds__(MfSchedule::workers* lanes) run_rounds(Rounds rounds) {
  auto* const memory = shared_memory<float>();
  const Model& model = rounds.model;
  const std::uint32_t group = blockIdx.x;
  const std::uint32_t first_user = rounds.user_begins[group * MfSchedule::workers];
  const std::uint32_t user_count = rounds.user_begins[(group + 1) * MfSchedule::workers] - first_user;
  const Table all_users{model.users, model.user_bias, 0};
  const Table all_items{model.items, model.item_bias, 0};
  const Table users_in_device{model.users + std::size_t{first_user} * model.stride, model.user_bias + first_user,
                              first_user};
  float* const item_memory = memory;
  float* const user_memory = memory + std::size_t{rounds.most_items} * (model.stride + 1);
  const Table users_in_shared{user_memory, user_memory + std::size_t{rounds.most_users} * model.stride, first_user};
  const Table users = place == Place::shared ? users_in_shared : all_users;
  if constexpr (place == Place::shared) rows_to_shared(users_in_device, users_in_shared, user_count, model.stride);

  Worker<place, lanes, chunks> worker(rounds, users);
  for (std::uint32_t round = rounds.first; round < rounds.first + rounds.count; ++round) {
    const std::uint32_t other = (group + round) & (rounds.groups - 1);
    const std::uint32_t first_item = rounds.item_begins[other * MfSchedule::workers];
    const std::uint32_t item_count = rounds.item_begins[(other + 1) * MfSchedule::workers] - first_item;
    const Table items_in_device{model.items + std::size_t{first_item} * model.stride, model.item_bias + first_item,
                                first_item};
    const Table items_in_shared{item_memory, item_memory + std::size_t{rounds.most_items} * model.stride, first_item};
    const Table items = place == Place::device ? all_items : items_in_shared;
    if (rounds.flags != nullptr && round > 0 && threadIdx.x == 0)
      wait_for_flag(rounds.flags + ((group + 1) & (rounds.groups - 1)) * flag_stride, rounds.flag_base + round);
    __syncthreads();
    if constexpr (place != Place::device) {
      rows_to_shared(items_in_device, items_in_shared, item_count, model.stride);
      __syncthreads();
    }
    for (std::uint32_t turn = 0; turn < MfSchedule::workers; ++turn) {
      worker.take_turn(round * MfSchedule::workers + turn, items);
      __syncthreads();
    }
    if constexpr (place != Place::device) {
      rows_to_device(items_in_shared, items_in_device, item_count, model.stride);
      __syncthreads();
    }
    if (rounds.flags != nullptr && threadIdx.x == 0) raise_flag(rounds.flags + group * flag_stride);
  }
  if constexpr (place == Place::shared) rows_to_device(users_in_shared, users_in_device, user_count, model.stride);
  if (threadIdx.x % lanes == 0) {
    double& loss = rounds.losses[group * MfSchedule::workers + threadIdx.x / lanes];
    loss = (rounds.first == 0 ? 0 : loss) + worker.loss();
  }
}

/// Dynamic shared memory of run_rounds; rows fill their last 16 bytes.
constexpr std::size_t shared_floats(Place place, std::uint32_t most_users, std::uint32_t most_items, unsigned stride) {
  const std::size_t row = stride + 1;
  return (place == Place::device ? 0 : most_items * row) + (place == Place::shared ? most_users * row : 0);
}

}  // namespace frugal::cuda::sgd
