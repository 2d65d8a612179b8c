#include "benchmarks/workloads/inr/inr_workload.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "benchmarks/workloads/inr/inr_params.hpp"
#include "benchmarks/workloads/inr/last_layer.hpp"
#include "benchmarks/workloads/inr/quantize.hpp"
#include "benchmarks/workloads/inr/second_order.hpp"
#include "benchmarks/workloads/inr/signal_metrics.hpp"
#include "benchmarks/workloads/inr/train_until_stale.hpp"
#include "benchmarks/workloads/shared/checkpoint.hpp"
#include "benchmarks/workloads/shared/export.hpp"
#include "benchmarks/workloads/shared/inputs.hpp"
#include "benchmarks/workloads/shared/shared.hpp"
#include "datasets/catalog/locate.hpp"
#include "datasets/catalog/manifest.hpp"
#include "datasets/formats/jpeg.hpp"
#include "datasets/formats/signal_file.hpp"
#include "datasets/load/datasets.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/metrics.hpp"
#include "impl/common/traffic.hpp"

namespace frugal::workloads {
namespace {

using harness::Cell;
using harness::Complaint;
using harness::MetricDescriptor;
using harness::Outcome;
using harness::RunContext;
using harness::Work;

constexpr int most_bits = 16;  // finer raw values are compared at this many
constexpr const char* not_finite = "the reconstruction has values that are not finite";
constexpr const char* one_network = "one network has no border";
constexpr double white_of_error_map = 0.25;  // absolute error, of values in [-1, 1]
/// In dB of psnr[enrp], for flops[30dB] and seconds[30dB].
constexpr double quality_targets[] = {30, 35, 40, 50, 60};

double loss_at(double psnr_enrp) { return std::pow(10, -psnr_enrp / 10); }

bool solves_last_layer(const Json& own) { return own.at("last_layer") == "solved"; }

/// Of so many steps, and of solving the last layer where the cell does.
double training_flops(const InrSpec& spec, const Json& own, double steps, double second_order_steps) {
  return step_flops(spec).total() * steps + second_order_flops(spec) * second_order_steps +
         (solves_last_layer(own) ? last_layer_flops(spec) : 0);
}

std::string at_quality(const char* what, double target) { return fmt::format("{}[{:g}dB]", what, target); }

/// Over tiles of these mean square errors; absent where one is not finite.
std::optional<double> mean_psnr(const std::vector<double>& of_tile) {
  double sum = 0;
  for (const double mse : of_tile) {
    const std::optional<double> psnr = psnr_enrp(mse);
    if (!psnr) return std::nullopt;
    sum += *psnr;
  }
  return sum / static_cast<double>(of_tile.size());
}

/// One run of a cell: what its stages share.
class InrRun {
 public:
  InrRun(const Cell& cell, RunContext& context) : cell_(cell), own_(cell.own()), context_(context) {}

  Outcome outcome() {
    load();
    train();
    render();
    measure();
    count();
    write_artifacts();
    measure_quantized();  // last: it replaces the weights
    return {.implementation = model_->implementation(), .metrics = std::move(metrics_), .absent = std::move(absent_)};
  }

 private:
  void load() {
    context_.stage("load", [&] {
      original_ = data::load_signal(located_dataset(cell_), signal_choice(cell_), context_.data_dirs(), cell_.seed);
    });
    tiling_ = std::make_unique<Tiling>(tiling_of(cell_, original_));
    spec_ = inr_spec(cell_, *tiling_, original_.channels);
  }

