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

std::size_t users_of(std::span<const Interaction> interactions) {
  std::size_t users = 0;
  for (const Interaction& interaction : interactions) users = std::max(users, std::size_t{interaction.user} + 1);
  return users;
}

/// Of each user the interactions in the order in which they stay: a word to sort by, and the index.
Groups<std::pair<std::uint32_t, std::uint32_t>> ordered_by_user(std::span<const Interaction> interactions,
                                                                bool latest_first, const Philox& random) {
  auto order = grouped(
      interactions, users_of(interactions), [](const Interaction& interaction) { return interaction.user; },
      [&](const Interaction&, std::uint32_t i) {
        return std::pair{latest_first ? ~i : random.word(i, interaction_stream), i};
      });
  for (std::size_t u = 0; u < order.size(); ++u) std::ranges::sort(order.of(u));
  return order;
}

/// Systematic sampling within each user: of n interactions the one at place r (0: first to stay) has the key
/// (r + v) / n, v uniform, one for each user. A threshold f then keeps f n of every user, to within one.
/// latest_first: the places count from the user's last interaction; else they are random.
std::vector<std::uint32_t> keys_by_user(std::span<const Interaction> interactions, bool latest_first,
                                        const Philox& random) {
  const auto order = ordered_by_user(interactions, latest_first, random);
  std::vector<std::uint32_t> keys(interactions.size());
  for (std::size_t u = 0; u < order.size(); ++u) {
    const auto own = order.of(u);
    const double v = double{random.uniform(u, user_stream)};
    for (std::size_t place = 0; place < own.size(); ++place)
      keys[own[place].second] =
          static_cast<std::uint32_t>((static_cast<double>(place) + v) / static_cast<double>(own.size()) * 0x1p32);
  }
  return keys;
}

/// Keys in the order of (first(i), word of the seed): interactions of one first are equally likely to stay.
template <class First>
std::vector<std::uint32_t> keys_by(std::size_t n, const Philox& random, First first) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order(n);
  for (std::uint32_t i = 0; i < n; ++i)
    order[i] = {std::uint64_t{first(i)} << 32 | random.word(i, interaction_stream), i};
  std::ranges::sort(order);
  std::vector<std::uint32_t> keys(n);
  for (std::uint32_t place = 0; place < n; ++place) keys[order[place].second] = place;
  return keys;
}

/// All first places, then all second ones; of one place in an order of the users that the seed draws.
std::vector<std::uint32_t> keys_by_place(std::span<const Interaction> interactions, const Philox& random) {
  const auto order = ordered_by_user(interactions, false, random);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> places;  // (place and word of the user, index)
  places.reserve(interactions.size());
  for (std::size_t u = 0; u < order.size(); ++u)
    for (std::size_t place = 0; place < order.of(u).size(); ++place)
      places.emplace_back(std::uint64_t{place} << 32 | random.word(u, user_stream), order.of(u)[place].second);
  std::ranges::sort(places);
  std::vector<std::uint32_t> keys(places.size());
  for (std::uint32_t k = 0; k < keys.size(); ++k) keys[places[k].second] = k;
  return keys;
}

/// first: of each user, the smallest first to stay, of one first in an order that the seed draws. The users' places in that
/// order are what their interactions have.
std::vector<std::uint32_t> keys_of_whole_users(std::span<const Interaction> interactions,
                                               const std::vector<std::uint32_t>& first, const Philox& random) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order(first.size());
  for (std::uint32_t u = 0; u < order.size(); ++u)
    order[u] = {std::uint64_t{first[u]} << 32 | random.word(u, user_stream), u};
  std::ranges::sort(order);
  std::vector<std::uint32_t> places(first.size());
  for (std::uint32_t k = 0; k < order.size(); ++k) places[order[k].second] = k;
  return keys_by(interactions.size(), random, [&](std::uint32_t i) { return places[interactions[i].user]; });
}

std::vector<std::uint32_t> mean_scores(std::span<const Interaction> interactions, std::span<const float> scores) {
  std::vector<double> sums(users_of(interactions));
  std::vector<double> counts(sums.size());
  for (std::size_t i = 0; i < interactions.size(); ++i) {
    sums[interactions[i].user] += double{scores[i]};
    ++counts[interactions[i].user];
  }
  std::vector<std::uint32_t> words(sums.size());
  for (std::size_t u = 0; u < words.size(); ++u)
    words[u] = ordered(static_cast<float>(counts[u] > 0 ? sums[u] / counts[u] : 0));
  return words;
}

std::vector<std::uint32_t> keys_popularity_balanced(std::span<const Interaction> interactions, const Philox& random) {
  const std::vector<std::uint32_t> counts = counts_of_items(interactions);
  std::vector<std::uint32_t> keys(interactions.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const double uniform = (static_cast<double>(random.word(i, interaction_stream)) + 0.5) * 0x1p-32;
    keys[i] = ordered(static_cast<float>(-std::log(uniform) * counts[interactions[i].item]));
  }
  return keys;
}

/// The smaller, the longer an interaction stays.
std::vector<std::uint32_t> keys_of(Sampling sampling, std::span<const Interaction> interactions, std::uint64_t seed,
                                   std::span<const float> scores) {
  const Philox random(seed, Purpose::keep_sample);
  assert(scores.size() == interactions.size() || !asks_proxy(sampling));
  std::vector<std::uint32_t> words;
  switch (sampling) {
    case Sampling::stratified:
    case Sampling::recent:
      return keys_by_user(interactions, sampling == Sampling::recent, random);
    case Sampling::quota:
      return keys_by_place(interactions, random);
    case Sampling::popularity_balanced:
      return keys_popularity_balanced(interactions, random);
    case Sampling::hardest:
      for (const float score : scores) words.push_back(ordered(score));
      return words;
    case Sampling::svp_cf:
    case Sampling::forgetting:
      return keys_by(interactions.size(), random, [&](std::uint32_t i) { return ordered(scores[i]); });
    case Sampling::user_uniform:
      words.resize(users_of(interactions));
      return keys_of_whole_users(interactions, words, random);
    case Sampling::svp_cf_user:
      return keys_of_whole_users(interactions, mean_scores(interactions, scores), random);
    case Sampling::uniform:
      break;
  }
  words.resize(interactions.size());
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = random.word(i, interaction_stream);
  return words;
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
