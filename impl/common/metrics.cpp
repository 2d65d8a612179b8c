#include "impl/common/metrics.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>
#include <vector>

namespace frugal {
namespace {

/// How many rank in the first k.
double hits(std::span<const std::uint32_t> ranks, int k) {
  return static_cast<double>(
      std::count_if(ranks.begin(), ranks.end(), [k](auto rank) { return rank < static_cast<unsigned>(k); }));
}

}  // namespace

std::optional<double> hit_rate(std::span<const std::uint32_t> ranks, int k) {
  if (ranks.empty()) return std::nullopt;
  return hits(ranks, k) / static_cast<double>(ranks.size());
}

std::optional<double> ndcg(std::span<const std::uint32_t> ranks, int k) {
  if (ranks.empty()) return std::nullopt;
  double sum = 0;
  for (const std::uint32_t rank : ranks)
    if (rank < static_cast<unsigned>(k)) sum += 1 / std::log2(rank + 2.0);
  return sum / static_cast<double>(ranks.size());
}

namespace {

/// Mean of value(ranks of one user) over the users that have any.
template <class Value>
std::optional<double> mean_over_users(const GroupedRanks& users, Value value) {
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t g = 0; g + 1 < users.offsets.size(); ++g) {
    const auto own = users.ranks.subspan(users.offsets[g], users.offsets[g + 1] - users.offsets[g]);
    if (own.empty()) continue;
    sum += value(own);
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / static_cast<double>(count);
}

}  // namespace

std::optional<double> hit_rate(const GroupedRanks& users, int k) {
  return mean_over_users(users, [k](auto ranks) { return hits(ranks, k) > 0 ? 1.0 : 0.0; });
}

std::optional<double> recall(const GroupedRanks& users, int k) {
  return mean_over_users(
      users, [k](auto ranks) { return hits(ranks, k) / static_cast<double>(std::min<std::size_t>(ranks.size(), k)); });
}

std::optional<double> ndcg(const GroupedRanks& users, int k) {
  return mean_over_users(users, [k](auto ranks) {
    double gain = 0;
    double best = 0;
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      if (ranks[i] < static_cast<unsigned>(k)) gain += 1 / std::log2(ranks[i] + 2.0);
      if (i < static_cast<unsigned>(k)) best += 1 / std::log2(static_cast<double>(i) + 2.0);
    }
    return gain / best;
  });
}

std::optional<double> mean_reciprocal_rank(const GroupedRanks& users) {
  return mean_over_users(users, [](auto ranks) { return 1 / (*std::min_element(ranks.begin(), ranks.end()) + 1.0); });
}

std::optional<double> auc(std::span<const float> scores, std::span<const float> labels) {
  assert(scores.size() == labels.size());
  const std::size_t n = scores.size();
  for (const float score : scores)
    if (!std::isfinite(score)) return std::nullopt;
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] < scores[b]; });

  // U = (sum of the positives' ranks) - p (p + 1) / 2; equal scores share the mean of their ranks.
  double positives = 0;
  double rank_sum = 0;
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = begin;
    double tied_positives = 0;
    while (end < n && scores[order[end]] == scores[order[begin]]) tied_positives += labels[order[end++]] > 0.5F;
    const double mid_rank = 0.5 * static_cast<double>(begin + 1 + end);
    rank_sum += tied_positives * mid_rank;
    positives += tied_positives;
    begin = end;
  }
  const double negatives = static_cast<double>(n) - positives;
  if (positives == 0 || negatives == 0) return std::nullopt;
  return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

std::optional<double> log_loss(std::span<const float> logits, std::span<const float> labels) {
  assert(logits.size() == labels.size());
  if (logits.empty()) return std::nullopt;
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double z = logits[i];
    sum += std::max(z, 0.0) - z * labels[i] + std::log1p(std::exp(-std::abs(z)));
  }
  const double mean = sum / static_cast<double>(logits.size());
  if (!std::isfinite(mean)) return std::nullopt;
  return mean;
}

namespace {

double probability(float logit) { return 1 / (1 + std::exp(-double{logit})); }

}  // namespace

std::optional<double> calibration_ratio(std::span<const float> logits, std::span<const float> labels) {
  assert(logits.size() == labels.size());
  double predicted = 0;
  double observed = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    predicted += probability(logits[i]);
    observed += labels[i];
  }
  const double ratio = predicted / observed;
  if (observed == 0 || !std::isfinite(ratio)) return std::nullopt;
  return ratio;
}

std::optional<double> calibration_error(std::span<const float> logits, std::span<const float> labels, int bins) {
  assert(logits.size() == labels.size());
  const std::size_t n = logits.size();
  for (const float logit : logits)
    if (std::isnan(logit)) return std::nullopt;
  if (n == 0) return std::nullopt;
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return logits[a] < logits[b]; });
  const std::size_t count = static_cast<std::size_t>(bins);
  double error = 0;
  for (std::size_t bin = 0; bin < count; ++bin) {
    double gap = 0;
    for (std::size_t i = bin * n / count; i < (bin + 1) * n / count; ++i)
      gap += probability(logits[order[i]]) - labels[order[i]];
    error += std::abs(gap);
  }
  return error / static_cast<double>(n);
}

