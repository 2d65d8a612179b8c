#include "datasets/formats/ncf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "datasets/formats/lines.hpp"

namespace frugal::data {
namespace {

constexpr std::uint32_t largest_index = (1U << 31) - 1;
constexpr std::uint32_t no_line = 0xffffffff;

struct Pairs {
  std::string file;
  std::vector<Interaction> rows;  ///< row r is line r + 1: every line is a row
  std::uint32_t users = 0;
  std::uint32_t items = 0;
};

/// The first two columns; what follows is not read, so not judged: published files have ratings, counts and times of
/// all kinds there, or nothing.
Pairs read_pairs(const std::filesystem::path& path) {
  LineReader reader(path);
  Pairs pairs{.file = reader.file(), .rows = {}};
  for (std::string_view line; reader.next(line);) {
    Fields fields(reader, line, "USER<TAB>ITEM, and anything after another tab");
    Interaction row{};
    row.user = fields.take_id("a user index", 0, largest_index);
    fields.take_blanks();
    row.item = fields.take_id("an item index", 0, largest_index);
    if (!fields.at_end()) fields.take_blanks();
    fields.take(fields.rest());
    fields.take_end();
    pairs.rows.push_back(row);
    pairs.users = std::max(pairs.users, row.user + 1);
    pairs.items = std::max(pairs.items, row.item + 1);
  }
  if (pairs.rows.empty()) throw UserError({pairs.file}, "this file holds no interactions");
  return pairs;
}

void require_one_a_user(const Pairs& held_out, std::uint32_t users) {
  std::vector<std::uint32_t> row_of(users, no_line);
  for (std::uint32_t row = 0; row < held_out.rows.size(); ++row) {
    const std::uint32_t user = held_out.rows[row].user;
    if (row_of[user] != no_line) {
      throw UserError({held_out.file, static_cast<int>(row) + 1},
                      fmt::format("user {} has two held-out items: here and in line {}", user, row_of[user] + 1));
    }
    row_of[user] = row;
  }
}

struct Negatives {
  std::string file;
  std::vector<std::uint32_t> items;
  std::uint32_t per_query = 0;
  std::uint32_t item_count = 0;
};

Negatives read_negatives(const std::filesystem::path& path, const Pairs& held_out) {
  LineReader reader(path);
  Negatives negatives{.file = reader.file(), .items = {}};
  for (std::string_view line; reader.next(line);) {
    const auto row = static_cast<std::size_t>(reader.line_number()) - 1;
    Fields fields(reader, line, "(USER,ITEM)<TAB>NEGATIVE<TAB>NEGATIVE<TAB>...");
    if (row == held_out.rows.size()) {
      fields.reject(fmt::format("more lines than held-out items: {} has {}", held_out.file, held_out.rows.size()));
    }
    fields.take("(");
    const std::uint32_t user = fields.take_id("a user index", 0, largest_index);
    fields.take(",");
    const std::uint32_t item = fields.take_id("an item index", 0, largest_index);
    fields.take(")");
    if (Interaction{user, item} != held_out.rows[row]) {
      fields.reject(fmt::format("({},{}) does not match the held-out pair ({},{}) of the same line of {}", user, item,
                                held_out.rows[row].user, held_out.rows[row].item, held_out.file));
    }
    const std::size_t begin = negatives.items.size();
    while (!fields.at_end()) {
      fields.take("\t");
      negatives.items.push_back(fields.take_id("an item index", 0, largest_index));
      negatives.item_count = std::max(negatives.item_count, negatives.items.back() + 1);
    }
    fields.take_end();
    const auto count = static_cast<std::uint32_t>(negatives.items.size() - begin);
    if (row == 0) negatives.per_query = count;
    if (count != negatives.per_query || count == 0) {
      fields.reject(row == 0 ? std::string("no negatives in this line")
                             : fmt::format("{} negatives, but line 1 has {}", count, negatives.per_query));
    }
  }
  const std::size_t lines = negatives.per_query == 0 ? 0 : negatives.items.size() / negatives.per_query;
  if (lines < held_out.rows.size()) {
    throw UserError({negatives.file},
                    fmt::format("{} lines, but {} has {} held-out items", lines, held_out.file, held_out.rows.size()));
  }
  return negatives;
}

std::string note(std::size_t count, const char* what, const char* done) {
  return count > 0 ? fmt::format(", {} {}{}", count, what, done) : "";
}

/// What published files hold beside what their format promises.
struct Oddities {
  std::size_t own = 0;       ///< lists that name the held-out item itself
  std::size_t repeated = 0;  ///< negatives that come again in their list
  std::size_t trained = 0;   ///< negatives that the user has in training
  std::size_t leaked = 0;    ///< held-out pairs that are in training too
  std::size_t absent = 0;    ///< held-out users without training
  std::size_t merged = 0;    ///< training pairs that come again
  std::size_t unused = 0;    ///< items below the largest index that neither training nor the held-out pairs have

