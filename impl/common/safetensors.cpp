#include "impl/common/safetensors.hpp"

#include <fmt/format.h>
#include <sys/types.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "impl/base/error.hpp"
#include "impl/base/files.hpp"
#include "impl/base/number.hpp"
#include "impl/common/fp16.hpp"

namespace frugal {
namespace {

using Header = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "the format is little endian");

constexpr std::uint64_t largest_header = 100'000'000;  // of the format's own reader
constexpr const char* metadata = "__metadata__";

[[noreturn]] void fail(const std::string& name, const std::string& what) {
  throw UserError(fmt::format("{}: {}", name, what));
}

using Range = std::pair<std::uint64_t, std::uint64_t>;

/// Offsets of the data of one tensor, checked against the bytes there are.
Range offsets_of(const Header& entry, std::uint64_t available) {
  const Header& offsets = entry.at("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    throw UserError("data_offsets must be two numbers");
  const auto begin = offsets[0].get<std::uint64_t>();
  const auto end = offsets[1].get<std::uint64_t>();
  if (begin > end || end > available) throw UserError(fmt::format("data [{}, {}) is not in the file", begin, end));
  return {begin, end};
}

std::vector<std::int64_t> shape_of(const Header& sizes) {
  if (!sizes.is_array()) throw UserError("shape must be a list");
  std::vector<std::int64_t> shape;
  for (const Header& n : sizes) {
    if (!n.is_number_unsigned() || !std::in_range<std::int64_t>(n.get<std::uint64_t>()))
      throw UserError("shape must hold whole numbers below 2^63");
    shape.push_back(n.get<std::int64_t>());
  }
  return shape;
}

/// Values of that shape, or nothing when they are more than `most`: the product of a damaged shape may overflow.
std::optional<std::uint64_t> size_of(const std::vector<std::int64_t>& shape, std::uint64_t most) {
  if (std::ranges::find(shape, 0) != shape.end()) return 0;
  std::uint64_t product = 1;
  for (const std::int64_t n : shape) {
    if (product > most / static_cast<std::uint64_t>(n)) return std::nullopt;
    product *= static_cast<std::uint64_t>(n);
  }
  return product;
}

/// data_begin: where the data of all tensors begin; available: how many bytes they are.
SafetensorsIndex::Tensor entry_of(const std::string& name, const Header& entry, std::uint64_t data_begin,
                                  std::uint64_t available) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") || !entry.contains("data_offsets"))
    throw UserError("needs dtype, shape and data_offsets");
  const Header& dtype = entry.at("dtype");
  const std::size_t width = dtype == "F32" ? 4 : dtype == "F16" ? 2 : 0;
  if (width == 0) throw UserError(fmt::format("has dtype {}; F32 and F16 can be read", dtype.dump()));
  const auto [begin, end] = offsets_of(entry, available);
  std::vector<std::int64_t> shape = shape_of(entry.at("shape"));
  const std::optional<std::uint64_t> count = size_of(shape, (end - begin) / width);
  if (!count || *count * width != end - begin) throw UserError("shape and data do not agree");
  return {.name = name, .shape = std::move(shape), .begin = data_begin + begin, .count = *count, .is_fp16 = width == 2};
}

/// bytes: of the values.
NamedTensor tensor_of(const SafetensorsIndex::Tensor& entry, std::string_view bytes) {
  NamedTensor tensor{.name = entry.name, .shape = entry.shape, .values = std::vector<float>(entry.count)};
  if (!entry.is_fp16) {
    if (entry.count > 0) std::memcpy(tensor.values.data(), bytes.data(), bytes.size());
    return tensor;
  }
  for (std::uint64_t i = 0; i < entry.count; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + 2 * i, 2);
    tensor.values[i] = from_fp16(bits);
  }
  return tensor;
}

std::uint64_t bytes_of(const SafetensorsIndex::Tensor& tensor) { return tensor.count * (tensor.is_fp16 ? 2 : 4); }

/// Refuses data that belongs to two tensors: no writer makes it, so the header is damaged.
void check_overlap(const Header& header, const std::string& file) {
  std::vector<std::pair<Range, std::string>> ranges;
  for (const auto& [tensor, entry] : header.items()) {
    if (tensor == metadata) continue;
    const Header& offsets = entry.at("data_offsets");
    const Range range{offsets[0].get<std::uint64_t>(), offsets[1].get<std::uint64_t>()};
    if (range.first < range.second) ranges.emplace_back(range, tensor);
  }
  std::ranges::sort(ranges);
  for (std::size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].first.first < ranges[i - 1].first.second)
      fail(file, fmt::format("the data of tensors '{}' and '{}' overlap", ranges[i - 1].second, ranges[i].second));
}

