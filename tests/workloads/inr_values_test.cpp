// Every number of an `inr` run, computed once more from the weights that it left: by loops that share nothing with it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "datasets/formats/jpeg.hpp"
#include "datasets/formats/signal_file.hpp"
#include "datasets/load/signal.hpp"
#include "datasets/synthetic/photo.hpp"
#include "impl/common/safetensors.hpp"
#include "tests/workloads/work_context.hpp"

namespace frugal::workloads {
namespace {

/// A square picture of side * side samples, cut into 2 x 2 tiles; networks 2 -> width -> width -> channels of sines.
struct Picture {
  int side, channels, width;
  std::vector<float> values;
};

double layer(const ModelState& state, int l, std::size_t k, std::size_t out, std::size_t o,
             const std::vector<double>& in) {
  const auto& weight = state.find(fmt::format("layer.{}.weight", l))->values;
  const auto& bias = state.find(fmt::format("layer.{}.bias", l))->values;
  double z = bias[k * out + o];
  for (std::size_t i = 0; i < in.size(); ++i) z += double{weight[(k * out + o) * in.size() + i]} * in[i];
  return z;
}

/// Of network k at a point of its tile.
std::vector<double> network(const ModelState& state, const Picture& picture, std::size_t k, double y, double x) {
  std::vector<double> values{y, x};
  for (int l = 0; l < 3; ++l) {
    const auto out = static_cast<std::size_t>(l < 2 ? picture.width : picture.channels);
    std::vector<double> next(out);
    for (std::size_t o = 0; o < out; ++o) {
      const double z = layer(state, l, k, out, o, values);
      next[o] = l < 2 ? std::sin(30 * z) : z;
    }
    values = std::move(next);
  }
  return values;
}

/// The whole picture, [side, side, channels].
std::vector<double> render(const ModelState& state, const Picture& picture) {
  std::vector<double> values;
  const int half = picture.side / 2;
  for (int y = 0; y < picture.side; ++y)
    for (int x = 0; x < picture.side; ++x) {
      const auto k = static_cast<std::size_t>(y / half * 2 + x / half);
      const auto place = [&](int at) { return -1 + 2.0 * (at % half) / (half - 1); };
      for (const double value : network(state, picture, k, place(y), place(x))) values.push_back(value);
    }
  return values;
}

double decibels(double mse) { return -10 * std::log10(mse); }

/// Sum of squares and count over the samples that `chosen(y, x)` names.
template <class Chosen>
double mse_where(const std::vector<double>& found, const Picture& picture, Chosen chosen) {
  double squares = 0;
  int count = 0;
  for (int y = 0; y < picture.side; ++y)
    for (int x = 0; x < picture.side; ++x)
      for (int c = 0; c < picture.channels && chosen(y, x); ++c, ++count) {
        const auto i = static_cast<std::size_t>((y * picture.side + x) * picture.channels + c);
        squares += std::pow(found[i] - picture.values[i], 2);
      }
  return squares / count;
}

double psnr_of_bits(const std::vector<double>& found, const Picture& picture, int bits) {
  const double peak = std::pow(2, bits) - 1;
  double squares = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto level = [&](double value) { return std::round((std::min(1.0, std::max(-1.0, value)) + 1) / 2 * peak); };
    squares += std::pow(level(found[i]) - level(picture.values[i]), 2);
  }
  return 10 * std::log10(peak * peak * static_cast<double>(found.size()) / squares);
}

ModelState as_fp16(ModelState state) {
  for (NamedTensor& tensor : state.tensors)
    for (float& value : tensor.values) value = static_cast<float>(static_cast<_Float16>(value));
  return state;
}

/// visit(values, scale) for the values of a tensor that belong to one of the four networks; of integers up to `most`.
template <class Visit>
void each_slice(NamedTensor& tensor, float most, Visit visit) {
  const std::size_t size = tensor.values.size() / 4;
  for (std::size_t k = 0; k < 4; ++k) {
    const auto own = std::span(tensor.values).subspan(k * size, size);
    float largest = 0;
    for (const float value : own) largest = std::max(largest, std::abs(value));
    visit(own, largest / most);
  }
}

ModelState as_integers(ModelState state, float most) {
  for (NamedTensor& tensor : state.tensors)
    each_slice(tensor, most, [](std::span<float> values, float scale) {
      for (float& value : values) value = std::round(value / scale) * scale;
    });
  return state;
}

/// Of these integers, tensor by tensor: an adaptive code that has seen k of the last n has k + 1/2 in n + levels / 2; and
/// 32 bits of each scale.
double coded_bits(ModelState state, float most) {
  double bits = 0;
  for (NamedTensor& tensor : state.tensors) {
    std::map<long, double> seen;
    double all = 0;
    each_slice(tensor, most, [&](std::span<float> values, float scale) {
      bits += 32;
      for (const float value : values) {
        double& of_level = seen[std::lround(value / scale)];
        bits -= std::log2((of_level + 0.5) / (all + (2 * double{most} + 1) / 2));
        ++of_level;
        ++all;
      }
    });
  }
  return bits;
}

double mean_step(const std::vector<double>& values, const Picture& picture, bool at_border) {
  double sum = 0;
  int count = 0;
  for (int y = 0; y < picture.side; ++y)
    for (int x = 0; x < picture.side; ++x)
      for (int c = 0; c < picture.channels; ++c) {
        const auto at = [&](int v, int u) {
          return values[static_cast<std::size_t>((v * picture.side + u) * picture.channels + c)];
        };
        if (x > 0 && (x == picture.side / 2) == at_border) sum += std::abs(at(y, x) - at(y, x - 1)), ++count;
        if (y > 0 && (y == picture.side / 2) == at_border) sum += std::abs(at(y, x) - at(y - 1, x)), ++count;
      }
  return sum / count;
}

class InrValues : public ::testing::Test {
 protected:
  static constexpr int side = 16, width = 6;

