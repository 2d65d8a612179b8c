#include "benchmarks/workloads/shared/sample.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <utility>

#include "impl/base/philox.hpp"
#include "impl/common/groups.hpp"

namespace frugal::workloads {
namespace {

// Streams of Purpose::keep_sample: a word per interaction, a word per user.
enum SampleStream : std::uint32_t { interaction_stream = 0, user_stream = 1 };

/// A float as a word of the same order.
std::uint32_t ordered(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value + 0.0F);
  return bits & 0x80000000U ? ~bits : bits | 0x80000000U;
}

std::vector<std::uint32_t> counts_of_items(std::span<const Interaction> interactions) {
  std::vector<std::uint32_t> counts;
  for (const Interaction& interaction : interactions) {
    if (interaction.item >= counts.size()) counts.resize(std::size_t{interaction.item} + 1);
    ++counts[interaction.item];
  }
  return counts;
}

/// Systematic sampling within each user: of n interactions the one at place r (0: first to stay) has the key
/// (r + v) / n, v uniform, one for each user. A threshold f then keeps f n of every user, to within one.
/// latest_first: the places count from the user's last interaction; else they are random.
std::vector<std::uint32_t> keys_by_user(std::span<const Interaction> interactions, bool latest_first,
                                        const Philox& random) {
  std::size_t users = 0;
  for (const Interaction& interaction : interactions) users = std::max(users, std::size_t{interaction.user} + 1);
  auto order = grouped(  // (place or word, index)
      interactions, users, [](const Interaction& interaction) { return interaction.user; },
      [&](const Interaction&, std::uint32_t i) {
        return std::pair{latest_first ? ~i : random.word(i, interaction_stream), i};
      });
  std::vector<std::uint32_t> keys(interactions.size());
  for (std::size_t u = 0; u < users; ++u) {
    const auto own = order.of(u);
    std::ranges::sort(own);
    const double v = double{random.uniform(u, user_stream)};
    for (std::size_t place = 0; place < own.size(); ++place)
      keys[own[place].second] =
          static_cast<std::uint32_t>((static_cast<double>(place) + v) / static_cast<double>(own.size()) * 0x1p32);
  }
  return keys;
}

/// The smaller, the longer an interaction stays.
std::vector<std::uint32_t> keys_of(Sampling sampling, std::span<const Interaction> interactions, std::uint64_t seed,
                                   std::span<const float> scores) {
  const Philox random(seed, Purpose::keep_sample);
  if (sampling == Sampling::stratified || sampling == Sampling::recent)
    return keys_by_user(interactions, sampling == Sampling::recent, random);
  std::vector<std::uint32_t> keys(interactions.size());
  switch (sampling) {
    case Sampling::popularity_balanced: {
      const std::vector<std::uint32_t> counts = counts_of_items(interactions);
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const double uniform = (static_cast<double>(random.word(i, interaction_stream)) + 0.5) * 0x1p-32;
        keys[i] = ordered(static_cast<float>(-std::log(uniform) * counts[interactions[i].item]));
      }
      break;
    }
    case Sampling::hardest:
      assert(scores.size() == interactions.size());
      for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = ordered(scores[i]);
      break;
    default:
      for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = random.word(i, interaction_stream);
  }
  return keys;
}

std::size_t size_of_share(std::size_t n, double fraction) {
  const auto wanted = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(n)));
  return std::min(n, std::max<std::size_t>(wanted, 1));
}

/// The indices of the smallest keys, ascending. Equal keys are told apart by index.
std::vector<std::uint32_t> smallest(const std::vector<std::uint32_t>& keys, double fraction) {
  const std::size_t kept = size_of_share(keys.size(), fraction);
  std::vector<std::uint64_t> keyed(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) keyed[i] = std::uint64_t{keys[i]} << 32 | i;
  if (kept < keyed.size())
    std::nth_element(keyed.begin(), keyed.begin() + static_cast<std::ptrdiff_t>(kept), keyed.end());
  std::vector<std::uint32_t> indices;
  indices.reserve(kept);
  for (std::size_t k = 0; k < kept; ++k) indices.push_back(static_cast<std::uint32_t>(keyed[k]));
  std::sort(indices.begin(), indices.end());
  return indices;
}

}  // namespace

std::optional<Sampling> sampling_by_name(std::string_view name) {
  using enum Sampling;
  for (const auto& [known, sampling] : {std::pair{"uniform", uniform},
                                        {"stratified", stratified},
                                        {"recent", recent},
                                        {"popularity_balanced", popularity_balanced},
                                        {"hardest", hardest}})
    if (name == known) return sampling;
  return std::nullopt;
}

std::vector<Interaction> keep_sample(Sampling sampling, std::span<const Interaction> interactions, double fraction,
                                     std::uint64_t seed, std::span<const float> scores) {
  if (size_of_share(interactions.size(), fraction) == interactions.size())
    return {interactions.begin(), interactions.end()};
  std::vector<Interaction> sample;
  for (const std::uint32_t index : smallest(keys_of(sampling, interactions, seed, scores), fraction))
    sample.push_back(interactions[index]);
  return sample;
}

std::vector<std::uint32_t> keep_uniform(std::uint64_t n, double fraction, std::uint64_t seed) {
  const Philox random(seed, Purpose::keep_sample);
  std::vector<std::uint32_t> keys(n);
  for (std::size_t i = 0; i < n; ++i) keys[i] = random.word(i, interaction_stream);
  return smallest(keys, fraction);
}

}  // namespace frugal::workloads