/// The header as JSON. A parser may keep either of two members of one name; here that is an error.
Header header_of(std::string_view text, const std::string& file) {
  std::set<std::string> names;
  const auto on_event = [&](int depth, Header::parse_event_t event, const Header& value) {
    if (depth == 1 && event == Header::parse_event_t::key && !names.insert(value.get<std::string>()).second)
      fail(file, fmt::format("tensor '{}' is there twice", value.get<std::string>()));
    return true;
  };
  Header header = Header::parse(text, on_event, false);
  if (!header.is_object()) fail(file, "is no safetensors file: its header is no JSON object");
  return header;
}

std::uint64_t step_of(const Header& header) {
  if (!header.contains(metadata) || !header[metadata].is_object() || !header[metadata].contains("step")) return 0;
  const Header& step = header[metadata]["step"];
  const auto value = step.is_string() ? number_in<std::uint64_t>(step.get<std::string>()) : std::nullopt;
  if (!value)
    throw UserError(fmt::format("step in {} must be a whole number as text, but is {}", metadata, step.dump()));
  return *value;
}

/// start: of the file, with all of its header; size: of the file.
SafetensorsIndex index_of(std::string_view start, std::uint64_t size, const std::string& name) {
  std::uint64_t length = 0;
  if (start.size() < sizeof(length)) fail(name, "is no safetensors file: it ends within the length of its header");
  std::memcpy(&length, start.data(), sizeof(length));
  if (length > largest_header || length > start.size() - sizeof(length))
    fail(name, fmt::format("is no safetensors file: its header of {} bytes is not in it", length));
  const Header header = header_of(start.substr(sizeof(length), length), name);
  const std::uint64_t data_begin = sizeof(length) + length;

  SafetensorsIndex index;
  try {
    index.step = step_of(header);
  } catch (const UserError& error) {
    fail(name, error.what());
  }
  for (const auto& [tensor, entry] : header.items()) {
    if (tensor == metadata) continue;
    try {
      index.tensors.push_back(entry_of(tensor, entry, data_begin, size - data_begin));
    } catch (const UserError& error) {
      fail(name, fmt::format("tensor '{}' {}", tensor, error.what()));
    }
  }
  check_overlap(header, name);
  return index;
}

}  // namespace

ModelState parse_safetensors(std::string_view bytes, const std::string& name) {
  const SafetensorsIndex index = index_of(bytes, bytes.size(), name);
  ModelState state{.step = index.step, .tensors = {}};
  for (const SafetensorsIndex::Tensor& tensor : index.tensors)
    state.tensors.push_back(tensor_of(tensor, bytes.substr(tensor.begin, bytes_of(tensor))));
  return state;
}

ModelState load_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(read_whole_file(path), path.string());
}

SafetensorsIndex index_safetensors(const std::filesystem::path& path) {
  std::uint64_t length = 0;
  std::string start = read_file_start(path, sizeof(length));
  if (start.size() == sizeof(length)) {
    std::memcpy(&length, start.data(), sizeof(length));
    if (length <= largest_header) start = read_file_start(path, sizeof(length) + length);
  }
  return index_of(start, std::filesystem::file_size(path), path.string());
}

NamedTensor read_tensor(const std::filesystem::path& path, const SafetensorsIndex::Tensor& tensor) {
  const FileHandle file = open_file(path);
  std::string bytes(bytes_of(tensor), '\0');
  if (::fseeko(file.get(), static_cast<off_t>(tensor.begin), SEEK_SET) != 0 ||
      read_piece(file.get(), bytes.data(), bytes.size(), path) != bytes.size())
    fail(path.string(), fmt::format("tensor '{}' cannot be read", tensor.name));
  return tensor_of(tensor, bytes);
}

SafetensorsFrame safetensors_frame(std::uint64_t step, std::span<const SafetensorsFrame::Tensor> tensors) {
  Header header;
  header[metadata] = {{"format", "pt"}, {"step", std::to_string(step)}};
  SafetensorsFrame frame;
  std::uint64_t at = 0;
  for (const SafetensorsFrame::Tensor& tensor : tensors) {
    std::uint64_t end = sizeof(float);
    for (const std::int64_t extent : tensor.shape) end *= static_cast<std::uint64_t>(extent);
    end += at;
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    frame.begins.push_back(at);
    at = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the values start on a multiple of 8 bytes
  const std::uint64_t length = text.size();
  frame.head.assign(reinterpret_cast<const char*>(&length), sizeof(length));
  frame.head += text;
  for (std::uint64_t& begin : frame.begins) begin += frame.head.size();
  frame.size = frame.head.size() + at;
  return frame;
}

void save_safetensors(const std::filesystem::path& path, const ModelState& state) {
  std::vector<SafetensorsFrame::Tensor> tensors;
  for (const NamedTensor& tensor : state.tensors) tensors.push_back({tensor.name, tensor.shape});
  FileWriter file(path);
  file.write(safetensors_frame(state.step, tensors).head);
  for (const NamedTensor& tensor : state.tensors)
    file.write({reinterpret_cast<const char*>(tensor.values.data()), 4 * tensor.values.size()});
  file.finish();
}

}  // namespace frugal
