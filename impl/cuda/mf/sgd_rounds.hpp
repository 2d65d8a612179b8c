// The rounds of mf/schedule.hpp on the device: a thread block a group, some lanes a worker.
//
//   z = u.v + b_u + b_i + b, g = sigmoid(z) - y, and with the old values on the right:
//   u -= lr (g v + l2 u), v -= lr (g u + l2 v), b_u -= lr (g + l2 b_u), b_i -= lr (g + l2 b_i)
//
// The busiest user's examples follow one another, so what counts is the time from one example of a user to the next:
// the dot product, a few exchanges between lanes, exp, a reciprocal and the update. All else is kept out of that chain:
// examples are read long before, rows a step ahead (user rows from device memory four), a user's row stays in registers
// while its examples last (they stand together in a turn), nothing that is under way is moved, and there is no branch: a
// worker that has run out goes along without storing.
//
// With t = z for a negative and -z for a positive, the slope is +-(1 - 1 / (1 + e^t)) and the loss log(1 + e^t). A value
// is rounded once an update, x - (g y + lr l2 x): with (1 - lr l2) x the shrinking would be rounded alike every time.
#pragma once
#include <cmath>
#include <cstdint>

#include "impl/common/mf/schedule.hpp"
#include "impl/cuda/kernels/special_unit.hpp"
#include "impl/cuda/mf/sgd_streams.hpp"
#include "impl/cuda/mf/sgd_tables.hpp"

namespace frugal::cuda::sgd {

/// Some rounds of an epoch. Rows of the model are by slot, Row::floats apart, and a spare one behind the last.
struct Rounds {
  Extent users;
  Extent items;
  const float* global_bias;
  float learning_rate;
  float shrink;                      ///< learning_rate * l2
  const MfExample* examples;         ///< of SgdStreams
  const std::uint32_t* begins;       ///< of SgdStreams
  const std::uint32_t* user_begins;  ///< [parts + 1]: slots
  const std::uint32_t* item_begins;  ///< [parts + 1]: slots
  std::uint32_t groups;
  std::uint32_t first;
  std::uint32_t count;
  std::uint32_t most_users;  ///< of a group, and a spare one; a multiple of 4
  std::uint32_t most_items;  ///< of a group, and a spare one; a multiple of 4
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

/// x, a parameter of the kernel, for good: the compiler does not see through an exchange, and would read the parameter
/// in every step.
__device__ inline float in_register(float x) { return __shfl_sync(0xffffffffU, x, 0); }

/// One worker of a group, `lanes` lanes of a warp; the workers of a warp take their turns together.
///
/// Examples come from device memory `lanes` at a time, as many steps before they are needed, and go through a ring of two
/// such batches in shared memory.
template <int lanes, int chunks, bool users_far>
class Worker {
 public:
  /// Of the ring of a block.
  static constexpr std::size_t ring_floats = MfSchedule::workers * 2 * lanes * sizeof(MfExample) / sizeof(float);

  __device__ Worker(const Rounds& rounds, float* rings, unsigned lane)
      : examples_(rounds.examples),
        ring_(shared_address(rings) + threadIdx.x / lanes * ring_bytes),
        own_place_(ring_ + lane * example_bytes),
        lane_(lane),
        rate_(in_register(rounds.learning_rate)),
        shrink_(in_register(rounds.shrink)),
        global_bias_(*rounds.global_bias),
        last_turn_(rounds.groups * MfSchedule::workers) {
    const std::uint32_t part = blockIdx.x * MfSchedule::workers + threadIdx.x / lanes;
    begins_ = rounds.begins + std::size_t{part} * (last_turn_ + 1);
    begin_ = begins_[rounds.first * MfSchedule::workers];
    end_ = begins_[rounds.first * MfSchedule::workers + 1];
    first_ = examples_[begin_ + lane_];
    if (rounds.first > 0) loss_ = rounds.losses[part];
  }

