#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/workloads/inr/inr_workload.hpp"
#include "datasets/formats/signal_file.hpp"
#include "datasets/load/signal.hpp"
#include "tests/workloads/run_cell.hpp"

namespace frugal::workloads {
namespace {

std::string inr_plan(const std::string& backend, const std::string& params,
                     const std::string& dataset = "synthetic-photo") {
  return fmt::format(R"(
schema: 1
name: test
workload: inr
backend: {}
dataset: {}
params: {{inr: {{{}}}}}
)",
                     backend, dataset, params);
}

constexpr const char* tiny = "size: 16, grid: 2, hidden_layers: 1, width: 16, learning_rate: 1.0e-3";

std::string inr_error(const std::string& text) {
  try {
    first_cell(text);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

std::string own_plan(const std::filesystem::path& image, const std::string& more = "") {
  return inr_plan("cpu", fmt::format("grid: 3, hidden_layers: 1, width: 8, steps: 2{}", more),
                  fmt::format("{{name: file, path: '{}'}}", image.string()));
}

void write_picture(const std::filesystem::path& stem, int height, int width) {
  data::Signal picture{{.shape = {height, width}, .channels = 3, .bits = 8}, {}};
  for (int i = 0; i < height * width * 3; ++i) picture.values.push_back(static_cast<float>(i % 200) / 100 - 1);
  data::write_signal(stem, picture);
}

TEST(InrWorkload, OwnFilesSoundAndVolumesKeepTheirSizeAndPicturesAreSquareByDefault) {
  const ScratchFolder scratch;
  write_picture(scratch.path() / "p", 7, 11);
  const auto size = [](const std::string& plan) { return first_cell(plan).own().at("size").get<int>(); };
  EXPECT_EQ(size(own_plan(scratch.path() / "p.png")), 0);
  EXPECT_EQ(size(own_plan(scratch.path() / "p.png", ", size: 5")), 5);
  EXPECT_EQ(size(inr_plan("cpu", "steps: 1", "synthetic-audio")), 0);
  EXPECT_EQ(size(inr_plan("cpu", "steps: 1", "synthetic-volume")), 0);
  EXPECT_EQ(size(inr_plan("cpu", "steps: 1", "synthetic-photo")), 128);
}

TEST(InrWorkload, APictureNeedBeNeitherSquareNorAMultipleOfTheGrid) {
  TestContext context;
  write_picture(context.artifacts() / "own", 17, 40);
  const auto outcome = run_cell(own_plan(context.artifacts() / "own.png", ", render_scale: 2"), context);
  const auto shape_of = [&](const char* name) {
    return data::shape_of_file(context.artifacts() / name, data::SignalFormat::png).shape;
  };
  for (const char* name : {"original.png", "reconstruction.png", "error.png"})
    EXPECT_EQ(shape_of(name), (std::vector{17, 40})) << name;
  EXPECT_EQ(shape_of("render_x2.png"), (std::vector{34, 80}));
  for (const char* metric : {"psnr", "mssim", "seam", "psnr[between]", "psnr[border]", "psnr[tile,min]"})
    EXPECT_TRUE(outcome.metrics.contains(metric)) << metric;
  EXPECT_EQ(data::read_signal(context.artifacts() / "original.png", data::SignalFormat::png),
            data::read_signal(context.artifacts() / "own.png", data::SignalFormat::png));
}

TEST(InrWorkload, AFolderIsACellForEachOfItsSignals) {
  const ScratchFolder scratch;
  const auto cells_of = [&] {
    return harness::parse_plan(own_plan(scratch.path()) + "seeds: [1, 2]\n", "t.yaml", {}, all(), {}).plans.at(0).cells;
  };
  EXPECT_NE(inr_error(own_plan(scratch.path())).find("this folder holds no picture"), std::string::npos);
  write_picture(scratch.path() / "b", 6, 5);
  write_picture(scratch.path() / "a", 5, 6);
  write_picture(scratch.path() / ".hidden", 5, 6);
  std::ofstream(scratch.path() / "notes.txt") << "no picture";
  std::vector<std::string> files;
  for (const harness::Cell& cell : cells_of())
    files.push_back(std::filesystem::path(cell.dataset.at("path").get<std::string>()).filename().string() + " " +
                    std::to_string(cell.seed));
  EXPECT_EQ(files, (std::vector<std::string>{"a.png 1", "a.png 2", "b.png 1", "b.png 2"}));
  EXPECT_EQ(cells_of()[2].id(), first_cell(own_plan(scratch.path() / "b.png")).id());
  std::ofstream(scratch.path() / "c.png") << "\x89PNG\r\n\x1a\n and then nothing";
  EXPECT_NE(inr_error(own_plan(scratch.path())).find("c.png"), std::string::npos) << "a damaged one is no other file";
}

TEST(InrWorkload, ASearchIsAboutOnePicture) {
  const ScratchFolder scratch;
  write_picture(scratch.path() / "a", 6, 6);
  write_picture(scratch.path() / "b", 6, 6);
  const std::string search = "search: {space: {params.inr.width: [4, 8]}, maximize: psnr}\n";
  EXPECT_NE(inr_error(own_plan(scratch.path()) + search).find("name a file, not a folder"), std::string::npos);
  EXPECT_EQ(inr_error(own_plan(scratch.path() / "a.png") + search), "no error");
}

TEST(InrWorkload, GivesEveryMetricItDeclaresAndNoOther) {
  const auto outcome = run_cell(inr_plan("cpu", fmt::format("{}, steps: 20", tiny)));
  std::set<std::string> declared;
  for (const auto& metric : inr_workload().metrics())
    if (!metric.name.ends_with("dB]")) declared.insert(metric.name);  // no target is reached so soon
  std::set<std::string> given;
  for (const auto& [name, value] : outcome.metrics) {
    given.insert(name);
    EXPECT_TRUE(std::isfinite(value)) << name;
  }
  EXPECT_EQ(given, declared);
  EXPECT_EQ(outcome.metrics.at("steps.done"), 20);
}

TEST(InrWorkload, LearnsThePicture) {
  const double few = run_cell(inr_plan("cpu", fmt::format("{}, steps: 10", tiny))).metrics.at("psnr[enrp]");
  const double many = run_cell(inr_plan("cpu", fmt::format("{}, steps: 400", tiny))).metrics.at("psnr[enrp]");
  EXPECT_GT(many, few + 10);
  EXPECT_GT(many, 20);
}

TEST(InrWorkload, ReferenceAndCpuReachTheSame) {
  const std::string params = fmt::format("{}, steps: 30", tiny);
  const auto oracle = run_cell(inr_plan("reference", params));
  const auto cpu = run_cell(inr_plan("cpu", params));
  EXPECT_NEAR(cpu.metrics.at("psnr[enrp]"), oracle.metrics.at("psnr[enrp]"), 0.02);
  EXPECT_NEAR(cpu.metrics.at("psnr"), oracle.metrics.at("psnr"), 0.1);
  EXPECT_EQ(cpu.metrics.at("flops.train"), oracle.metrics.at("flops.train"));
  EXPECT_EQ(oracle.implementation, "reference");
  EXPECT_EQ(cpu.implementation.substr(0, 4), "cpu/");
}

TEST(InrWorkload, ABiasLawMayBeForcedAndAutoFollowsTheGrid) {
  const auto psnr = [](const char* law, int grid) {
    return run_cell(
               inr_plan("cpu", fmt::format("size: 16, grid: {}, hidden_layers: 1, width: 16, steps: 5, bias_init: {}",
                                           grid, law)))
        .metrics.at("psnr[enrp]");
  };
  EXPECT_EQ(psnr("auto", 2), psnr("linear", 2));
  EXPECT_EQ(psnr("auto", 4), psnr("enrp", 4));
  EXPECT_NE(psnr("linear", 4), psnr("enrp", 4));
}

TEST(InrWorkload, WritesThePictureAndItsReconstruction) {
  TestContext context;
  run_cell(inr_plan("cpu", fmt::format("{}, steps: 3", tiny)), context);
  EXPECT_TRUE(std::filesystem::exists(context.artifacts() / "reconstruction.png"));
  EXPECT_TRUE(std::filesystem::exists(context.artifacts() / "original.png"));
  EXPECT_TRUE(std::filesystem::exists(context.artifacts() / "error.png"));
  EXPECT_EQ(context.stages, (std::set<std::string>{"load", "prepare", "train", "render", "evaluate"}));
  EXPECT_EQ(context.last_progress, 1);
}

TEST(InrWorkload, AMetricWithoutAValueIsAbsentWithItsReason) {
  const auto one = run_cell(inr_plan("cpu", "size: 12, grid: 1, hidden_layers: 1, width: 16, steps: 2"));
  for (const char* metric : {"psnr[border]", "psnr[inner]"}) {
    EXPECT_FALSE(one.metrics.contains(metric)) << metric;
    EXPECT_NE(one.absent.at(metric), "") << metric;
  }
  EXPECT_FALSE(one.absent.contains("psnr"));
  const auto small = run_cell(inr_plan("cpu", "size: 10, grid: 10, hidden_layers: 1, width: 16, steps: 2"));
  EXPECT_FALSE(small.metrics.contains("mssim"));
  EXPECT_EQ(small.absent.at("mssim"), "a side is shorter than the window of 11");
  EXPECT_EQ(small.absent.at("psnr[between]"), "a tile of one sample has nothing between");
}

TEST(InrWorkload, AGridFinerThanTheSignalIsAnErrorWithItsPlace) {
  const std::string error = inr_error(inr_plan("cpu", "size: 16, grid: 20"));
  EXPECT_NE(error.find("test.yaml:7:"), std::string::npos) << error;
  EXPECT_NE(error.find("grid 20 is more than the 16 samples"), std::string::npos) << error;
}

TEST(InrWorkload, OneOwnFileHasNoPicturesToChooseFrom) {
  const ScratchFolder scratch;
  write_picture(scratch.path() / "a", 6, 6);
  EXPECT_NE(inr_error(own_plan(scratch.path() / "a.png", ", image: a")).find("it chooses a picture of a data set"),
            std::string::npos);
  EXPECT_EQ(inr_error(own_plan(scratch.path() / "a.png")), "no error");
}

TEST(InrWorkload, AnyGridOfAnySizeRuns) {
  const auto outcome = run_cell(inr_plan("cpu",
                                         "size: 17, grid: 3, hidden_layers: 1, width: 16, steps: 60, "
                                         "learning_rate: 1.0e-3"));
  EXPECT_GT(outcome.metrics.at("psnr"), 15);
}

TEST(InrWorkload, KnowsBeforeARunWhatTheRunRecords) {
  const std::string plan = inr_plan("cpu", fmt::format("{}, steps: 7", tiny));
  const auto outcome = run_cell(plan);
  const auto known = inr_workload().known_metrics(first_cell(plan));
  EXPECT_GE(known.size(), 4u);
  for (const auto& [name, value] : known) EXPECT_EQ(outcome.metrics.at(name), value) << name;
}

TEST(InrWorkload, SoundAndVolumesAreLearntToo) {
  const auto sound = run_cell(inr_plan("cpu",
                                       "size: 256, grid: 8, hidden_layers: 1, width: 16, steps: 300, "
                                       "learning_rate: 1.0e-3",
                                       "synthetic-audio"));
  EXPECT_GT(sound.metrics.at("psnr[enrp]"), 20);
  EXPECT_FALSE(sound.metrics.contains("mssim"));
  const auto volume = run_cell(inr_plan("cpu",
                                        "size: 0, grid: 2, hidden_layers: 1, width: 16, steps: 100, "
                                        "learning_rate: 1.0e-3",
                                        "{name: synthetic-volume, side: 8}"));
  EXPECT_GT(volume.metrics.at("psnr[enrp]"), 20);
  EXPECT_EQ(volume.metrics.at("parameters"), 8 * (16 * 4 + 16 * 17 + 17));
}

TEST(InrWorkload, GreyHasOneChannel) {
  const auto outcome = run_cell(inr_plan("cpu", fmt::format("{}, steps: 3, colour: grey", tiny)));
  EXPECT_EQ(outcome.metrics.at("parameters"), 4 * (16 * 3 + 16 * 17 + 17));
}

TEST(InrWorkload, EveryActivationLearns) {
  for (const char* activation : {"sine", "relu", "gauss", "wire", "finer"}) {
    const auto psnr = [&](int steps) {
      return run_cell(inr_plan("cpu", fmt::format("{}, steps: {}, activation: {}", tiny, steps, activation)))
          .metrics.at("psnr[enrp]");
    };
    EXPECT_GT(psnr(150), psnr(1) + 2) << activation;
  }
}

TEST(InrWorkload, OverlapMakesSeamsFainter) {
  const auto seam = [](int overlap) {
    return run_cell(inr_plan("cpu", fmt::format("size: 64, grid: 4, hidden_layers: 1, width: 16, steps: 50, "
                                                "learning_rate: 1.0e-3, overlap: {}",
                                                overlap)))
        .metrics.at("seam");
  };
  EXPECT_LT(seam(2), 0.8 * seam(0));
}

TEST(InrWorkload, StopsSoonAfterTheQualityAsked) {
  const auto outcome = run_cell(inr_plan("cpu", fmt::format("{}, steps: 2000, stop_psnr: 15", tiny)));
  EXPECT_GE(outcome.metrics.at("psnr[enrp]"), 15);
  EXPECT_LT(outcome.metrics.at("psnr[enrp]"), 17);
  EXPECT_LT(outcome.metrics.at("steps.done"), 2000);
  EXPECT_LT(outcome.metrics.at("flops.train"),
            run_cell(inr_plan("cpu", fmt::format("{}, steps: 2000", tiny))).metrics.at("flops.train"));
}

constexpr const char* quick = "size: 8, grid: 4, hidden_layers: 1, width: 16, learning_rate: 1.0e-3";

TEST(InrWorkload, TheWorkToAQualityIsExactToTheStep) {
  TestContext context;
  const auto outcome = run_cell(inr_plan("cpu", fmt::format("{}, steps: 600", quick)), context);
  const double step_flops = outcome.metrics.at("flops.train") / outcome.metrics.at("steps.done");
  for (const int target : {30, 35}) {
    const double steps = outcome.metrics.at(fmt::format("flops[{}dB]", target)) / step_flops;
    EXPECT_EQ(context.steps_of_times.at(fmt::format("seconds[{}dB]", target)), steps);
    const auto psnr_after = [&](double count) {
      return run_cell(inr_plan("cpu", fmt::format("{}, steps: {}", quick, count))).metrics.at("psnr[enrp]");
    };
    EXPECT_GE(psnr_after(steps), target);
    EXPECT_LT(psnr_after(steps - 1), target);
  }
}

TEST(InrWorkload, AQualityThatIsNotReachedOrHasNoOneStepIsAbsentWithItsReason) {
  const auto short_run = run_cell(inr_plan("cpu", fmt::format("{}, steps: 5", quick)));
  const auto one_by_one = run_cell(inr_plan("cpu", fmt::format("{}, steps: 600, network_patience: 100", quick)));
  for (const char* metric : {"flops[30dB]", "seconds[30dB]"}) {
    EXPECT_FALSE(short_run.metrics.contains(metric));
    EXPECT_EQ(short_run.absent.at(metric), "not reached");
    EXPECT_EQ(one_by_one.absent.at(metric), "sub-networks stop one by one");
  }
}

TEST(InrWorkload, WeightsAreLeftAndTakenUpAgain) {
  TestContext context;
  const auto first = run_cell(inr_plan("cpu", fmt::format("{}, steps: 100, save_weights: true", tiny)), context);
  const std::string path = context.artifacts() / "weights.safetensors";
  const auto second = run_cell(inr_plan("cpu", fmt::format("{}, steps: 1, initial_weights: {}", tiny, path)));
  EXPECT_GT(second.metrics.at("psnr[enrp]"), first.metrics.at("psnr[enrp]"));
  EXPECT_THROW(run_cell(inr_plan("cpu", fmt::format("size: 16, grid: 4, steps: 1, initial_weights: {}", path))),
               UserError);
}

TEST(InrWorkload, FewerBitsCostQuality) {
  const auto outcome = run_cell(inr_plan("cpu", fmt::format("{}, steps: 300", tiny)));
  const auto& m = outcome.metrics;
  EXPECT_NEAR(m.at("psnr[fp16]"), m.at("psnr"), 0.5);
  EXPECT_LT(m.at("psnr[int8]"), m.at("psnr"));
  EXPECT_EQ(m.at("bits_per_pixel[fp16]"), m.at("bits_per_pixel") / 2);
  EXPECT_LT(m.at("bits_per_pixel[int8]"), m.at("bits_per_pixel[fp16]"));
}

TEST(InrWorkload, RendersFinerThanItsSamples) {
  TestContext context;
  run_cell(inr_plan("cpu", fmt::format("{}, steps: 3, render_scale: 3", tiny)), context);
  EXPECT_EQ(data::signal_shape({{"name", "file"}, {"path", context.artifacts() / "render_x3.png"}},
                               {.size = 0, .colour = "own"}, {})
                .shape,
            (std::vector{48, 48}));
}

TEST(InrWorkload, AnUnknownBackEndIsNamedWithTheKnownOnes) {
  const std::string error = inr_error(inr_plan("cpuu", tiny));
  EXPECT_NE(error.find("cpu"), std::string::npos) << error;
  EXPECT_NE(error.find("cpuu"), std::string::npos) << error;
}

TEST(InrWorkload, APrecisionTheBackEndLacksIsFoundBeforeTheRun) {
  const std::string text = inr_plan("cpu", fmt::format("{}, precision: tf32", tiny));
  const auto file = harness::parse_plan(text, "test.yaml", {}, all(), {});
  const std::vector<std::string> lacks = harness::unavailable(harness::planned_cells(file));
  ASSERT_EQ(lacks.size(), 1u);
  EXPECT_NE(lacks.front().find("no tf32"), std::string::npos) << lacks.front();
}

TEST(InrWorkload, AMissingDataSetIsUnavailableAndNamesTheCommand) {
  const auto file = harness::parse_plan(inr_plan("cpu", tiny, "enrp-lake"), "test.yaml", {}, all(), {"/nonexistent"});
  const std::vector<std::string> lacks = harness::unavailable(harness::planned_cells(file));
  ASSERT_EQ(lacks.size(), 1u);
  EXPECT_NE(lacks.front().find("frugal data fetch enrp-lake"), std::string::npos) << lacks.front();
}

class InrPictures : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "enrp");
    data::write_signal(folder_ / "enrp/lake_128", {{.shape = {16, 16}, .channels = 3}, std::vector<float>(768, 0)});
  }
  std::vector<std::string> unavailable(const std::string& params) {
    const auto file = harness::parse_plan(inr_plan("cpu", params, "enrp-lake"), "test.yaml", {}, all(), {folder_});
    return harness::unavailable(harness::planned_cells(file));
  }
  TestContext context_;
  std::filesystem::path folder_ = context_.artifacts();
};

