// Model states as safetensors files (https://huggingface.co/docs/safetensors): eight bytes of header length, little
// endian; a JSON header {name: {"dtype", "shape", "data_offsets"}, ...}; the values. Other tools read them as they are.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impl/common/state.hpp"

namespace frugal {

/// What a file of F32 tensors has beside their values.
struct SafetensorsFrame {
  struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
  };
  std::string head;                   ///< its first bytes
  std::vector<std::uint64_t> begins;  ///< of each tensor's values, in bytes
  std::uint64_t size = 0;             ///< of the file
};
SafetensorsFrame safetensors_frame(std::uint64_t step, std::span<const SafetensorsFrame::Tensor> tensors);

/// What a file holds, but for the values.
struct SafetensorsIndex {
  struct Tensor {
    std::string name;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0;  ///< of the values, in bytes of the file
    std::uint64_t count = 0;  ///< of values
    bool is_fp16 = false;
  };
  std::uint64_t step = 0;
  std::vector<Tensor> tensors;
};

/// All tensors as F32; the step as text under "__metadata__". Written to a temporary file and renamed. Throws
/// OutputError.
void save_safetensors(const std::filesystem::path& path, const ModelState& state);

/// Tensors of F32, or of F16, which are widened; step 0 where the file has none. Strict: a tensor that repeats a name,
/// lies outside the file or over another one, or whose shape does not fit its data is an error. Throws UserError that
/// names the file and, where one is at fault, the tensor.
ModelState load_safetensors(const std::filesystem::path& path);

/// The same in pieces.
SafetensorsIndex index_safetensors(const std::filesystem::path& path);
NamedTensor read_tensor(const std::filesystem::path& path, const SafetensorsIndex::Tensor& tensor);

/// As load_safetensors() from the bytes of a file; `name` is for messages.
ModelState parse_safetensors(std::string_view bytes, const std::string& name);

}  // namespace frugal