  /// `spare`: rows that nobody writes, for a worker without examples to read.
  template <class Users, class Items>
  __device__ void take_turn(std::uint32_t turn, const Users& users, const Items& items, const MfExample& spare) {
    const std::uint32_t count = end_ - begin_;
    store_shared(own_place_, first_);
    __syncwarp();
    const MfExample* batch = examples_ + begin_ + lanes + lane_;
    MfExample held = *batch;
    // Of the next turn, where it ends and its first examples are known long before it begins.
    begin_ = end_;
    end_ = begins_[min(turn + 2, last_turn_)];
    first_ = examples_[begin_ + lane_];

    std::uint32_t steps = count;
#pragma unroll
    for (int bit = lanes; bit < 32; bit *= 2) {
      const std::uint32_t other = __shfl_xor_sync(0xffffffffU, steps, bit);
      steps = other > steps ? other : steps;
    }
    steps = __shfl_sync(0xffffffffU, steps, 0);  // tells the compiler that the warp stays together
    if (steps == 0) return;
    State state;
    state.here = count > 0 ? example(0) : spare;
    state.next = count > 1 ? example(1) : state.here;
    users.load(state.here.user, state.user);
    items.load(item_of(state.here), state.item);
#pragma unroll
    for (std::uint32_t i = 1; i < ahead; ++i)
      users.load(i < count ? example(i).user : state.here.user, state.coming_users[i]);

    std::uint32_t step = 0;
    for (std::uint32_t until = lanes - look;; until += lanes) {  // the ring has what steps below `until` look at
      const std::uint32_t end = min(until, steps);
      while (step < end) {
        // A loaded register must not be moved, that would wait for it: so rows on their way are told apart by the code.
#pragma unroll
        for (std::uint32_t slot = 0; slot < ahead; ++slot, ++step)
          if (slot == 0 || step < end) take_step(step, count, slot, users, items, state);
      }
      if (until >= steps) break;
      store_shared(own_place_ + (until + look) / lanes % 2 * (ring_bytes / 2), held);
      __syncwarp();
      // Who has run out goes along with the other workers of the warp, but reads nothing further behind its own examples.
      if (lanes == 32 || until + lanes < count) batch += lanes;
      held = *batch;
    }
    state.take_loss();
    constexpr double ln_2 = 0.69314718055994531;
    loss_ += ln_2 * static_cast<double>(state.loss);
  }

  /// Of all examples of the epoch so far, before each update.
  __device__ double loss() const { return loss_; }

 private:
  static constexpr std::uint32_t ahead = users_far ? 4 : 1;  ///< examples that user rows are read ahead
  static constexpr std::uint32_t look = users_far ? 4 : 2;   ///< examples that are looked at ahead
  static constexpr std::uint32_t example_bytes = sizeof(MfExample);
  static constexpr std::uint32_t ring_bytes = 2 * lanes * example_bytes;
  static_assert(look <= lanes && lanes % ahead == 0 && (lanes - look) % ahead == 0);
  static_assert(2 * lanes + look <= SgdStreams::read_ahead);

  /// Between two steps of a turn.
  struct State {
    MfExample here;
    MfExample next;  ///< or `here` again, when that is the last one
    Row<lanes, chunks> user;
    Row<lanes, chunks> item;
    /// User rows on their way, that of example i in i % ahead. As the examples of a turn are sorted by user, the first
    /// one of a user finds its row as it was written in an earlier turn; the later ones do not need it.
    Row<lanes, chunks> coming_users[ahead];
    float loss = 0;  ///< in powers of 2
    // Of the example before, whose loss is taken while the exchanges of this one are under way.
    float t = 0;
    float odds = 1;

    __device__ void take_loss() { loss += t > 100 ? t : special_unit::log2(odds); }
  };

  /// One example, number `step` of the turn; slot = step % ahead.
  template <class Users, class Items>
  __device__ void take_step(std::uint32_t step, std::uint32_t count, std::uint32_t slot, const Users& users,
                            const Items& items, State& state) const {
    auto& [here, next, user, item, coming_users, loss, last_t, last_odds] = state;
    (void)loss;
    const bool active = step < count;
    const bool more = step + 1 < count;
    const MfExample after = example(step + 2);
    const std::uint32_t coming = ahead == 1 ? next.user : step + ahead < count ? example(step + ahead).user : here.user;
    const bool same_user = next.user == here.user;
    const bool same_item = item_of(next) == item_of(here);
    constexpr float log2_e = 1.44269504F;
    const bool positive = (here.item & MfExample::positive) != 0;
    const float sign = positive ? -log2_e : log2_e;
    const float rate = positive ? -rate_ : rate_;
    const float bias = sign * (user.bias + item.bias + global_bias_);

    Row<lanes, chunks> next_item;
    float dot = user.dot(item);
#pragma unroll
    for (int bit = lanes / 2; bit > 0; bit /= 2) {
      const float other = __shfl_xor_sync(0xffffffffU, dot, bit);
      if (bit == lanes / 2) {  // the loads go out while the first exchange is under way: instructions issue in order
        items.load(item_of(next), next_item);
        users.load(coming, coming_users[slot]);
        state.take_loss();
      }
      dot += other;
    }
    const float t = fmaf(dot, sign, bias);
    const float odds = 1 + special_unit::exp2(t);
    const float slope = fmaf(-rate, special_unit::inverse(odds), rate);
    last_t = active ? t : 0.F;
    last_odds = active ? odds : 1.F;
#pragma unroll
    for (int c = 0; c < chunks; ++c) descend(user.part[c], item.part[c], slope, shrink_);
    descend(user.bias, 1, slope, shrink_);
    descend(item.bias, 1, slope, shrink_);
    __syncwarp();  // all have read the biases that the first lane is about to store
    users.store_if(active && (!same_user || !more), here.user, user);
    items.store_if(active && (!same_item || !more), item_of(here), item);

    if (!same_user) user = coming_users[(slot + 1) % ahead];
    if (!same_item) item = next_item;
    here = next;
    if (step + 2 < count) next = after;
    __syncwarp();  // the first lane has stored biases that all will read
  }

