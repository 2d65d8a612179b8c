#include "datasets/load/signal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>
#include <utility>

#include "datasets/catalog/locate.hpp"
#include "datasets/formats/signal_file.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/own_file.hpp"
#include "impl/base/error.hpp"

namespace frugal::data {
namespace {

using Folders = std::vector<std::filesystem::path>;

struct SignalFile {
  std::filesystem::path path;
  SignalFormat format;
};

/// Where a signal comes from.
struct SignalSource {
  std::string name;  ///< for messages: the path, or the generator
  Kind kind;         ///< image, audio or volume
  std::variant<SignalFile, SignalMaker> from;
};

Kind kind_of(SignalFormat format) {
  switch (format) {
    case SignalFormat::png:
    case SignalFormat::jpeg:
      return Kind::image;
    case SignalFormat::sound:
      return Kind::audio;
    case SignalFormat::npy:
      break;
  }
  return Kind::volume;
}

SignalSource source_of_file(const std::filesystem::path& path) {
  const SignalFormat format = signal_format(path);
  return {path.string(), kind_of(format), SignalFile{path, format}};
}

SignalSource find_source(const Json& dataset, const SignalChoice& choice, const Folders& data_dirs) {
  const std::string name = dataset.at("name");
  if (is_own_file(dataset)) return source_of_file(own_path(dataset));
  const Generator* const generator = find_generator(name);
  const Manifest* const manifest = find_manifest(name, data_dirs);
  if (!generator && !manifest)
    throw UnavailableError(fmt::format("data set '{}' is in no data folder that is known here", name));
  const Kind kind = generator ? generator->kind : manifest->kind;
  if (!is_signal(kind))
    throw UserError(fmt::format("data set '{}' holds {}, no signal", name, to_word(kind_names, kind)));
  if (generator) return {name, kind, std::get<SignalMaker>(generator->make)};
  const std::filesystem::path path =
      locate_one(*manifest, choose_picture(*manifest, choice.file, choice.size), data_dirs);
  SignalSource source = source_of_file(path);
  if (source.kind != kind) {
    throw UserError({path.string()}, fmt::format("this should be the {} of '{}', but it is of the kind {}",
                                                 to_word(kind_names, kind), name, to_word(kind_names, source.kind)));
  }
  return source;
}

SignalShape raw_shape(const SignalSource& source, const Json& dataset, const SignalChoice& choice) {
  if (const auto* const file = std::get_if<SignalFile>(&source.from)) return shape_of_file(file->path, file->format);
  return std::get<SignalMaker>(source.from).shape(dataset, choice.size);
}

Signal raw_signal(const SignalSource& source, const Json& dataset, const SignalChoice& choice, std::uint64_t seed) {
  if (const auto* const file = std::get_if<SignalFile>(&source.from)) return read_signal(file->path, file->format);
  return std::get<SignalMaker>(source.from).make(dataset, choice.size, seed);
}

Colour colour_of(const SignalChoice& choice) { return from_word(colour_names, "colour", choice.colour); }

void require_choice(const SignalChoice& choice) {
  colour_of(choice);
  if (choice.size < 0) throw UserError(fmt::format("a size is 0 (as it is) or more, not {}", choice.size));
}

/// What the choice makes of a signal of this raw shape.
SignalShape chosen_shape(SignalShape shape, const SignalSource& source, const SignalChoice& choice) {
  if (source.kind == Kind::image) {
    if (choice.size > 0) shape.shape = {choice.size, choice.size};
    if (const Colour colour = colour_of(choice); colour != Colour::own) shape.channels = colour == Colour::rgb ? 3 : 1;
  } else if (choice.size > 0 && source.kind == Kind::volume) {
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

/// All but hidden ones, in order; none where this is no folder.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.')) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Kind signal_kind(const std::filesystem::path& path) { return kind_of(signal_format(path)); }

std::vector<std::string> signals_in(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  for (const std::filesystem::path& file : files_in(folder))
    if (known_format(file)) files.push_back(file.string());
  return files;
}

std::vector<std::string> unknown_files_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const std::filesystem::path& file : files_in(folder))
    if (!known_format(file)) names.push_back(file.filename().string());
  return names;
}

bool is_picture_set(std::string_view name) {
  if (const Generator* const generator = find_generator(name)) return generator->kind == Kind::image;
  const Manifest* const manifest = find_manifest(name, {});
  return manifest && manifest->kind == Kind::image;
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
  if (source.kind == Kind::image) {
    signal = recoloured(std::move(signal), colour_of(choice));
    if (signal.shape != wanted.shape) signal = squash(signal, choice.size);
  } else {
    signal.shape = wanted.shape;
    signal.values.resize(wanted.samples() * static_cast<std::size_t>(wanted.channels));
  }
  assert(static_cast<const SignalShape&>(signal) == wanted);
  return signal;
}

}  // namespace frugal::data