  std::string of_lists(NcfLists lists) const {
    return note(own, "lists name the held-out item itself", " (not counted)") +
           note(repeated, "negatives come twice in their list", " (counted once)") +
           note(trained, "negatives are of the user's training",
                lists == NcfLists::cleaned ? " (left out)" : " (kept)");
  }

  std::string of_pairs(NcfLists lists) const {
    const bool cleaned = lists == NcfLists::cleaned;
    return note(leaked, "held-out pairs are in the training file too", cleaned ? " (no longer)" : " (kept)") +
           note(absent, "held-out users have no training", cleaned ? " (left out)" : " (kept)") +
           note(merged, "training pairs come again", " (counted once)") +
           note(unused, "item indices are in no pair", "");
  }
};

/// Removes repeated training pairs; sorts by user, then item.
void merge_repeated(std::vector<Interaction>& train, Oddities& odd) {
  std::ranges::sort(train, {}, [](const Interaction& pair) { return std::pair{pair.user, pair.item}; });
  const auto again = std::unique(train.begin(), train.end());
  odd.merged = static_cast<std::size_t>(train.end() - again);
  train.erase(again, train.end());
}

bool has(const std::vector<Interaction>& sorted, const Interaction& pair) {
  return std::ranges::binary_search(sorted, std::pair{pair.user, pair.item}, {}, [](const Interaction& one) {
    return std::pair{one.user, one.item};
  });
}

/// Looks at every list, and makes a place that is not to count an empty one: the held-out item itself (Split).
void settle_lists(Split& split, const std::vector<Interaction>& train, NcfLists lists, Oddities& odd) {
  const bool cleaned = lists == NcfLists::cleaned;
  const auto per_query = static_cast<std::size_t>(split.negatives_per_query);
  std::vector<std::size_t> last_query(split.items, split.held_out.size());
  for (std::size_t query = 0; query < split.held_out.size(); ++query) {
    const auto [user, positive] = split.held_out[query];
    bool names_itself = false;
    for (std::size_t k = 0; k < per_query; ++k) {
      std::uint32_t& item = split.negatives[query * per_query + k];
      if (item == positive) {
        names_itself = true;
      } else if (last_query[item] == query) {
        ++odd.repeated;
        item = positive;
      } else {
        last_query[item] = query;
        if (!has(train, {user, item})) continue;
        ++odd.trained;
        if (cleaned) item = positive;
      }
    }
    odd.own += names_itself;
  }
}

/// Counts held-out pairs that are in training, and held-out users without any; cleaned: removes both.
void settle_held_out(Split& split, std::vector<Interaction>& train, NcfLists lists, Oddities& odd) {
  std::vector<Interaction> leaked;
  for (const Interaction& pair : split.held_out)
    if (has(train, pair)) leaked.push_back(pair);
  odd.leaked = leaked.size();
  const bool cleaned = lists == NcfLists::cleaned;
  if (cleaned) std::erase_if(train, [&](const Interaction& pair) { return has(leaked, pair); });
  std::vector<bool> trained(split.users, false);
  for (const Interaction& pair : train) trained[pair.user] = true;
  std::vector<std::uint32_t> kept;
  for (std::uint32_t query = 0; query < split.held_out.size(); ++query)
    if (trained[split.held_out[query].user])
      kept.push_back(query);
    else
      ++odd.absent;
  if (!cleaned) return;
  keep_queries(split, kept);
  if (split.held_out.empty()) throw UserError("no held-out user has training interactions");
}

std::size_t unused_items(const Split& split, const std::vector<Interaction>& train) {
  std::vector<bool> used(split.items, false);
  for (const auto* const pairs : {&train, &split.held_out})
    for (const Interaction& pair : *pairs) used[pair.item] = true;
  return static_cast<std::size_t>(std::ranges::count(used, false));
}

/// By user, each with its candidates.
void sort_queries(Split& split) {
  std::vector<std::uint32_t> order(split.held_out.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t query) { return split.held_out[query].user; });
  keep_queries(split, order);
}

std::string stem_of_split(const std::filesystem::path& train) {
  constexpr std::string_view ending = ".train.rating";
  const std::string name = train.string();
  if (!name.ends_with(ending)) throw UserError({name}, "the name of a split must end in '.train.rating'");
  return name.substr(0, name.size() - ending.size());
}

void print_triple(TextWriter& file, const Interaction& pair, int rating, std::int64_t time) {
  file.print(FMT_COMPILE("{}\t{}\t{}\t{}\n"), pair.user, pair.item, rating, time);
}

}  // namespace

