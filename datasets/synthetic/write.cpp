#include "datasets/synthetic/write.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "datasets/catalog/catalog.hpp"
#include "datasets/interactions/negatives.hpp"
#include "datasets/signal/signal.hpp"
#include "datasets/synthetic/from_params.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal::data {
namespace {

constexpr std::int64_t first_time = 978'300'000;  // January 2001
constexpr int constant_rating = 5;                // implicit feedback: what happened, not how much it was liked

/// Formats into a buffer that is flushed every mebibyte; the file gets its name at finish().
class TextWriter {
 public:
  explicit TextWriter(const std::filesystem::path& path)
      : pending_(path), name_(path.string()), file_(std::fopen(pending_.path().c_str(), "wb"), &std::fclose) {
    if (!file_) fail();
  }

  template <class Format, class... Arguments>
  void print(const Format& format, const Arguments&... arguments) {
    fmt::format_to(std::back_inserter(buffer_), format, arguments...);
    if (buffer_.size() >= (std::size_t{1} << 20)) flush();
  }

  void finish() {
    flush();
    if (std::fclose(file_.release()) != 0) fail();
    pending_.publish();
  }

 private:
  void flush() {
    if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size()) fail();
    buffer_.clear();
  }
  [[noreturn]] void fail() const {
    throw UserError({name_}, fmt::format("cannot write this file: {}", std::strerror(errno)));
  }

  PendingFile pending_;
  std::string name_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  fmt::memory_buffer buffer_;
};

template <class Format>
void write_ratings(InteractionsGenerator& generator, const std::filesystem::path& out, std::string_view header,
                   const Format& line) {
  TextWriter file(out);
  file.print(FMT_COMPILE("{}"), header);
  generator.for_each([&](std::uint32_t user, std::span<const std::uint32_t> items) {
    std::int64_t time = first_time;
    for (const std::uint32_t item : items) file.print(line, user + 1, item + 1, constant_rating, time++);
  });
  file.finish();
}

void write_ncf(InteractionsGenerator& generator, const std::filesystem::path& out, int negatives, std::uint64_t seed) {
  constexpr std::string_view ending = ".train.rating";
  const std::string name = out.string();
  if (!name.ends_with(ending)) throw UserError({name}, "the name of a split must end in '.train.rating'");
  const std::string stem = name.substr(0, name.size() - ending.size());
  TextWriter train(out);
  TextWriter test(stem + ".test.rating");
  TextWriter candidates(stem + ".test.negative");
  NegativeSampler sampler(generator.spec().items, negatives, seed);
  std::vector<std::uint32_t> drawn;
  const auto triple = FMT_COMPILE("{}\t{}\t{}\t{}\n");
  generator.for_each([&](std::uint32_t user, std::span<const std::uint32_t> items) {
    std::int64_t time = first_time;
    const std::size_t kept = items.size() < 2 ? items.size() : items.size() - 1;
    for (const std::uint32_t item : items.first(kept)) train.print(triple, user, item, constant_rating, time++);
    if (kept == items.size()) return;
    test.print(triple, user, items.back(), constant_rating, time);
    drawn.clear();
    sampler.draw(user, items, drawn);
    candidates.print(FMT_COMPILE("({},{})"), user, items.back());
    for (const std::uint32_t item : drawn) candidates.print(FMT_COMPILE("\t{}"), item);
    candidates.print(FMT_COMPILE("\n"));
  });
  candidates.finish();
  test.finish();
  train.finish();
}

void write_interactions(const Params& params, const std::filesystem::path& out, std::uint64_t seed) {
  InteractionsGenerator generator(interactions_spec(params), seed);
  const std::string ending = out.extension().string();
  if (ending == ".dat") {
    write_ratings(generator, out, "", FMT_COMPILE("{}::{}::{}::{}\n"));
  } else if (ending == ".csv") {
    write_ratings(generator, out, "userId,movieId,rating,timestamp\n", FMT_COMPILE("{},{},{},{}\n"));
  } else if (ending == ".data" || ending == ".tsv") {
    write_ratings(generator, out, "", FMT_COMPILE("{}\t{}\t{}\t{}\n"));
  } else if (ending == ".rating") {
    write_ncf(generator, out, static_cast<int>(params.at("negatives")), seed);
  } else {
    throw UserError({out.string()}, "unknown ending for interactions; known: .dat, .csv, .data, .tsv, .train.rating");
  }
}

