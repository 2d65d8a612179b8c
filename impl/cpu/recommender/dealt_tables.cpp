#include "impl/cpu/recommender/dealt_tables.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
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

}  // namespace

DealtTables::DealtTables(const DlrmSpec& spec, const UpdateRule& rule, Communicator& ranks)
    : ranks_(ranks),
      dealing_(ranks),
      table_rows_(spec.table_rows),
      dim_(static_cast<std::size_t>(spec.embedding_dim)),
      frozen_(static_cast<std::size_t>(spec.frozen_tables)) {
  for (std::uint32_t t = 0; t < table_rows_.size(); ++t) {
    const PhiloxStream random{spec.seed, static_cast<std::uint32_t>(Purpose::user_embedding), t};
    const double bound = initial_table_bound(table_rows_[t]);
    const auto draw = [&](std::uint32_t row, std::span<float> values) {
      recommender_kernels().draw_uniforms(random, bound, std::uint64_t{dealing_.id_of(row)} * dim_,
                                          static_cast<long>(dim_), values.data());
    };
    own_.emplace_back(rows(t), spec.embedding_dim, draw, rule, /*trainable=*/t >= frozen_);
  }
}

TableIds DealtTables::named(const ClickBatch& batch, std::size_t begin, std::size_t end) const {
  TableIds ids(size());
#pragma omp parallel for schedule(dynamic)
  for (std::size_t t = 0; t < size(); ++t) {
    for (std::size_t e = begin; e < end; ++e)
      for (const std::uint32_t id : batch.bag(e * size() + t))
        if (dealing_.owns(id)) ids[t].push_back(id);
    ids[t] = distinct_of(std::move(ids[t]));
  }
  return ids;
}

DealtTables::Lent DealtTables::lend(const ClickBatch& batch, std::span<const std::size_t> begins, Room& room) const {
  Lent lent{.batch = batch, .tables = {}};
  if (dealing_.whole()) {
    for (const EmbeddingTable& table : own_) lent.tables.push_back(table.row(0));
    return lent;
  }

  std::vector<TableIds> wanted(dealing_.ranks);
  for (std::uint32_t r = 0; r < dealing_.ranks; ++r)
    if (r != dealing_.rank) wanted[r] = named(batch, begins[r], begins[r + 1]);

  // The distinct ids of this rank's examples, ascending, become the rows of what it is lent.
  const std::size_t tables = size();
  const std::size_t begin = begins[dealing_.rank];
  const std::size_t end = begins[dealing_.rank + 1];
  room.used.resize(tables);
  room.values.resize(tables);
  room.ids.resize(batch.ids.size());
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
  }
  std::vector<const EmbeddingTable*> own;
  for (const EmbeddingTable& table : own_) own.push_back(&table);
  lend_rows(ranks_, own, dim_, wanted, room.used, room.values);
  for (const AlignedBuffer<float>& values : room.values) lent.tables.push_back(values.data());
  lent.batch.ids = room.ids;
  return lent;
}

std::vector<std::size_t> DealtTables::bags_for(const ClickBatch& batch, std::size_t begin, std::size_t end,
                                               std::uint32_t owner) const {
  std::vector<std::size_t> bags;
  for (std::size_t e = begin; e < end; ++e)
    for (std::size_t t = frozen_; t < size(); ++t)
      if (std::ranges::any_of(batch.bag(e * size() + t), [&](std::uint32_t id) { return dealing_.owner(id) == owner; }))
        bags.push_back(e * size() + t);
  return bags;
}

void DealtTables::give_back(const ClickBatch& batch, std::span<const std::size_t> begins,
                            std::span<float* const> gradients) const {
  if (dealing_.whole()) return;
  const auto gradient_of = [&](std::size_t bag) { return gradients[bag % size()] + bag / size() * dim_; };
  FloatBuffers outgoing;
  FloatBuffers incoming;
  std::vector<std::vector<std::size_t>> expected;
  for (std::uint32_t r = 0; r < dealing_.ranks; ++r) {
    const bool self = r == dealing_.rank;
    const auto given =
        self ? std::vector<std::size_t>() : bags_for(batch, begins[dealing_.rank], begins[dealing_.rank + 1], r);
    float* to = outgoing.emplace_back(given.size() * dim_).data();
    for (const std::size_t bag : given) to = std::copy_n(gradient_of(bag), dim_, to);
    expected.push_back(self ? std::vector<std::size_t>() : bags_for(batch, begins[r], begins[r + 1], dealing_.rank));
    incoming.emplace_back(expected[r].size() * dim_);
  }
  exchange(ranks_, outgoing, incoming);
  for (std::uint32_t r = 0; r < dealing_.ranks; ++r)
    for (std::size_t b = 0; b < expected[r].size(); ++b)
      std::copy_n(incoming[r].data() + b * dim_, dim_, gradient_of(expected[r][b]));
}

void DealtTables::add_values(TensorViews<float>& views) {
  for (std::size_t t = 0; t < size(); ++t) own_[t].add_value(views, table_name(t));
}

void DealtTables::add_states(TensorViews<float>& views) {
  for (std::size_t t = frozen_; t < size(); ++t) own_[t].add_state(views, table_name(t));
}

std::uint32_t DealtTables::rows_of(std::string_view tensor) const {
  const std::optional<std::size_t> table = table_of(tensor);
  return table && *table < size() ? table_rows_[*table] : 0;
}

void DealtTables::complete(ModelState& state) const {
  cpu::complete(
      state, [&](std::string_view name) { return rows_of(name); }, ranks_);
}

std::vector<PlacedTensor> DealtTables::placed_of(const TensorViews<float>& views) const {
  return cpu::placed_of(
      views, [&](std::string_view name) { return rows_of(name); }, ranks_);
}

ModelState DealtTables::part_of(const ModelState& state) const {
  return cpu::part_of(
      state, [&](std::string_view name) { return rows_of(name); }, dealing_);
}

}  // namespace frugal::cpu
