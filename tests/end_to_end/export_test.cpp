// What `export: true` leaves is what other tools can read, and says what the record says.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::filesystem::path sources = FRUGAL_SOURCE_DIR;

class Export : public ProgramTest {
 protected:
  static constexpr const char* cadc = R"(schema: 1
name: exported
workload: cadc
backend: cpu
dataset: {name: synthetic-interactions, users: 200, items: 400, interactions: 6000}
params: {cadc: {mf: {dim: 8, epochs: 3}, tower: {layers: [8], epochs: 1}}}
matrix: {params.cadc.model: [mf, two_tower, popularity]}
)";

  Said python(const std::vector<std::string>& args, const std::filesystem::path& folder) const {
    std::vector<std::string> all = {"python3"};
    all.insert(all.end(), args.begin(), args.end());
    return Program("/usr/bin/env", all, folder).wait();
  }
  std::filesystem::path folder_of(const nlohmann::json& record) const {
    return folder_ / "run/artifacts" / record.at("id").get<std::string>() / "export";
  }
  /// As a program of its own reads it.
  nlohmann::json loaded(const nlohmann::json& record) const {
    const Said said =
        python({(sources / "tests/end_to_end/check_export.py").string(), folder_of(record).string()}, folder_);
    EXPECT_EQ(said.code, 0) << said.err;
    return nlohmann::json::parse(said.out);
  }
};

TEST_F(Export, RankingsGiveTheMetricsOfTheRecord) {
  write("plan.yaml", std::string(cadc) + "export: true\n");
  const Said said = frugal({"run", "plan.yaml", "--out", "run"});
  ASSERT_EQ(said.code, 0) << said.err;
  for (const nlohmann::json& record : records("run/cells.jsonl")) {
    SCOPED_TRACE(record.at("params").at("cadc").at("model"));
    const nlohmann::json found = loaded(record);
    for (const char* protocol : {"neg=99", "full"})
      for (const std::string metric : {"hr@10", "ndcg@10"})
        EXPECT_THAT(found.at("runs").at(protocol).at(metric).get<double>(),
                    DoubleNear(record.at("metrics").at(metric + "[" + protocol + "]"), 1e-12));
    for (const char* metric :
         {"hr@10[neg=99]", "ndcg@10[neg=99]", "mrr[neg=99]", "hr@10[full]", "ndcg@10[full]", "mrr[full]"})
      EXPECT_THAT(found.at("users").at(metric).get<double>(), DoubleNear(record.at("metrics").at(metric), 1e-12));
    EXPECT_EQ(found.at("ids").at("user_ids").size(), 200u);
    EXPECT_EQ(found.at("ids").at("item_ids").size(), 400u);
    const bool has_model = record.at("params").at("cadc").at("model") != "popularity";
    EXPECT_EQ(found.at("safetensors").contains("weights"), has_model);
    if (!has_model) continue;
    EXPECT_THAT(found.at("npy").at("user_embedding").at("shape"), ElementsAre(200, 8));
    EXPECT_THAT(found.at("npy").at("item_embedding").at("shape"), ElementsAre(400, 8));
    for (const auto& [name, shape] : found.at("safetensors").at("weights").items())
      EXPECT_EQ(name.find("adam"), std::string::npos) << name;
  }
}

/// The figures after each word of examples/compare_users.py.
std::map<std::string, double> said_figures(const std::string& text) {
  std::map<std::string, double> figures;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    const std::size_t end = line.find("  ", begin);
    if (begin == 2 && end != std::string::npos) figures[line.substr(begin, end - begin)] = std::stod(line.substr(end));
  }
  return figures;
}

TEST_F(Export, TwoModelsAreComparedUserByUser) {
  write("plan.yaml", std::string(cadc) + "export: true\n");
  ASSERT_EQ(frugal({"run", "plan.yaml", "--out", "run"}).code, 0);
  std::map<std::string, nlohmann::json> by_model;
  for (const nlohmann::json& record : records("run/cells.jsonl"))
    by_model[record.at("params").at("cadc").at("model")] = record;
  const nlohmann::json& a = by_model.at("popularity");
  const nlohmann::json& b = by_model.at("mf");
  const std::string script = (sources / "examples/compare_users.py").string();
  const auto compared = [&](const nlohmann::json& one, const nlohmann::json& other) {
    const Said said =
        python({script, folder_of(one).string(), folder_of(other).string(), "--ranking", "neg=99"}, folder_);
    EXPECT_EQ(said.code, 0) << said.err;
    return said_figures(said.out);
  };
  const std::map<std::string, double> different = compared(a, b);
  const double before = a.at("metrics").at("ndcg@10[neg=99]");
  const double after = b.at("metrics").at("ndcg@10[neg=99]");
  EXPECT_NEAR(different.at("a"), before, 5.1e-5);
  EXPECT_NEAR(different.at("b"), after, 5.1e-5);
  EXPECT_NEAR(different.at("b - a"), after - before, 5.1e-5);
  const std::map<std::string, double> same = compared(b, b);
  EXPECT_EQ(same.at("b - a"), 0);
  EXPECT_EQ(same.at("p"), 1);

  const Said table =
      frugal({"report", "run", "--users", "ndcg@10[neg=99]", "--against", "params.cadc.model=popularity"});
  EXPECT_EQ(table.code, 0) << table.err;
  for (const std::string& figure :
       {fmt::format(" {:.4f} |", before), fmt::format(" {:.4f} |", after), fmt::format(" {:+.4f} |", after - before)})
    EXPECT_THAT(table.out, HasSubstr(figure));
  EXPECT_THAT(frugal({"report", "run", "--users", "ndcg@10[full]"}).err, HasSubstr("belong together"));
}

