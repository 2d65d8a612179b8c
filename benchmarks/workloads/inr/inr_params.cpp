#include "benchmarks/workloads/inr/inr_params.hpp"

#include "benchmarks/workloads/shared/shared.hpp"
#include "impl/common/spec_names.hpp"

namespace frugal::workloads {
namespace {

using harness::Cell;

/// The authors' code takes a plain linear layer's biases up to a 2 x 2 grid, and those of a batched one above.
BiasInit bias_init_of(const Json& own) {
  const std::string law = own.at("bias_init");
  if (law == "auto") return own.at("grid").get<int>() <= 2 ? BiasInit::linear : BiasInit::enrp;
  return from_word(bias_init_names, "bias_init", law);
}

ParamSpec integer(const char* name, std::int64_t default_value, const char* help, double min, double max) {
  return {.name = name,
          .type = ParamSpec::Type::integer,
          .default_value = default_value,
          .help = help,
          .min = min,
          .max = max};
}

ParamSpec real(const char* name, double default_value, const char* help, double min, double max) {
  return {.name = name,
          .type = ParamSpec::Type::real,
          .default_value = default_value,
          .help = help,
          .min = min,
          .max = max};
}

ParamSpec text(const char* name, const char* default_value, const char* help, std::vector<std::string> choices = {}) {
  return {.name = name,
          .type = ParamSpec::Type::string,
          .default_value = default_value,
          .help = help,
          .choices = std::move(choices)};
}

}  // namespace

std::vector<ParamSpec> inr_params() {
  std::vector<ParamSpec> all = {
      text("image", "",
           "file of a published data set that has several, by name; empty: the one of this size, else the largest"),
      integer("size", 128,
              "side of a picture in samples, squashed to a square; of sound the first samples; 0: the signal as it is, "
              "the default of `file`, sound and volumes",
              0, 1 << 24),
      text("colour", "rgb", "of a picture; own: the channels of the file", {"rgb", "grey", "own"}),
      integer("grid", 4, "tiles along each dimension, a sub-network each", 1, 4096),
      integer("overlap", 0, "samples that a tile shares with its neighbours along each dimension, blended", 0, 4096),
      integer("hidden_layers", 2, "width -> width layers, beside the first and the last", 0, 64),
      integer("width", 64, "units of a layer", 1, 65536),
      text("activation", "sine",
           "of all layers but the last: sin(w z), max(z, 0), Gauss exp(-(s z)^2), WIRE's real "
           "Gabor cos(w z) exp(-(s z)^2), FINER's sin(w (|z| + 1) z)",
           words(activation_names)),
      real("first_omega0", 30, "w of the first layer", 1e-3, 1e4),
      real("omega0", 30, "w of the hidden layers; also scales their initial weights", 1e-3, 1e4),
      real("scale", 10, "s of gauss and wire", 1e-3, 1e4),
      real("weight_scale", 1, "times the initial weights of all layers but the last (Yeom et al. 2024)", 1e-3, 1e3),
      text("bias_init", "auto",
           "initial biases: linear U(+-1/sqrt(in)), enrp U(+-1/sqrt(out*in)); auto: linear for grid <= 2, else enrp",
           {"auto", "linear", "enrp"}),
      integer("steps", 501, "full-batch Adam steps at most", 1, 1e8),
      real("learning_rate", 1e-4, "Adam", 0, 10),
      text("schedule", "constant", "of the learning rate; cosine: to 0 at the last step", words(schedule_names)),
      integer("warmup", 0, "first steps, over which the learning rate rises", 0, 1e8),
      real("weight_decay", 0, "decoupled (AdamW): w *= 1 - learning rate * this, each step", 0, 1e4),
      integer("patience", 200, "stop when the best loss is more than this many steps old", 0, 1e8),
      integer("network_patience", 0, "the same for each sub-network by itself; 0: never", 0, 1e8),
      real("stop_psnr", 0,
           "stop soon after psnr[enrp] reaches this, in dB: the training time is then the time to it; "
           "0: never",
           0, 1000),
      integer("second_order_steps", 0,
              "after these, of Levenberg and Marquardt: for sub-networks with at most 4096 weights or target values", 0,
              1e6),
      text("last_layer", "trained",
           "solved: after the training, the best last layer for the hidden ones as they stand (ridge regression)",
           {"trained", "solved"}),
      text("precision", "fp32",
           "arithmetic of the square products; kernels narrow-* and wide of a GPU: of all gradients",
           words(precision_names)),
      text("implementation", "auto", "which of a back end's; auto: the fastest that can compute this",
           words(inr_implementation_names)),
      integer("render_scale", 1, "also render this many times finer along each dimension; 1: not", 1, 64),
  };
  const std::vector<ParamSpec> checkpoint = checkpoint_params();
  all.insert(all.end(), checkpoint.begin(), checkpoint.end());
  return all;
}

data::SignalChoice signal_choice(const Cell& cell) {
  const Json& own = cell.own();
  return {.file = own.at("image"), .size = own.at("size"), .colour = own.at("colour")};
}

std::string why_no_tiling(const Cell& cell, const data::SignalShape& shape) {
  return Tiling::why_not(shape.shape, cell.own().at("grid"), cell.own().at("overlap"));
}

Tiling tiling_of(const Cell& cell, const data::SignalShape& shape) {
  return {shape.shape, cell.own().at("grid"), cell.own().at("overlap")};
}

InrSpec inr_spec(const Cell& cell, const Tiling& tiling, int channels) {
  const Json& own = cell.own();
  InrSpec spec;
  spec.networks = tiling.networks();
  spec.points = tiling.points();
  spec.inputs = static_cast<int>(tiling.shape().size());
  spec.channels = channels;
  spec.hidden_layers = own.at("hidden_layers");
  spec.width = own.at("width");
  spec.activation = choice_of(activation_names, own, "activation");
  spec.bias_init = bias_init_of(own);
  spec.precision = choice_of(precision_names, own, "precision");
  spec.omega0 = own.at("omega0");
  spec.first_omega0 = own.at("first_omega0");
  spec.scale = own.at("scale");
  spec.weight_scale = own.at("weight_scale");
  spec.adam.learning_rate = own.at("learning_rate");
  spec.weight_decay = own.at("weight_decay");
  spec.schedule = {choice_of(schedule_names, own, "schedule"), own.at("warmup"), own.at("steps")};
  spec.patience = own.at("network_patience");
  spec.implementation = choice_of(inr_implementation_names, own, "implementation");
  spec.seed = cell.seed;
  return spec;
}

}  // namespace frugal::workloads
