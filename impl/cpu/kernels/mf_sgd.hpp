// The kernel of logistic SGD: one example of each of eight workers at a time.
//
// Workers of one turn share no row, so the examples that stand first with eight of them may be worked on side by side,
// with one vectorised sigmoid for all. The sixteen workers of a group make two such halves, taken in turn: the updates
// of the one fill the chain from a dot product to its update, over a hundred cycles long, of the other. The order in
// which workers are taken changes no bit.
#pragma once
#include <math.h>

#include <type_traits>

#include "impl/cpu/kernels/lanes.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"

namespace frugal::cpu::FRUGAL_ISA {

constexpr int sgd_batch = 8;

/// What stands next with eight workers of a turn.
class SgdHalf {
 public:
  void start(const SgdRound& round, int first_worker, long turn) {
    step_ = 0;
    steps_ = 0;
    for (int w = 0; w < sgd_batch; ++w) {
      const std::uint32_t* begins = round.begins[first_worker + w] + turn;
      next_[w] = round.examples + begins[0];
      counts_[w] = begins[1] - begins[0];
      if (counts_[w] > steps_) steps_ = counts_[w];
    }
  }
  bool done() const { return step_ == steps_; }

  /// Takes one example of each worker that has one left.
  void advance() {
    size_ = 0;
    if (done()) return;
    for (int w = 0; w < sgd_batch; ++w) {  // without a branch: who has run out is hard to predict
      examples_[size_] = *next_[w];
      const bool there = step_ < counts_[w];
      size_ += there;
      next_[w] += there;
    }
    ++step_;
  }
  /// Those taken last.
  int size() const { return size_; }
  const MfExample* examples() const { return examples_; }
  float* slopes() { return slopes_; }
  const float* slopes() const { return slopes_; }
  void forget() { size_ = 0; }

 private:
  const MfExample* next_[sgd_batch];
  std::uint32_t counts_[sgd_batch];
  std::uint32_t step_ = 0;
  std::uint32_t steps_ = 0;
  int size_ = 0;
  MfExample examples_[sgd_batch + 1];
  alignas(64) float slopes_[Lanes::width];  ///< times the learning rate, of `examples_`
};

/// 1 for a positive, 0 for a negative; lanes beyond the eighth are undefined.
inline Lanes labels_of(const MfExample* examples) {
  const __m256 first = _mm256_loadu_ps(reinterpret_cast<const float*>(examples));
  const __m256 second = _mm256_loadu_ps(reinterpret_cast<const float*>(examples + 4));
  const __m256i items = _mm256_castps_si256(_mm256_shuffle_ps(first, second, 0xdd));  // 0 1 4 5 2 3 6 7
  const __m256i bits = _mm256_permute4x64_epi64(_mm256_srli_epi32(items, 31), 0xd8);
  return from_eight(_mm256_cvtepi32_ps(bits));
}

/// sums[l] += terms[l] for the first eight lanes, in double.
inline void add_lanes(Lanes terms, __m256d* sums) {
  const __m256 eight = first_eight(terms);
  sums[0] = _mm256_add_pd(sums[0], _mm256_cvtps_pd(_mm256_castps256_ps128(eight)));
  sums[1] = _mm256_add_pd(sums[1], _mm256_cvtps_pd(_mm256_extractf128_ps(eight, 1)));
}

/// products[l] *= 1 + terms[l] for the first eight lanes, in double.
inline void multiply_lanes(Lanes terms, __m256d* products) {
  const __m256 eight = first_eight(terms);
  const __m256d one = _mm256_set1_pd(1);
  const __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(eight));
  const __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(eight, 1));
  products[0] = _mm256_mul_pd(products[0], _mm256_add_pd(one, low));
  products[1] = _mm256_mul_pd(products[1], _mm256_add_pd(one, high));
}

/// The loss of many examples: -log p(y) = max(z, 0) - z y + log(1 + exp(-|z|)), the logarithm taken of a product of
/// many factors.
class CrossEntropySum {
 public:
  /// Of the lanes that have an example: max(z, 0) - z y, and exp(-|z|). Of the others both must be 0.
  void add(Lanes linear, Lanes exponential) {
    add_lanes(linear, linear_);
    multiply_lanes(exponential, products_);
    if (++factors_ == factors_a_log) take_logs();
  }

  double total() {
    take_logs();
    return sum_of(linear_) + logs_;
  }

 private:
  static constexpr int factors_a_log = 512;  // each is in [1, 2], so their product fits a double

  static double sum_of(const __m256d* lanes) {
    double values[4];
    _mm256_storeu_pd(values, _mm256_add_pd(lanes[0], lanes[1]));
    return (values[0] + values[1]) + (values[2] + values[3]);
  }

  void take_logs() {
    double values[8];
    for (int half = 0; half < 2; ++half) {
      _mm256_storeu_pd(values + 4 * half, products_[half]);
      products_[half] = _mm256_set1_pd(1);
    }
    for (const double value : values) logs_ += ::log(value);
    factors_ = 0;
  }

  __m256d linear_[2] = {_mm256_setzero_pd(), _mm256_setzero_pd()};
  __m256d products_[2] = {_mm256_set1_pd(1), _mm256_set1_pd(1)};
  double logs_ = 0;
  int factors_ = 0;
};

/// vectors: registers of a row, or 0 when only stride tells.
template <int vectors>
class SgdSteps {
 public:
  explicit SgdSteps(const SgdModel& model)
      : model_(model), stride_(vectors > 0 ? static_cast<long>(vectors) * width : model.stride) {}

