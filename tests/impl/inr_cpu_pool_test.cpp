// How the cpu's ensemble deals its training to threads: every part once, in order, and enough of them for every thread.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <tuple>
#include <vector>

#include "impl/cpu/inr/pool.hpp"

namespace frugal::cpu {
namespace {

/// Of one part; a turn takes `chunk` a step.
struct PartTimes {
  double chunk;
  double block;
};

/// Runs a pool by threads that exist in thought only. Calls visit(task) when a task is taken; returns when the last
/// one ends.
template <class Visit>
double simulated(const InrPoolSizes& sizes, const PartTimes& times, const Visit& visit) {
  struct Running {
    double end;
    int thread;
    InrPool::Task task;
    bool operator<(const Running& other) const { return std::tie(end, thread) > std::tie(other.end, other.thread); }
  };
  InrPool pool(sizes);
  std::priority_queue<Running> running;
  std::set<int> idle;
  for (int thread = 0; thread < sizes.threads; ++thread) idle.insert(thread);
  double now = 0;
  while (true) {
    for (auto thread = idle.begin(); thread != idle.end();) {
      const auto task = pool.take(*thread);
      if (!task) {
        ++thread;
        continue;
      }
      visit(*task);
      const double time =
          task->kind == InrPool::Kind::block ? times.block : times.chunk * static_cast<double>(task->end - task->step);
      running.push({now + time, *thread, *task});
      thread = idle.erase(thread);
    }
    if (running.empty()) return now;
    const Running next = running.top();
    running.pop();
    now = next.end;
    if (pool.finish(next.task)) pool.release(next.task, false);
    idle.insert(next.thread);
  }
}

TEST(InrPool, DealsEveryPartOfEveryStepOnceAndStepsInOrder) {
  for (const int threads : {1, 2, 3, 8, 16, 64})
    for (const auto& [networks, chunks] : {std::pair{1, 16}, std::pair{4, 4}, std::pair{5, 1}, std::pair{200, 1}}) {
      const InrPoolSizes sizes{networks, chunks, 3, 11, threads};
      std::map<std::int64_t, std::vector<InrPool::Task>> of_network;
      simulated(sizes, {1, 0.1}, [&](const InrPool::Task& task) { of_network[task.network].push_back(task); });
      ASSERT_EQ(of_network.size(), static_cast<std::size_t>(networks));
      for (const auto& [network, tasks] : of_network) {
        std::vector<std::tuple<int, InrPool::Kind, int>> found, expected;
        for (const InrPool::Task& task : tasks)
          for (int step = task.step; step < task.end; ++step) found.emplace_back(step, task.kind, task.part);
        for (int step = 0; step < sizes.steps; ++step) {
          if (chunks == 1) expected.emplace_back(step, InrPool::Kind::turn, 0);
          for (int part = 0; chunks > 1 && part < chunks; ++part)
            expected.emplace_back(step, InrPool::Kind::chunk, part);
          for (int part = 0; chunks > 1 && part < sizes.blocks; ++part)
            expected.emplace_back(step, InrPool::Kind::block, part);
        }
        EXPECT_EQ(found, expected) << threads << " threads, network " << network;
      }
    }
}

TEST(InrPool, ANetworkThatStopsIsDealtNoMore) {
  const InrPoolSizes sizes{3, 2, 1, 9, 2};
  InrPool pool(sizes);
  int steps_of_first = 0, tasks = 0;
  while (const auto task = pool.take(0)) {
    ++tasks;
    if (!pool.finish(*task)) continue;
    if (task->network == 0) ++steps_of_first;
    pool.release(*task, task->network == 0 && task->step == 3);
  }
  EXPECT_EQ(steps_of_first, 4);
  EXPECT_EQ(tasks, (4 + 2 * 9) * 3);
  EXPECT_FALSE(pool.next(1).has_value()) << "nothing is left to wait for";
}

// S0 and SIREN of plans/paper_enrp.yaml from the times that their parts took on a Zen 4 core [ms], each charged with
// the transfer of what another core wrote. A step takes at least its work over the threads, and a chunk and a block.
TEST(InrPool, KeepsManyThreadsBusy) {
  struct Case {
    InrPoolSizes sizes;
    PartTimes times;
  };
  for (const Case& of :
       {Case{{4, 4, 6, 50, 0}, {1.283 + 0.0091, (0.0079 + 3 * 0.0091) / 6}}, Case{{1, 16, 49, 50, 0}, {11.6, 0.02}}})
    for (const int threads : {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64}) {
      InrPoolSizes sizes = of.sizes;
      sizes.threads = threads;
      const double of_network = sizes.chunks * of.times.chunk + sizes.blocks * of.times.block;
      const double work = static_cast<double>(sizes.networks) * of_network / threads;
      const double rounds =  // of one network alone; several fill each other's gaps
          (sizes.chunks + threads - 1) / threads * of.times.chunk +
          (sizes.blocks + threads - 1) / threads * of.times.block;
      const double least = std::max(work, sizes.networks == 1 ? rounds : of.times.chunk + of.times.block);
      const double step = simulated(sizes, of.times, [](const InrPool::Task&) {}) / sizes.steps;
      RecordProperty(std::to_string(sizes.networks) + "_networks_" + std::to_string(threads) + "_threads",
                     std::to_string(step) + " ms, at least " + std::to_string(least));
      EXPECT_LE(step, 1.02 * least) << sizes.networks << " networks, " << threads << " threads";
    }
}

}  // namespace
}  // namespace frugal::cpu
