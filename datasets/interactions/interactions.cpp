#include "datasets/interactions/interactions.hpp"

#include <algorithm>
#include <utility>

namespace frugal::data {

void keep_queries(Split& split, std::span<const std::uint32_t> queries) {
  const auto per_query = static_cast<std::size_t>(split.negatives_per_query);
  std::vector<Interaction> held_out;
  std::vector<std::uint32_t> negatives;
  held_out.reserve(queries.size());
  negatives.reserve(queries.size() * per_query);
  for (const std::uint32_t query : queries) {
    held_out.push_back(split.held_out[query]);
    const auto own = std::span(split.negatives).subspan(query * per_query, per_query);
    negatives.insert(negatives.end(), own.begin(), own.end());
  }
  split.held_out = std::move(held_out);
  split.negatives = std::move(negatives);
}

SeenItems::SeenItems(const Split& split, std::span<const Interaction> queries, std::span<const Interaction> more) {
  std::vector<bool> asked(split.users, false);
  for (const Interaction& query : queries) asked[query.user] = true;
  fill(split, asked, more);
}

SeenItems::SeenItems(const Split& split) { fill(split, std::vector<bool>(split.users, true), {}); }

void SeenItems::fill(const Split& split, const std::vector<bool>& asked, std::span<const Interaction> more) {
  const auto for_each = [&](auto&& use) {
    for (const Interaction& pair : split.train)
      if (asked[pair.user]) use(pair);
    for (const Interaction& pair : more)
      if (asked[pair.user]) use(pair);
  };
  offsets.assign(std::size_t{split.users} + 1, 0);
  for_each([&](const Interaction& pair) { ++offsets[std::size_t{pair.user} + 1]; });
  for (std::size_t user = 0; user < split.users; ++user) offsets[user + 1] += offsets[user];
  members.resize(offsets.back());
  std::vector<std::uint64_t> next(offsets.begin(), offsets.end() - 1);
  for_each([&](const Interaction& pair) { members[next[pair.user]++] = pair.item; });
  for (std::uint32_t user = 0; user < split.users; ++user) std::ranges::sort(of(user));
}

SeenItems seen_before_test(const Split& split) { return {split, split.held_out, split.validation}; }

}  // namespace frugal::data