  void train() {
    context_.stage("prepare", [&] {
      model_ = backend_of(cell_).make(spec_);
      load_checkpoint(cell_, *model_);
      targets_ = tiling_->gather(original_.values, spec_.channels);
      model_->set_samples(tiling_->coordinates(), targets_);
    });
    context_.stage("train", [&] {
      std::optional<double> target_loss;
      if (const double stop = own_.at("stop_psnr"); stop > 0) target_loss = loss_at(stop);
      const std::int64_t most = own_.at("steps"), most_second = own_.at("second_order_steps");
      const std::int64_t all = most + most_second + (solves_last_layer(own_) ? 1 : 0);
      // Which sub-networks have stopped is in no checkpoint.
      Checkpoint checkpoint(context_, "train", own_.at("network_patience") == 0);
      std::vector<double> before = checkpoint.take_up(*model_);
      taken_up_ = std::ssize(before);
      const auto pace = [&](const LossCurve& curve) {
        checkpoint.keep(*model_, curve.losses);
        return context_.pace(curve.rule.steps, all);
      };
      curve_ = train_until_stale(*model_, most, own_.at("patience"), target_loss, pace, std::move(before));
      network_steps_ = model_->network_steps() + taken_up_ * spec_.networks;
      if (most_second > 0) train_second_order(most_second, target_loss, all);
      if (solves_last_layer(own_)) {
        curve_.losses.push_back(solve_last_layer(*model_, backend_of(cell_), spec_, tiling_->coordinates(), targets_));
        context_.pace(std::ssize(curve_.losses), all);
      }
      time_to_quality();
      return Work{.flops = training_flops(), .bytes = training_bytes(spec_), .sines = step_sines(spec_) * steps()};
    });
    for (std::size_t i = 0; i < curve_.losses.size(); ++i)
      context_.loss("train", static_cast<double>(i + 1), curve_.losses[i]);
  }

  void train_second_order(std::int64_t most, std::optional<double> target_loss, std::int64_t all) {
    SecondOrderTraining training(spec_, model_->export_state(), tiling_->coordinates(), targets_);
    for (; second_order_steps_ < most && !(target_loss && curve_.losses.back() <= *target_loss);
         ++second_order_steps_) {
      const std::int64_t done = std::ssize(curve_.losses);
      curve_.losses.push_back(training.step(
          [&](double share) { context_.progress((static_cast<double>(done) + share) / static_cast<double>(all)); }));
      context_.pace(done + 1, all);
    }
    model_->import_state(training.state());
    if (second_order_steps_ == 0) return;
    // The back end's own, which rounds more than those steps do.
    double squares = 0;
    const std::vector<float> values = values_at(tiling_->coordinates());
    for (std::size_t i = 0; i < values.size(); ++i) squares += std::pow(double{values[i]} - double{targets_[i]}, 2);
    curve_.losses.back() = squares / static_cast<double>(values.size());
  }

  /// By the first step whose loss is not above that of the target; solving the last layer is the last one.
  void time_to_quality() {
    for (const double target : quality_targets) {
      const auto reached = std::ranges::find_if(curve_.losses, [&](double loss) { return loss <= loss_at(target); });
      if (own_.at("network_patience") > 0 || reached == curve_.losses.end()) {
        const char* const why = own_.at("network_patience") > 0 ? "sub-networks stop one by one" : "not reached";
        for (const char* what : {"flops", "seconds"}) absent_[at_quality(what, target)] = why;
        continue;
      }
      const std::int64_t step = reached - curve_.losses.begin() + 1, second = step - curve_.rule.steps;
      double flops = training_flops();
      if (second <= 0)
        flops = step_flops(spec_).total() * static_cast<double>(step);
      else if (second <= second_order_steps_)
        flops = step_flops(spec_).total() * static_cast<double>(curve_.rule.steps) +
                second_order_flops(spec_) * static_cast<double>(second);
      put(at_quality("flops", target), flops);
      if (step <= taken_up_)
        absent_[at_quality("seconds", target)] = "reached by an earlier try, which left no times of its steps";
      else
        context_.time_metric(at_quality("seconds", target), step);
    }
  }

