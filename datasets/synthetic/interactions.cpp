#include "datasets/synthetic/interactions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "impl/base/error.hpp"
#include "impl/base/permutation.hpp"

namespace frugal::data {
namespace {

// Streams of Philox below each Purpose. Events of user u are stream u; these index users and items themselves,
// but for order_stream: the Fisher-Yates of a user's items.
enum UserStream : std::uint32_t { taste_stream = 0, degree_stream = 1 };
enum ItemStream : std::uint32_t { membership_stream = 0, order_stream = 1, popularity_stream = 2 };
constexpr double main_membership = 0.9;  // of an item in its main taste
constexpr double degree_sigma = 1.0;     // of the log-normal; MovieLens-1M has mean / median 1.7 (sigma 1.04)

}  // namespace

std::string why_invalid(const InteractionsSpec& spec, int negatives) {
  if (spec.users < 1 || spec.items < 2 || spec.rank < 1) return "a synthetic set needs users, items and tastes";
  if (static_cast<std::uint32_t>(spec.rank) > spec.items)
    return fmt::format("rank {} is above the number of items, {}", spec.rank, spec.items);
  const std::uint64_t most = std::uint64_t{spec.users} * (spec.items / 2);
  if (spec.interactions < spec.users || spec.interactions > most)
    return fmt::format(
        "{} interactions do not fit {} users and {} items: give between {} (one a user) and {} "
        "(half the items a user)",
        spec.interactions, spec.users, spec.items, spec.users, most);
  // Not all users can be below the mean; whoever has two items or more holds one out.
  const std::uint64_t seen = (spec.interactions + spec.users - 1) / spec.users;
  if (negatives > 0 && seen > 1 && seen + static_cast<std::uint64_t>(negatives) > spec.items)
    return fmt::format("{} negatives do not fit {} items, of which some user has seen {}: give at most {}", negatives,
                       spec.items, seen, spec.items - seen);
  return "";
}

InteractionsGenerator::InteractionsGenerator(const InteractionsSpec& spec, std::uint64_t seed)
    : spec_(spec), seed_(seed), stamps_(spec.items, 0) {
  if (const std::string why = why_invalid(spec); !why.empty()) throw UserError(why);
  plant_popularity();
  plant_groups();
  plant_degrees();
}

/// Zipf-Mandelbrot: the offset keeps the few most popular items from taking everything.
void InteractionsGenerator::plant_popularity() {
  const Permutation position(spec_.items, seed_, popularity_stream, Purpose::synthetic_item);
  const double offset = 1 + 0.01 * spec_.items;
  popularity_.resize(spec_.items);
  for (std::uint32_t i = 0; i < spec_.items; ++i) {
    popularity_[i] = std::pow(static_cast<double>(position(i)) + offset, -spec_.popularity);
  }
  const double sum = std::accumulate(popularity_.begin(), popularity_.end(), 0.0);
  for (double& q : popularity_) q /= sum;
  popular_ = AliasTable(popularity_);
}

void InteractionsGenerator::plant_groups() {
  groups_.resize(static_cast<std::size_t>(spec_.rank));
  std::vector<std::vector<double>> weights(groups_.size());
  const auto join = [&](std::uint32_t taste, std::uint32_t item, double weight) {
    groups_[taste].items.push_back(item);
    weights[taste].push_back(weight);
    groups_[taste].total += weight;
  };
  for (std::uint32_t i = 0; i < spec_.items; ++i) {
    const Tastes tastes = item_tastes(i);
    join(tastes.main, i, popularity_[i] * tastes.main_share);
    if (tastes.second != tastes.main) join(tastes.second, i, popularity_[i] * (1 - tastes.main_share));
  }
  for (std::size_t k = 0; k < groups_.size(); ++k) groups_[k].table = AliasTable(weights[k]);
}

/// Degrees d_u = clamp(c w_u, least, most) with log-normal w, c by bisection; the rounding goes to the first users with
/// room, so that the total is exact.
void InteractionsGenerator::plant_degrees() {
  const Philox random(seed_, Purpose::synthetic_user);
  const double mean = static_cast<double>(spec_.interactions) / spec_.users;
  const std::uint32_t most = spec_.items / 2;
  const auto least = static_cast<std::uint32_t>(std::clamp(mean / 2.5, 1.0, 20.0));
  std::vector<float> weight(spec_.users);
  for (std::uint32_t u = 0; u < spec_.users; ++u) {
    weight[u] = static_cast<float>(std::exp(degree_sigma * random.normal(u, degree_stream)));
  }
  const auto at_scale = [&](double scale, std::uint32_t u) {
    return static_cast<std::uint32_t>(
        std::clamp(scale * weight[u], static_cast<double>(least), static_cast<double>(most)));
  };
  double low = 0;
  double high = 1;
  const auto total = [&](double scale) {
    std::uint64_t sum = 0;
    for (std::uint32_t u = 0; u < spec_.users; ++u) sum += at_scale(scale, u);
    return sum;
  };
  while (total(high) < spec_.interactions && high < 1e12) high *= 2;
  for (int step = 0; step < 50; ++step) {
    const double middle = 0.5 * (low + high);
    (total(middle) <= spec_.interactions ? low : high) = middle;
  }
  degrees_.resize(spec_.users);
  for (std::uint32_t u = 0; u < spec_.users; ++u) degrees_[u] = at_scale(low, u);
  std::uint64_t left = spec_.interactions - total(low);
  while (left > 0) {
    for (std::uint32_t u = 0; u < spec_.users && left > 0; ++u) {
      if (degrees_[u] < most) {
        ++degrees_[u];
        --left;
      }
    }
  }
}

InteractionsGenerator::Tastes InteractionsGenerator::user_tastes(std::uint32_t user) const {
  const auto words = Philox(seed_, Purpose::synthetic_user).block(user, taste_stream);
  const auto tastes = static_cast<std::uint32_t>(spec_.rank);
  return {Philox::scale(words[0], tastes), Philox::scale(words[1], tastes),
          0.7 + 0.3 * double{Philox::to_unit(words[2])}};
}

/// The first `rank` items are spread over the tastes, so that none is empty.
InteractionsGenerator::Tastes InteractionsGenerator::item_tastes(std::uint32_t item) const {
  const auto words = Philox(seed_, Purpose::synthetic_item).block(item, membership_stream);
  const auto tastes = static_cast<std::uint32_t>(spec_.rank);
  return {item < tastes ? item : Philox::scale(words[0], tastes), Philox::scale(words[1], tastes), main_membership};
}

std::uint32_t InteractionsGenerator::draw_item(const Tastes& tastes, const std::array<std::uint32_t, 4>& words) const {
  const double toss = static_cast<double>(words[0]) * 0x1p-32;
  if (toss >= spec_.signal) return popular_.draw(words[1], words[2]);
  const Group& group = groups_[toss < spec_.signal * tastes.main_share ? tastes.main : tastes.second];
  return group.items[group.table.draw(words[1], words[2])];
}

void InteractionsGenerator::items_of(std::uint32_t user, std::vector<std::uint32_t>& items) {
  if (++stamp_ == 0) {  // wrapped around: old stamps could be mistaken for new ones
    std::fill(stamps_.begin(), stamps_.end(), 0);
    stamp_ = 1;
  }
  items.clear();
  const std::uint32_t degree = degrees_[user];
  const Tastes tastes = user_tastes(user);
  const Philox random(seed_, Purpose::synthetic_event);
  // Drawing again what came before is drawing without replacement. It slows down as a user exhausts the likely items.
  const std::uint64_t patience = 32 + 8 * std::uint64_t{degree};
  for (std::uint64_t attempt = 0; items.size() < degree && attempt < patience; ++attempt) {
    const std::uint32_t item = draw_item(tastes, random.block(attempt, user));
    if (stamps_[item] == stamp_) continue;
    stamps_[item] = stamp_;
    items.push_back(item);
  }
  if (items.size() < degree) draw_rest(user, stamp_, items);

  const Philox order(seed_, Purpose::synthetic_item);
  for (std::uint32_t k = degree; k > 1; --k) {
    // Counter (user, k) as one 64-bit index: a stream of its own for each user.
    const std::uint32_t other = Philox::scale(order.block((std::uint64_t{user} << 32) | k, order_stream)[0], k);
    std::swap(items[k - 1], items[other]);
  }
}

/// The same law for all remaining items at once: the m smallest of Exp(1) / P(i | u) are a draw without replacement
/// (Efraimidis & Spirakis 2006).
void InteractionsGenerator::draw_rest(std::uint32_t user, std::uint32_t stamp, std::vector<std::uint32_t>& items) {
  const Philox random(seed_, Purpose::synthetic_event);
  std::vector<std::pair<double, std::uint32_t>> keys;
  for (std::uint32_t i = 0; i < spec_.items; ++i) {
    if (stamps_[i] == stamp) continue;
    const double uniform = (static_cast<double>(random.block((std::uint64_t{1} << 40) + i, user)[0]) + 0.5) * 0x1p-32;
    // An item the user would never draw comes after all others.
    keys.emplace_back(-std::log(uniform) / std::max(probability(user, i), 1e-300), i);
  }
  const std::size_t missing = degrees_[user] - items.size();
  std::partial_sort(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(missing), keys.end());
  for (std::size_t k = 0; k < missing; ++k) items.push_back(keys[k].second);
}

void InteractionsGenerator::for_each(std::uint32_t first, std::uint32_t end, const Take& take) {
  std::vector<std::uint32_t> items;
  for (std::uint32_t user = first; user < end; ++user) {
    items_of(user, items);
    take(user, items);
  }
}

double InteractionsGenerator::probability(std::uint32_t user, std::uint32_t item) const {
  const Tastes likes = user_tastes(user);
  const Tastes belongs = item_tastes(item);
  const auto membership = [&](std::uint32_t taste) {
    return (belongs.main == taste ? belongs.main_share : 0) +
           (belongs.second == taste && belongs.second != belongs.main ? 1 - belongs.main_share : 0);
  };
  const auto of_taste = [&](std::uint32_t taste) { return membership(taste) / groups_[taste].total; };
  const double taste = likes.main_share * of_taste(likes.main) + (1 - likes.main_share) * of_taste(likes.second);
  return popularity_[item] * (1 - spec_.signal + spec_.signal * taste);
}

}  // namespace frugal::data
