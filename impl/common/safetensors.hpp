// Model states as safetensors files (https://huggingface.co/docs/safetensors): eight bytes of header length, little
// endian; a JSON header {name: {"dtype", "shape", "data_offsets"}, ...}; the values. Other tools read them as they are.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "impl/common/state.hpp"

namespace frugal {

/// All tensors as F32; the step as text under "__metadata__". Written to a temporary file and renamed. Throws
/// OutputError.
void save_safetensors(const std::filesystem::path& path, const ModelState& state);

/// Tensors of F32, or of F16, which are widened; step 0 where the file has none. Strict: a tensor that repeats a name,
/// lies outside the file or over another one, or whose shape does not fit its data is an error. Throws UserError that
/// names the file and, where one is at fault, the tensor.
ModelState load_safetensors(const std::filesystem::path& path);

/// The same from the bytes of a file; `name` is for messages.
ModelState parse_safetensors(std::string_view bytes, const std::string& name);

}  // namespace frugal