  void render() {
    context_.stage("render", [&] {
      tiles_ = values_at(tiling_->coordinates());
      picture_ = signal_of(tiles_, 1);
      return Work{.flops = inference_flops(spec_), .sines = step_sines(spec_)};
    });
  }

  void measure() {
    context_.stage("evaluate", [&] {
      put("psnr", psnr_of(picture_), not_finite);
      if (original_.shape.size() == 2) {
        const int side = std::min(original_.shape[0], original_.shape[1]);
        put("mssim", mssim(picture_.values, original_.values, original_.shape[0], original_.shape[1], spec_.channels),
            side < 11 ? "a side is shorter than the window of 11" : not_finite);
      } else {
        absent_["mssim"] = "of pictures only";
      }
      put("seam", seam(picture_.values, original_.values, original_.shape, spec_.channels, tiling_->starts()),
          spec_.networks == 1 ? one_network : "the original has no steps to compare with, or a value is not finite");

      TileErrors errors = tile_errors(tiles_, targets_, spec_.networks, tiling_->window(), spec_.channels);
      const bool has_both = errors.border && errors.inner;
      const char* const why_not_both = spec_.networks == 1 ? one_network : "a tile is all border";
      put("psnr[border]", has_both ? psnr_enrp(*errors.border) : std::nullopt, has_both ? not_finite : why_not_both);
      put("psnr[inner]", has_both ? psnr_enrp(*errors.inner) : std::nullopt, has_both ? not_finite : why_not_both);
      put("psnr[tile,mean]", mean_psnr(errors.of_tile), not_finite);
      std::sort(errors.of_tile.begin(), errors.of_tile.end());
      put("psnr[tile,min]", psnr_enrp(errors.of_tile.back()), not_finite);
      put("psnr[tile,median]", psnr_enrp(errors.of_tile[errors.of_tile.size() / 2]), not_finite);

      const std::vector<float> between = values_at(between_coordinates(tiling_->window()));
      const auto error = between_mse(between, targets_, spec_.networks, tiling_->window(), spec_.channels);
      put("psnr[between]", error ? psnr_enrp(*error) : std::nullopt,
          error ? not_finite : "a tile of one sample has nothing between");
    });
    put("psnr[enrp]", psnr_enrp(curve_.losses.back()), not_finite);
    put("psnr[enrp,best]", psnr_enrp(std::ranges::min(curve_.losses)), not_finite);
  }

  void count() {
    const auto parameter_count = static_cast<double>(parameters(spec_));
    put("networks", static_cast<double>(spec_.networks));
    put("parameters", parameter_count);
    put("bits_per_pixel", 32 * parameter_count / static_cast<double>(original_.samples()));
    put("flops.train", training_flops());
    put("flops.inference", inference_flops(spec_));
    put("steps.done", static_cast<double>(curve_.rule.steps));
  }

  void write_artifacts() {
    const std::filesystem::path folder = context_.artifacts();
    data::write_signal(folder / "original", original_);
    data::write_signal(folder / "reconstruction", picture_);
    if (original_.shape.size() == 2)
      data::write_signal(folder / "error", data::error_map(original_, picture_, white_of_error_map));
    if (const int scale = own_.at("render_scale"); scale > 1)
      data::write_signal(folder / fmt::format("render_x{}", scale),
                         signal_of(values_at(tiling_->coordinates(scale)), scale));
    save_checkpoint(cell_, *model_, context_);
    if (const auto exported = context_.export_folder()) {
      export_weights(*exported, model_->export_state());
      export_arrays(*exported, "signals",
                    {.tensors = {tensor_of("original", original_), tensor_of("reconstruction", picture_)}});
    }
  }

  /// [shape..., channels]
  static NamedTensor tensor_of(const char* name, const data::Signal& signal) {
    NamedTensor tensor{name, {signal.shape.begin(), signal.shape.end()}, signal.values};
    tensor.shape.push_back(signal.channels);
    return tensor;
  }

