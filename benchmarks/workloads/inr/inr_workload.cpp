#include "benchmarks/workloads/inr/inr_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "benchmarks/workloads/common.hpp"
#include "benchmarks/workloads/inr/between_pixels.hpp"
#include "benchmarks/workloads/inr/train_until_stale.hpp"
#include "datasets/catalog.hpp"
#include "datasets/image.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/metrics.hpp"

namespace frugal::workloads {
namespace {

using harness::Cell;
using harness::Complaint;
using harness::MetricDescriptor;
using harness::Outcome;
using harness::ParamSpec;
using harness::RunContext;
using harness::Work;

/// The authors' code takes a plain linear layer's biases up to a 2 x 2 grid, and those of a batched one above.
BiasInit bias_init_of(const Json& own) {
  const std::string law = own.at("bias_init");
  if (law == "auto") return own.at("grid").get<int>() <= 2 ? BiasInit::linear : BiasInit::enrp;
  return law == "linear" ? BiasInit::linear : BiasInit::enrp;
}

Precision precision_of(const Json& own) {
  const std::string name = own.at("precision");
  return name == "fp32" ? Precision::fp32 : name == "tf32" ? Precision::tf32 : Precision::bf16;
}

InrSpec inr_spec(const Cell& cell) {
  const Json& own = cell.own();
  InrSpec spec;
  const int grid = own.at("grid");
  const std::int64_t tile = own.at("size").get<int>() / grid;
  spec.networks = std::int64_t{grid} * grid;
  spec.points = tile * tile;
  spec.channels = 3;
  spec.hidden_layers = own.at("hidden_layers");
  spec.width = own.at("width");
  spec.activation = own.at("activation") == "sine" ? Activation::sine : Activation::relu;
  spec.bias_init = bias_init_of(own);
  spec.precision = precision_of(own);
  spec.omega0 = spec.first_omega0 = own.at("omega0");
  const std::string implementation = own.at("implementation");
  spec.implementation = implementation == "onednn"  ? InrImplementation::onednn
                        : implementation == "fused" ? InrImplementation::fused
                                                    : InrImplementation::automatic;
  spec.adam.learning_rate = own.at("learning_rate");
  spec.seed = cell.seed;
  return spec;
}

/// Is the picture one of its set, and in reach? Else that would be found out only when the cell runs.
void check_picture(const Cell& cell, const std::vector<std::filesystem::path>& data_dirs,
                   std::vector<Complaint>& complaints) {
  const data::Manifest* manifest = data::find_manifest(cell.dataset.at("name").get<std::string>());
  if (!manifest) return;
  try {
    data::locate_one(*manifest, data::choose_picture(*manifest, cell.own().at("image"), cell.own().at("size")),
                     data_dirs);
  } catch (const UserError& error) {
    complaints.push_back({"params.inr.image", error.what()});
  } catch (const UnavailableError& error) {
    complaints.push_back({"dataset", error.what(), true});
  }
}

/// Calls body(index into [networks, tile^2, channels], index into the picture) for each value.
template <class Body>
void for_each_value(int grid, int tile, int channels, const Body& body) {
  std::size_t i = 0;
  for (int k = 0; k < grid * grid; ++k)
    for (int r = 0; r < tile; ++r)
      for (int c = 0; c < tile; ++c)
        for (int channel = 0; channel < channels; ++channel, ++i)
          body(i, ((std::size_t(k / grid) * tile + r) * grid * tile + std::size_t(k % grid) * tile + c) * channels + channel);
}

data::Image rendered(const InrEnsemble& model, int grid, int channels, int resolution) {
  data::Image image;
  image.height = image.width = grid * resolution;
  image.channels = channels;
  image.values.resize(static_cast<std::size_t>(image.height) * image.width * channels);
  std::vector<float> tiles(image.values.size());
  model.evaluate(grid_coordinates(std::vector{resolution, resolution}), tiles);
  for_each_value(grid, resolution, channels, [&](std::size_t i, std::size_t at) { image.values[at] = tiles[i]; });
  return image;
}

class Inr final : public harness::Workload {
 public:
  std::string name() const override { return "inr"; }
  std::string description() const override {
    return "represent a picture by an ensemble of small sine networks, one per tile (ENRP, arXiv 2110.04124)";
  }
  std::string clock() const override {
    return "Training is the optimiser steps and the set-up of the networks; total adds reading the picture, rendering "
           "and evaluation.";
  }
  std::vector<harness::DatasetChoice> datasets() const override { return dataset_choices("image"); }

