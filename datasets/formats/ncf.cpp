#include "datasets/formats/ncf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "datasets/formats/lines.hpp"

namespace frugal::data {
namespace {

constexpr std::uint32_t largest_index = (1U << 31) - 1;
constexpr std::uint32_t no_line = 0xffffffff;

struct Triples {
  std::string file;
  std::vector<Interaction> rows;  ///< row r is line r + 1: every line is a row
  std::uint32_t users = 0;
  std::uint32_t items = 0;
};

Triples read_triples(const std::filesystem::path& path) {
  LineReader reader(path);
  Triples triples{.file = reader.file(), .rows = {}};
  for (std::string_view line; reader.next(line);) {
    Fields fields(reader, line, "USER<TAB>ITEM<TAB>RATING<TAB>TIME");
    Interaction row{};
    row.user = fields.take_id("a user index", 0, largest_index);
    fields.take("\t");
    row.item = fields.take_id("an item index", 0, largest_index);
    fields.take("\t");
    fields.take_real("a rating", 0, 5);
    fields.take("\t");
    fields.take_integer("a time in seconds since 1970", 0, 4'102'444'800);
    fields.take_end();
    triples.rows.push_back(row);
    triples.users = std::max(triples.users, row.user + 1);
    triples.items = std::max(triples.items, row.item + 1);
  }
  if (triples.rows.empty()) throw UserError({triples.file}, "this file holds no interactions");
  return triples;
}

/// The training rows of one user at a time, as a line number per item.
class TrainingLines {
 public:
  TrainingLines(const Triples& train, std::uint32_t users, std::uint32_t items)
      : train_(train), groups_(rows_by_user(train.rows, users)), line_(items, no_line) {}

  /// Looks at `user` from now on. Throws UserError when the user has an item twice.
  void select(std::uint32_t user) {
    for (const std::uint32_t item : touched_) line_[item] = no_line;
    touched_.clear();
    for (const std::uint32_t row : groups_.of(user)) {
      const std::uint32_t item = train_.rows[row].item;
      if (line_[item] != no_line) {
        throw UserError({train_.file, static_cast<int>(row) + 1},
                        fmt::format("user {} has item {} twice: here and in line {}", user, item, line_[item]));
      }
      line_[item] = row + 1;
      touched_.push_back(item);
    }
  }

  bool seen(std::uint32_t item) const { return line_[item] != no_line; }
  std::uint32_t line(std::uint32_t item) const { return line_[item]; }

 private:
  const Triples& train_;
  Groups<std::uint32_t> groups_;
  std::vector<std::uint32_t> line_;
  std::vector<std::uint32_t> touched_;
};

void check_held_out(const Triples& train, const Triples& held_out, std::uint32_t users, std::uint32_t items) {
  std::vector<std::uint32_t> row_of(users, no_line);
  for (std::uint32_t row = 0; row < held_out.rows.size(); ++row) {
    const auto [user, item] = held_out.rows[row];
    if (row_of[user] != no_line) {
      throw UserError({held_out.file, static_cast<int>(row) + 1},
                      fmt::format("user {} has two held-out items: here and in line {}", user, row_of[user] + 1));
    }
    row_of[user] = row;
  }
  TrainingLines seen(train, users, items);
  for (std::uint32_t user = 0; user < users; ++user) {
    seen.select(user);
    if (row_of[user] == no_line) continue;
    const std::uint32_t item = held_out.rows[row_of[user]].item;
    if (seen.seen(item)) {
      throw UserError({held_out.file, static_cast<int>(row_of[user]) + 1},
                      fmt::format("the held-out item {} of user {} is also in the training file, line {}", item, user,
                                  seen.line(item)));
    }
  }
}

struct Negatives {
  std::string file;
  std::vector<std::uint32_t> items;
  std::uint32_t per_query = 0;
  std::uint32_t item_count = 0;
};

Negatives read_negatives(const std::filesystem::path& path, const Triples& held_out) {
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

/// Returns how many lines name the held-out item among its own negatives: the published MovieLens-1M list does on 156
/// lines (it then ties with itself, which counts against it: impl/api/ranking.hpp).
std::uint32_t check_negatives(const Negatives& negatives, const Triples& train, const Triples& held_out,
                              std::uint32_t users, std::uint32_t items) {
  std::uint32_t own = 0;
  TrainingLines seen(train, users, items);
  std::vector<std::uint32_t> last_row(items, no_line);
  for (std::uint32_t row = 0; row < held_out.rows.size(); ++row) {
    const auto [user, positive] = held_out.rows[row];
    seen.select(user);
    const auto complain = [&, user = user](std::uint32_t item, const std::string& why) {
      throw UserError({negatives.file, static_cast<int>(row) + 1},
                      fmt::format("negative {} of user {} {}", item, user, why));
    };
    for (std::uint32_t k = 0; k < negatives.per_query; ++k) {
      const std::uint32_t item = negatives.items[std::size_t{row} * negatives.per_query + k];
      if (item == positive) ++own;
      if (last_row[item] == row) complain(item, "comes twice in this line");
      if (seen.seen(item)) complain(item, fmt::format("is in the training file, line {}", seen.line(item)));
      last_row[item] = row;
    }
  }
  return own;
}

/// By user, each with its candidates.
void sort_queries(Split& split) {
  const auto per_query = static_cast<std::size_t>(split.negatives_per_query);
  std::vector<std::uint32_t> order(split.held_out.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t query) { return split.held_out[query].user; });
  std::vector<Interaction> held_out;
  std::vector<std::uint32_t> negatives;
  held_out.reserve(split.held_out.size());
  negatives.reserve(split.negatives.size());
  for (const std::uint32_t query : order) {
    held_out.push_back(split.held_out[query]);
    const auto begin = split.negatives.begin() + static_cast<std::ptrdiff_t>(query * per_query);
    negatives.insert(negatives.end(), begin, begin + static_cast<std::ptrdiff_t>(per_query));
  }
  split.held_out = std::move(held_out);
  split.negatives = std::move(negatives);
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

Split read_ncf(const std::filesystem::path& train_path, const std::filesystem::path& held_out_path,
               const std::filesystem::path& negatives_path) {
  Triples train = read_triples(train_path);
  Triples held_out = read_triples(held_out_path);
  Negatives negatives = read_negatives(negatives_path, held_out);

  Split split;
  split.users = std::max(train.users, held_out.users);
  split.items = std::max({train.items, held_out.items, negatives.item_count});
  // Indices are dense by the format's promise; a stray huge one would silently cost a huge embedding table.
  const std::size_t values = train.rows.size() + held_out.rows.size() + negatives.items.size();
  if (split.users > values || split.items > values) {
    throw UserError({train.file}, fmt::format("{} users and {} items for {} interactions: these indices are not dense",
                                              split.users, split.items, train.rows.size() + held_out.rows.size()));
  }
  check_held_out(train, held_out, split.users, split.items);
  const std::uint32_t own = check_negatives(negatives, train, held_out, split.users, split.items);
  split.train = std::move(train.rows);
  split.held_out = std::move(held_out.rows);
  split.negatives = std::move(negatives.items);
  split.negatives_per_query = static_cast<int>(negatives.per_query);
  split.negative_law = NegativeLaw::given;
  std::ranges::sort(split.train, {}, [](const Interaction& pair) { return std::pair{pair.user, pair.item}; });
  sort_queries(split);
  split.protocol = fmt::format("given split and given negatives ({})", split.negatives_per_query);
  if (own > 0)
    split.protocol += fmt::format(", {} lists name the held-out item itself, a tie that counts against it", own);
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
