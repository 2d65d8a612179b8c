// Signals for `inr`, by the name of their data set.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/catalog/manifest.hpp"
#include "datasets/signal/signal.hpp"
#include "impl/base/document.hpp"

namespace frugal::data {

/// What a plan says about the signal beside the data set.
struct SignalChoice {
  /// The file of a published set that has several, as choose_picture() takes it.
  std::string file{};
  /// 0: the signal as it is. N > 0: pictures are squashed to N x N; of sound the first N samples are taken; a volume
  /// must be taken as it is. `synthetic-photo` has no size of its own and needs N.
  int size = 0;
  /// Of pictures, one of colour_names. Other signals keep their channels.
  std::string colour = "rgb";
};

/// image, audio or volume, by the content. Throws UserError for a file that is none of them.
Kind signal_kind(const std::filesystem::path& path);

/// The files of a folder that hold signals, in the order of their names; hidden and other files are left out. None when
/// it is no folder. Throws UserError for a file that cannot be read.
std::vector<std::string> signals_in(const std::filesystem::path& folder);
/// Names of the other files there, hidden ones apart, in order: of formats that nobody here reads.
std::vector<std::string> unknown_files_in(const std::filesystem::path& folder);

/// Does the data set hold published pictures, or make one?
bool is_picture_set(std::string_view name);

/// dataset: complete (complete_dataset()), of a manifest, a generator or "file"; the kind of a file (picture, sound,
/// .npy) is that of its content. `seed` is for generators. Throws UserError for a bad choice or a bad file, UnavailableError,
/// with the command to get it, for a file of a data set that is not here.
Signal load_signal(const Json& dataset, const SignalChoice& choice, const std::vector<std::filesystem::path>& data_dirs,
                   std::uint64_t seed);

/// The shape that load_signal() will give, from the file's header alone: for checks before a run. Throws as
/// load_signal(), but for what only the values show (damage behind the header, floats outside [-1, 1]).
SignalShape signal_shape(const Json& dataset, const SignalChoice& choice,
                         const std::vector<std::filesystem::path>& data_dirs);

}  // namespace frugal::data
