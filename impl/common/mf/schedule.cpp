#include "impl/common/mf/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <queue>
#include <stdexcept>
#include <utility>

#include "impl/base/philox.hpp"

namespace frugal {
namespace {

/// Examples that are worth a group of their own.
constexpr std::uint64_t examples_a_group = std::uint64_t{1} << 17;
constexpr std::uint64_t least_groups = 8;

/// counts[b] becomes where b begins; one element more.
void to_begins(std::vector<std::uint32_t>& counts) {
  counts.push_back(0);
  std::exclusive_scan(counts.begin(), counts.end(), counts.begin(), std::uint32_t{0});
}

}  // namespace

MfSchedule::MfSchedule(const MfSpec& spec, std::span<const Interaction> positives)
    : seed_(spec.seed), negatives_(static_cast<std::uint32_t>(spec.negatives)) {
  const std::uint64_t examples = positives.size() * (std::uint64_t{negatives_} + 1);
  if (examples > 0xffffffffU)
    throw std::invalid_argument(
        fmt::format("logistic SGD takes less than 2^32 examples an epoch, not {} positives with {} negatives each",
                    positives.size(), negatives_));
  groups_ = static_cast<std::uint32_t>(
      std::bit_floor(std::clamp(examples / examples_a_group, least_groups, std::uint64_t{most_groups})));

  std::vector<std::uint32_t> of_users(spec.users), of_items(spec.items);
  for (const Interaction& pair : positives) {
    ++of_users[pair.user];
    ++of_items[pair.item];
  }
  const std::uint64_t drawn = spec.items > 0 ? positives.size() * std::uint64_t{negatives_} / spec.items : 0;
  for (std::uint32_t& count : of_users) count *= negatives_ + 1;
  for (std::uint32_t& count : of_items) count += static_cast<std::uint32_t>(drawn);
  deal(of_users, users_);
  deal(of_items, items_);
  order_positives(positives);
}

void MfSchedule::deal(std::span<const std::uint32_t> examples, Side& side) const {
  std::vector<std::uint32_t> order(examples.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater<>{}, [&](std::uint32_t id) { return examples[id]; });
  // Work so far and a number; the first ones, which get the busiest rows, are spread over the groups.
  using Load = std::pair<std::uint64_t, std::uint32_t>;
  std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
  for (std::uint32_t n = 0; n < parts(); ++n) loads.push({0, n});
  side.part.resize(examples.size());
  side.begins.assign(parts(), 0);
  for (const std::uint32_t id : order) {
    auto [load, n] = loads.top();
    loads.pop();
    side.part[id] = n % groups_ * workers + n / groups_;
    ++side.begins[side.part[id]];
    loads.push({load + examples[id] + 1, n});  // rows without examples are spread too
  }
  to_begins(side.begins);
  std::vector<std::uint32_t> next = side.begins;
  side.slot.resize(examples.size());
  for (std::size_t id = 0; id < examples.size(); ++id) side.slot[id] = next[side.part[id]]++;
}

void MfSchedule::order_positives(std::span<const Interaction> positives) {
  std::vector<std::uint32_t> next(users_.slot.size());
  for (const Interaction& pair : positives) ++next[users_.slot[pair.user]];
  to_begins(next);
  for (const std::uint32_t slot : users_.begins) begins_.push_back(next[slot]);
  positives_.resize(positives.size());
  for (std::size_t p = 0; p < positives.size(); ++p) {
    const std::uint32_t slot = users_.slot[positives[p].user];
    positives_[next[slot]++] = {slot, positives[p].item, static_cast<std::uint32_t>(p)};
  }
}

MfSchedule::Stream MfSchedule::stream(std::uint32_t part, std::uint32_t epoch) const {
  const Philox random(seed_, Purpose::negatives);
  const auto item_count = static_cast<std::uint32_t>(items_.slot.size());
  Stream all;  // in the order drawn
  std::vector<std::uint32_t> turns_of;
  const auto add = [&](std::uint32_t user, std::uint32_t item, std::uint32_t label) {
    all.examples.push_back({user, items_.slot[item] | label});
    turns_of.push_back(turn(groups_, part, items_.part[item]));
  };
  for (std::uint32_t p = begins_[part]; p < begins_[part + 1]; ++p) {
    const auto& [user, item, number] = positives_[p];
    add(user, item, MfExample::positive);
    for (std::uint32_t k = 0; k < negatives_; ++k)
      add(user, random.below(item_count, std::uint64_t{number} * negatives_ + k, epoch), 0);
  }
  Stream sorted{std::vector<MfExample>(all.examples.size()), std::vector<std::uint32_t>(turns())};
  for (const std::uint32_t t : turns_of) ++sorted.begins[t];
  to_begins(sorted.begins);
  std::vector<std::uint32_t> next = sorted.begins;
  for (std::size_t e = 0; e < all.examples.size(); ++e) sorted.examples[next[turns_of[e]]++] = all.examples[e];
  return sorted;
}

}  // namespace frugal