  /// Trains `steps` steps; the weights are then `state_`.
  harness::Outcome run(const std::string& dataset, const std::string& params, int steps) {
    const std::string plan = fmt::format(
        "schema: 1\nname: p\nworkload: inr\nbackend: reference\ndataset: {}\nparams: {{inr: {{size: {}, grid: 2, "
        "hidden_layers: 1, width: {}, save_weights: true, steps: {}, {}}}}}\n",
        dataset, side, width, steps, params);
    cell_ = first_cell(plan);
    context_ = std::make_unique<TestContext>();
    const harness::Outcome outcome = run_cell(plan, *context_);
    state_ = load_safetensors(context_->artifacts() / "weights.safetensors");
    std::erase_if(state_.tensors, [](const NamedTensor& tensor) { return tensor.name.starts_with("adam."); });
    return outcome;
  }

  void expect_by_hand(const harness::Outcome& outcome, const Picture& picture, int bits) const {
    const auto& m = outcome.metrics;
    const std::vector<double> found = render(state_, picture);
    const auto all = [](int, int) { return true; };
    EXPECT_NEAR(m.at("psnr"), psnr_of_bits(found, picture, bits), 2e-3);
    std::vector<double> tiles;
    for (int k = 0; k < 4; ++k)
      tiles.push_back(
          decibels(mse_where(found, picture, [k](int y, int x) { return y / (side / 2) * 2 + x / (side / 2) == k; })));
    EXPECT_NEAR(m.at("psnr[tile,mean]"), (tiles[0] + tiles[1] + tiles[2] + tiles[3]) / 4, 1e-3);
    std::sort(tiles.begin(), tiles.end());
    EXPECT_NEAR(m.at("psnr[tile,min]"), tiles[0], 1e-3);
    // The worse of the two in the middle.
    EXPECT_NEAR(m.at("psnr[tile,median]"), tiles[1], 1e-3);
    EXPECT_GT(tiles[2] - tiles[1], 0.01) << "this case would tell nothing";
    EXPECT_GT(tiles[1] - tiles[0], 0.01) << "this case would tell nothing";
    const auto at_edge = [](int at) { return at % (side / 2) == 0 || at % (side / 2) == side / 2 - 1; };
    const auto border = [&](int y, int x) { return at_edge(y) || at_edge(x); };
    EXPECT_NEAR(m.at("psnr[border]"), decibels(mse_where(found, picture, border)), 1e-3);
    EXPECT_NEAR(m.at("psnr[inner]"), decibels(mse_where(found, picture, [&](int y, int x) { return !border(y, x); })),
                1e-3);
    const std::vector<double> original(picture.values.begin(), picture.values.end());
    EXPECT_NEAR(m.at("seam"),
                mean_step(found, picture, true) / mean_step(found, picture, false) /
                    (mean_step(original, picture, true) / mean_step(original, picture, false)),
                1e-3);
    EXPECT_NEAR(m.at("psnr[fp16]"), psnr_of_bits(render(as_fp16(state_), picture), picture, bits), 2e-3);
    EXPECT_NEAR(m.at("psnr[int8]"), psnr_of_bits(render(as_integers(state_, 127), picture), picture, bits), 2e-3);
    EXPECT_NEAR(m.at("psnr[int6]"), psnr_of_bits(render(as_integers(state_, 31), picture), picture, bits), 2e-3);
    EXPECT_GT(std::abs(m.at("psnr[int8]") - m.at("psnr")), 0.01) << "this case would tell nothing";

    const double weights = 2 * width + width * width + width * picture.channels;
    const double parameters = 4 * (weights + 2 * width + picture.channels);
    const double samples = side * side;
    EXPECT_EQ(m.at("parameters"), parameters);
    EXPECT_EQ(m.at("bits_per_pixel"), 32 * parameters / samples);
    EXPECT_EQ(m.at("bits_per_pixel[fp16]"), 16 * parameters / samples);
    EXPECT_EQ(m.at("bits_per_pixel[int8]"), (8 * parameters + 32 * 4 * 6) / samples) << "6 tensors, 4 networks";
    EXPECT_EQ(m.at("bits_per_pixel[int6]"), (6 * parameters + 32 * 4 * 6) / samples);
    EXPECT_NEAR(m.at("bits_per_pixel[int8,coded]"), coded_bits(state_, 127) / samples, 0.02);
    EXPECT_NEAR(m.at("bits_per_pixel[int6,coded]"), coded_bits(state_, 31) / samples, 0.02);
    const double below = width * width + width * picture.channels;
    EXPECT_EQ(m.at("flops.inference"), 2 * weights * samples);
    EXPECT_EQ(m.at("flops.train"),
              m.at("steps.done") * (2 * weights * samples + 2 * (weights + below) * samples + 12 * parameters));
    EXPECT_GT(mse_where(found, picture, all), 0);
  }

