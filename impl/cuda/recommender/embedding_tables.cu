#include <algorithm>
#include <bit>
#include <utility>

#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/recommender/draw.hpp"
#include "impl/cuda/recommender/embedding_tables.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned update_threads = 128;
constexpr std::uint32_t chunk = 32;  ///< lookups

/// The tables and the optimiser's state, as kernels see them.
struct TableView {
  unsigned dim;
  unsigned lanes;  ///< of a row: a power of two
  std::uint32_t frozen_rows;
  std::uint32_t rows;
  float* values;
  float* first;
  float* second;

  __device__ bool trains(std::uint32_t row) const { return row >= frozen_rows && row < rows; }
  /// That of this thread, in a grid of `lanes` threads a row. Of the rows of a block, as 32 bits do not count all threads.
  __device__ std::uint32_t own_row() const { return blockIdx.x * (update_threads / lanes) + threadIdx.x / lanes; }
};

/// One row by `lanes` neighbouring lanes of a warp, who keep its gradient: a lane has pieces own, own + lanes ... of it,
/// each a float or four.
template <class Piece, unsigned pieces>
class RowGradient {
 public:
  __device__ explicit RowGradient(const TableView& tables) : tables_(tables), own_(threadIdx.x % tables.lanes) {}

  /// Asks for what update() will change, while the gradient is not there yet.
  __device__ void fetch(const UpdateStep& step, std::size_t row) {
    if (!early || step.kind != OptimizerKind::rowwise_adagrad) return;
    state_ = tables_.first[row];
    each([&](unsigned v, unsigned at) { values_[early ? v : 0] = load(tables_.values, row * tables_.dim + at); });
  }

  /// Adds what lies at `gradient` [dim].
  __device__ void add(const float* gradient) {
    each([&](unsigned v, unsigned at) {
      const Piece more = *reinterpret_cast<const Piece*>(gradient + at);
      for (unsigned c = 0; c < width; ++c) value(sum_[v], c) += value(more, c);
    });
  }

  __device__ void store(float* to) const {
    each([&](unsigned v, unsigned at) { *reinterpret_cast<Piece*>(to + at) = sum_[v]; });
  }

  __device__ void update(const UpdateStep& step, std::size_t row) const {
    const std::size_t begin = row * tables_.dim;
    if (step.kind == OptimizerKind::rowwise_adagrad) return update_rowwise(step, row, begin);
    each([&](unsigned v, unsigned at) {
      Piece w = load(tables_.values, begin + at);
      Piece first{};
      Piece second{};
      if (step.kind != OptimizerKind::sgd) first = load(tables_.first, begin + at);
      if (step.kind == OptimizerKind::adam) second = load(tables_.second, begin + at);
      for (unsigned c = 0; c < width; ++c)
        update_value(step, value(sum_[v], c), 0, &value(w, c), &value(first, c), &value(second, c));
      write(tables_.values, begin + at, w);
      if (step.kind != OptimizerKind::sgd) write(tables_.first, begin + at, first);
      if (step.kind == OptimizerKind::adam) write(tables_.second, begin + at, second);
    });
  }

 private:
  static constexpr unsigned width = sizeof(Piece) / sizeof(float);
  static constexpr bool early = pieces <= 4;  ///< registers enough

  __device__ static float& value(Piece& piece, unsigned c) { return reinterpret_cast<float*>(&piece)[c]; }
  __device__ static float value(const Piece& piece, unsigned c) { return reinterpret_cast<const float*>(&piece)[c]; }
  __device__ static Piece load(const float* from, std::size_t at) { return *reinterpret_cast<const Piece*>(from + at); }
  __device__ static void write(float* to, std::size_t at, const Piece& piece) {
    *reinterpret_cast<Piece*>(to + at) = piece;
  }

  template <class Body>
  __device__ void each(const Body& body) const {
#pragma unroll
    for (unsigned v = 0; v < pieces; ++v)
      if (const unsigned at = (own_ + v * tables_.lanes) * width; at < tables_.dim) body(v, at);
  }

  __device__ void update_rowwise(const UpdateStep& step, std::size_t row, std::size_t begin) const {
    const float before = early ? state_ : tables_.first[row];
    float squares = 0;
    each([&](unsigned v, unsigned) {
      for (unsigned c = 0; c < width; ++c) squares += value(sum_[v], c) * value(sum_[v], c);
    });
    const unsigned mask = lane_mask(tables_.lanes) << (threadIdx.x % 32 / tables_.lanes * tables_.lanes);
    squares = sum_over_lanes(squares, tables_.lanes, mask);  // after which all have read the state
    const float state = before + squares / static_cast<float>(tables_.dim);
    if (own_ == 0) tables_.first[row] = state;
    const float rate = step.rate / (sqrtf(state) + step.epsilon);
    each([&](unsigned v, unsigned at) {
      Piece updated = early ? values_[early ? v : 0] : load(tables_.values, begin + at);
      for (unsigned c = 0; c < width; ++c) value(updated, c) -= rate * value(sum_[v], c);
      write(tables_.values, begin + at, updated);
    });
  }

