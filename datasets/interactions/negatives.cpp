#include "datasets/interactions/negatives.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "impl/base/error.hpp"
#include "impl/base/text.hpp"
#include "impl/common/together.hpp"

namespace frugal::data {

NegativeSampler::NegativeSampler(std::span<const std::uint32_t> counts, int negatives, std::uint64_t seed)
    : NegativeSampler(static_cast<std::uint32_t>(counts.size()), negatives, seed) {
  weights_.reserve(counts.size());
  for (const std::uint32_t count : counts) weights_.push_back(count > 0 ? count : 0.5);
  popular_ = AliasTable(weights_);
}

void NegativeSampler::draw(std::uint32_t user, std::span<const std::uint32_t> seen, std::vector<std::uint32_t>& out,
                           std::span<const std::string> names) {
  if (seen.size() + static_cast<std::size_t>(negatives_) > items_) {
    throw UserError(fmt::format(
        "user {} has {} of the {} items: too few are left for {} negatives. Ask for {}a split without candidates, "
        "which ranks among all items (split: ratio)",
        names.empty() ? std::to_string(user) : shown(names[user]), seen.size(), items_, negatives_,
        negatives_ > fewest_negatives ? fmt::format("fewer (negatives: {}), or for ", fewest_negatives) : ""));
  }
  ++stamp_;
  for (const std::uint32_t item : seen) stamps_[item] = stamp_;
  if (weights_.empty()) {
    draw_uniform(user, seen.size(), out);
  } else {
    draw_popular(user, out);
  }
}

void NegativeSampler::draw_uniform(std::uint32_t user, std::size_t seen, std::vector<std::uint32_t>& out) {
  const auto wanted = static_cast<std::uint32_t>(negatives_);
  if (2 * (seen + wanted) <= items_) {
    // Every attempt succeeds with probability of at least one half.
    std::uint32_t found = 0;
    for (std::uint64_t attempt = 0; found < wanted; ++attempt) {
      const std::uint32_t item = random_.below(items_, attempt, user);
      if (stamps_[item] == stamp_) continue;
      stamps_[item] = stamp_;
      out.push_back(item);
      ++found;
    }
    return;
  }
  std::vector<std::uint32_t> unseen;
  for (std::uint32_t item = 0; item < items_; ++item) {
    if (stamps_[item] != stamp_) unseen.push_back(item);
  }
  for (std::uint32_t k = 0; k < wanted; ++k) {
    const auto left = static_cast<std::uint32_t>(unseen.size()) - k;
    std::swap(unseen[k], unseen[k + random_.below(left, k, user)]);
    out.push_back(unseen[k]);
  }
}

/// Drawing again what came before is drawing without replacement; where a user has seen most of what is popular, the
/// rest comes by exponential races over all remaining items, the same law (Efraimidis & Spirakis 2006).
void NegativeSampler::draw_popular(std::uint32_t user, std::vector<std::uint32_t>& out) {
  std::size_t missing = static_cast<std::size_t>(negatives_);
  const std::uint64_t patience = 32 + 8 * static_cast<std::uint64_t>(missing);
  for (std::uint64_t attempt = 0; missing > 0 && attempt < patience; ++attempt) {
    const auto words = random_.block(attempt, user);
    const std::uint32_t item = popular_.draw(words[0], words[1]);
    if (stamps_[item] == stamp_) continue;
    stamps_[item] = stamp_;
    out.push_back(item);
    --missing;
  }
  if (missing == 0) return;
  std::vector<std::pair<double, std::uint32_t>> arrivals;
  for (std::uint32_t item = 0; item < items_; ++item) {
    if (stamps_[item] == stamp_) continue;
    const double uniform = (static_cast<double>(random_.block(patience + item, user)[0]) + 0.5) * 0x1p-32;
    arrivals.emplace_back(-std::log(uniform) / weights_[item], item);
  }
  std::partial_sort(arrivals.begin(), arrivals.begin() + static_cast<std::ptrdiff_t>(missing), arrivals.end());
  for (std::size_t k = 0; k < missing; ++k) out.push_back(arrivals[k].second);
}

void draw_negatives(Split& split, int negatives, NegativeLaw law, std::uint64_t seed, Communicator& ranks) {
  std::vector<std::uint32_t> counts;
  if (law == NegativeLaw::popularity) {
    counts.resize(split.items);
    for (const Interaction& pair : split.train) ++counts[pair.item];
    add_up(ranks, counts);
  }
  NegativeSampler sampler = law == NegativeLaw::popularity ? NegativeSampler(counts, negatives, seed)
                                                           : NegativeSampler(split.items, negatives, seed);
  const SeenItems seen(split, split.held_out);
  split.negatives.clear();
  split.negatives.reserve(split.held_out.size() * static_cast<std::size_t>(negatives));
  together(ranks, [&] {
    std::vector<std::uint32_t> touched;
    for (const auto& [user, item] : split.held_out) {
      const auto of_user = seen.of(user);
      touched.assign(of_user.begin(), of_user.end());
      touched.push_back(item);
      sampler.draw(user, touched, split.negatives, split.user_names);
    }
  });
  split.negatives_per_query = negatives;
  split.negative_law = law;
}

std::string describe_negatives(int negatives, NegativeLaw law) {
  const std::string_view how = law == NegativeLaw::popularity ? "popularity-drawn" : to_word(negative_law_names, law);
  return fmt::format("{} {} unseen negatives", negatives, how);
}

}  // namespace frugal::data
