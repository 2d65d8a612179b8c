// A workload that misbehaves on demand: what the runner must survive.
#pragma once
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "benchmarks/harness/workload.hpp"
#include "impl/base/error.hpp"

namespace frugal::harness {

class TroubleWorkload final : public Workload {
 public:
  std::string name() const override { return "trouble"; }
  std::string description() const override { return "does what `act` says, for tests of the runner"; }
  std::string clock() const override { return "inside: the act; outside: nothing"; }

  std::vector<ParamSpec> params() const override {
    using enum ParamSpec::Type;
    return {{.name = "act",
             .type = string,
             .default_value = "work",
             .help = "what to do",
             .choices = {"work", "sleep", "deaf", "crash", "exit", "killed", "allocate", "allocate_in_parallel",
                         "throw", "user_error", "unavailable", "nan", "different", "environment", "artifact", "at_exit",
                         "leave_child", "allocate_some"}},
            {.name = "n", .type = integer, .default_value = 1, .help = "a number; crash: the signal", .min = 0},
            {.name = "seconds", .type = real, .default_value = 0, .help = "how long to sleep", .min = 0, .max = 100},
            {.name = "gib", .type = real, .default_value = 0, .help = "allocate_some: so much", .min = 0, .max = 4},
            {.name = "broken_seed",
             .type = integer,
             .default_value = 0,
             .help = "the seed that acts; 0: all; the others work",
             .min = 0}};
  }

  std::vector<DatasetChoice> datasets(const std::vector<std::filesystem::path>&) const override {
    return {{"toy", "fixed", {}}};
  }

  std::vector<MetricDescriptor> metrics() const override {
    using enum MetricDescriptor::Direction;
    return {{.name = "score", .unit = "", .direction = higher_is_better, .format = "{:.3f}", .help = "n + seed / 1000"},
            {.name = "threads", .unit = "", .direction = informative, .format = "{:.0f}", .help = "OMP_NUM_THREADS"},
            {.name = "other", .unit = "", .direction = informative, .format = "{:.0f}", .help = "by act"}};
  }

  std::vector<Complaint> check(const Cell& cell, const std::vector<std::filesystem::path>&) const override {
    if (cell.backend == "cuda") return {{"backend", "cuda: no device on this machine", true}};
    return {};
  }

  std::vector<InputFile> inputs(const Cell&, const std::vector<std::filesystem::path>&) const override { return {}; }

  Outcome run(const Cell& cell, RunContext& context) const override {
    const Json& params = cell.own();
    Outcome outcome{.implementation = "trouble", .metrics = {}};
    outcome.metrics["score"] = params.at("n").get<double>() + static_cast<double>(cell.seed) / 1000;
    const auto broken_seed = params.at("broken_seed").get<std::uint64_t>();
    context.stage("train", [&] {
      if (broken_seed == 0 || broken_seed == cell.seed) act(params, outcome, context);
      return Work{.flops = 100, .bytes = 10};
    });
    return outcome;
  }

 private:
  static void sleep(double seconds, RunContext& context, bool listens) {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    for (double gone = 0; gone < seconds;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      gone = std::chrono::duration<double>(Clock::now() - start).count();
      if (listens) context.progress(gone / seconds);
    }
  }

  static void allocate() {
    std::vector<std::vector<char>> blocks;
    for (int i = 0; i < 64; ++i) blocks.emplace_back(std::size_t{64} << 20, 'x');
    throw std::logic_error("4 GiB were there, in spite of the limit");
  }

  static void act(const Json& params, Outcome& outcome, RunContext& context) {
    const std::string what = params.at("act").get<std::string>();
    const int n = params.at("n").get<int>();
    if (what == "sleep" || what == "deaf") sleep(params.at("seconds").get<double>(), context, what == "sleep");
    if (what == "crash") {
      for (int line = 1; line <= 30; ++line) std::fprintf(stderr, "last words, line %d\n", line);
      std::raise(n);
    }
    if (what == "exit") std::_Exit(n);
    if (what == "killed") std::raise(SIGKILL);
    if (what == "allocate") allocate();
    if (what == "allocate_some") {
      const std::vector<char> block(static_cast<std::size_t>(params.at("gib").get<double>() * 0x1p30), 'x');
      outcome.metrics["other"] = static_cast<double>(block.size());
    }
    if (what == "leave_child") {
      const pid_t child = ::fork();
      if (child == 0) ::sleep(100), std::_Exit(0);
      outcome.metrics["other"] = child;
    }
    if (what == "allocate_in_parallel") []() noexcept { allocate(); }();
    if (what == "throw") throw std::runtime_error("thrown on purpose");
    if (what == "user_error") throw UserError(Place{"ratings.dat", 7}, "broken on purpose");
    if (what == "unavailable") throw UnavailableError("gone on purpose");
    if (what == "nan") outcome.metrics["other"] = std::numeric_limits<double>::quiet_NaN();
    if (what == "different")
      outcome.metrics["other"] = static_cast<double>(std::chrono::steady_clock::now().time_since_epoch().count());
    if (what == "artifact") std::fclose(std::fopen((context.artifacts() / "picture.txt").c_str(), "w"));
    if (what == "at_exit") {
      static const std::string late = (context.artifacts() / "late.txt").string();
      std::atexit([] { std::fclose(std::fopen(late.c_str(), "w")); });
    }
    if (const char* threads = std::getenv("OMP_NUM_THREADS"); what == "environment" && threads != nullptr)
      outcome.metrics["threads"] = std::atof(threads);
    if (const char* isa = std::getenv("FRUGAL_ISA"); what == "environment")
      outcome.metrics["other"] = isa != nullptr && std::string_view(isa) == "avx2";
    if (what == "environment")
      for (const char* name : {"OMP_WAIT_POLICY", "OMP_PROC_BIND"})
        std::fprintf(stderr, "%s=%s\n", name, std::getenv(name) ? std::getenv(name) : "unset");
    if (what == "environment" && n == 9) std::raise(SIGABRT);  // so that the record has these words
  }
};

}  // namespace frugal::harness