  std::vector<ParamSpec> params() const override {
    using Type = ParamSpec::Type;
    return {
        {.name = "image",
         .type = Type::string,
         .default_value = "",
         .help = "picture of a data set that has several, by file name; empty: the one of this size, else the largest"},
        {.name = "size",
         .type = Type::integer,
         .default_value = 128,
         .help = "side of the picture in pixels, squashed to a square; a multiple of grid",
         .min = 1,
         .max = 16384},
        {.name = "grid",
         .type = Type::integer,
         .default_value = 4,
         .help = "sub-networks a side: grid x grid tiles",
         .min = 1,
         .max = 4096},
        {.name = "hidden_layers",
         .type = Type::integer,
         .default_value = 2,
         .help = "width -> width layers, beside the first and the last",
         .min = 0,
         .max = 64},
        {.name = "width",
         .type = Type::integer,
         .default_value = 64,
         .help = "units of a layer",
         .min = 1,
         .max = 65536},
        {.name = "activation",
         .type = Type::string,
         .default_value = "sine",
         .help = "of all layers but the last",
         .choices = {"sine", "relu"}},
        {.name = "bias_init",
         .type = Type::string,
         .default_value = "auto",
         .help =
             "initial biases: linear U(+-1/sqrt(in)), enrp U(+-1/sqrt(out*in)); auto: linear for grid <= 2, else enrp",
         .choices = {"auto", "linear", "enrp"}},
        {.name = "steps",
         .type = Type::integer,
         .default_value = 501,
         .help = "full-batch Adam steps at most",
         .min = 1,
         .max = 1e8},
        {.name = "learning_rate", .type = Type::real, .default_value = 1e-4, .help = "Adam", .min = 0, .max = 10},
        {.name = "precision",
         .type = Type::string,
         .default_value = "fp32",
         .help = "arithmetic of the matrix products",
         .choices = {"fp32", "tf32", "bf16"}},
        {.name = "implementation",
         .type = Type::string,
         .default_value = "auto",
         .help = "which of a back end's; auto: the fastest that can compute this",
         .choices = {"auto", "onednn", "fused"}},
        {.name = "omega0",
         .type = Type::real,
         .default_value = 30.0,
         .help = "frequency of the sine: sin(omega0 (W x + b)); also scales the initial weights",
         .min = 1e-3,
         .max = 1e4},
        {.name = "patience",
         .type = Type::integer,
         .default_value = 200,
         .help = "stop when the best loss is more than this many steps old",
         .min = 0,
         .max = 1e8},
    };
  }

  std::vector<MetricDescriptor> metrics() const override {
    using enum MetricDescriptor::Direction;
    return {
        {"psnr", "dB", higher_is_better, "{:.2f}", "of the final picture, clipped to 8 bits, peak 255"},
        {"psnr[enrp]", "dB", higher_is_better, "{:.2f}",
         "ENRP's: peak 1 on values in [-1, 1], unclipped, from the last step's loss"},
        {"psnr[enrp,best]", "dB", higher_is_better, "{:.2f}", "the same from the lowest loss of the training"},
        {"psnr[between]", "dB", higher_is_better, "{:.2f}",
         "half-way between pixels of a tile, against linear interpolation, peak 1: low for a look-up table"},
        {"ssim", "", higher_is_better, "{:.4f}", "structural similarity of the final picture"},
        {"bits_per_pixel", "bit", lower_is_better, "{:.1f}", "32 bits a parameter over the pixels; a raw picture: 24"},
        {"parameters", "", informative, "{:.0f}", "of all sub-networks"},
        {"flops.train", "FLOP", informative, "{:.4g}",
         "forward, backward and optimiser of the steps taken, analytic; sines not counted"},
        {"flops.inference", "FLOP", informative, "{:.4g}", "the whole picture once, analytic; sines not counted"},
        {"steps.done", "", informative, "{:.0f}", "optimiser steps taken before the stop"},
    };
  }

