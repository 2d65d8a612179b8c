// A workload without a model: every kind of parameter, two data sets, two metrics, and a result that can be computed
// by hand. Tests of the harness need nothing else.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

class FakeWorkload : public Workload {
 public:
  std::string name() const override { return "fake"; }
  std::string description() const override { return "counts, for tests of the harness"; }
  std::string clock() const override { return "inside: nothing; outside: everything"; }

  std::vector<ParamSpec> params() const override {
    using enum ParamSpec::Type;
    return {
        {.name = "n", .type = integer, .default_value = 3, .help = "a count", .min = 1, .max = 100},
        {.name = "rate", .type = real, .default_value = 0.5, .help = "a share", .min = 0, .max = 1},
        {.name = "mode", .type = string, .default_value = "a", .help = "a choice", .choices = {"a", "b"}},
        {.name = "layers", .type = integer_list, .default_value = Json::array({8}), .help = "widths", .min = 1},
        {.name = "flag", .type = boolean, .default_value = false, .help = "a switch"},
        {.name = "mf.dim", .type = integer, .default_value = 4, .help = "a nested count", .min = 1},
    };
  }

  std::vector<DatasetChoice> datasets(const std::vector<std::filesystem::path>&) const override {
    return {{"toy", "fixed", {}},
            {"gen",
             "generated",
             {{.name = "size", .type = ParamSpec::Type::integer, .default_value = 10, .help = "rows", .min = 1}}}};
  }

  std::vector<MetricDescriptor> metrics() const override {
    return {
        {.name = "score", .unit = "", .direction = MetricDescriptor::Direction::higher_is_better, .help = "score()"},
        {.name = "loss", .unit = "", .direction = MetricDescriptor::Direction::lower_is_better, .help = "1 - score"}};
  }

  /// Knows the back ends reference and cpu; cuda is not on this machine. flag needs an even n.
  std::vector<Complaint> check(const Cell& cell, const std::vector<std::filesystem::path>&) const override {
    std::vector<Complaint> complaints;
    if (cell.backend == "cuda") {
      complaints.push_back({"backend", "cuda: no device on this machine", true});
    } else if (cell.backend != "reference" && cell.backend != "cpu") {
      complaints.push_back({"backend", "unknown backend '" + cell.backend + "'"});
    }
    if (cell.own().at("flag").get<bool>() && cell.own().at("n").get<int>() % 2 != 0) {
      complaints.push_back({"params.fake.n", "flag needs an even n"});
    }
    return complaints;
  }

  std::vector<InputFile> inputs(const Cell&, const std::vector<std::filesystem::path>&) const override { return {}; }

  /// rate * n / 100 + (seed mod 10) / 1000
  static double score(const Cell& cell) {
    return cell.own().at("rate").get<double>() * cell.own().at("n").get<double>() / 100 +
           static_cast<double>(cell.seed % 10) / 1000;
  }

  Outcome run(const Cell& cell, RunContext& context) const override {
    const double value = score(cell);
    const double flops = 2 * cell.own().at("n").get<double>();
    context.stage("train", [&] {
      context.progress(0.5);
      return Work{.flops = flops, .bytes = 0};
    });
    context.progress(1);
    return {.implementation = "fake:" + cell.backend, .metrics = {{"score", value}, {"loss", 1 - value}}};
  }
};

}  // namespace frugal::harness
