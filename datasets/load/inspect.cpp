#include "datasets/load/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "datasets/formats/ratings.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/inspect_text.hpp"
#include "datasets/load/interactions.hpp"
#include "impl/base/error.hpp"
#include "impl/base/text.hpp"
#include "impl/common/groups.hpp"

namespace frugal::data {
namespace {

constexpr std::uint64_t plan_seeds = 3;  ///< of the plan to paste: 1, 2, 3

/// The median of counts, none of them 0.
std::uint32_t median(std::vector<std::uint32_t> counts) {
  const auto middle = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
  std::nth_element(counts.begin(), middle, counts.end());
  return *middle;
}

/// Takes a file of ratings apart into what a reader wants to know of it.
class Inspector {
 public:
  Inspector(const std::filesystem::path& path, const Json& given, const Json& complete)
      : path_(path),
        form_(ratings_form(complete)),
        given_(given),
        complete_(complete),
        layout_(ratings_layout(path, form_)),
        ratings_(read_ratings(path, form_)) {
    of_user_.assign(ratings_.users, 0);
    of_item_.assign(ratings_.items, 0);
    for (const Rating& row : ratings_.rows) {
      ++of_user_[row.user];
      ++of_item_[row.item];
    }
  }

  Inspection inspection() {
    result_.form = form_words(path_, layout_);
    describe_columns();
    show_rows();
    count();
    find_faults();
    write_plan();
    return std::move(result_);
  }

 private:
  std::string role_of(std::size_t column) const {
    if (column == layout_.user) return "user";
    if (column == layout_.item) return "item";
    if (column == layout_.rating) return "rating";
    return column == layout_.time ? "time" : "not used";
  }

  void describe_columns() {
    for (std::size_t column = 0; column < layout_.columns(); ++column)
      result_.columns.push_back(column_words(layout_, column, role_of(column)));
  }

  void show_rows() {
    result_.heads = {"line", "user", "item", "rating"};
    if (ratings_.timed) result_.heads.push_back("time");
    std::vector<Rating> first(std::min(shown_rows, ratings_.rows.size()));
    std::ranges::partial_sort_copy(ratings_.rows, first, {}, &Rating::line, &Rating::line);
    for (const Rating& row : first) {
      std::vector<std::string> fields{fmt::to_string(row.line), shown(ratings_.user_names[row.user]),
                                      shown(ratings_.item_names[row.item]), fmt::format("{:g}", row.value)};
      if (ratings_.timed)
        fields.push_back(time_text(row.time, holds_dates(layout_, *layout_.time), ratings_.fine_times));
      result_.rows.push_back(std::move(fields));
    }
  }

  void add(std::string name, std::string value) { result_.counts.emplace_back(std::move(name), std::move(value)); }

  void count() {
    add("users", fmt::format("{}; half of them have {} items or more", ratings_.users, median(of_user_)));
    add("users with one interaction",
        fmt::format("{} (nothing of them can be held out)", std::ranges::count(of_user_, 1U)));
    std::vector<std::uint32_t> popular = of_item_;
    std::ranges::sort(popular, std::greater());
    const std::size_t head = std::max<std::size_t>(1, popular.size() / 10);
    std::uint64_t in_head = 0;
    for (std::size_t k = 0; k < head; ++k) in_head += popular[k];
    const auto pairs = static_cast<double>(ratings_.rows.size());
    add("items", fmt::format("{}; the most popular tenth has {} of the interactions", ratings_.items,
                             percent(static_cast<double>(in_head) / pairs)));
    add("interactions", fmt::format("{} distinct pairs; {} of all possible", ratings_.rows.size(),
                                    percent(pairs / ratings_.users / ratings_.items)));
    add("repeated pairs", ratings_.duplicates == 0 ? "none"
                                                   : fmt::format("{}, merged by the rule '{}'", ratings_.duplicates,
                                                                 to_word(duplicates_names, form_.duplicates)));
    if (layout_.rating) {
      const auto [low, high] = std::ranges::minmax_element(ratings_.rows, {}, &Rating::value);
      double sum = 0;
      for (const Rating& row : ratings_.rows) sum += row.value;
      add("ratings", fmt::format("{:g} to {:g}, {:.3g} on average", low->value, high->value, sum / pairs));
    }
    if (ratings_.timed) {
      const auto [first, last] = std::ranges::minmax_element(ratings_.rows, {}, &Rating::time);
      const bool dates = holds_dates(layout_, *layout_.time);
      const auto text = [&](const Rating& row) { return time_text(row.time, dates, ratings_.fine_times); };
      add("times", fmt::format("{} to {}", text(*first), text(*last)));
      add("users with ties", fmt::format("{} whose latest time several of their items have (the seed draws which is "
                                         "held out)",
                                         tied_users()));
    }
  }

  std::size_t tied_users() const {
    std::vector<std::int64_t> latest(ratings_.users, std::numeric_limits<std::int64_t>::min());
    std::vector<std::uint32_t> holders(ratings_.users, 0);
    for (const Rating& row : ratings_.rows) {
      if (row.time > latest[row.user]) holders[row.user] = 0;
      latest[row.user] = std::max(latest[row.user], row.time);
      if (row.time == latest[row.user]) ++holders[row.user];
    }
    return static_cast<std::size_t>(std::ranges::count_if(holders, [](std::uint32_t n) { return n > 1; }));
  }

