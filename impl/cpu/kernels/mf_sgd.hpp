// The kernel of logistic SGD: examples in batches whose rows are all different.
//
// Updates of different rows commute, so the examples of a block may be regrouped as long as each row meets its own in
// the order given: the result has the same bits. Each example goes to the first batch with room that comes two or more
// after the last one with a row of its own. The examples of a batch are then worked on side by side, with one
// vectorised sigmoid for all, and the dot products of a batch need not wait for the updates of the one before: the
// chain from a dot product to its update, over a hundred cycles long, is hidden.
#pragma once
#include <math.h>

#include <type_traits>

#include "impl/cpu/kernels/lanes.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"

namespace frugal::cpu::FRUGAL_ISA {

constexpr int sgd_batch = 8;

/// Examples regrouped into batches. Rows are told apart by the lower bits of their number: two that look alike only
/// keep their examples further apart.
class SgdBatches {
 public:
  /// Takes examples from the front until all are taken or the next one finds no room; returns how many, at least one.
  long fill(const MfExample* examples, long count) {
    for (std::uint16_t& first : user_first_) first = 0;
    for (std::uint16_t& first : item_first_) first = 0;
    for (std::uint8_t& size : sizes_) size = 0;
    // A window of 64 batches from `begin` on, a bit each: which have room, and the three bits of their sizes. In
    // registers: with the sizes in memory each example would wait for the store of the one before.
    std::uint64_t room = ~std::uint64_t{0}, ones = 0, twos = 0, fours = 0;
    int begin = 0;
    long taken = 0;
    for (; taken < count; ++taken) {
      const MfExample example = examples[taken];
      std::uint16_t& user_first = user_first_[example.user % row_marks];
      std::uint16_t& item_first = item_first_[example.item % row_marks];
      const int row_first = user_first > item_first ? user_first : item_first;
      std::uint64_t open = 0;
      for (;;) {
        const int first = row_first > begin ? row_first - begin : 0;
        open = first < window ? room & (~std::uint64_t{0} << first) : 0;
        if (open != 0 && (room & 0xff) != 0) break;
        // The first eight are full, or have to do as they are: a busy row has filled the window to its end.
        if (begin + window + 8 > most_batches) break;
        begin += 8;
        room = room >> 8 | std::uint64_t{0xff} << (window - 8);
        ones >>= 8;
        twos >>= 8;
        fours >>= 8;
      }
      if (open == 0) break;
      const std::uint64_t bit = open & (~open + 1);  // the lowest
      const int batch = begin + __builtin_ctzll(open);
      const int place = ((ones & bit) != 0) + 2 * ((twos & bit) != 0) + 4 * ((fours & bit) != 0);
      examples_[batch * sgd_batch + place] = example;
      sizes_[batch] = static_cast<std::uint8_t>(place + 1);
      user_first = item_first = static_cast<std::uint16_t>(batch + 2);
      const std::uint64_t two = ones & bit, four = twos & two;
      room &= ~(fours & four);
      ones ^= bit;
      twos ^= two;
      fours ^= four;
    }
    batches_ = begin + window;
    while (sizes_[batches_ - 1] == 0) --batches_;
    return taken;
  }

  int batches() const { return batches_; }
  int size(int b) const { return sizes_[b]; }
  const MfExample* examples(int b) const { return examples_ + b * sgd_batch; }

 private:
  static constexpr int window = 64;
  static constexpr int most_batches = 256;
  static constexpr std::uint32_t row_marks = 512;

  std::uint16_t user_first_[row_marks];  ///< the first batch that may hold the row again
  std::uint16_t item_first_[row_marks];
  std::uint8_t sizes_[most_batches];
  MfExample examples_[most_batches * sgd_batch];
  int batches_ = 0;
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

  double run(const SgdBatches& batches) {
    CrossEntropySum loss;
    alignas(64) float slopes[2][Lanes::width];
    const MfExample* last = nullptr;  // the batch whose updates are due
    int last_size = 0;
    for (int b = 0; b < batches.batches(); ++b) {
      const int size = batches.size(b);
      const MfExample* batch = batches.examples(b);
      if (size == 0) {  // what comes next may share rows with what came before
        update(last, slopes[(b + 1) % 2], 0, last_size);
        last_size = 0;
        continue;
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
      const int half = last_size / 2;
      update(last, slopes[(b + 1) % 2], 0, half);
      store(slopes[b % 2], slope(z, labels_of(batch), size, loss));
      update(last, slopes[(b + 1) % 2], half, last_size);
      last = batch;
      last_size = size;
    }
    update(last, slopes[(batches.batches() + 1) % 2], 0, last_size);
    return loss.total();
  }

 private:
  static constexpr int width = Lanes::width;

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
      for (int i = 0; i < count; ++i) asm("" : "+v"(row[i].v));  // keeps the compiler from moving the loads
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

  void update(const MfExample* batch, const float* slopes, int begin, int end) const {
    const float keep = 1.F - model_.learning_rate * model_.l2;
    const Lanes shrink = broadcast(keep);
    for (int i = begin; i < end; ++i) {
      float* u = user_row(batch[i]);
      float* v = item_row(batch[i]);
      const float minus_g = -slopes[i];
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

template <int vectors>
double sgd_of_size(const SgdModel& model, const MfExample* examples, long count) {
  SgdBatches batches;
  SgdSteps<vectors> steps(model);
  double loss = 0;
  for (long e = 0; e < count;) {
    e += batches.fill(examples + e, count - e);
    loss += steps.run(batches);
  }
  return loss;
}

inline double sgd(const SgdModel& model, const MfExample* examples, long count) {
  switch (model.stride / Lanes::width) {
    case 1:
      return sgd_of_size<1>(model, examples, count);
    case 2:
      return sgd_of_size<2>(model, examples, count);
    case 3:
      return sgd_of_size<3>(model, examples, count);
    case 4:
      return sgd_of_size<4>(model, examples, count);
    case 6:
      return sgd_of_size<6>(model, examples, count);
    case 8:
      return sgd_of_size<8>(model, examples, count);
    default:
      return sgd_of_size<0>(model, examples, count);
  }
}

}  // namespace frugal::cpu::FRUGAL_ISA