  void measure_quantized() {
    const ModelState state = model_->export_state();
    const auto pixels = static_cast<double>(original_.samples());
    for (const auto& [name, format] : {std::pair{"fp16", WeightFormat::fp16}, std::pair{"int8", WeightFormat::int8},
                                       std::pair{"int6", WeightFormat::int6}}) {
      model_->import_state(quantized(state, format));
      const auto psnr = psnr_of(signal_of(values_at(tiling_->coordinates()), 1));
      put(fmt::format("psnr[{}]", name), psnr, not_finite);
      put(fmt::format("bits_per_pixel[{}]", name), bits_of(state, format) / pixels);
      if (format == WeightFormat::fp16) continue;
      const auto coded = psnr ? std::optional(coded_bits_of(state, format) / pixels) : std::nullopt;
      put(fmt::format("bits_per_pixel[{},coded]", name), coded, not_finite);
      if (format == WeightFormat::int8) measure_jpeg(psnr);
    }
  }

  /// What a picture as good takes as a JPEG.
  void measure_jpeg(std::optional<double> psnr) {
    constexpr const char* name = "bits_per_pixel[jpeg]";
    const bool fits = original_.shape.size() == 2 && original_.bits == 8 &&
                      (original_.channels == 1 || original_.channels == 3) &&
                      std::ranges::max(original_.shape) <= data::longest_jpeg_side;
    if (!fits || !psnr) {
      absent_[name] = fits ? not_finite : "of grey and colour pictures of 8 bits only";
      return;
    }
    std::optional<double> bits;
    int low = 1, high = 101;  // the least quality that is enough is in [low, high)
    while (low < high) {
      const int middle = (low + high) / 2;
      const data::JpegTrial trial = data::through_jpeg(original_, middle);
      const bool enough = psnr_of(trial.picture) >= psnr;
      if (enough) bits = 8 * static_cast<double>(trial.bytes);
      enough ? high = middle : low = middle + 1;
    }
    put(name, bits ? std::optional(*bits / static_cast<double>(original_.samples())) : std::nullopt,
        "no JPEG is as good");
  }

  /// Of every network at these points: [networks, points, channels].
  std::vector<float> values_at(const std::vector<float>& coordinates) const {
    std::vector<float> values(coordinates.size() / static_cast<std::size_t>(spec_.inputs) *
                              static_cast<std::size_t>(spec_.networks * spec_.channels));
    model_->evaluate(coordinates, values);
    return values;
  }

  /// A signal like the original, `scale` times finer.
  data::Signal signal_of(const std::vector<float>& tiles, int scale) const {
    data::Signal signal = original_;
    for (int& n : signal.shape) n *= scale;
    signal.sample_rate *= scale;
    signal.values = tiling_->blend(tiles, spec_.channels, scale);
    return signal;
  }

  std::optional<double> psnr_of(const data::Signal& signal) const {
    return psnr_in_bits(signal.values, original_.values, std::min(original_.bits, most_bits));
  }

  /// Of the whole ensemble; a fraction when some sub-networks stopped early.
  double steps() const { return static_cast<double>(network_steps_) / static_cast<double>(spec_.networks); }

  double training_flops() const {
    return workloads::training_flops(spec_, own_, steps(), static_cast<double>(second_order_steps_));
  }

  void put(const std::string& name, double value) { metrics_[name] = value; }
  /// why: what it means that there is no value.
  void put(const std::string& name, std::optional<double> value, const char* why) {
    if (value)
      metrics_[name] = *value;
    else
      absent_[name] = why;
  }

