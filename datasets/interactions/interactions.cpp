#include "datasets/interactions/interactions.hpp"

#include <algorithm>

namespace frugal::data {

SeenItems::SeenItems(const Split& split)
    : Groups(grouped(
          split.train, split.users, [](const Interaction& pair) { return pair.user; },
          [](const Interaction& pair, std::uint32_t) { return pair.item; })) {
  for (std::uint32_t user = 0; user < split.users; ++user) std::ranges::sort(of(user));
}

}  // namespace frugal::data