  const TableView& tables_;
  unsigned own_;
  Piece sum_[pieces] = {};
  float state_ = 0;
  Piece values_[early ? pieces : 1] = {};
};

/// Distinct row r has gradients[r].
template <class Piece, unsigned pieces>
__global__ void __launch_bounds__(update_threads)
    update_given(const UpdateStep* step, IdGroups::View groups, const float* gradients, TableView tables) {
  const std::uint32_t r = tables.own_row();
  if (r >= *groups.rows) return;
  const std::uint32_t row = groups.ids[r];
  if (!tables.trains(row)) return;
  const UpdateStep now = *step;
  RowGradient<Piece, pieces> gradient(tables);
  gradient.fetch(now, row);
  gradient.add(gradients + std::size_t{r} * tables.dim);
  gradient.update(now, row);
}

/// From the first use of each row in each chunk: updates the row when all its uses are in the chunk, else leaves their
/// sum: parts [chunks, 2, dim], of a row that begins the chunk and of one that begins within.
template <class Piece, unsigned pieces>
__global__ void __launch_bounds__(update_threads)
    update_used(const UpdateStep* step, SortedLookups lookups, const float* gradients, TableView tables, float* parts) {
  const std::uint32_t first = tables.own_row();
  if (first >= lookups.count) return;
  // All at once: most rows are used once, and their way is this, the row and the gradient, no more.
  const std::uint32_t row = lookups.rows[first];
  const std::uint32_t before = lookups.rows[first == 0 ? 0 : first - 1];
  std::uint32_t next = lookups.rows[min(first + 1, lookups.count - 1)];
  std::uint32_t bag = lookups.bags[first];
  if (!tables.trains(row)) return;
  const bool begins = first == 0 || before != row;
  const bool begins_chunk = first % chunk == 0;
  if (!begins && !begins_chunk) return;
  const std::uint32_t end = min((first / chunk + 1) * chunk, lookups.count);
  RowGradient<Piece, pieces> gradient(tables);
  gradient.fetch(*step, row);
  gradient.add(gradients + std::size_t{bag} * tables.dim);
  std::uint32_t i = first + 1;
  while (i < end && next == row) {
    bag = lookups.bags[i];
    ++i;
    if (i < end) next = lookups.rows[i];
    gradient.add(gradients + std::size_t{bag} * tables.dim);
  }
  const bool goes_on = i == end && end < lookups.count && lookups.rows[end] == row;
  if (begins && !goes_on)
    gradient.update(*step, row);
  else
    gradient.store(parts + (std::size_t{first / chunk} * 2 + (begins_chunk ? 0 : 1)) * tables.dim);
}

/// The rows that begin in a chunk and go on into the next.
template <class Piece, unsigned pieces>
__global__ void __launch_bounds__(update_threads)
    update_across(const UpdateStep* step, SortedLookups lookups, TableView tables, const float* parts) {
  const std::uint32_t c = tables.own_row();
  const std::uint64_t end = (std::uint64_t{c} + 1) * chunk;
  if (end >= lookups.count) return;
  const std::uint32_t row = lookups.rows[end - 1];
  if (!tables.trains(row) || lookups.rows[end] != row) return;
  const std::uint32_t begin = c * chunk;
  const bool fills = lookups.rows[begin] == row;
  if (fills && c > 0 && lookups.rows[begin - 1] == row) return;  // an earlier chunk's
  const UpdateStep now = *step;
  RowGradient<Piece, pieces> gradient(tables);
  gradient.fetch(now, row);
  gradient.add(parts + (std::size_t{c} * 2 + (fills ? 0 : 1)) * tables.dim);
  for (std::uint64_t next = end; next < lookups.count && lookups.rows[next] == row; next += chunk)
    gradient.add(parts + next / chunk * 2 * tables.dim);
  gradient.update(now, row);
}

/// Calls body.template operator()<Piece, pieces>() with what holds a row of this width.
template <class Body>
void with_pieces(unsigned dim, const Body& body) {
  if (dim % 4 == 0) {
    if (dim <= 256) return body.template operator()<float4, 2>();
    if (dim <= 512) return body.template operator()<float4, 4>();
    return body.template operator()<float4, 32>();
  }
  if (dim <= 32) return body.template operator()<float, 1>();
  if (dim <= 128) return body.template operator()<float, 4>();
  return body.template operator()<float, 32>();
}

std::vector<std::uint32_t> table_offsets(const std::vector<std::uint32_t>& rows) {
  std::vector<std::uint32_t> offsets{0};
  for (const std::uint32_t count : rows) offsets.push_back(offsets.back() + count);
  return offsets;
}

/// Of a row: two float4 each, or more of a long row; one float where 4 does not divide it.
unsigned lanes_for(unsigned dim) { return std::min(32U, std::bit_ceil(dim % 4 == 0 ? (dim / 4 + 1) / 2 : dim)); }

}  // namespace