  const Cell& cell_;
  const Json& own_;
  RunContext& context_;
  data::Signal original_;
  std::unique_ptr<Tiling> tiling_;
  InrSpec spec_;
  std::unique_ptr<InrEnsemble> model_;
  std::vector<float> targets_;  ///< [networks, points, channels]
  std::vector<float> tiles_;    ///< what the trained networks give there
  LossCurve curve_;             ///< its losses go on with those after second-order steps and the solved last layer
  std::int64_t taken_up_ = 0;   ///< steps of Adam that an earlier try has done
  std::int64_t network_steps_ = 0;
  std::int64_t second_order_steps_ = 0;
  data::Signal picture_;
  std::map<std::string, double> metrics_;
  std::map<std::string, std::string> absent_;
};

/// The signal's shape from the parameters alone, without its file; nothing where only the file tells.
std::optional<data::SignalShape> known_shape(const Cell& cell) {
  const data::SignalChoice choice = signal_choice(cell);
  const data::Manifest* manifest = data::find_manifest(cell.dataset.at("name").get<std::string>(), {});
  if (manifest && manifest->kind == data::Kind::image && choice.size > 0 && choice.colour != "own")
    return data::SignalShape{.shape = {choice.size, choice.size}, .channels = choice.colour == "rgb" ? 3 : 1};
  try {
    return data::signal_shape(located_dataset(cell), choice, {});
  } catch (const UserError&) {
    return std::nullopt;
  } catch (const UnavailableError&) {
    return std::nullopt;
  }
}

/// What the settings make of one's own file: ", as RGB", ", squashed to 32 x 32"; empty: it is taken as it is.
std::string made_of_it(const Cell& cell, const data::SignalChoice& choice) {
  const Json dataset = located_dataset(cell);
  const data::SignalShape file = data::signal_shape(dataset, {.file = choice.file, .size = 0, .colour = "own"}, {});
  const data::SignalShape taken = data::signal_shape(dataset, choice, {});
  std::string text;
  if (taken.channels != file.channels) text += taken.channels == 3 ? ", as RGB" : ", as grey";
  if (taken.shape != file.shape)
    text += fmt::format(", {} {}", file.shape.size() == 2 ? "squashed to" : "the first", fmt::join(taken.shape, " x "));
  return text;
}

/// What the back end and the second-order steps cannot compute.
void check_network(const InrSpec& spec, const Cell& cell, const Backend* backend, std::vector<Complaint>& complaints) {
  check_spec(spec, "params.inr", backend, complaints);
  const std::int64_t weights = parameters(spec) / spec.networks, values = spec.points * spec.channels;
  if (cell.own().at("second_order_steps") > 0 && std::min(weights, values) > most_second_order_unknowns)
    complaints.push_back(
        {"params.inr.second_order_steps",
         fmt::format("a step solves a system of a sub-network's weights, {}, or of its target values, {}: one of them "
                     "must be at most {}; take smaller tiles (params.inr.grid) or a smaller network",
                     weights, values, most_second_order_unknowns)});
}

class Inr final : public harness::Workload {
 public:
  std::string name() const override { return "inr"; }
  std::string description() const override {
    return "represent a signal by an ensemble of small coordinate networks, one per tile (ENRP, arXiv 2110.04124)";
  }
  std::string clock() const override {
    return "Training is the optimiser steps; total adds reading the signal, setting up the networks (within training in "
           "records without a stage `prepare`), rendering and evaluation.";
  }
  std::vector<harness::DatasetChoice> datasets(const std::vector<std::filesystem::path>& data_dirs) const override {
    std::vector<harness::DatasetChoice> choices = dataset_choices(data::Kind::signal, data_dirs);
    // Published pictures and the generated one are taken as the paper does, square and small.
    for (harness::DatasetChoice& choice : choices)
      if (!data::is_picture_set(choice.name)) choice.param_defaults["size"] = 0;
    return choices;
  }
  std::vector<ParamSpec> params() const override { return inr_params(); }

