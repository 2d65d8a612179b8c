// Ranking at the size of MovieLens-1M: all items with the seen ones masked, and 99 or 999 given candidates.
#include "impl/cpu/ranking/ranking.hpp"

#include <benchmark/benchmark.h>

#include <vector>

#include "impl/base/philox.hpp"

namespace {

using namespace frugal;

constexpr std::uint32_t users = 6040;
constexpr std::uint32_t items = 3706;
constexpr std::uint32_t stride_of_seen = 23;  ///< 161 seen items a user

struct RankingData {
  explicit RankingData(int factors, int per_query) : dim(factors) {
    const Philox random(1, Purpose::test);
    const auto fill = [&](std::vector<float>& values, std::size_t count, std::uint32_t stream) {
      values.resize(count * static_cast<std::size_t>(dim));
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = random.uniform(i, stream) - 0.5F;
    };
    fill(user_factors, users, 0);
    fill(item_factors, items, 1);
    seen_offsets.push_back(0);
    for (std::uint32_t user = 0; user < users; ++user) {
      held_out.push_back({user, random.below(items, user, 2)});
      for (std::uint32_t item = user % stride_of_seen; item < items; item += stride_of_seen) seen.push_back(item);
      seen_offsets.push_back(seen.size());
    }
    for (std::uint64_t c = 0; c < std::uint64_t{users} * static_cast<std::uint64_t>(per_query); ++c)
      candidates.push_back(random.below(items, c, 3));
    queries.held_out = held_out;
    queries.candidates = candidates;
    queries.per_query = per_query;
    queries.seen_offsets = seen_offsets;
    queries.seen_items = seen;
  }

  cpu::DotScorer scorer() const { return {user_factors.data(), item_factors.data(), nullptr, items, dim}; }

  int dim;
  std::vector<float> user_factors, item_factors;
  std::vector<Interaction> held_out;
  std::vector<std::uint32_t> candidates, seen;
  std::vector<std::uint64_t> seen_offsets;
  RankingQueries queries;
};

void measure(benchmark::State& state, int per_query, double scores) {
  const RankingData data(static_cast<int>(state.range(0)), per_query);
  for (auto _ : state) benchmark::DoNotOptimize(cpu::rank(data.scorer(), data.queries));
  state.counters["FLOP/s"] = benchmark::Counter(2.0 * data.dim * scores * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}

void among_all(benchmark::State& state) { measure(state, 0, double{users} * items); }
void among_99(benchmark::State& state) { measure(state, 99, 100.0 * users); }
void among_999(benchmark::State& state) { measure(state, 999, 1000.0 * users); }

BENCHMARK(among_all)->Arg(16)->Arg(64)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(among_99)->Arg(16)->Arg(64)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(among_999)->Arg(16)->Arg(64)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