  std::vector<Complaint> check(const Cell& cell, const std::vector<std::filesystem::path>& data_dirs) const override {
    std::vector<Complaint> complaints;
    const Backend* backend = check_surroundings(cell, data_dirs, complaints);
    check_picture(cell, data_dirs, complaints);
    const int size = cell.own().at("size");
    const int grid = cell.own().at("grid");
    if (size % grid != 0) {
      complaints.push_back(
          {"params.inr.grid", fmt::format("grid {} does not divide size {} into equal tiles", grid, size)});
    } else {
      check_spec(inr_spec(cell), "params.inr", backend, complaints);
    }
    return complaints;
  }

  Outcome run(const Cell& cell, RunContext& context) const override {
    const InrSpec spec = inr_spec(cell);
    const Json& own = cell.own();
    const int grid = own.at("grid");
    const int tile = own.at("size").get<int>() / grid;

    data::Image original;
    context.stage("load", [&] {
      original = data::load_image(cell.dataset, own.at("image"), own.at("size"), context.data_dirs(), cell.seed);
    });

    std::unique_ptr<InrEnsemble> model;
    LossCurve curve;
    const auto steps_done = [&] { return static_cast<double>(curve.losses.size()); };
    context.stage("train", [&] {
      model = backend_of(cell).make(spec);
      std::vector<float> targets(original.values.size());
      for_each_value(grid, tile, spec.channels, [&](std::size_t i, std::size_t at) { targets[i] = original.values[at]; });
      model->set_samples(grid_coordinates(std::vector{tile, tile}), targets);
      curve = train_until_stale(*model, own.at("steps"), own.at("patience"),
                                [&](double share) { context.progress(share); });
      return Work{.flops = step_flops(spec).total() * steps_done(), .bytes = 0};
    });

    data::Image picture;
    context.stage("render", [&] {
      picture = rendered(*model, grid, spec.channels, tile);
      return Work{.flops = step_flops(spec).forward, .bytes = 0};
    });

    Outcome outcome{.implementation = model->implementation(), .metrics = {}};
    const auto put = [&](const char* name, std::optional<double> value) {
      if (value) outcome.metrics[name] = *value;
    };
    context.stage("evaluate", [&] {
      put("psnr", psnr_8bit(picture.values, original.values));
      put("ssim", ssim(picture.values, original.values, original.height, original.width, original.channels));
      if (tile > 1) {
        const data::Image fine = rendered(*model, grid, spec.channels, 2 * tile - 1);
        put("psnr[between]", psnr_enrp(*between_pixels_mse(grid, tile, spec.channels, fine.values, original.values)));
      }
    });
    put("psnr[enrp]", psnr_enrp(curve.last()));
    put("psnr[enrp,best]", psnr_enrp(curve.best()));
    const auto count = static_cast<double>(parameters(spec));
    put("parameters", count);
    put("bits_per_pixel", 32 * count / static_cast<double>(spec.networks * spec.points));
    put("flops.train", step_flops(spec).total() * steps_done());
    put("flops.inference", step_flops(spec).forward);
    put("steps.done", steps_done());

    data::write_png(context.artifacts() / "reconstruction.png", picture);
    data::write_png(context.artifacts() / "original.png", original);
    return outcome;
  }
};

}  // namespace

const harness::Workload& inr_workload() {
  static const Inr workload;
  return workload;
}

}  // namespace frugal::workloads