  std::vector<MetricDescriptor> metrics() const override {
    using enum MetricDescriptor::Direction;
    std::vector<MetricDescriptor> all = {
        {"psnr", "dB", higher_is_better, "{:.2f}",
         "of the final signal, clipped and rounded to the bits of the original (16 at most), against their peak; an "
         "exact reconstruction has 200 dB"},
        {"psnr[enrp]", "dB", higher_is_better, "{:.2f}",
         "ENRP's: peak 1 on values in [-1, 1], unclipped, from the last step's loss (that of the solved last layer, where "
         "it is solved); without an error 200 dB"},
        {"psnr[enrp,best]", "dB", higher_is_better, "{:.2f}", "the same from the lowest loss of the training"},
        {"psnr[between]", "dB", higher_is_better, "{:.2f}",
         "half-way between samples of a tile, against linear interpolation, peak 1: low for a look-up table"},
        {"psnr[border]", "dB", higher_is_better, "{:.2f}", "of the samples on the edges of tiles, peak 1"},
        {"psnr[inner]", "dB", higher_is_better, "{:.2f}", "of all other samples, peak 1"},
        {"psnr[tile,min]", "dB", higher_is_better, "{:.2f}", "of the worst tile, peak 1"},
        {"psnr[tile,mean]", "dB", higher_is_better, "{:.2f}",
         "mean over the tiles, as if each were a picture of its own, peak 1"},
        {"psnr[tile,median]", "dB", higher_is_better, "{:.2f}",
         "of the tile in the middle, of an even number the worse of the two, peak 1"},
        {"psnr[fp16]", "dB", higher_is_better, "{:.2f}", "psnr with the weights rounded to fp16"},
        {"psnr[int8]", "dB", higher_is_better, "{:.2f}",
         "psnr with the weights rounded to int8, a scale for each tensor of each sub-network"},
        {"psnr[int6]", "dB", higher_is_better, "{:.2f}", "the same with 6 bits a weight"},
        {"mssim", "", higher_is_better, "{:.4f}",
         "mean structural similarity of the final picture (Wang et al. 2004), of its values mapped to 0 ... 1"},
        {"seam", "", lower_is_better, "{:.3f}",
         "mean step across tile borders over that elsewhere, against the same of the original: 1 without seams"},
        {"bits_per_pixel", "bit", lower_is_better, "{:.1f}",
         "32 bits a parameter over the samples; a raw RGB picture has 24"},
        {"bits_per_pixel[fp16]", "bit", lower_is_better, "{:.1f}", "the same with 16 bits a parameter"},
        {"bits_per_pixel[int8]", "bit", lower_is_better, "{:.1f}", "the same with 8 bits a parameter, and the scales"},
        {"bits_per_pixel[int8,coded]", "bit", lower_is_better, "{:.1f}",
         "the same entropy-coded: the length of an adaptive arithmetic code"},
        {"bits_per_pixel[int6]", "bit", lower_is_better, "{:.1f}", "with 6 bits a parameter, and the scales"},
        {"bits_per_pixel[int6,coded]", "bit", lower_is_better, "{:.1f}", "the same entropy-coded"},
        {"bits_per_pixel[jpeg]", "bit", lower_is_better, "{:.1f}",
         "of the smallest JPEG of the original whose psnr is at least psnr[int8]"},
        {"networks", "", informative, "{:.0f}", "sub-networks, one a tile", true},
        {"parameters", "", informative, "{:.0f}", "of all sub-networks", true},
        {"flops.train", "FLOP", informative, "{:.4g}",
         "forward, backward and optimiser of the steps taken, second-order ones and the solved last layer included, "
         "analytic; activations not counted",
         true},
        {"flops.inference", "FLOP", informative, "{:.4g}", "the whole signal once, analytic; activations not counted",
         true},
        {"steps.done", "", informative, "{:.0f}", "optimiser steps taken before the stop"},
    };
    for (const double target : quality_targets) {
      all.push_back(
          {at_quality("flops", target), "FLOP", lower_is_better, "{:.4g}",
           fmt::format(
               "of training until the first step whose loss is that of {:g} dB of psnr[enrp]; to solve the last "
               "layer counts as the last step",
               target)});
      all.push_back({at_quality("seconds", target), "s", lower_is_better, "{:.3g}",
                     "the same in time, by the clock between the pieces of the training"});
    }
    return all;
  }

