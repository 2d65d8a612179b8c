// Ratings as labelled examples for `dlrm`: would this user like this item?
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "datasets/attributes.hpp"
#include "datasets/clicks.hpp"
#include "impl/common/error.hpp"
#include "impl/common/philox.hpp"

namespace frugal::data {
namespace {

/// How often each user and each item has been rated, in the training examples only.
struct Activity {
  std::vector<std::uint32_t> users;
  std::vector<std::uint32_t> items;
};

/// Attributes with at most one category become a table each, whose last row is "none"; the others become 0/1 features.
bool is_table(const Attribute& attribute) {
  return std::ranges::all_of(attribute.of, [](const auto& categories) { return categories.size() <= 1; });
}

class ExampleMaker {
 public:
  ExampleMaker(const Ratings& ratings, const SideAttributes& side, Activity activity, double label_rating)
      : ratings_(ratings), side_(side), activity_(std::move(activity)), label_rating_(label_rating) {}

  Clicks empty() const {
    Clicks clicks;
    clicks.table_rows = {ratings_.users, ratings_.items};
    clicks.dense_features = 2;
    for (const auto* attributes : {&side_.users, &side_.items}) {
      for (const Attribute& attribute : *attributes) {
        const std::size_t categories = attribute.categories.size();
        if (is_table(attribute)) {
          clicks.table_rows.push_back(static_cast<std::uint32_t>(categories) + 1);
        } else {
          clicks.dense_features += static_cast<int>(categories);
        }
      }
    }
    return clicks;
  }

  void add(const Rating& rating, Clicks& clicks) const {
    clicks.ids.insert(clicks.ids.end(), {rating.user, rating.item});
    clicks.dense.push_back(static_cast<float>(std::log1p(activity_.users[rating.user])));
    clicks.dense.push_back(static_cast<float>(std::log1p(activity_.items[rating.item])));
    add_attributes(side_.users, rating.user, clicks);
    add_attributes(side_.items, rating.item, clicks);
    clicks.labels.push_back(rating.value >= label_rating_ ? 1.0F : 0.0F);
  }

 private:
  static void add_attributes(const std::vector<Attribute>& attributes, std::uint32_t entity, Clicks& clicks) {
    for (const Attribute& attribute : attributes) {
      const std::vector<std::uint32_t>& own = attribute.of[entity];
      const auto none = static_cast<std::uint32_t>(attribute.categories.size());
      if (is_table(attribute)) {
        clicks.ids.push_back(own.empty() ? none : own.front());
      } else {
        const std::size_t first = clicks.dense.size();
        clicks.dense.resize(first + none, 0.0F);
        for (const std::uint32_t category : own) clicks.dense[first + category] = 1;
      }
    }
  }

  const Ratings& ratings_;
  const SideAttributes& side_;
  Activity activity_;
  double label_rating_;
};

}  // namespace

ClickSplit clicks_from_ratings(const Ratings& ratings, const SideAttributes& side, double label_rating,
                               double test_fraction, std::uint64_t seed) {
  const Philox random(seed, Purpose::split);
  const auto is_test = [&](std::size_t row) { return double{random.uniform(row)} < test_fraction; };
  Activity activity{std::vector<std::uint32_t>(ratings.users), std::vector<std::uint32_t>(ratings.items)};
  for (std::size_t row = 0; row < ratings.rows.size(); ++row) {
    if (is_test(row)) continue;
    ++activity.users[ratings.rows[row].user];
    ++activity.items[ratings.rows[row].item];
  }
  const ExampleMaker maker(ratings, side, std::move(activity), label_rating);
  ClickSplit split{maker.empty(), maker.empty()};
  for (std::size_t row = 0; row < ratings.rows.size(); ++row)
    maker.add(ratings.rows[row], is_test(row) ? split.test : split.train);
  if (split.train.size() == 0 || split.test.size() == 0) throw UserError("too few ratings to hold some out");
  split.users = ratings.users;
  split.items = ratings.items;
  return split;
}

}  // namespace frugal::data