  __device__ static std::uint32_t item_of(const MfExample& example) { return example.item & ~MfExample::positive; }

  /// Number i of the turn, when it is in the ring.
  __device__ MfExample example(std::uint32_t i) const {
    return load_shared<MfExample>(ring_ + i % (2 * lanes) * example_bytes);
  }

  const MfExample* examples_;
  std::uint32_t ring_;
  std::uint32_t own_place_;
  unsigned lane_;
  float rate_;
  float shrink_;
  float global_bias_;
  std::uint32_t last_turn_;
  const std::uint32_t* begins_;
  std::uint32_t begin_;  ///< of the coming turn's examples
  std::uint32_t end_;    ///< of the same
  MfExample first_;      ///< number `lane` of the same
  double loss_ = 0;
};

/// Block g runs rounds.count rounds of group g. Dynamic shared memory: shared_floats().
template <Place place, int lanes, int chunks>
__global__ void __launch_bounds__(MfSchedule::workers* lanes, 1) run_rounds(Rounds rounds) {
  constexpr unsigned floats = Row<lanes, chunks>::floats;
  using Worker = Worker<lanes, chunks, place == Place::items_shared>;
  auto* const rings = shared_memory<float>();
  float* const memory = rings + Worker::ring_floats;
  const unsigned lane = threadIdx.x % lanes;
  const std::uint32_t group = blockIdx.x;
  const std::uint32_t first_user = rounds.user_begins[group * MfSchedule::workers];
  const std::uint32_t user_count = rounds.user_begins[(group + 1) * MfSchedule::workers] - first_user;
  const auto part_of = [&](const Extent& all, std::uint32_t first) {
    return Extent{all.rows + std::size_t{first} * floats, all.biases + first, first};
  };
  const Extent users_there = part_of(rounds.users, first_user);
  float* const user_memory = memory + std::size_t{rounds.most_items} * (floats + 1);
  const Extent users_here{user_memory, user_memory + std::size_t{rounds.most_users} * floats, first_user};
  if constexpr (place == Place::shared) rows_to_shared(users_there, users_here, user_count, floats);

  Worker worker(rounds, rings, lane);
  for (std::uint32_t round = rounds.first; round < rounds.first + rounds.count; ++round) {
    const std::uint32_t other = (group + round) & (rounds.groups - 1);
    const std::uint32_t first_item = rounds.item_begins[other * MfSchedule::workers];
    const std::uint32_t item_count = rounds.item_begins[(other + 1) * MfSchedule::workers] - first_item;
    const Extent items_there = part_of(rounds.items, first_item);
    const Extent items_here{memory, memory + std::size_t{rounds.most_items} * floats, first_item};
    const std::uint32_t parts = rounds.groups * MfSchedule::workers;
    const MfExample spare{place == Place::shared ? first_user + user_count : rounds.user_begins[parts],
                          place != Place::device ? first_item + item_count : rounds.item_begins[parts]};
    if (rounds.flags != nullptr && round > 0 && threadIdx.x == 0)
      wait_for_flag(rounds.flags + ((group + 1) & (rounds.groups - 1)) * flag_stride, rounds.flag_base + round);
    __syncthreads();
    if constexpr (place != Place::device) {
      rows_to_shared(items_there, items_here, item_count, floats);
      __syncthreads();
    }
    for (std::uint32_t s = 0; s < MfSchedule::workers; ++s) {
      const std::uint32_t turn = round * MfSchedule::workers + s;
      if constexpr (place == Place::shared)
        worker.take_turn(turn, SharedTable<lanes, chunks>(users_here, lane),
                         SharedTable<lanes, chunks>(items_here, lane), spare);
      else if constexpr (place == Place::items_shared)
        worker.take_turn(turn, DeviceTable<lanes, chunks, false>(users_there, lane),
                         SharedTable<lanes, chunks>(items_here, lane), spare);
      else
        worker.take_turn(turn, DeviceTable<lanes, chunks, false>(users_there, lane),
                         DeviceTable<lanes, chunks, true>(items_there, lane), spare);
      __syncthreads();
    }
    if constexpr (place != Place::device) rows_to_device(items_here, items_there, item_count, floats);
    __syncthreads();
    if (rounds.flags != nullptr && threadIdx.x == 0) raise_flag(rounds.flags + group * flag_stride);
  }
  if constexpr (place == Place::shared) rows_to_device(users_here, users_there, user_count, floats);
  if (lane == 0) rounds.losses[group * MfSchedule::workers + threadIdx.x / lanes] = worker.loss();
}

/// Dynamic shared memory of run_rounds for `lanes` lanes a worker and rows of `floats`.
constexpr std::size_t shared_floats(Place place, std::uint32_t most_users, std::uint32_t most_items, unsigned lanes,
                                    unsigned floats) {
  const std::size_t row = floats + 1;
  return MfSchedule::workers * std::size_t{2} * lanes * sizeof(MfExample) / sizeof(float) +
         (place == Place::device ? 0 : most_items * row) + (place == Place::shared ? most_users * row : 0);
}

}  // namespace frugal::cuda::sgd
