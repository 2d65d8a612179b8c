// A cell that is stopped again and again, and goes on each time, ends as one that nobody stops.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "tests/workloads/run_cell.hpp"

namespace frugal::workloads {
namespace {

/// Leaves a checkpoint whenever it may, and stops the run at the third look at its wish to.
class ImpatientContext final : public TestContext {
 public:
  explicit ImpatientContext(std::filesystem::path folder, int patience = 3)
      : folder_(std::move(folder)), patience_(patience) {
    steps_at_once = 7;
  }
  std::filesystem::path checkpoint_file(std::string_view training) override {
    return folder_ / (std::string(training) + ".safetensors");
  }
  void checkpoint(bool, const std::function<void(double)>& write) override { write(0.5); }
  void take_up(std::string_view training, std::int64_t done, double seconds) override {
    EXPECT_EQ(seconds, 0.5);
    taken_up[std::string(training)] = done;
  }
  void loss(std::string_view name, double step, double loss) override { losses[std::string(name)][step] = loss; }
  void progress(double) override {
    if (--patience_ == 0) throw harness::Interrupted{};
  }

  std::map<std::string, std::int64_t> taken_up;
  std::map<std::string, std::map<double, double>> losses;

 private:
  std::filesystem::path folder_;
  int patience_;
};

struct InPieces {
  harness::Outcome outcome;
  std::map<std::string, std::map<double, double>> losses;
  int tries = 0;
};

InPieces in_pieces(const std::string& plan) {
  const ScratchFolder scratch;
  std::map<std::string, std::int64_t> last;
  for (int tries = 1; tries < 1000; ++tries) {
    ImpatientContext context(scratch.path());
    try {
      InPieces result;
      result.outcome = run_cell(plan, context);
      result.losses = std::move(context.losses);
      result.tries = tries;
      EXPECT_FALSE(context.taken_up.empty());
      return result;
    } catch (const harness::Interrupted&) {
      EXPECT_TRUE(tries == 1 || context.taken_up != last) << "it began where the last try began";
      last = context.taken_up;
    }
  }
  throw std::logic_error("never done");
}

void expect_as_in_one_go(const std::string& plan, int fewest_tries) {
  SCOPED_TRACE(plan);
  const InPieces pieces = in_pieces(plan);
  EXPECT_GE(pieces.tries, fewest_tries);
  const ScratchFolder scratch;
  ImpatientContext whole(scratch.path(), 1'000'000);
  const harness::Outcome outcome = run_cell(plan, whole);
  EXPECT_TRUE(whole.taken_up.empty());
  EXPECT_EQ(pieces.outcome.metrics, outcome.metrics);
  EXPECT_EQ(pieces.losses, whole.losses);
}

std::string cadc_plan(const std::string& params, const char* tower = "layers: [16, 8], epochs: 5, batch: 50") {
  return fmt::format(R"(
schema: 1
name: test
workload: cadc
backend: cpu
dataset: {{name: synthetic-interactions, users: 300, items: 200, interactions: 9000}}
params: {{cadc: {{tower: {{{}}}, {}}}}}
)",
                     tower, params);
}

TEST(Checkpoint, FactorisationsGoOnWhereTheyWere) {
  expect_as_in_one_go(cadc_plan("model: mf, mf: {solver: ials, dim: 8, epochs: 6}"), 3);
  expect_as_in_one_go(cadc_plan("model: mf, mf: {solver: logistic_sgd, dim: 8, epochs: 6}"), 3);
}

TEST(Checkpoint, TowersGoOnWhereTheyWereAndStageOneIsNotRepeated) {
  for (const char* embeddings : {"embedding_trainable: false", "embedding_trainable: true"})
    expect_as_in_one_go(cadc_plan(fmt::format("{}, mf: {{solver: ials, dim: 8, epochs: 4}}", embeddings)), 6);
  expect_as_in_one_go(cadc_plan("embedding_init: random, embedding_trainable: true, mf: {dim: 8}"), 5);
}

TEST(Checkpoint, TrainingsThatCannotBeGoneOnWithLeaveNone) {
  for (const char* params :
       {"sampling: forgetting, keep_fraction: 0.5, mf: {dim: 8, epochs: 3}", "model: mf, mf: {dim: 8, epochs: 3}"}) {
    const ScratchFolder scratch;
    ImpatientContext context(scratch.path(), 1'000'000);
    run_cell(cadc_plan(params), context);
    const bool watched = std::string_view(params).starts_with("sampling");
    EXPECT_EQ(std::filesystem::exists(scratch / "factorize.safetensors"), !watched) << params;
  }
  const ScratchFolder scratch;
  ImpatientContext context(scratch.path(), 1'000'000);
  run_cell(cadc_plan("embedding_init: random, embedding_trainable: true, mf: {dim: 8}", "layers: [8], patience: 2"),
           context);
  EXPECT_FALSE(std::filesystem::exists(scratch / "train.safetensors"));
}

TEST(Checkpoint, ClickModelsGoOnWhereTheyWere) {
  expect_as_in_one_go(R"(
schema: 1
name: test
workload: dlrm
backend: cpu
dataset: {name: synthetic-clicks, examples: 5000, test_examples: 300, rows: 40}
params: {dlrm: {batch: 32, epochs: 2, optimizer: adam}}
)",
                      2);
}

std::string inr_plan(const std::string& params) {
  return fmt::format(R"(
schema: 1
name: test
workload: inr
backend: cpu
dataset: synthetic-photo
params: {{inr: {{size: 16, grid: 2, hidden_layers: 1, {}}}}}
)",
                     params);
}

TEST(Checkpoint, SineNetworksGoOnWhereTheyWere) {
  expect_as_in_one_go(inr_plan("width: 16, steps: 40"), 4);
  expect_as_in_one_go(inr_plan("width: 16, steps: 60, stop_psnr: 25"), 2);
  expect_as_in_one_go(inr_plan("width: 16, steps: 60, patience: 5, learning_rate: 0.05"), 2);
  expect_as_in_one_go(inr_plan("width: 16, steps: 30, last_layer: solved"), 3);
}

TEST(Checkpoint, SecondsOfStepsOfEarlierTriesAreNotKnown) {
  const InPieces pieces = in_pieces(inr_plan("width: 32, steps: 300, learning_rate: 0.002"));
  ASSERT_TRUE(pieces.outcome.metrics.contains("flops[30dB]"));
  EXPECT_EQ(pieces.outcome.absent.at("seconds[30dB]"), "reached by an earlier try, which left no times of its steps");
}

TEST(Checkpoint, AFileThatIsNoneIsRefusedByName) {
  const ScratchFolder scratch;
  std::ofstream(scratch / "factorize.safetensors") << "nothing of the kind";
  ImpatientContext context(scratch.path());
  try {
    run_cell(cadc_plan("model: mf, mf: {dim: 8, epochs: 3}"), context);
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("factorize.safetensors"), std::string::npos) << error.what();
  }
}

TEST(Checkpoint, OneOfAnotherModelIsRefused) {
  const ScratchFolder scratch;
  ImpatientContext wide(scratch.path());
  EXPECT_THROW(run_cell(cadc_plan("model: mf, mf: {dim: 16, epochs: 3}"), wide), harness::Interrupted);
  ImpatientContext narrow(scratch.path());
  try {
    run_cell(cadc_plan("model: mf, mf: {dim: 8, epochs: 3}"), narrow);
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("no checkpoint of this cell, remove it to begin anew"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace frugal::workloads
