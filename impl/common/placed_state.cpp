#include "impl/common/placed_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <utility>

#include "impl/base/error.hpp"
#include "impl/base/files.hpp"
#include "impl/base/hash.hpp"
#include "impl/common/safetensors.hpp"
#include "impl/common/together.hpp"

namespace frugal {
namespace {

/// What a rank holds of a tensor beside it while that passes.
constexpr std::uint64_t piece_bytes = std::uint64_t{1} << 24;

/// body(first row of the run, rows, where they lie in the file) for pieces of this rank's run; as many pieces on all
/// ranks, some of them empty.
template <class Body>
void in_pieces(Communicator& ranks, const PlacedTensor& tensor, const PlacedTensor::Run& run, std::uint64_t begin,
               const Body& body) {
  const std::uint64_t row_bytes = tensor.width() * sizeof(float);
  if (row_bytes == 0) return;  // it has no values
  const std::uint64_t rows = std::max<std::uint64_t>(piece_bytes / row_bytes, 1);
  const std::vector<std::uint64_t> counts = gathered(ranks, std::vector<std::uint64_t>{run.count});
  const std::uint64_t pieces = (*std::ranges::max_element(counts) + rows - 1) / rows;
  for (std::uint64_t piece = 0; piece < pieces; ++piece) {
    const std::uint64_t first = std::min(piece * rows, run.count);
    const std::uint64_t count = std::min((piece + 1) * rows, run.count) - first;
    SharedFile::Rows rows_of_file{.begin = begin + (run.first + first * run.step) * row_bytes,
                                  .stride = run.step * row_bytes,
                                  .bytes = row_bytes,
                                  .count = count};
    if (run.step == 1 && count > 0) rows_of_file = {rows_of_file.begin, count * row_bytes, count * row_bytes, 1};
    body(first, count, rows_of_file);
  }
}

/// Header and `more`; the room between them is left.
void write_frame(const std::filesystem::path& file, const SafetensorsFrame& frame, std::span<const NamedTensor> more) {
  std::ofstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  out.write(frame.head.data(), std::ssize(frame.head));
  for (std::size_t k = 0; k < more.size(); ++k) {
    out.seekp(static_cast<std::streamoff>(frame.begins[frame.begins.size() - more.size() + k]));
    out.write(reinterpret_cast<const char*>(more[k].values.data()), std::ssize(more[k].values) * 4);
  }
  out.close();
  if (!out) fail_to_write(file);
  std::error_code failed;
  std::filesystem::resize_file(file, frame.size, failed);
  if (failed) fail_to_write(file);
}

/// Of all ranks' tries to open it.
std::unique_ptr<SharedFile> opened(Communicator& ranks, const std::filesystem::path& file, bool to_write) {
  std::unique_ptr<SharedFile> shared = ranks.open_file(file, to_write);
  return sum_of(ranks, shared ? 0 : 1) == 0 ? std::move(shared) : nullptr;
}

/// The rows to write, and those to read, one after the other.
void lie_at(PlacedTensor& tensor, const float* written, float* read) {
  const std::uint64_t width = tensor.width();
  tensor.get = [=](std::uint64_t begin, std::uint64_t count, float* to) {
    std::copy_n(written + begin * width, count * width, to);
  };
  tensor.put = [=](std::uint64_t begin, std::uint64_t count, const float* from) {
    std::copy_n(from, count * width, read + begin * width);
  };
}

}  // namespace

std::uint64_t PlacedTensor::rows() const { return shape.empty() ? 1 : static_cast<std::uint64_t>(shape[0]); }

std::uint64_t PlacedTensor::width() const {
  std::uint64_t width = 1;
  for (std::size_t k = 1; k < shape.size(); ++k) width *= static_cast<std::uint64_t>(shape[k]);
  return width;
}

PlacedTensor whole_tensor(const Communicator& ranks, std::string name, std::vector<std::int64_t> shape, float* values) {
  PlacedTensor tensor{.name = std::move(name), .shape = std::move(shape)};
  const std::vector<std::size_t> begins = equal_shares(tensor.rows(), ranks.size());
  const auto rank = static_cast<std::size_t>(ranks.rank());
  tensor.to_write = {.first = begins[rank], .count = begins[rank + 1] - begins[rank]};
  tensor.to_read = {.count = tensor.rows()};
  lie_at(tensor, values + begins[rank] * tensor.width(), values);
  return tensor;
}

PlacedTensor dealt_tensor(const Communicator& ranks, std::string name, std::vector<std::int64_t> shape, float* values) {
  PlacedTensor tensor{.name = std::move(name), .shape = std::move(shape)};
  const auto rank = static_cast<std::uint64_t>(ranks.rank());
  const auto step = static_cast<std::uint64_t>(ranks.size());
  tensor.to_write = {.first = rank, .step = step, .count = (tensor.rows() + step - 1 - rank) / step};
  tensor.to_read = tensor.to_write;
  lie_at(tensor, values, values);
  return tensor;
}

void save_placed(Communicator& ranks, const std::filesystem::path& file, std::uint64_t step,
                 std::span<const PlacedTensor> tensors, std::span<const NamedTensor> more) {
  std::vector<SafetensorsFrame::Tensor> all;
  for (const PlacedTensor& tensor : tensors) all.push_back({tensor.name, tensor.shape});
  for (const NamedTensor& tensor : more) all.push_back({tensor.name, tensor.shape});
  const SafetensorsFrame frame = safetensors_frame(step, all);  // rank 0's has `more`, and so a longer head
  std::vector<std::uint64_t> head;
  if (ranks.rank() == 0) head = {frame.head.size()};
  const std::uint64_t shift = gathered(ranks, head).front() - frame.head.size();
  together<OutputError>(ranks, [&] {
    if (ranks.rank() == 0) write_frame(file, frame, more);
  });
  const std::unique_ptr<SharedFile> shared = opened(ranks, file, /*to_write=*/true);
  bool good = shared != nullptr;
  for (std::size_t t = 0; t < tensors.size() && shared; ++t) {
    std::vector<float> values;
    in_pieces(ranks, tensors[t], tensors[t].to_write, frame.begins[t] + shift,
              [&](std::uint64_t begin, std::uint64_t count, const SharedFile::Rows& rows) {
                values.resize(count * tensors[t].width());
                tensors[t].get(begin, count, values.data());
                good = shared->write(rows, std::as_bytes(std::span(values))) && good;
              });
  }
  if (shared) good = shared->close() && good;
  together<OutputError>(ranks, [&] {
    if (!good) throw OutputError(fmt::format("{}: the ranks cannot write to it together", file.string()));
  });
}

ModelState load_placed(Communicator& ranks, const std::filesystem::path& file, std::span<const PlacedTensor> tensors,
                       std::string_view beside) {
  ModelState rest;
  std::vector<std::pair<const PlacedTensor*, std::uint64_t>> found;  // and where its values begin
  together(ranks, [&] {
    const SafetensorsIndex index = index_safetensors(file);
    rest.step = index.step;
    for (const SafetensorsIndex::Tensor& one : index.tensors) {
      if (!beside.empty() && one.name.starts_with(beside)) {
        rest.tensors.push_back(read_tensor(file, one));
        continue;
      }
      const auto own = std::ranges::find(tensors, one.name, &PlacedTensor::name);
      if (own == tensors.end()) throw std::invalid_argument("the model has no tensor \"" + one.name + "\"");
      if (own->shape != one.shape)
        throw std::invalid_argument("tensor \"" + one.name + "\" has another shape than the model's");
      found.emplace_back(&*own, one.begin);
    }
  });
  const std::unique_ptr<SharedFile> shared = opened(ranks, file, /*to_write=*/false);
  bool good = shared != nullptr;
  for (std::size_t t = 0; t < found.size() && shared; ++t) {
    const PlacedTensor& tensor = *found[t].first;
    std::vector<float> values;
    in_pieces(ranks, tensor, tensor.to_read, found[t].second,
              [&](std::uint64_t begin, std::uint64_t count, const SharedFile::Rows& rows) {
                values.resize(count * tensor.width());
                good = shared->read(rows, std::as_writable_bytes(std::span(values))) && good;
                if (good) tensor.put(begin, count, values.data());
              });
  }
  if (shared) good = shared->close() && good;
  together(ranks, [&] {
    if (!good) throw UserError(fmt::format("{}: the ranks cannot read it together", file.string()));
  });
  return rest;
}

bool is_seen_by_all(Communicator& ranks, const std::filesystem::path& file) {
  std::uint64_t seen = 0;
  std::error_code missing;
  if (const std::uintmax_t size = std::filesystem::file_size(file, missing); !missing) {
    try {
      seen = hash_of(fmt::format("{} {}", size, read_file_start(file, std::size_t{1} << 16)));
    } catch (const UserError&) {  // it cannot be opened
    }
  }
  const std::vector<std::uint64_t> all = gathered(ranks, std::vector<std::uint64_t>{seen});
  return seen != 0 && std::ranges::count(all, seen) == std::ssize(all);
}

}  // namespace frugal