  std::vector<Complaint> check(const Cell& cell, const std::vector<std::filesystem::path>& data_dirs) const override {
    std::vector<Complaint> complaints;
    const Backend* backend = check_surroundings(cell, data_dirs, complaints);
    const bool is_own = data::is_own_file(cell.dataset);
    if (is_own && cell.own().at("image") != "")
      complaints.push_back(
          {"params.inr.image",
           "it chooses a picture of a data set that has several; dataset.path names this one, and of a "
           "folder every file is a cell"});
    try {
      const data::SignalShape shape = data::signal_shape(located_dataset(cell), signal_choice(cell), data_dirs);
      if (std::string why = why_no_tiling(cell, shape); !why.empty())
        complaints.push_back(
            {"params.inr.grid", is_own ? cell.dataset.at("path").get<std::string>() + ": " + why : std::move(why)});
      else
        check_network(inr_spec(cell, tiling_of(cell, shape), shape.channels), cell, backend, complaints);
    } catch (const UserError& error) {
      complaints.push_back({is_own ? "dataset.path" : "params.inr.image", error.what()});
    } catch (const UnavailableError& error) {
      complaints.push_back({"dataset", error.what(), true});
    }
    return complaints;
  }

  std::string why_no_ranks(const Cell& cell) const override { return workloads::why_no_ranks(cell); }

  std::vector<Cell> spread(const Cell& cell) const override {
    if (!data::is_own_file(cell.dataset)) return {cell};
    std::vector<Cell> cells;
    const std::filesystem::path folder = cell.dataset.at("path").get<std::string>();
    for (const std::string& file : data::signals_in(cell.located(folder.string()))) {
      cells.push_back(cell);
      cells.back().dataset["path"] = (folder / std::filesystem::path(file).filename()).string();
    }
    return cells.empty() ? std::vector{cell} : cells;
  }

  std::string precision(const Cell& cell) const override { return cell.own().at("precision"); }

  std::map<std::string, double> known_metrics(const Cell& cell) const override {
    const std::optional<data::SignalShape> shape = known_shape(cell);
    if (!shape || !why_no_tiling(cell, *shape).empty()) return {};
    const InrSpec spec = inr_spec(cell, tiling_of(cell, *shape), shape->channels);
    const auto count = static_cast<double>(parameters(spec));
    return {
        {"networks", static_cast<double>(spec.networks)},
        {"parameters", count},
        {"bits_per_pixel", 32 * count / static_cast<double>(shape->samples())},
        {"flops.train", training_flops(spec, cell.own(), cell.own().at("steps"), cell.own().at("second_order_steps"))},
        {"flops.inference", inference_flops(spec)}};
  }

  std::vector<harness::InputFile> inputs(const Cell& cell,
                                         const std::vector<std::filesystem::path>& data_dirs) const override {
    std::vector<harness::InputFile> inputs;
    const data::SignalChoice choice = signal_choice(cell);
    const std::string name = cell.dataset.at("name");
    if (data::is_own_file(cell.dataset)) {
      add_dataset(cell, data_dirs, inputs);
      inputs.back().content += made_of_it(cell, choice);
    }
    if (const data::Manifest* manifest = data::find_manifest(name, data_dirs))
      add_input(*manifest, data::choose_picture(*manifest, choice.file, choice.size), data_dirs, inputs);
    add_checkpoint(cell, inputs);
    return inputs;
  }

  Outcome run(const Cell& cell, RunContext& context) const override { return InrRun(cell, context).outcome(); }
};

}  // namespace

const harness::Workload& inr_workload() {
  static const Inr workload;
  return workload;
}

}  // namespace frugal::workloads