  void find_faults() {
    if (ratings_.duplicates > 0) {
      RatingsForm strict = form_;
      strict.duplicates = Duplicates::error;
      try {
        read_ratings(path_, strict);
      } catch (const UserError& first) {
        result_.findings.push_back(first.what());
      }
    }
    if (ratings_.timed &&
        std::ranges::all_of(ratings_.rows, [&](const Rating& row) { return row.time == ratings_.rows[0].time; }))
      result_.findings.push_back("all times are the same: nothing is later than anything else");
    if (layout_.time)
      if (std::string mixed = mixed_times_words(path_, form_, layout_, *layout_.time); !mixed.empty())
        result_.findings.push_back(std::move(mixed));
    if (!ratings_.timed)
      result_.findings.push_back("no column of times: the latest interaction cannot be held out (split: random can)" +
                                 unused_dates());
    find_negative_ratings();
    if (std::ranges::count(of_user_, 1U) * 2 > static_cast<std::ptrdiff_t>(ratings_.users))
      result_.findings.push_back(
          "more than half of the users have one interaction: are users and items in the right "
          "columns? core: 5 drops those with fewer than five");
    for (std::string& words : line_words(path_, form_, layout_)) result_.findings.push_back(std::move(words));
  }

  /// Where a column that is not used holds dates: how to use it.
  std::string unused_dates() const {
    for (std::size_t column = 0; column < layout_.columns(); ++column)
      if (role_of(column) == "not used" && holds_dates(layout_, column))
        return fmt::format("; {} holds dates: columns: {{time: {}}} takes them", shown(layout_.names[column]),
                           flow(layout_.key(column)));
    return "";
  }

  void find_negative_ratings() {
    const auto negative = [](const Rating& row) { return row.value < 0; };
    const auto count = std::ranges::count_if(ratings_.rows, negative);
    if (count == 0 || complete_.at("min_rating") != 0) return;
    const auto first = std::ranges::min_element(ratings_.rows, {}, [&](const Rating& row) {
      return std::pair{!negative(row), row.line};
    });
    result_.findings.push_back(
        fmt::format("{}:{}: a negative rating, {:g}, the first of {}: they count as interactions like all others, but "
                    "for those below min_rating",
                    path_.string(), first->line, first->value, count));
  }

  /// The split of the plan: the one that is given, else the first that all seeds of the plan can make. Empty, and why in
  /// result_.no_plan, where there is none.
  std::string choose_split() {
    std::vector<std::string> splits = {ratings_.timed ? "latest" : "random", "ratio"};
    if (given_.contains("split")) splits = {given_.at("split")};
    std::string reasons;
    for (const std::string& split : splits) {
      Json dataset = complete_;
      dataset["split"] = split;
      try {
        const std::uint64_t seeds = split == "ratio" ? plan_seeds : 1;  // another draw may leave a small test empty
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) split_by_rule(ratings_, dataset, seed);
        if (!reasons.empty()) result_.findings.push_back(fmt::format("{}; so the plan has split: {}", reasons, split));
        return split;
      } catch (const UserError& error) {
        reasons += fmt::format("{}split: {}: {}", reasons.empty() ? "" : "; ", split, error.what());
      }
    }
    result_.no_plan = reasons;
    return "";
  }

  void write_plan() {
    const std::string split = choose_split();
    if (split.empty()) return;
    const Json columns = settled_params(complete_, layout_).at("columns");
    std::string dataset = fmt::format("name: file, path: {}, columns: {{", Json(path_.string()).dump());
    for (const char* const role : {"user", "item", "rating", "time"})
      dataset += fmt::format("{}{}: {}", role[0] == 'u' ? "" : ", ", role, flow(columns.at(role)));
    dataset += "}";
    for (const auto& [key, value] : given_.items())
      if (key != "columns") dataset += fmt::format(", {}: {}", key, flow(value));
    if (split != "latest" && !given_.contains("split")) dataset += ", split: " + split;
    result_.plan = fmt::format(
        "schema: 1\nname: mine\nworkload: cadc\nbackend: cpu\ndataset: {{{}}}\n"
        "params: {{cadc: {{model: mf}}}}  # the factorisation alone; model: two_tower adds the recommender\n"
        "seeds: [1, 2, 3]\n",
        dataset);
  }

  const std::filesystem::path& path_;
  RatingsForm form_;
  const Json& given_;
  const Json& complete_;
  RatingsLayout layout_;
  Ratings ratings_;
  std::vector<std::uint32_t> of_user_, of_item_;
  Inspection result_;
};

}  // namespace

Inspection inspect_ratings(const std::filesystem::path& path, const Json& given) {
  Json dataset = given;
  dataset["name"] = own_file;
  dataset["path"] = path.string();
  return Inspector(path, given, complete_dataset(dataset, Kind::interactions)).inspection();
}

}  // namespace frugal::data