  harness::Cell cell_;
  std::unique_ptr<TestContext> context_;
  ModelState state_;
};

TEST_F(InrValues, EveryOneOfAColourPictureIsThatOfItsWeights) {
  const auto outcome = run("synthetic-photo", "learning_rate: 2.0e-3", 30);
  const data::Signal photo =
      data::load_signal(cell_.dataset, {.file = "", .size = side, .colour = "rgb"}, {}, cell_.seed);
  const Picture picture{side, 3, width, photo.values};
  expect_by_hand(outcome, picture, 8);
  // The last loss is that before the last step.
  run("synthetic-photo", "learning_rate: 2.0e-3", 29);
  EXPECT_NEAR(outcome.metrics.at("psnr[enrp]"),
              decibels(mse_where(render(state_, picture), picture, [](int, int) { return true; })), 1e-3);
}

TEST_F(InrValues, EveryOneOfAGreyPictureOf16BitsIsThatOfItsWeights) {
  ScratchFolder scratch;
  data::Signal grey{{.shape = {side, side}, .channels = 1, .bits = 16}, {}};
  for (int i = 0; i < side * side; ++i)
    grey.values.push_back(static_cast<float>(0.9 * std::sin(i * 0.05) * std::cos(i / side * 0.3)));
  data::write_signal(scratch.path() / "grey", grey);
  const std::string dataset = fmt::format("{{name: file, path: \"{}\"}}", (scratch.path() / "grey.png").string());
  const auto outcome = run(dataset, "learning_rate: 2.0e-3, colour: own", 150);
  const data::Signal read = data::load_signal(cell_.dataset, {.size = side, .colour = "own"}, {}, 1);
  ASSERT_EQ(read.bits, 16);
  EXPECT_EQ(outcome.absent.at("bits_per_pixel[jpeg]"), "of grey and colour pictures of 8 bits only");
  const Picture picture{side, 1, width, read.values};
  expect_by_hand(outcome, picture, 16);
  EXPECT_GT(
      std::abs(psnr_of_bits(render(state_, picture), picture, 16) - psnr_of_bits(render(state_, picture), picture, 8)),
      0.03)
      << "this case would tell nothing of bits";
}

TEST_F(InrValues, TheJpegIsTheFirstThatIsAsGoodAsTheInt8Weights) {
  const auto outcome = run("synthetic-photo", "learning_rate: 5.0e-3", 300);
  const data::Signal photo = data::load_signal(cell_.dataset, {.size = side}, {}, cell_.seed);
  const Picture picture{side, 3, width, photo.values};
  const double wanted = outcome.metrics.at("psnr[int8]");
  const auto quality_of = [&](int quality) {
    const std::vector<float> values = data::through_jpeg(photo, quality).picture.values;
    return psnr_of_bits({values.begin(), values.end()}, picture, 8);
  };
  int quality = 1;
  while (quality <= 100 && quality_of(quality) < wanted) ++quality;
  EXPECT_GT(quality, 1) << "this case would tell nothing";
  ASSERT_LE(quality, 100) << "this case would tell nothing";
  EXPECT_EQ(outcome.metrics.at("bits_per_pixel[jpeg]"),
            8 * static_cast<double>(data::through_jpeg(photo, quality).bytes) / (side * side));
}

TEST_F(InrValues, TheBestIsTheLowestLossAndTheLastIsTheLast) {
  // So large a rate that the loss rises again.
  std::vector<double> after;  // of the weights after 1, 2, ... steps
  bool rose = false;
  for (int steps = 1; steps <= 20; ++steps) {
    const auto outcome = run("synthetic-photo", "learning_rate: 0.2, patience: 1000", steps);
    EXPECT_EQ(outcome.metrics.at("steps.done"), steps);
    if (steps > 2) {  // the loss of the first step is that of the initial weights, which nobody saved
      const double best = *std::max_element(after.begin(), after.end());
      EXPECT_NEAR(outcome.metrics.at("psnr[enrp]"), after.back(), 1e-3);
      EXPECT_GE(outcome.metrics.at("psnr[enrp,best]"), best - 1e-3);
      if (best > after[0] + 0.1) {
        EXPECT_NEAR(outcome.metrics.at("psnr[enrp,best]"), best, 1e-3);
      }
      rose |= after.back() < best - 0.1;
    }
    const data::Signal photo =
        data::load_signal(cell_.dataset, {.file = "", .size = side, .colour = "rgb"}, {}, cell_.seed);
    const Picture picture{side, 3, width, photo.values};
    after.push_back(decibels(mse_where(render(state_, picture), picture, [](int, int) { return true; })));
  }
  EXPECT_TRUE(rose) << "this case would tell nothing";
}

TEST_F(InrValues, WhatIsWrittenIsWhatTheWeightsShow) {
  run("synthetic-photo", "learning_rate: 2.0e-3", 20);
  const Picture picture{side, 3, width, {}};
  const data::Signal written = data::read_signal(context_->artifacts() / "reconstruction.png", data::SignalFormat::png);
  const std::vector<double> found = render(state_, picture);
  ASSERT_EQ(written.values.size(), found.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(written.values[i], std::clamp(found[i], -1.0, 1.0), 1.01 / 255) << i;
}

TEST_F(InrValues, TheSeedDrawsAGeneratedSignal) {
  for (const int seed : {1, 4}) {
    TestContext context;
    run_cell(
        fmt::format("schema: 1\nname: p\nworkload: inr\nbackend: reference\ndataset: synthetic-photo\nparams: {{inr: "
                    "{{size: 8, grid: 2, hidden_layers: 1, width: 4, steps: 1}}}}\nseeds: [{}]\n",
                    seed),
        context);
    const data::Signal written = data::read_signal(context.artifacts() / "original.png", data::SignalFormat::png);
    const data::Signal photo = data::synthetic_photo(8, static_cast<std::uint64_t>(seed));
    ASSERT_EQ(written.values.size(), photo.values.size());
    for (std::size_t i = 0; i < written.values.size(); ++i) EXPECT_NEAR(written.values[i], photo.values[i], 1.01 / 255);
  }
}

TEST_F(InrValues, AFinerRenderingOfSoundLastsAsLong) {
  TestContext context;
  run_cell(
      "schema: 1\nname: p\nworkload: inr\nbackend: cpu\ndataset: synthetic-audio\nparams: {inr: {size: 64, grid: 2, "
      "hidden_layers: 1, width: 6, steps: 2, render_scale: 3}}\n",
      context);
  const auto seconds = [&](const char* name) {
    const data::Signal sound = data::read_signal(context.artifacts() / name, data::SignalFormat::sound);
    return static_cast<double>(sound.samples()) / sound.sample_rate;
  };
  EXPECT_NEAR(seconds("render_x3.wav"), seconds("reconstruction.wav"), 1e-12);
}

TEST_F(InrValues, ItStopsWithinTenStepsOfTheQualityAsked) {
  const std::string params = "learning_rate: 1.0e-3, patience: 1000";
  const auto stopped = run("synthetic-photo", params + ", stop_psnr: 12", 1000);
  EXPECT_GE(stopped.metrics.at("psnr[enrp]"), 12);
  // Looked at every ten steps, so ten steps before it was not there yet.
  const auto steps = static_cast<int>(stopped.metrics.at("steps.done"));
  ASSERT_GT(steps, 10);
  EXPECT_LT(run("synthetic-photo", params, steps - 10).metrics.at("psnr[enrp]"), 12);
}

TEST_F(InrValues, TheStagesDoTheWorkOfAllSteps) {
  WorkContext context;
  const auto outcome = run_cell(
      "schema: 1\nname: p\nworkload: inr\nbackend: cpu\ndataset: synthetic-photo\nparams: {inr: {size: 16, grid: 2, "
      "hidden_layers: 1, width: 6, steps: 7}}\n",
      context);
  EXPECT_EQ(context.work.at("train").flops, outcome.metrics.at("flops.train"));
  EXPECT_EQ(context.work.at("train").sines, 7 * 256 * 2 * 6.0);
  EXPECT_EQ(context.work.at("render").sines, 256 * 2 * 6.0);
  EXPECT_EQ(context.work.at("render").flops, outcome.metrics.at("flops.inference"));
  EXPECT_EQ(context.work.at("train").bytes, 4 * (256 * 3 + 3 * outcome.metrics.at("parameters")));
}

}  // namespace
}  // namespace frugal::workloads