TEST_F(InrPictures, OneOfASetNeedsNoOther) {
  EXPECT_TRUE(unavailable("size: 128, grid: 4").empty());
  EXPECT_TRUE(unavailable("size: 16, grid: 2, image: lake_128.png").empty());
  const auto missing = unavailable("size: 256, grid: 4");
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_NE(missing.front().find("enrp/lake_256.png"), std::string::npos) << missing.front();
  EXPECT_EQ(missing.front().find("enrp/lake_512.png"), std::string::npos) << missing.front();
}

TEST_F(InrPictures, AnUnknownOneIsAnErrorOfThePlanWithItsPlace) {
  const std::string error = inr_error(inr_plan("cpu", "image: lake_128.pgn", "enrp-lake"));
  EXPECT_NE(error.find("test.yaml:7:"), std::string::npos) << error;
  EXPECT_NE(error.find("did you mean 'lake_128.png'"), std::string::npos) << error;
}

// The authors' notebook stores 36.51 for this network; other seeds of ours and PyTorch lie within 1 dB.
TEST(InrWorkload, ReproducesS1OfThePaperOnItsOwnPicture) {
  const char* folder = std::getenv("FRUGAL_DATA");
  if (!folder) GTEST_SKIP() << "FRUGAL_DATA does not name a folder with enrp/lake_128.png";
  const std::vector<std::filesystem::path> dirs{folder};
  const std::string text = inr_plan("cpu", "size: 128, grid: 4, hidden_layers: 2, width: 64, steps: 501", "enrp-lake");
  const harness::PlanFile file = harness::parse_plan(text, "test.yaml", {}, all(), dirs);
  const std::vector<std::string> lacks = harness::unavailable(harness::planned_cells(file));
  if (!lacks.empty()) GTEST_SKIP() << lacks.front();
  TestContext context(dirs);
  const auto outcome = inr_workload().run(file.plans.at(0).cells.at(0), context);
  EXPECT_NEAR(outcome.metrics.at("psnr[enrp]"), 36.5, 1);
  EXPECT_EQ(outcome.metrics.at("parameters"), 139312);
}

}  // namespace
}  // namespace frugal::workloads
