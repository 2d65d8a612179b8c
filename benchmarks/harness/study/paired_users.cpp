#include "benchmarks/harness/study/paired_users.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <vector>

#include "benchmarks/harness/study/statistics.hpp"
#include "impl/base/philox.hpp"

namespace frugal::harness {
namespace {

constexpr std::uint64_t draws = 10'000;
constexpr std::uint64_t words_a_block = 4;
enum ResampleStream : std::uint32_t { user_stream = 0, sign_stream = 1 };

/// Calls use(word) for `count` words of the stream, those of draw number `draw`.
template <class Use>
void for_words(const Philox& random, std::uint64_t draw, std::uint64_t count, std::uint32_t stream, Use use) {
  const std::uint64_t blocks = (count + words_a_block - 1) / words_a_block;
  for (std::uint64_t block = 0; block < blocks; ++block) {
    const auto words = random.block(draw * blocks + block, stream);
    const std::uint64_t left = std::min(words_a_block, count - block * words_a_block);
    for (std::size_t k = 0; k < left; ++k) use(words[k]);
  }
}

std::vector<double> bootstrap_means(std::span<const double> differences, const Philox& random) {
  const auto n = static_cast<std::uint32_t>(differences.size());
  std::vector<double> means(draws);
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    double sum = 0;
    for_words(random, draw, n, user_stream, [&](std::uint32_t word) { sum += differences[Philox::scale(word, n)]; });
    means[draw] = sum / n;
  }
  std::ranges::sort(means);
  return means;
}

/// Swaps that move the mean as far. Users without a difference move nothing.
std::uint64_t swaps_beyond(std::span<const double> differences, double mean, const Philox& random) {
  std::vector<double> moved;
  std::ranges::copy_if(differences, std::back_inserter(moved), [](double difference) { return difference != 0; });
  const double bound = std::abs(mean) * static_cast<double>(differences.size()) * (1 - 1e-12);
  std::uint64_t beyond = 0;
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    double sum = 0;
    std::size_t user = 0;
    for_words(random, draw, (moved.size() + 31) / 32, sign_stream, [&](std::uint32_t word) {
      for (const std::size_t end = std::min(user + 32, moved.size()); user < end; ++user, word >>= 1)
        sum += (word & 1U) != 0 ? moved[user] : -moved[user];
    });
    if (std::abs(sum) >= bound) ++beyond;
  }
  return beyond;
}

}  // namespace

UserDifference difference_over_users(std::span<const double> differences) {
  assert(!differences.empty());
  const Philox random(1, Purpose::resample);
  UserDifference result;
  result.mean = mean(differences);
  const std::vector<double> means = bootstrap_means(differences, random);
  result.low = means[draws / 40];
  result.high = means[draws - 1 - draws / 40];
  result.p = static_cast<double>(swaps_beyond(differences, result.mean, random) + 1) / (draws + 1);
  return result;
}

}  // namespace frugal::harness
