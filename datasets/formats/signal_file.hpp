// A file that holds one signal, in whichever of the formats. All throw UserError.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "datasets/signal/signal.hpp"

namespace frugal::data {

enum class SignalFormat { png, jpeg, sound, npy };

/// That of the file's content, whatever its name; nothing when it is none of them.
std::optional<SignalFormat> known_format(const std::filesystem::path& path);

/// The same, or UserError.
SignalFormat signal_format(const std::filesystem::path& path);
/// What it says: "this is no signal: ...".
std::string why_no_signal();

Signal read_signal(const std::filesystem::path& path, SignalFormat format);

/// What read_signal() will give, from the file's header alone.
SignalShape shape_of_file(const std::filesystem::path& path, SignalFormat format);

/// What a file holds and what reading does to it, from its header alone: "4000 x 3000 RGB of 8 bits, transparent parts
/// over white"; "68545 samples at 48000 Hz of 16 bits". A picture's width comes first, as people say it.
std::string file_content(const std::filesystem::path& path);

/// The ending of files of signals of this many dimensions: sound ".wav", pictures ".png", volumes and video ".npy".
std::string_view ending_for(const SignalShape& shape);

/// Writes a signal in the format of that ending and returns the path: `stem` with the ending appended.
std::filesystem::path write_signal(const std::filesystem::path& stem, const Signal& signal);

}  // namespace frugal::data