  double run(const SgdRound& round) {
    CrossEntropySum loss;
    SgdHalf first, second;
    for (long turn = 0; turn < round.turns; ++turn) {
      first.start(round, 0, turn);
      second.start(round, sgd_batch, turn);
      while (!first.done() || !second.done()) {
        step(first, second, loss);
        step(second, first, loss);
      }
      update(second, 0, second.size());
      second.forget();
    }
    return loss.total();
  }

 private:
  static constexpr int width = Lanes::width;

  /// The next examples of `here` up to their slopes, and meanwhile the updates that `other` is due.
  void step(SgdHalf& here, const SgdHalf& other, CrossEntropySum& loss) const {
    here.advance();
    const int size = here.size();
    const int due = other.size();
    const MfExample* batch = here.examples();
    if (size == 0) {
      update(other, 0, due);
      return;
    }
    Lanes dots[sgd_batch];
    if (size == sgd_batch) {
#pragma GCC unroll 8
      for (int i = 0; i < sgd_batch; ++i) dots[i] = product(batch[i]);
    } else {
#pragma GCC unroll 8
      for (int i = 0; i < sgd_batch; ++i) dots[i] = i < size ? product(batch[i]) : zero();
    }
    const Lanes z = sums_of_eight(dots) + broadcast(model_.global_bias);
    update(other, 0, due / 2);
    store(here.slopes(), slope(z, labels_of(batch), size, loss));
    update(other, due / 2, due);
  }

  /// Registers of a user's and an item's row, loaded row by row: in this order two loads that run together are of one
  /// cache line. Taken in turn from two rows they would wait for the same bank of the cache; rows start at the same
  /// one.
  template <int count>
  struct RowPart {
    RowPart(const float* user, const float* item) {
      load_row(user, u);
      load_row(item, v);
    }
    static void load_row(const float* from, Lanes* row) {
      for (int i = 0; i < count; ++i) row[i] = load(from + i * width);
#ifndef FRUGAL_EMULATED
      for (int i = 0; i < count; ++i) asm("" : "+v"(row[i].v));  // keeps the compiler from moving the loads
#endif
    }
    Lanes u[count];
    Lanes v[count];
  };

  /// visit(first value, registers) for a row, two registers at a time.
  template <class Visit>
  void for_each_pair(const Visit& visit) const {
    constexpr auto one = std::integral_constant<int, 1>{};
    constexpr auto two = std::integral_constant<int, 2>{};
    if constexpr (vectors > 0) {
#pragma GCC unroll 8
      for (int k = 0; k + 1 < vectors; k += 2) visit(k * width, two);
      if constexpr (vectors % 2 == 1) visit((vectors - 1) * width, one);
    } else {
      long k = 0;
      for (; k + 2 * width <= stride_; k += 2 * width) visit(k, two);
      if (k < stride_) visit(k, one);
    }
  }

  float* user_row(MfExample example) const { return model_.users + example.user * stride_; }
  float* item_row(MfExample example) const { return model_.items + (example.item & ~MfExample::positive) * stride_; }
  float& user_bias(MfExample example) const { return model_.user_bias[example.user]; }
  float& item_bias(MfExample example) const { return model_.item_bias[example.item & ~MfExample::positive]; }

  /// Lanes whose sum is u.v + b_u + b_i.
  Lanes product(MfExample example) const {
    const float* u = user_row(example);
    const float* v = item_row(example);
    Lanes sum = first_lane(user_bias(example) + item_bias(example));
    for_each_pair([&](long k, auto count) {
      const RowPart<count()> part(u + k, v + k);
      for (int i = 0; i < count(); ++i) sum = fma(part.u[i], part.v[i], sum);
    });
    return sum;
  }

  /// lr (sigmoid(z) - y). No branch on the label or the sign of z: both are hard to predict.
  Lanes slope(Lanes z, Lanes label, int size, CrossEntropySum& loss) const {
    const Lanes one = broadcast(1.F);
    const Lanes exponential = exp_not_positive(zero() - absolute(z));
    const Lanes probability = fma(positive(z), one - exponential, exponential) / (one + exponential);
    loss.add(first_lanes(max(z, zero()) - z * label, size), first_lanes(exponential, size));
    return broadcast(model_.learning_rate) * (probability - label);
  }

  void update(const SgdHalf& half, int begin, int end) const {
    const MfExample* batch = half.examples();
    const float keep = 1.F - model_.learning_rate * model_.l2;
    const Lanes shrink = broadcast(keep);
    for (int i = begin; i < end; ++i) {
      float* u = user_row(batch[i]);
      float* v = item_row(batch[i]);
      const float minus_g = -half.slopes()[i];
      const Lanes minus = broadcast(minus_g);
      for_each_pair([&](long k, auto count) {
        const RowPart<count()> part(u + k, v + k);
        for (int j = 0; j < count(); ++j) store(u + k + j * width, fma(minus, part.v[j], shrink * part.u[j]));
        for (int j = 0; j < count(); ++j) store(v + k + j * width, fma(minus, part.u[j], shrink * part.v[j]));
      });
      float& bu = user_bias(batch[i]);
      float& bi = item_bias(batch[i]);
      bu = __builtin_fmaf(keep, bu, minus_g);
      bi = __builtin_fmaf(keep, bi, minus_g);
    }
  }

  SgdModel model_;
  long stride_;
};

inline double sgd(const SgdModel& model, const SgdRound& round) {
  switch (model.stride / Lanes::width) {
    case 1:
      return SgdSteps<1>(model).run(round);
    case 2:
      return SgdSteps<2>(model).run(round);
    case 3:
      return SgdSteps<3>(model).run(round);
    case 4:
      return SgdSteps<4>(model).run(round);
    case 6:
      return SgdSteps<6>(model).run(round);
    case 8:
      return SgdSteps<8>(model).run(round);
    default:
      return SgdSteps<0>(model).run(round);
  }
}

}  // namespace frugal::cpu::FRUGAL_ISA
