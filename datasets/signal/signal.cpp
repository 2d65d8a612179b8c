#include "datasets/signal/signal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>
#include <optional>

#include "datasets/catalog/catalog.hpp"
#include "datasets/formats/signal_files.hpp"
#include "datasets/synthetic/audio.hpp"
#include "datasets/synthetic/photo.hpp"
#include "datasets/synthetic/volume.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::data {
namespace {

using Folders = std::vector<std::filesystem::path>;

/// Where a signal comes from: a file, or the generator that the data set names.
struct SignalSource {
  std::string name;  ///< for messages: the path, or the generator
  std::string kind;  ///< image | audio | volume
  std::optional<std::filesystem::path> file{};
};

std::string kind_of_content(const std::filesystem::path& path) {
  const std::string head = read_file_start(path, 12);
  if (head.starts_with("\x89PNG\r\n\x1a\n")) return "image";
  if (head.size() == 12 && head.ends_with("WAVE")) return "audio";
  if (head.starts_with("\x93NUMPY")) return "volume";
  throw UserError({path.string()}, "this is no signal: neither a PNG, nor a WAV, nor a NumPy .npy file");
}

std::filesystem::path file_of_user(const SignalChoice& choice) {
  if (choice.file.empty()) {
    throw UserError(
        "the data set 'file' is a file of your own: give its path, absolute or relative to the current folder, as "
        "params.inr.image");
  }
  return choice.file;
}

SignalSource find_source(const Json& dataset, const SignalChoice& choice, const Folders& data_dirs) {
  const auto name = dataset.at("name").get<std::string>();
  resolve_params(dataset);
  if (name == own_file) {
    const std::filesystem::path path = file_of_user(choice);
    return {path.string(), kind_of_content(path), path};
  }
  const Manifest* const manifest = find_manifest(name);
  const std::string kind = manifest ? manifest->kind : generator_kind(name);
  if (!is_signal(kind)) throw UserError(fmt::format("data set '{}' holds {}, no signal", name, kind));
  if (!manifest) return {name, kind};
  const std::filesystem::path path =
      locate_one(*manifest, choose_picture(*manifest, choice.file, choice.size), data_dirs);
  if (const std::string found = kind_of_content(path); found != kind) {
    throw UserError({path.string()},
                    fmt::format("this should be the {} of '{}', but it is of the kind {}", kind, name, found));
  }
  return {path.string(), kind, path};
}

SignalShape raw_shape(const SignalSource& source, const Json& dataset, const SignalChoice& choice) {
  if (source.file && source.kind == "image") return picture_shape(*source.file);
  if (source.file && source.kind == "audio") return audio_shape(*source.file);
  if (source.file) return volume_shape(*source.file);
  const auto params = resolve_params(dataset);
  if (source.kind == "audio") return synthetic_audio_shape(static_cast<int>(params.at("samples")));
  if (source.kind == "volume") return synthetic_volume_shape(static_cast<int>(params.at("side")));
  return synthetic_photo_shape(choice.size);
}

Signal raw_signal(const SignalSource& source, const Json& dataset, const SignalChoice& choice, std::uint64_t seed) {
  if (source.file && source.kind == "image") return read_picture(*source.file);
  if (source.file && source.kind == "audio") return read_audio(*source.file);
  if (source.file) return read_volume(*source.file);
  const auto params = resolve_params(dataset);
  if (source.kind == "audio") return synthetic_audio(static_cast<int>(params.at("samples")), seed);
  if (source.kind == "volume") return synthetic_volume(static_cast<int>(params.at("side")), seed);
  return synthetic_photo(choice.size, seed);
}

void require_choice(const SignalChoice& choice) {
  const std::vector<std::string> colours{"rgb", "grey", "own"};
  if (std::find(colours.begin(), colours.end(), choice.colour) == colours.end()) {
    throw UserError(unknown_word("colour", choice.colour, colours));
  }
  if (choice.size < 0) throw UserError(fmt::format("a size is 0 (as it is) or more, not {}", choice.size));
}

/// What the choice makes of a signal of this raw shape.
SignalShape chosen_shape(SignalShape shape, const SignalSource& source, const SignalChoice& choice) {
  if (source.kind == "image") {
    if (choice.size > 0) shape.shape = {choice.size, choice.size};
    if (choice.colour != "own") shape.channels = choice.colour == "rgb" ? 3 : 1;
  } else if (choice.size > 0 && source.kind == "volume") {
    throw UserError(fmt::format("{} is a volume, which is taken as it is: set size to 0", source.name));
  } else if (choice.size > 0) {
    if (shape.shape[0] < choice.size) {
      throw UserError(fmt::format("{} holds {} samples, fewer than the {} that size asks for", source.name,
                                  shape.shape[0], choice.size));
    }
    shape.shape[0] = choice.size;
  }
  return shape;
}

void expand_grey(Signal& picture) {
  std::vector<float> rgb;
  rgb.reserve(3 * picture.values.size());
  for (const float value : picture.values) rgb.insert(rgb.end(), 3, value);
  picture.values = std::move(rgb);
  picture.channels = 3;
}

void reduce_to_luma(Signal& picture) {
  std::vector<float> grey;
  grey.reserve(picture.values.size() / 3);
  for (std::size_t i = 0; i < picture.values.size(); i += 3) {
    const double luma = 0.299 * picture.values[i] + 0.587 * picture.values[i + 1] + 0.114 * picture.values[i + 2];
    grey.push_back(static_cast<float>(luma));
  }
  picture.values = std::move(grey);
  picture.channels = 1;
}

}  // namespace

std::size_t SignalShape::samples() const {
  std::size_t product = 1;
  for (const int extent : shape) product *= static_cast<std::size_t>(extent);
  return product;
}

SignalShape signal_shape(const Json& dataset, const SignalChoice& choice, const Folders& data_dirs) {
  require_choice(choice);
  const SignalSource source = find_source(dataset, choice, data_dirs);
  return chosen_shape(raw_shape(source, dataset, choice), source, choice);
}

Signal load_signal(const Json& dataset, const SignalChoice& choice, const Folders& data_dirs, std::uint64_t seed) {
  require_choice(choice);
  const SignalSource source = find_source(dataset, choice, data_dirs);
  const SignalShape wanted = chosen_shape(raw_shape(source, dataset, choice), source, choice);
  Signal signal = raw_signal(source, dataset, choice, seed);
  if (source.kind == "image") {
    if (signal.channels < wanted.channels) expand_grey(signal);
    if (signal.channels > wanted.channels) reduce_to_luma(signal);
    if (signal.shape != wanted.shape) signal = squash(signal, choice.size);
  } else {
    signal.shape = wanted.shape;
    signal.values.resize(wanted.samples() * static_cast<std::size_t>(wanted.channels));
  }
  assert(static_cast<const SignalShape&>(signal) == wanted);
  return signal;
}

std::filesystem::path write_signal(const std::filesystem::path& stem, const Signal& signal) {
  assert(signal.values.size() == signal.samples() * static_cast<std::size_t>(signal.channels));
  const std::size_t dimensions = signal.shape.size();
  if (dimensions < 1 || dimensions > 3) {
    throw UserError(fmt::format("a signal of {} dimensions has no file format here", dimensions));
  }
  std::filesystem::path path = stem;
  path += dimensions == 1 ? ".wav" : dimensions == 2 ? ".png" : ".npy";
  write_whole_file(path, dimensions == 1   ? encode_wav(signal)
                         : dimensions == 2 ? encode_png(signal)
                                           : encode_npy(signal));
  return path;
}

}  // namespace frugal::data