NcfSplit read_ncf(const std::filesystem::path& train_path, const std::filesystem::path& held_out_path,
                  const std::filesystem::path& negatives_path, NcfLists lists) {
  Pairs train = read_pairs(train_path);
  Pairs held_out = read_pairs(held_out_path);
  Negatives negatives = read_negatives(negatives_path, held_out);

  NcfSplit split;
  split.users = std::max(train.users, held_out.users);
  split.items = std::max({train.items, held_out.items, negatives.item_count});
  // Indices are dense by the format's promise; a stray huge one would silently cost a huge embedding table.
  const std::size_t values = train.rows.size() + held_out.rows.size() + negatives.items.size();
  if (split.users > values || split.items > values) {
    throw UserError({train.file}, fmt::format("{} users and {} items for {} interactions: these indices are not dense",
                                              split.users, split.items, train.rows.size() + held_out.rows.size()));
  }
  require_one_a_user(held_out, split.users);
  split.held_out = std::move(held_out.rows);
  split.negatives = std::move(negatives.items);
  split.negatives_per_query = static_cast<int>(negatives.per_query);
  split.negative_law = NegativeLaw::given;
  sort_queries(split);
  Oddities odd;
  merge_repeated(train.rows, odd);
  odd.unused = unused_items(split, train.rows);
  settle_lists(split, train.rows, lists, odd);
  settle_held_out(split, train.rows, lists, odd);
  split.train = train.rows;
  split.odd_pairs = odd.of_pairs(lists);
  split.protocol = fmt::format("given split and given negatives ({}){}{}", split.negatives_per_query,
                               odd.of_lists(lists), split.odd_pairs);
  return split;
}

NcfWriter::NcfWriter(const std::filesystem::path& train) : NcfWriter(stem_of_split(train)) {}

NcfWriter::NcfWriter(const std::string& stem)
    : train_(stem + ".train.rating"), held_out_(stem + ".test.rating"), negatives_(stem + ".test.negative") {}

void NcfWriter::add_train(const Interaction& pair, int rating, std::int64_t time) {
  print_triple(train_, pair, rating, time);
}

void NcfWriter::add_held_out(const Interaction& pair, int rating, std::int64_t time,
                             std::span<const std::uint32_t> negatives) {
  print_triple(held_out_, pair, rating, time);
  negatives_.print(FMT_COMPILE("({},{})"), pair.user, pair.item);
  for (const std::uint32_t item : negatives) negatives_.print(FMT_COMPILE("\t{}"), item);
  negatives_.print(FMT_COMPILE("\n"));
}

void NcfWriter::finish() {
  negatives_.finish();
  held_out_.finish();
  train_.finish();
}

}  // namespace frugal::data
