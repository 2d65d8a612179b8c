#include "datasets/interactions/interactions.hpp"

#include <algorithm>

namespace frugal::data {

SeenItems::SeenItems(const Split& split, std::span<const Interaction> queries) {
  std::vector<bool> asked(split.users, false);
  for (const Interaction& query : queries) asked[query.user] = true;
  fill(split, asked);
}

SeenItems::SeenItems(const Split& split) { fill(split, std::vector<bool>(split.users, true)); }

void SeenItems::fill(const Split& split, const std::vector<bool>& asked) {
  offsets.assign(std::size_t{split.users} + 1, 0);
  for (const Interaction& pair : split.train)
    if (asked[pair.user]) ++offsets[std::size_t{pair.user} + 1];
  for (std::size_t user = 0; user < split.users; ++user) offsets[user + 1] += offsets[user];
  members.resize(offsets.back());
  std::vector<std::uint64_t> next(offsets.begin(), offsets.end() - 1);
  for (const Interaction& pair : split.train)
    if (asked[pair.user]) members[next[pair.user]++] = pair.item;
  for (std::uint32_t user = 0; user < split.users; ++user) std::ranges::sort(of(user));
}

}  // namespace frugal::data
