// A file that holds one signal, in whichever of the formats. All throw UserError.
#pragma once
#include <filesystem>

#include "datasets/signal/signal.hpp"

namespace frugal::data {

enum class SignalFormat { png, wav, npy };

/// That of the file's content, whatever its name.
SignalFormat signal_format(const std::filesystem::path& path);

Signal read_signal(const std::filesystem::path& path, SignalFormat format);

/// What read_signal() will give, from the file's header alone.
SignalShape shape_of_file(const std::filesystem::path& path, SignalFormat format);

/// Writes a signal in the format of its dimension and returns the path, `stem` with the ending appended: sound .wav,
/// a picture .png, volumes and video .npy.
std::filesystem::path write_signal(const std::filesystem::path& stem, const Signal& signal);

}  // namespace frugal::data