/// A count n is read back as log(1 + n), so a dense value x becomes round(e^(x + 2) - 1): in order of x, coarse. Id i
/// is the category i - 1, and id 0 the empty one, so that a reader with `rows` rows a table gets the same ids.
void write_clicks(const Params& params, const std::filesystem::path& out, std::uint64_t seed) {
  constexpr int dense_columns = 13;
  constexpr int table_columns = 26;
  const ClicksGenerator generator(clicks_spec(params), seed);
  const ClicksSpec& spec = generator.spec();
  if (out.extension() != ".txt" && out.extension() != ".tsv") {
    throw UserError({out.string()}, "unknown ending for clicks; known: .txt, .tsv");
  }
  if (spec.dense_features > dense_columns || spec.tables > table_columns) {
    throw UserError("this file format holds at most 13 dense features and 26 tables");
  }
  TextWriter file(out);
  ClicksGenerator::Example example;
  for (std::uint64_t n = 0; n < spec.examples + spec.test_examples; ++n) {
    generator.make(n, example);
    file.print(FMT_COMPILE("{}"), example.clicked ? 1 : 0);
    for (std::size_t d = 0; d < dense_columns; ++d) {
      file.print(FMT_COMPILE("\t"));
      if (d < example.dense.size()) {
        const double count = std::expm1(static_cast<double>(example.dense[d]) + 2);
        file.print(FMT_COMPILE("{}"), std::lround(std::fmax(count, 0.0)));
      }
    }
    for (std::size_t t = 0; t < table_columns; ++t) {
      file.print(FMT_COMPILE("\t"));
      if (t < example.ids.size() && example.ids[t] > 0) file.print(FMT_COMPILE("{:08x}"), example.ids[t] - 1);
    }
    file.print(FMT_COMPILE("\n"));
  }
  file.finish();
}

void write_signal_file(const Json& dataset, const std::filesystem::path& out, int size, std::uint64_t seed) {
  const Signal signal = load_signal(dataset, {.size = size, .colour = "own"}, {}, seed);
  const std::size_t dimensions = signal.shape.size();
  const char* const ending = dimensions == 1 ? ".wav" : dimensions == 2 ? ".png" : ".npy";
  if (out.extension() != ending) {
    throw UserError({out.string()},
                    fmt::format("unknown ending for {}; known: {}", dataset.at("name").get<std::string>(), ending));
  }
  std::filesystem::path stem = out;
  write_signal(stem.replace_extension(), signal);
}

}  // namespace

void write_synthetic(const Json& dataset, const std::filesystem::path& out, int size, std::uint64_t seed) {
  const auto name = dataset.at("name").get<std::string>();
  const Params params = resolve_params(dataset);
  const std::string kind = generator_kind(name);
  if (kind.empty()) throw UserError("'" + name + "' is a data set of files; only generators can be made");
  if (kind == "interactions") return write_interactions(params, out, seed);
  if (kind == "clicks") return write_clicks(params, out, seed);
  write_signal_file(dataset, out, kind == "image" ? size : 0, seed);
}

int take_picture_size(Json& dataset) {
  constexpr int default_size = 512;
  constexpr int largest_size = 16384;
  const auto size = dataset.find("size");
  if (size == dataset.end() || generator_kind(dataset.at("name").get<std::string>()) != "image") return default_size;
  if (!size->is_number_integer() || *size < 1 || *size > largest_size) {
    throw UserError(fmt::format("size must be an integer from 1 to {}", largest_size));
  }
  const int pixels = size->get<int>();
  dataset.erase(size);
  return pixels;
}

}  // namespace frugal::data
