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

/// Of each row: its positives times `each`, and `more`.
std::vector<std::uint32_t> examples_of(const std::vector<std::uint32_t>& positives, std::uint64_t each,
                                       std::uint64_t more) {
  std::vector<std::uint32_t> examples(positives.size());
  for (std::size_t row = 0; row < examples.size(); ++row) {
    const std::uint64_t sum = positives[row] * each + more;
    if (sum > 0xffffffffU)
      throw std::invalid_argument(
          fmt::format("logistic SGD takes less than 2^32 examples of one user or item, not {}", sum));
    examples[row] = static_cast<std::uint32_t>(sum);
  }
  return examples;
}

}  // namespace

MfSchedule::MfSchedule(const MfSpec& spec, const Counts& positives)
    : seed_(spec.seed), negatives_(static_cast<std::uint32_t>(spec.negatives)) {
  const std::uint64_t count = std::accumulate(positives.users.begin(), positives.users.end(), std::uint64_t{0});
  const std::uint64_t examples = count * (std::uint64_t{negatives_} + 1);
  if (count > 0xffffffffU)
    throw std::invalid_argument(fmt::format("logistic SGD takes less than 2^32 positives, not {}", count));
  groups_ = static_cast<std::uint32_t>(
      std::bit_floor(std::clamp(examples / examples_a_group, least_groups, std::uint64_t{most_groups})));

  const std::uint64_t drawn = spec.items > 0 ? count * negatives_ / spec.items : 0;
  deal(examples_of(positives.users, negatives_ + 1, 0), users_);
  deal(examples_of(positives.items, 1, drawn), items_);

  begins_.assign(parts(), 0);
  for (std::size_t id = 0; id < positives.users.size(); ++id) begins_[users_.part[id]] += positives.users[id];
  to_begins(begins_);
}

void MfSchedule::deal(std::span<const std::uint32_t> examples, Side& side) const {
  // In one word each: rows by falling work and then by id; parts by work so far and then by number.
  std::vector<std::uint64_t> rows(examples.size());
  for (std::size_t id = 0; id < rows.size(); ++id) rows[id] = std::uint64_t{~examples[id]} << 32 | id;
  std::ranges::sort(rows);
  constexpr int number_bits = 16;
  static_assert(most_groups * workers < 1U << number_bits);
  std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> loads;
  for (std::uint32_t n = 0; n < parts(); ++n) loads.push(n);
  side.part.resize(examples.size());
  side.begins.assign(parts(), 0);
  for (const std::uint64_t row : rows) {
    const auto id = static_cast<std::uint32_t>(row);
    const std::uint64_t load = loads.top();
    const std::uint32_t n = load & ((1U << number_bits) - 1);
    loads.pop();
    loads.push(load + ((std::uint64_t{examples[id]} + 1) << number_bits));  // rows without examples are spread too
    side.part[id] = n % groups_ * workers + n / groups_;  // the first parts, with the busiest rows, are of all groups
    ++side.begins[side.part[id]];
  }
  to_begins(side.begins);
  std::vector<std::uint32_t> next = side.begins;
  side.slot.resize(examples.size());
  for (std::size_t id = 0; id < examples.size(); ++id) side.slot[id] = next[side.part[id]]++;
}

std::vector<MfSchedule::Positive> MfSchedule::order(std::span<const Interaction> positives) const {
  std::vector<std::uint32_t> next(users_.slot.size());
  for (const Interaction& pair : positives) ++next[users_.slot[pair.user]];
  to_begins(next);
  std::vector<Positive> ordered(positives.size());
  for (std::size_t p = 0; p < positives.size(); ++p) {
    const std::uint32_t slot = users_.slot[positives[p].user];
    ordered[next[slot]++] = {slot, positives[p].item, static_cast<std::uint32_t>(p)};
  }
  return ordered;
}

MfSchedule::Stream MfSchedule::stream(std::span<const Positive> positives, std::uint32_t part,
                                      std::uint32_t epoch) const {
  const Philox random(seed_, Purpose::negatives);
  const auto item_count = static_cast<std::uint32_t>(items_.slot.size());
  Stream all;  // in the order drawn
  std::vector<std::uint32_t> turns_of;
  const auto add = [&](std::uint32_t user, std::uint32_t item, std::uint32_t label) {
    all.examples.push_back({user, items_.slot[item] | label});
    turns_of.push_back(turn(groups_, part, items_.part[item]));
  };
  for (std::uint32_t p = begins_[part]; p < begins_[part + 1]; ++p) {
    const auto& [user, item, number] = positives[p];
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