Support EmbeddingTables::supports_dim(int dim) {
  if (dim <= (dim % 4 == 0 ? 4096 : 1024)) return Support::yes();
  return Support::no("the cuda back end takes an embedding_dim up to 1024, or up to 4096 where 4 divides it, not " +
                     std::to_string(dim));
}

EmbeddingTables::EmbeddingTables(std::vector<std::uint32_t> rows, int dim, const UpdateRule& rule, std::size_t frozen,
                                 const Stream& stream)
    : offsets_(table_offsets(rows)),
      dim_(static_cast<unsigned>(dim)),
      kind_(rule.kind),
      frozen_(frozen),
      values_(std::size_t{offsets_.back()} * dim_, "embedding tables") {
  if (all_frozen() || kind_ == OptimizerKind::sgd) return;
  const char* const what = "optimiser state of embedding tables";
  first_ = DeviceBuffer<float>(kind_ == OptimizerKind::rowwise_adagrad ? this->rows() : values_.size(), what);
  first_.zero(stream);
  if (kind_ != OptimizerKind::adam) return;
  second_ = DeviceBuffer<float>(values_.size(), what);
  second_.zero(stream);
}

EmbeddingTables::EmbeddingTables(std::vector<std::uint32_t> rows, int dim, const std::vector<float>& values,
                                 const UpdateRule& rule, std::size_t frozen, const Stream& stream)
    : EmbeddingTables(std::move(rows), dim, rule, frozen, stream) {
  values_.upload(values, stream);
}

EmbeddingTables::EmbeddingTables(std::vector<std::uint32_t> rows, int dim, std::uint64_t seed, const UpdateRule& rule,
                                 std::size_t frozen, const Stream& stream)
    : EmbeddingTables(std::move(rows), dim, rule, frozen, stream) {
  for (std::uint32_t t = 0; t + 1 < offsets_.size(); ++t) {
    const std::uint32_t count = offsets_[t + 1] - offsets_[t];
    draw_table(count, dim_, seed, t, values_, std::size_t{offsets_[t]} * dim_, stream);
  }
}

void EmbeddingTables::reserve(std::size_t lookups) {
  const std::size_t size = (lookups + chunk - 1) / chunk * 2 * dim_;
  if (size > parts_.size()) parts_ = DeviceBuffer<float>(size, "sums of gradients of embedding rows");
}

void EmbeddingTables::update(const UpdateStep* step, const IdGroups& groups, const float* gradients,
                             const Stream& stream) {
  assert(!all_frozen());
  const TableView tables{dim_, lanes_for(dim_), frozen_rows(), rows(), values_.data(), first_.data(), second_.data()};
  with_pieces(dim_, [&]<class Piece, unsigned pieces> {
    launch({"update_rows", blocks_for(std::uint64_t{groups.capacity()} * tables.lanes, update_threads), update_threads},
           stream, update_given<Piece, pieces>, step, groups.view(), gradients, tables);
  });
}

void EmbeddingTables::update_summed(const UpdateStep* step, const SortedLookups& lookups, const float* gradients,
                                    const Stream& stream) {
  assert(!all_frozen() && parts_.size() >= (lookups.count + chunk - 1) / chunk * 2 * dim_);
  const TableView tables{dim_, lanes_for(dim_), frozen_rows(), rows(), values_.data(), first_.data(), second_.data()};
  const std::uint64_t chunks = (lookups.count + chunk - 1) / chunk;
  with_pieces(dim_, [&]<class Piece, unsigned pieces> {
    launch(
        {"update_used_rows", blocks_for(std::uint64_t{lookups.count} * tables.lanes, update_threads), update_threads},
        stream, update_used<Piece, pieces>, step, lookups, gradients, tables, parts_.data());
    launch({"update_rows_across", blocks_for(chunks * tables.lanes, update_threads), update_threads}, stream,
           update_across<Piece, pieces>, step, lookups, tables, parts_.data());
  });
}

void EmbeddingTables::add_value(DeviceTensors& tensors, std::size_t table, const std::string& name) {
  const std::int64_t count = offsets_[table + 1] - offsets_[table];
  tensors.add(name, {count, dim_}, values_, std::size_t{offsets_[table]} * dim_);
}

void EmbeddingTables::add_state(DeviceTensors& tensors, std::size_t table, const std::string& name) {
  if (table < frozen_ || kind_ == OptimizerKind::sgd) return;
  const std::int64_t count = offsets_[table + 1] - offsets_[table];
  const std::size_t at = std::size_t{offsets_[table]} * dim_;
  if (kind_ == OptimizerKind::adam) {
    tensors.add("adam.m/" + name, {count, dim_}, first_, at);
    tensors.add("adam.v/" + name, {count, dim_}, second_, at);
  } else if (kind_ == OptimizerKind::rowwise_adagrad) {
    tensors.add("adagrad/" + name, {count}, first_, offsets_[table]);
  } else {
    tensors.add("adagrad/" + name, {count, dim_}, first_, at);
  }
}

}  // namespace frugal::cuda
