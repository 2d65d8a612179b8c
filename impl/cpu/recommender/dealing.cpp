#include "impl/cpu/recommender/dealing.hpp"

#include <algorithm>
#include <stdexcept>

namespace frugal::cpu {
namespace {

/// Values a row.
std::size_t width_of(const NamedTensor& tensor) {
  return tensor.shape.size() > 1 ? static_cast<std::size_t>(tensor.shape[1]) : 1;
}

void complete(NamedTensor& tensor, std::uint32_t table_rows, Communicator& ranks) {
  const Dealing dealing(ranks);
  const std::size_t width = width_of(tensor);
  std::vector<std::size_t> begins = {0};
  for (std::uint32_t r = 0; r < dealing.ranks; ++r) begins.push_back(begins.back() + dealing.rows_of(table_rows, r));
  std::vector<float> dealt(begins.back() * width);
  std::ranges::copy(tensor.values, dealt.begin() + static_cast<std::ptrdiff_t>(begins[dealing.rank] * width));
  gather_rows(ranks, dealt.data(), width, begins);
  tensor.shape[0] = table_rows;
  tensor.values.resize(dealt.size());
  for (std::uint32_t id = 0; id < table_rows; ++id)
    std::copy_n(dealt.data() + (begins[dealing.owner(id)] + dealing.row_of(id)) * width, width,
                tensor.values.data() + id * width);
}

NamedTensor part_of(const NamedTensor& tensor, std::uint32_t table_rows, const Dealing& dealing) {
  const std::size_t width = width_of(tensor);
  if (tensor.shape.empty() || tensor.shape[0] != table_rows || tensor.values.size() != table_rows * width)
    throw std::invalid_argument("tensor \"" + tensor.name + "\" has another shape than the model's");
  NamedTensor part{tensor.name, tensor.shape, {}};
  part.shape[0] = dealing.rows(table_rows);
  for (std::uint64_t id = dealing.rank; id < table_rows; id += dealing.ranks) {
    const auto from = tensor.values.begin() + static_cast<std::ptrdiff_t>(id * width);
    part.values.insert(part.values.end(), from, from + static_cast<std::ptrdiff_t>(width));
  }
  return part;
}

}  // namespace

void exchange(Communicator& ranks, const FloatBuffers& outgoing, FloatBuffers& incoming) {
  std::vector<std::span<const std::byte>> leaving;
  std::vector<std::span<std::byte>> arriving;
  for (const AlignedBuffer<float>& data : outgoing)
    leaving.push_back(std::as_bytes(std::span(data.data(), data.size())));
  for (AlignedBuffer<float>& room : incoming)
    arriving.push_back(std::as_writable_bytes(std::span(room.data(), room.size())));
  frugal::exchange(ranks, leaving, arriving);
}

void lend_rows(Communicator& ranks, std::span<const EmbeddingTable* const> tables, std::size_t dim,
               std::span<const TableIds> wanted, std::span<const SortedIds> used,
               std::span<AlignedBuffer<float>> values) {
  const Dealing dealing(ranks);
  FloatBuffers outgoing;
  FloatBuffers incoming;
  for (std::uint32_t r = 0; r < dealing.ranks; ++r) {
    std::size_t lent = 0;
    std::size_t borrowed = 0;
    for (std::size_t t = 0; t < tables.size() && r != dealing.rank; ++t) {
      lent += wanted[r][t].size();
      borrowed += static_cast<std::size_t>(
          std::ranges::count_if(used[t].distinct(), [&](std::uint32_t id) { return dealing.owner(id) == r; }));
    }
    float* to = outgoing.emplace_back(lent * dim).data();
    for (std::size_t t = 0; t < tables.size() && r != dealing.rank; ++t)
      for (const std::uint32_t id : wanted[r][t]) to = std::copy_n(tables[t]->row(dealing.row_of(id)), dim, to);
    incoming.emplace_back(borrowed * dim);
  }
  exchange(ranks, outgoing, incoming);

  std::vector<const float*> next;
  for (const AlignedBuffer<float>& buffer : incoming) next.push_back(buffer.data());
  for (std::size_t t = 0; t < tables.size(); ++t) {
    if (values[t].size() < used[t].rows() * dim) values[t] = AlignedBuffer<float>(used[t].rows() * dim);
    float* to = values[t].data();
    for (const std::uint32_t id : used[t].distinct()) {
      const float*& from = next[dealing.owner(id)];
      to = std::copy_n(dealing.owns(id) ? tables[t]->row(dealing.row_of(id)) : from, dim, to);
      if (!dealing.owns(id)) from += dim;
    }
  }
}

void complete(ModelState& state, const RowsOfTensor& rows_of, Communicator& ranks) {
  if (Dealing(ranks).whole()) return;
  for (NamedTensor& tensor : state.tensors)
    if (const std::uint32_t rows = rows_of(tensor.name); rows > 0) complete(tensor, rows, ranks);
}

ModelState part_of(const ModelState& state, const RowsOfTensor& rows_of, const Dealing& dealing) {
  ModelState part{.step = state.step, .tensors = {}};
  for (const NamedTensor& tensor : state.tensors) {
    const std::uint32_t rows = rows_of(tensor.name);
    part.tensors.push_back(rows > 0 ? part_of(tensor, rows, dealing) : tensor);
  }
  return part;
}

std::vector<PlacedTensor> placed_of(const TensorViews<float>& views, const RowsOfTensor& rows_of,
                                    const Communicator& ranks) {
  std::vector<PlacedTensor> all;
  views.for_each([&](const std::string& name, std::vector<std::int64_t> shape, float* data) {
    const std::uint32_t rows = rows_of(name);
    if (rows > 0) shape[0] = rows;
    all.push_back(rows > 0 ? dealt_tensor(ranks, name, std::move(shape), data)
                           : whole_tensor(ranks, name, std::move(shape), data));
  });
  return all;
}

std::vector<std::uint32_t> distinct_of(std::vector<std::uint32_t> ids) {
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace frugal::cpu