TEST_F(Export, ADifferenceThatAllUsersShareIsNoChanceAndOneThatCancelsIs) {
  std::string qrels, first, second, mixed;
  for (int user = 0; user < 12; ++user) {
    const auto line = [&](int rank) { return fmt::format("u{} Q0 i {} 3.5 frugal\n", user, rank); };
    qrels += fmt::format("u{} 0 i 1\n", user);
    first += line(1);
    second += line(2);
    mixed += line(user % 2 == 0 ? 3 : 1);
  }
  const std::string script = (sources / "examples/compare_users.py").string();
  for (const auto& [folder, ranks] : {std::pair{"first", first}, {"second", second}, {"mixed", mixed}}) {
    write(std::string(folder) + "/qrels.trec", qrels);
    write(std::string(folder) + "/run_full.trec", ranks);
  }
  const auto compared = [&](const char* a, const char* b) { return said_figures(python({script, a, b}, folder_).out); };
  const std::map<std::string, double> worse = compared("first", "second");
  EXPECT_NEAR(worse.at("b - a"), 1 / std::log2(3) - 1, 5.1e-5);
  EXPECT_LT(worse.at("p"), 0.005);  // 2 of 4096 swaps
  EXPECT_GT(compared("second", "mixed").at("p"), 0.05);
}

TEST_F(Export, WhatWasNotExportedOrHoldsOutOthersIsNotComparedUserByUser) {
  const std::string script = (sources / "examples/compare_users.py").string();
  write("a/qrels.trec", "u 0 i 1\n");
  write("b/qrels.trec", "u 0 j 1\n");
  EXPECT_THAT(python({script, "a", "b"}, folder_).err, HasSubstr("a has no run_full.trec"));
  for (const char* folder : {"a", "b"}) write(std::string(folder) + "/run_full.trec", "u Q0 i 1 3.5 frugal\n");
  EXPECT_THAT(python({script, "a", "b"}, folder_).err, HasSubstr("did not hold out the same items"));
  EXPECT_THAT(python({script, "a", "a", "--metric", "map"}, folder_).err, HasSubstr("no metric map"));
}

TEST_F(Export, ACellThatIsDoneRunsOnceMoreForItAndKeepsItsId) {
  const std::string small = R"(schema: 1
name: exported
workload: inr
backend: reference
dataset: {name: file, path: p.png}
params: {inr: {steps: 2, grid: 2, width: 4, hidden_layers: 1}}
)";
  ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", "p.png", "--param", "size=10"}).code, 0);
  write("plan.yaml", small);
  ASSERT_EQ(frugal({"run", "plan.yaml", "--out", "run"}).code, 0);
  const nlohmann::json before = records("run/cells.jsonl").at(0);
  EXPECT_FALSE(std::filesystem::exists(folder_of(before)));
  const std::vector<std::string> again = {"run", "plan.yaml", "--out", "run", "--set", "export=true"};
  const Said said = frugal(again);
  ASSERT_EQ(said.code, 0) << said.err;
  const nlohmann::json after = records("run/cells.jsonl").at(1);
  EXPECT_EQ(after.at("id"), before.at("id"));
  EXPECT_EQ(after.at("metrics").at("psnr"), before.at("metrics").at("psnr"));
  const nlohmann::json found = loaded(after);
  EXPECT_THAT(found.at("npy").at("reconstruction").at("shape"), ElementsAre(10, 10, 3));
  EXPECT_THAT(found.at("npy").at("original").at("shape"), ElementsAre(10, 10, 3));
  EXPECT_TRUE(found.at("safetensors").contains("weights"));
  EXPECT_THAT(frugal(again).err, HasSubstr("nothing to do"));
}

/// The ```python blocks of docs/export.md.
std::vector<std::string> python_blocks() {
  std::ifstream page(sources / "docs/export.md");
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line == "```python") {
      inside = true;
      blocks.emplace_back();
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

TEST_F(Export, TheLinesOfThePageLoadIt) {
  write("plan.yaml", std::string(cadc) + "export: true\n");
  ASSERT_EQ(frugal({"run", "plan.yaml", "--out", "run", "--set", "params.cadc.model=mf"}).code, 0);
  const std::filesystem::path folder = folder_of(records("run/cells.jsonl").at(0));
  const std::vector<std::string> blocks = python_blocks();
  ASSERT_EQ(blocks.size(), 4u);
  std::string missing;
  for (const std::string& block : blocks) {
    const Said said = python({"-c", block}, folder);
    if (said.err.find("ModuleNotFoundError") != std::string::npos)
      missing += said.err.substr(said.err.rfind("ModuleNotFoundError"));
    else
      EXPECT_EQ(said.code, 0) << block << said.err;
  }
  if (!missing.empty()) GTEST_SKIP() << "not all blocks were run: " << missing;
}

}  // namespace
}  // namespace frugal::end_to_end
