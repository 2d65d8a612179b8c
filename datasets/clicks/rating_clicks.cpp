#include "datasets/clicks/rating_clicks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "impl/base/error.hpp"
#include "impl/base/philox.hpp"

namespace frugal::data {
namespace {

/// Attributes with at most one category become a table each, whose last row is "none"; the others become 0/1 features.
struct Column {
  explicit Column(const Attribute& of)
      : attribute(of),
        is_table(std::ranges::all_of(of.of, [](const auto& categories) { return categories.size() <= 1; })) {}
  const Attribute& attribute;
  bool is_table;
};

constexpr int activity_features = 2;  ///< the first ones: of the user, of the item

class ExampleMaker {
 public:
  ExampleMaker(const Ratings& ratings, const SideAttributes& side, double label_rating)
      : ratings_(ratings),
        of_users_(side.users.begin(), side.users.end()),
        of_items_(side.items.begin(), side.items.end()),
        label_rating_(static_cast<float>(label_rating)) {}

  Clicks empty() const {
    Clicks clicks;
    clicks.table_rows = {ratings_.users, ratings_.items};
    clicks.dense_features = activity_features;
    for (const auto* columns : {&of_users_, &of_items_}) {
      for (const Column& column : *columns) {
        const std::size_t categories = column.attribute.categories.size();
        if (column.is_table) {
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
    clicks.dense.resize(clicks.dense.size() + activity_features);  // count_activity()
    add_attributes(of_users_, rating.user, clicks);
    add_attributes(of_items_, rating.item, clicks);
    clicks.labels.push_back(rating.value >= label_rating_ ? 1.0F : 0.0F);
  }

 private:
  static void add_attributes(const std::vector<Column>& columns, std::uint32_t entity, Clicks& clicks) {
    for (const Column& column : columns) {
      const std::vector<std::uint32_t>& own = column.attribute.of[entity];
      const auto none = static_cast<std::uint32_t>(column.attribute.categories.size());
      if (column.is_table) {
        clicks.ids.push_back(own.empty() ? none : own.front());
      } else {
        const std::size_t first = clicks.dense.size();
        clicks.dense.resize(first + none, 0.0F);
        for (const std::uint32_t category : own) clicks.dense[first + category] = 1;
      }
    }
  }

  const Ratings& ratings_;
  std::vector<Column> of_users_;
  std::vector<Column> of_items_;
  float label_rating_;  // as ratings are held: 3.3 is not less than 3.3
};

}  // namespace

ClickSplit clicks_from_ratings(const Ratings& ratings, const SideAttributes& side, double label_rating,
                               double test_fraction, std::uint64_t seed) {
  const Philox random(seed, Purpose::split);
  const auto is_test = [&](std::size_t row) { return double{random.uniform(row)} < test_fraction; };
  const ExampleMaker maker(ratings, side, label_rating);
  ClickSplit split{maker.empty(), maker.empty()};
  for (std::size_t row = 0; row < ratings.rows.size(); ++row)
    maker.add(ratings.rows[row], is_test(row) ? split.test : split.train);
  if (split.train.size() == 0 || split.test.size() == 0) throw UserError("too few ratings to hold some out");
  split.users = ratings.users;
  split.items = ratings.items;
  count_activity(split);
  return split;
}

void count_activity(ClickSplit& split) {
  const std::size_t tables = split.train.table_rows.size();
  const auto dense = static_cast<std::size_t>(split.train.dense_features);
  for (const std::size_t of : {0, 1}) {  // the users', the items'
    std::vector<std::uint32_t> examples(split.train.table_rows[of]);
    for (std::size_t i = of; i < split.train.ids.size(); i += tables) ++examples[split.train.ids[i]];
    for (Clicks* const clicks : {&split.train, &split.test})
      for (std::size_t i = 0; i < clicks->size(); ++i)
        clicks->dense[i * dense + of] = static_cast<float>(std::log1p(examples[clicks->ids[i * tables + of]]));
  }
}

}  // namespace frugal::data
