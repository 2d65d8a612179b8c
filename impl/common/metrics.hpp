// Metrics, as plain functions of what was measured. Undefined cases are std::nullopt, never NaN: no query or no example,
// a value that is not finite, and what is said of each.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

namespace frugal {

/// Share of queries whose held-out item ranks in the first k. ranks: 0-based, [queries].
std::optional<double> hit_rate(std::span<const std::uint32_t> ranks, int k);

/// NDCG of the first k with one relevant item: mean of 1 / log2(rank + 2) over queries with rank < k (else 0).
std::optional<double> ndcg(std::span<const std::uint32_t> ranks, int k);

/// Ranks of users with any number of held-out items: those of user g are ranks[offsets[g] .. offsets[g + 1]), each
/// counted among all items. Users with none are left out.
struct GroupedRanks {
  std::span<const std::uint32_t> ranks;    ///< 0-based
  std::span<const std::uint64_t> offsets;  ///< [groups + 1]
};

/// Share of users with a held-out item in the first k.
std::optional<double> hit_rate(const GroupedRanks& users, int k);

/// Mean over users of the held-out items in the first k, over the most that could be there, min(k, held out).
std::optional<double> recall(const GroupedRanks& users, int k);

/// NDCG of the first k with any number of relevant items: the sum of 1 / log2(rank + 2) over those in the first k, over
/// the same sum of the best order.
std::optional<double> ndcg(const GroupedRanks& users, int k);

/// Mean over users of 1 / (best rank + 1).
std::optional<double> mean_reciprocal_rank(const GroupedRanks& users);

/// Exact area under the ROC curve by rank sums with mid-ranks for ties (Mann-Whitney U).
/// Absent when there is no positive or no negative. scores, labels: [n]; labels are 0 or 1, here and below.
std::optional<double> auc(std::span<const float> scores, std::span<const float> labels);

/// Mean binary cross-entropy of logits [n] in nats, computed as max(z,0) - z*y + log1p(exp(-|z|)).
std::optional<double> log_loss(std::span<const float> logits, std::span<const float> labels);

/// Sum of the predicted probabilities over the number of positives: 1 when as many are predicted as there are. Absent
/// without a positive.
std::optional<double> calibration_ratio(std::span<const float> logits, std::span<const float> labels);

/// Expected calibration error: |mean probability - share of positives| in `bins` bins of equally many examples in order
/// of their logits, weighted by size. A tie may be cut by a border of bins: then by index.
std::optional<double> calibration_error(std::span<const float> logits, std::span<const float> labels, int bins = 20);

/// What stands for the infinite PSNR of an exact reconstruction, in dB, so that it wins where PSNR are compared and
/// counts where they are averaged. More than anything inexact reaches: one of 10^10 samples off by one of 65,536 levels
/// gives 196 dB. No PSNR is more.
inline constexpr double psnr_of_exact = 200;

/// Standard PSNR in dB: values in [-1, 1] mapped to [0, 2^bits - 1], clipped, rounded, against that peak;
/// psnr_of_exact where the signals are then the same. values, original: [n]. Absent where a value is not finite.
std::optional<double> psnr_in_bits(std::span<const float> values, std::span<const float> original, int bits);

/// The ENRP paper's: 20 log10(1 / sqrt(mse)) with values in [-1, 1], unclipped; at most psnr_of_exact, as without an
/// error. Absent where the error is not finite.
std::optional<double> psnr_enrp(double mse);

/// Mean structural similarity, MSSIM (Wang et al., "Image quality assessment", IEEE TIP 2004, eq. 13 and 17): Gaussian
/// 11 x 11 window, sigma 1.5, K1 .01, K2 .03, windows fully inside, mean over channels. Values in [-1, 1], clipped to these,
/// are mapped to [0, 1]: its luminance term depends on where 0 lies. Absent when a side is below 11, or a value is no
/// number. [height, width, channels] row-major.
std::optional<double> mssim(std::span<const float> picture, std::span<const float> original, int height, int width,
                            int channels);

}  // namespace frugal
