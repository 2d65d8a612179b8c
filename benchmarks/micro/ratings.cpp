// A file of ratings, from its bytes in the page cache to interactions with dense ids in order of the pairs: the whole of
// read_ratings(), on one thread.
//
//   TMPDIR=/dev/shm micro_ratings [--benchmark_filter=REGEX]
//
// Case, order of the lines, rows. The file has some 145 ratings a user of 62,423 items, no pair twice. bytes_per_second is
// of processor time; peak is the memory a row at the highest, the result and all else together.
#include "datasets/formats/ratings.hpp"

#include <benchmark/benchmark.h>
#include <fmt/compile.h>
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "datasets/formats/text_writer.hpp"
#include "impl/base/files.hpp"

namespace {

using namespace frugal;

enum Shape { tabs, colons, commas, headed, texts, dates };
enum Order { by_user, by_pair, shuffled };
constexpr const char* shape_names[] = {"tabs", "colons", "commas", "header", "text_ids", "dates"};
constexpr const char* order_names[] = {"by_user", "by_pair", "shuffled"};
constexpr std::uint32_t items = 62'423;  // a prime: the items of a user are distinct

struct Pair {
  std::uint32_t user;
  std::uint32_t item;
};

std::vector<Pair> pairs_of(Order order, std::size_t rows) {
  std::mt19937_64 random(1);
  std::vector<Pair> pairs;
  for (std::uint32_t user = 1; pairs.size() < rows; ++user) {
    const auto first = static_cast<std::uint32_t>(random() % items);
    const std::size_t end = std::min(rows, pairs.size() + 20 + random() % 250);
    for (std::uint32_t k = 0; pairs.size() < end; ++k)
      pairs.push_back({user, 1 + static_cast<std::uint32_t>((first + std::uint64_t{k} * k % items * 104'729) % items)});
  }
  if (order == by_pair)
    std::ranges::sort(pairs, {}, [](const Pair& pair) { return std::uint64_t{pair.user} << 32 | pair.item; });
  if (order == shuffled) std::ranges::shuffle(pairs, random);
  return pairs;
}

void write_line(data::TextWriter& file, Shape shape, const Pair& pair, std::uint64_t word) {
  const std::uint64_t time = 1'000'000'000 + (word >> 8) % 500'000'000;
  const std::uint64_t stars = 1 + word % 5;
  switch (shape) {
    case tabs:
      return file.print(FMT_COMPILE("{}\t{}\t{}\t{}\n"), pair.user, pair.item, stars, time);
    case colons:
      return file.print(FMT_COMPILE("{}::{}::{}::{}\n"), pair.user, pair.item, stars, time);
    case commas:
    case headed:
      return file.print(FMT_COMPILE("{},{},{}.{},{}\n"), pair.user, pair.item, stars - 1, word % 2 == 0 ? 5 : 0, time);
    case texts:
      return file.print(FMT_COMPILE("A{:X}K,B{:09X},{}.0,{}\n"), (pair.user + 1) * 0x9e3779b97f, pair.item * 0x9e3779b9,
                        stars, time);
    case dates:
      return file.print(FMT_COMPILE("{},{},{},20{:02}-{:02}-{:02}\n"), pair.user, pair.item, stars, time % 24,
                        1 + time % 11, 1 + time % 28);
  }
}

/// A file that is gone when this is.
class RatingsFile {
 public:
  RatingsFile(Shape shape, Order order, std::size_t rows) {
    data::TextWriter file(path_);
    if (shape != tabs && shape != colons && shape != commas)
      file.print(FMT_COMPILE("userId,movieId,rating,timestamp\n"));
    std::mt19937_64 random(2);
    for (const Pair& pair : pairs_of(order, rows)) write_line(file, shape, pair, random());
    file.finish();
  }
  RatingsFile(const RatingsFile&) = delete;
  RatingsFile& operator=(const RatingsFile&) = delete;
  ~RatingsFile() { std::filesystem::remove(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_ = temporary_beside(std::filesystem::temp_directory_path() / "micro_ratings");
};

/// Bytes: the highest so far since reset_peak().
double peak_memory() {
  const std::string status = text_if_readable("/proc/self/status");
  const std::size_t at = status.find("VmHWM:");
  return at == std::string::npos ? 0 : 1024 * std::strtod(status.c_str() + at + 6, nullptr);
}
void reset_peak() { std::ofstream("/proc/self/clear_refs") << 5; }

void read(benchmark::State& state, Shape shape, Order order) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const RatingsFile file(shape, order, rows);
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(file.path()));
  ::malloc_trim(0);
  reset_peak();
  const double before = peak_memory();
  for ([[maybe_unused]] auto _ : state) {
    const data::Ratings ratings = data::read_ratings(file.path(), {});
    if (ratings.rows.size() != rows) state.SkipWithError("rows are missing");
  }
  state.SetBytesProcessed(state.iterations() * bytes);
  state.counters["peak B/row"] = (peak_memory() - before) / static_cast<double>(rows);
}

[[maybe_unused]] const bool registered = [] {
  for (const Shape shape : {tabs, colons, commas, headed, texts, dates})
    for (const Order order : {by_user, by_pair, shuffled})
      benchmark::RegisterBenchmark(fmt::format("{}/{}", shape_names[shape], order_names[order]).c_str(), read, shape,
                                   order)
          ->Arg(1'000'000)
          ->Arg(10'000'000)
          ->Unit(benchmark::kMillisecond);
  return true;
}();

}  // namespace
