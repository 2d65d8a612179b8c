// A workload whose best structure can be looked up: the quality of a made-up network by grid, depth and width, with an
// optimum inside the space. Costs follow from the parameters alone.
#pragma once
#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

class HillWorkload : public Workload {
 public:
  std::string name() const override { return "hill"; }
  std::string description() const override { return "a hill over three sizes, for tests of the search"; }
  std::string clock() const override { return "Inside: nothing."; }
  std::vector<DatasetChoice> datasets(const std::vector<std::filesystem::path>&) const override {
    return {{"toy", "fixed", {}}};
  }

  std::vector<ParamSpec> params() const override {
    using enum ParamSpec::Type;
    return {{.name = "grid", .type = integer, .default_value = 4, .help = "tiles a side", .min = 1, .max = 64},
            {.name = "depth", .type = integer, .default_value = 2, .help = "layers", .min = 0, .max = 8},
            {.name = "width", .type = integer, .default_value = 32, .help = "units", .min = 1, .max = 1024},
            {.name = "shape", .type = string, .default_value = "round", .help = "a word", .choices = {"round", "flat"}},
            {.name = "steps", .type = integer, .default_value = 512, .help = "of training", .min = 1},
            {.name = "noise", .type = real, .default_value = 0, .help = "of a seed, in dB", .min = 0, .max = 100},
            {.name = "fails_at", .type = integer, .default_value = 0, .help = "the width that fails", .min = 0},
            {.name = "seconds", .type = real, .default_value = 0, .help = "a cell takes", .min = 0, .max = 10}};
  }

  std::vector<MetricDescriptor> metrics() const override {
    using enum MetricDescriptor::Direction;
    return {{"quality", "dB", higher_is_better, "{:.2f}", "best at grid 8 * (64 / width), and better with depth"},
            {"smoothness", "dB", higher_is_better, "{:.2f}", "falls with the grid; not known before a run"},
            {"flops.train", "FLOP", informative, "{:.4g}", "of all steps"},
            {"parameters", "", informative, "{:.0f}", "of all tiles"}};
  }

  /// A grid must divide 64; cuda is not here.
  std::vector<Complaint> check(const Cell& cell, const std::vector<std::filesystem::path>&) const override {
    if (cell.backend == "cuda") return {{"backend", "cuda: no device on this machine", true}};
    const int grid = cell.own().at("grid").get<int>();
    if (64 % grid != 0) return {{"params.hill.grid", "a grid of " + std::to_string(grid) + " does not divide 64"}};
    return {};
  }

  std::vector<InputFile> inputs(const Cell&, const std::vector<std::filesystem::path>&) const override { return {}; }

  std::map<std::string, double> known_metrics(const Cell& cell) const override {
    const Json& own = cell.own();
    const double layer = (own.at("depth").get<double>() + 1) * std::pow(own.at("width").get<double>(), 2);
    return {{"flops.train", 1000 * layer * own.at("steps").get<double>()},
            {"parameters", layer * std::pow(own.at("grid").get<double>(), 2)}};
  }

  /// What run() records.
  static std::map<std::string, double> measured(const Cell& cell) {
    const Json& own = cell.own();
    const double grid = std::log2(own.at("grid").get<double>());
    const double depth = std::log2(own.at("depth").get<double>() + 1);
    const double width = std::log2(own.at("width").get<double>());
    const double trained = 1 - std::exp(-own.at("steps").get<double>() / 200);
    const double draw = std::sin(static_cast<double>(cell.seed) * 12.9898 + grid * 78.233 + width * 37.719);
    const double best_grid = 3 + (6 - width);
    std::map<std::string, double> metrics = HillWorkload().known_metrics(cell);
    metrics["quality"] = trained * (10 + 4 * width + 3 * depth - 1.5 * std::pow(grid - best_grid, 2)) +
                         own.at("noise").get<double>() * draw;
    metrics["smoothness"] = trained * (40 - 5 * grid);
    return metrics;
  }

  Outcome run(const Cell& cell, RunContext& context) const override {
    context.stage("train", [&] {
      const auto seconds = cell.own().at("seconds").get<double>();
      for (int i = 0; i < 100 && seconds > 0; ++i) {
        std::this_thread::sleep_for(std::chrono::duration<double>(seconds / 100));
        context.progress(i / 100.0);
      }
      if (cell.own().at("fails_at") == cell.own().at("width")) throw std::runtime_error("this width fails");
    });
    return {.implementation = "hill", .metrics = measured(cell)};
  }
};

}  // namespace frugal::harness
