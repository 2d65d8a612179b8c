#include "impl/cpu/recommender/dealt_tables.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>

#include "impl/common/recommender/init.hpp"

namespace frugal::cpu {
namespace {

std::string table_name(std::size_t table) { return "table." + std::to_string(table); }

/// Which table a tensor of a state belongs to: "table.3", "adam.m/table.3". Nothing: to none.
std::optional<std::size_t> table_of(std::string_view tensor) {
  if (const std::size_t slash = tensor.rfind('/'); slash != std::string_view::npos) tensor.remove_prefix(slash + 1);
  constexpr std::string_view prefix = "table.";
  if (!tensor.starts_with(prefix)) return std::nullopt;
  std::size_t table = 0;
  const auto [end, error] = std::from_chars(tensor.data() + prefix.size(), tensor.data() + tensor.size(), table);
  return error == std::errc() && end == tensor.data() + tensor.size() ? std::optional(table) : std::nullopt;
}

/// Values a row.
std::size_t width_of(const NamedTensor& tensor) {
  return tensor.shape.size() > 1 ? static_cast<std::size_t>(tensor.shape[1]) : 1;
}

}  // namespace

DealtTables::DealtTables(const DlrmSpec& spec, const UpdateRule& rule, Communicator& ranks)
    : ranks_(ranks),
      table_rows_(spec.table_rows),
      dim_(static_cast<std::size_t>(spec.embedding_dim)),
      frozen_(static_cast<std::size_t>(spec.frozen_tables)) {
  for (std::uint32_t t = 0; t < table_rows_.size(); ++t) {
    const auto draw = [&](std::uint32_t row, std::span<float> values) {
      draw_initial_row(values, row * this->ranks() + rank(), table_rows_[t], spec.seed, t);
    };
    own_.emplace_back(rows(t), spec.embedding_dim, draw, rule, /*trainable=*/t >= frozen_);
  }
}

std::vector<std::vector<std::uint32_t>> DealtTables::named(const ClickBatch& batch, std::size_t begin, std::size_t end,
                                                           std::uint32_t owner) const {
  std::vector<std::vector<std::uint32_t>> ids(size());
#pragma omp parallel for schedule(dynamic)
  for (std::size_t t = 0; t < size(); ++t) {
    for (std::size_t e = begin; e < end; ++e)
      for (const std::uint32_t id : batch.bag(e * size() + t))
        if (id % ranks() == owner) ids[t].push_back(id);
    std::ranges::sort(ids[t]);
    ids[t].erase(std::unique(ids[t].begin(), ids[t].end()), ids[t].end());
  }
  return ids;
}

DealtTables::Lent DealtTables::lend(const ClickBatch& batch, std::span<const std::size_t> begins, Room& room) const {
  Lent lent{.batch = batch, .tables = {}};
  if (whole()) {
    for (const EmbeddingTable& table : own_) lent.tables.push_back(table.row(0));
    return lent;
  }

  std::vector<AlignedBuffer<float>> outgoing;
  std::vector<AlignedBuffer<float>> incoming;
  for (std::uint32_t r = 0; r < ranks(); ++r) {
    std::size_t rows = 0;
    const auto wanted =
        r == rank() ? std::vector<std::vector<std::uint32_t>>(size()) : named(batch, begins[r], begins[r + 1], rank());
    for (const auto& ids : wanted) rows += ids.size();
    float* to = outgoing.emplace_back(rows * dim_).data();
    for (std::size_t t = 0; t < size(); ++t)
      for (const std::uint32_t id : wanted[t]) to = std::copy_n(own_[t].row(row_of(id)), dim_, to);
  }

  // The distinct ids of this rank's examples, ascending, become the rows of what it is lent.
  const std::size_t tables = size();
  const std::size_t begin = begins[rank()];
  const std::size_t end = begins[rank() + 1];
  room.used.resize(tables);
  room.values.resize(tables);
  room.ids.resize(batch.ids.size());
  std::vector<std::size_t> expected(ranks());
#pragma omp parallel for schedule(dynamic)
  for (std::size_t t = 0; t < tables; ++t) {
    std::vector<std::uint32_t> ids;
    for (std::size_t e = begin; e < end; ++e) {
      const auto bag = batch.bag(e * tables + t);
      ids.insert(ids.end(), bag.begin(), bag.end());
    }
    room.used[t].assign(ids, table_rows_[t]);
    const auto rows = room.used[t].row_of();
    std::size_t next = 0;
    for (std::size_t e = begin; e < end; ++e)
      for (std::size_t i = batch.begin_of(e * tables + t); i < batch.begin_of(e * tables + t + 1); ++i)
        room.ids[i] = rows[next++];
    if (room.values[t].size() < room.used[t].rows() * dim_)
      room.values[t] = AlignedBuffer<float>(room.used[t].rows() * dim_);
  }
  for (const SortedIds& used : room.used)
    for (const std::uint32_t id : used.distinct()) ++expected[id % ranks()];
  for (std::uint32_t r = 0; r < ranks(); ++r) incoming.emplace_back(r == rank() ? 0 : expected[r] * dim_);
  exchange(outgoing, incoming);

  std::vector<const float*> from;
  for (const AlignedBuffer<float>& buffer : incoming) from.push_back(buffer.data());
  for (std::size_t t = 0; t < tables; ++t) {
    float* to = room.values[t].data();
    lent.tables.push_back(to);
    for (const std::uint32_t id : room.used[t].distinct()) {
      const float*& next = from[id % ranks()];
      to = std::copy_n(owns(id) ? own_[t].row(row_of(id)) : next, dim_, to);
      if (!owns(id)) next += dim_;
    }
  }
  lent.batch.ids = room.ids;
  return lent;
}

std::vector<std::size_t> DealtTables::bags_for(const ClickBatch& batch, std::size_t begin, std::size_t end,
                                               std::uint32_t owner) const {
  std::vector<std::size_t> bags;
  for (std::size_t e = begin; e < end; ++e)
    for (std::size_t t = frozen_; t < size(); ++t)
      if (std::ranges::any_of(batch.bag(e * size() + t), [&](std::uint32_t id) { return id % ranks() == owner; }))
        bags.push_back(e * size() + t);
  return bags;
}

void DealtTables::give_back(const ClickBatch& batch, std::span<const std::size_t> begins,
                            std::span<float* const> gradients) const {
  if (whole()) return;
  const auto gradient_of = [&](std::size_t bag) { return gradients[bag % size()] + bag / size() * dim_; };
  std::vector<AlignedBuffer<float>> outgoing;
  std::vector<AlignedBuffer<float>> incoming;
  std::vector<std::vector<std::size_t>> expected;
  for (std::uint32_t r = 0; r < ranks(); ++r) {
    const bool self = r == rank();
    const auto given = self ? std::vector<std::size_t>() : bags_for(batch, begins[rank()], begins[rank() + 1], r);
    float* to = outgoing.emplace_back(given.size() * dim_).data();
    for (const std::size_t bag : given) to = std::copy_n(gradient_of(bag), dim_, to);
    expected.push_back(self ? std::vector<std::size_t>() : bags_for(batch, begins[r], begins[r + 1], rank()));
    incoming.emplace_back(expected[r].size() * dim_);
  }
  exchange(outgoing, incoming);
  for (std::uint32_t r = 0; r < ranks(); ++r)
    for (std::size_t b = 0; b < expected[r].size(); ++b)
      std::copy_n(incoming[r].data() + b * dim_, dim_, gradient_of(expected[r][b]));
}

void DealtTables::exchange(const std::vector<AlignedBuffer<float>>& outgoing,
                           std::vector<AlignedBuffer<float>>& incoming) const {
  Communicator::Transfers transfers;
  for (int away = 1; away < ranks_.size(); ++away) {  // nobody is everybody's first
    const int to = (ranks_.rank() + away) % ranks_.size();
    const int from = (ranks_.rank() + ranks_.size() - away) % ranks_.size();
    if (AlignedBuffer<float>& room = incoming[from]; room.size() > 0)
      transfers.push_back(ranks_.receive(std::as_writable_bytes(std::span(room.data(), room.size())), from));
    if (const AlignedBuffer<float>& data = outgoing[to]; data.size() > 0)
      transfers.push_back(ranks_.send(std::as_bytes(std::span(data.data(), data.size())), to));
  }
  wait_for(transfers);
}

void DealtTables::add_values(TensorViews<float>& views) {
  for (std::size_t t = 0; t < size(); ++t) own_[t].add_value(views, table_name(t));
}

void DealtTables::add_states(TensorViews<float>& views) {
  for (std::size_t t = frozen_; t < size(); ++t) own_[t].add_state(views, table_name(t));
}

void DealtTables::complete(ModelState& state) const {
  if (whole()) return;
  for (NamedTensor& tensor : state.tensors) {
    const std::optional<std::size_t> table = table_of(tensor.name);
    if (!table) continue;
    const std::size_t width = width_of(tensor);
    std::vector<std::size_t> begins = {0};
    for (std::uint32_t r = 0; r < ranks(); ++r) begins.push_back(begins.back() + rows_of(*table, r));
    std::vector<float> dealt(begins.back() * width);
    std::ranges::copy(tensor.values, dealt.begin() + static_cast<std::ptrdiff_t>(begins[rank()] * width));
    gather_rows(ranks_, dealt.data(), width, begins);
    tensor.shape[0] = table_rows_[*table];
    tensor.values.resize(dealt.size());
    for (std::uint32_t id = 0; id < table_rows_[*table]; ++id)
      std::copy_n(dealt.data() + (begins[id % ranks()] + row_of(id)) * width, width, tensor.values.data() + id * width);
  }
}

ModelState DealtTables::part_of(const ModelState& state) const {
  ModelState part{.step = state.step, .tensors = {}};
  for (const NamedTensor& tensor : state.tensors) {
    const std::optional<std::size_t> table = table_of(tensor.name);
    if (!table || *table >= size()) {
      part.tensors.push_back(tensor);  // or it is unknown
      continue;
    }
    const std::size_t width = width_of(tensor);
    const std::uint32_t rows = table_rows_[*table];
    if (tensor.shape.empty() || tensor.shape[0] != rows || tensor.values.size() != rows * width)
      throw std::invalid_argument("tensor \"" + tensor.name + "\" has another shape than the model's");
    NamedTensor& own = part.tensors.emplace_back(NamedTensor{tensor.name, tensor.shape, {}});
    own.shape[0] = this->rows(*table);
    for (std::uint64_t id = rank(); id < rows; id += ranks()) {
      const auto from = tensor.values.begin() + static_cast<std::ptrdiff_t>(id * width);
      own.values.insert(own.values.end(), from, from + static_cast<std::ptrdiff_t>(width));
    }
  }
  return part;
}

}  // namespace frugal::cpu
