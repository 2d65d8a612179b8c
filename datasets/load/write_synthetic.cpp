#include "datasets/load/write_synthetic.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "datasets/formats/criteo.hpp"
#include "datasets/formats/ncf.hpp"
#include "datasets/formats/ratings.hpp"
#include "datasets/formats/signal_file.hpp"
#include "datasets/interactions/negatives.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/signal.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {
namespace {

constexpr std::int64_t first_time = 978'300'000;  // January 2001
constexpr int constant_rating = 5;                // implicit feedback: what happened, not how much it was liked

void write_movielens(InteractionsStream& stream, const std::filesystem::path& out, MovieLensForm form) {
  MovieLensWriter file(out, form);
  stream.for_each(0, stream.users(), [&](std::uint32_t user, std::span<const std::uint32_t> items) {
    std::int64_t time = first_time;
    for (const std::uint32_t item : items) file.add(user + 1, item + 1, constant_rating, time++);
  });
  file.finish();
}

void write_ncf(InteractionsStream& stream, const std::filesystem::path& out, const Json& dataset, std::uint64_t seed) {
  const int negatives = dataset.at("negatives");
  if (dataset.at("negative_sampling") != to_word(negative_law_names, NegativeLaw::uniform))
    throw UserError(
        "the candidates of a split are written while it streams, before the items' counts are known: leave "
        "negative_sampling at uniform");
  NcfWriter files(out);
  NegativeSampler sampler(stream.items(), negatives, seed);
  std::vector<std::uint32_t> drawn;
  stream.for_each(0, stream.users(), [&](std::uint32_t user, std::span<const std::uint32_t> items) {
    std::int64_t time = first_time;
    const std::size_t kept = items.size() < 2 ? items.size() : items.size() - 1;
    for (const std::uint32_t item : items.first(kept)) files.add_train({user, item}, constant_rating, time++);
    if (kept == items.size()) return;
    drawn.clear();
    sampler.draw(user, items, drawn);
    files.add_held_out({user, items.back()}, constant_rating, time, drawn);
  });
  files.finish();
}

void write_interactions(InteractionsStream& stream, const std::filesystem::path& out, const Json& dataset,
                        std::uint64_t seed) {
  const std::string ending = out.extension().string();
  if (ending == ".dat") return write_movielens(stream, out, MovieLensForm::colons);
  if (ending == ".csv") return write_movielens(stream, out, MovieLensForm::csv);
  if (ending == ".data" || ending == ".tsv") return write_movielens(stream, out, MovieLensForm::tab);
  if (ending == ".rating") return write_ncf(stream, out, dataset, seed);
  throw UserError({out.string()}, "unknown ending for interactions; known: .dat, .csv, .data, .tsv, .train.rating");
}

/// A count n is read back as log(1 + n), so a dense value x becomes round(e^(x + 2) - 1): in order of x, coarse. An id
/// is written so that a reader with `rows` rows a table gets the same ids.
void write_clicks(const ClicksStream& stream, const std::filesystem::path& out) {
  const ClicksStream::Shape shape = stream.shape();
  if (out.extension() != ".txt" && out.extension() != ".tsv") {
    throw UserError({out.string()}, "unknown ending for clicks; known: .txt, .tsv");
  }
  CriteoWriter file(out, shape.dense_features, static_cast<int>(shape.table_rows.size()));
  ClicksStream::Example example;
  std::vector<std::int64_t> counts;
  for (std::uint64_t n = 0; n < shape.examples + shape.test_examples; ++n) {
    stream.make(n, example);
    counts.clear();
    for (const float x : example.dense) {
      const double count = std::expm1(static_cast<double>(x) + 2);
      counts.push_back(std::lround(std::fmax(count, 0.0)));
    }
    file.add(example.clicked, counts, example.ids);
  }
  file.finish();
}

void write_signal_file(const Json& dataset, const std::filesystem::path& out, int size, std::uint64_t seed) {
  const Signal signal = load_signal(dataset, {.size = size, .colour = "own"}, {}, seed);
  const std::string_view ending = ending_for(signal);
  if (out.extension() != ending) {
    throw UserError({out.string()},
                    fmt::format("unknown ending for {}; known: {}", dataset.at("name").get<std::string>(), ending));
  }
  std::filesystem::path stem = out;
  write_signal(stem.replace_extension(), signal);
}

}  // namespace

void write_synthetic(const Json& dataset, const std::filesystem::path& out, int size, std::uint64_t seed) {
  const std::string name = dataset.at("name");
  const Generator* const generator = find_generator(name);
  if (!generator) throw UserError("'" + name + "' is a data set of files; only generators can be made");
  if (const auto* const make = std::get_if<InteractionsMaker>(&generator->make))
    return write_interactions(*(*make)(dataset, seed), out, dataset, seed);
  if (const auto* const make = std::get_if<ClicksMaker>(&generator->make))
    return write_clicks(*(*make)(dataset, seed), out);
  write_signal_file(dataset, out, generator->kind == Kind::image ? size : 0, seed);
}

int take_picture_size(Json& dataset) {
  constexpr int default_size = 512;
  constexpr int largest_size = 16384;
  const auto size = dataset.find("size");
  const Generator* const generator = find_generator(dataset.at("name").get<std::string>());
  if (size == dataset.end() || generator == nullptr || generator->kind != Kind::image) return default_size;
  if (!size->is_number_integer() || *size < 1 || *size > largest_size) {
    throw UserError(fmt::format("size must be an integer from 1 to {}", largest_size));
  }
  const int pixels = size->get<int>();
  dataset.erase(size);
  return pixels;
}

}  // namespace frugal::data