std::optional<double> psnr_in_bits(std::span<const float> values, std::span<const float> original, int bits) {
  assert(values.size() == original.size());
  const double peak = std::exp2(bits) - 1;
  const auto level = [peak](float value) { return std::nearbyint((std::clamp(value, -1.F, 1.F) + 1.0) * peak / 2); };
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) return std::nullopt;
    const double difference = level(values[i]) - level(original[i]);
    sum += difference * difference;
  }
  if (sum == 0) return psnr_of_exact;
  return std::min(psnr_of_exact, 10 * std::log10(peak * peak * static_cast<double>(values.size()) / sum));
}

std::optional<double> psnr_enrp(double mse) {
  if (!(mse >= 0) || !std::isfinite(mse)) return std::nullopt;
  return mse == 0 ? psnr_of_exact : std::min(psnr_of_exact, -10 * std::log10(mse));
}

namespace {

constexpr int window = 11;

/// The separable 11-tap Gaussian of SSIM, sigma 1.5, sum 1.
std::array<double, window> gaussian_taps() {
  std::array<double, window> taps{};
  for (int i = 0; i < window; ++i) taps[i] = std::exp(-(i - 5.0) * (i - 5.0) / (2 * 1.5 * 1.5));
  const double sum = std::accumulate(taps.begin(), taps.end(), 0.0);
  for (double& tap : taps) tap /= sum;
  return taps;
}

/// Valid-region Gaussian filter: [height, width] -> [height - 10, width - 10].
std::vector<double> filter(const std::vector<double>& plane, int height, int width) {
  static const auto taps = gaussian_taps();
  const int out_h = height - window + 1;
  const int out_w = width - window + 1;
  std::vector<double> rows(static_cast<std::size_t>(height) * out_w);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < out_w; ++x) {
      double sum = 0;
      for (int t = 0; t < window; ++t) sum += taps[t] * plane[static_cast<std::size_t>(y) * width + x + t];
      rows[static_cast<std::size_t>(y) * out_w + x] = sum;
    }
  std::vector<double> out(static_cast<std::size_t>(out_h) * out_w);
  for (int y = 0; y < out_h; ++y)
    for (int x = 0; x < out_w; ++x) {
      double sum = 0;
      for (int t = 0; t < window; ++t) sum += taps[t] * rows[static_cast<std::size_t>(y + t) * out_w + x];
      out[static_cast<std::size_t>(y) * out_w + x] = sum;
    }
  return out;
}

}  // namespace

std::optional<double> mssim(std::span<const float> picture, std::span<const float> original, int height, int width,
                            int channels) {
  assert(picture.size() == original.size());
  assert(picture.size() == static_cast<std::size_t>(height) * width * channels);
  if (height < window || width < window) return std::nullopt;
  constexpr double c1 = 0.01 * 0.01;
  constexpr double c2 = 0.03 * 0.03;
  const auto level = [](float value) { return (std::clamp<double>(value, -1, 1) + 1) / 2; };
  const std::size_t pixels = static_cast<std::size_t>(height) * width;
  double total = 0;
  std::size_t count = 0;
  for (int channel = 0; channel < channels; ++channel) {
    std::vector<double> a(pixels), b(pixels), aa(pixels), bb(pixels), ab(pixels);
    for (std::size_t i = 0; i < pixels; ++i) {
      a[i] = level(picture[i * channels + channel]);
      b[i] = level(original[i * channels + channel]);
      aa[i] = a[i] * a[i];
      bb[i] = b[i] * b[i];
      ab[i] = a[i] * b[i];
    }
    const auto mean_a = filter(a, height, width);
    const auto mean_b = filter(b, height, width);
    const auto mean_aa = filter(aa, height, width);
    const auto mean_bb = filter(bb, height, width);
    const auto mean_ab = filter(ab, height, width);
    for (std::size_t i = 0; i < mean_a.size(); ++i) {
      const double variance_a = mean_aa[i] - mean_a[i] * mean_a[i];
      const double variance_b = mean_bb[i] - mean_b[i] * mean_b[i];
      const double covariance = mean_ab[i] - mean_a[i] * mean_b[i];
      total += (2 * mean_a[i] * mean_b[i] + c1) * (2 * covariance + c2) /
               ((mean_a[i] * mean_a[i] + mean_b[i] * mean_b[i] + c1) * (variance_a + variance_b + c2));
    }
    count += mean_a.size();
  }
  const double mean = total / static_cast<double>(count);
  if (!std::isfinite(mean)) return std::nullopt;
  return mean;
}

}  // namespace frugal
