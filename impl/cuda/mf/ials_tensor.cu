// Rows of iALS on tensor cores: equations.hpp and solve.hpp, one row a warp (up to 64 features) or a block.
//
// G, and the sums of histories longer than a segment, come from a kernel of their own as partial sums that are added in
// order; a row of any length is thus one of many equal pieces of work. Rows with the longest histories start first.
//
// Deterministic: segments follow from the histories, every sum has a fixed order. Same build, same bits, on any device.
// Against `reference`: eps * sqrt(dim + history + rows of the other side) * 8 for condition numbers up to 10 or so
// (impl/equivalence).
#include <algorithm>
#include <vector>

#include "impl/cuda/mf/row_solver.hpp"
#include "impl/cuda/mf/solve.hpp"

namespace frugal::cuda {
namespace {

using equations::Equations;
using equations::History;
using equations::Place;
using equations::Shape;
using equations::Shared;

/// Blocks that a multiprocessor should hold: what is left of its registers for a thread.
template <class S>
constexpr int resident = S::features == 32    ? 16
                         : S::features == 64  ? 12
                         : S::features == 128 ? 3
                                              : 1;

template <class S>
__device__ Shared<S>* shared_of_block() {
  if constexpr (S::warps > 1)
    return shared_memory<Shared<S>>();
  else
    return nullptr;
}

template <class S>
__device__ void add(Equations<S>& e, const History& history, Shared<S>* shared, const Place& at) {
  if constexpr (S::warps > 1)
    add_history(e, history, *shared, at);
  else
    add_history(e, history, at);
}

/// A part of a list.
struct Segment {
  std::uint32_t begin;
  std::uint32_t end;
};

/// partials[s]: the sums over the rows of segment s of the list; see History.
template <class S>
__global__ void __launch_bounds__(S::threads, resident<S>)
    sum_segments(const float* rows, const std::uint32_t* partners, const Segment* segments, float* partials) {
  const Place at(S::warps);
  Equations<S> e;
  clear(e);
  const Segment segment = segments[blockIdx.x];
  add(e, {rows, partners, segment.begin, segment.end}, shared_of_block<S>(), at);
  store_partial(e, partials + blockIdx.x * S::partial_floats, at);
}

constexpr unsigned weigh_threads = 256;
constexpr unsigned weigh_columns = 32;

/// gram[i] = weight * sum over s < count of partials[s, i]; a block has weigh_columns values.
__global__ void __launch_bounds__(weigh_threads)
    weigh_gram(const float* partials, std::uint32_t count, std::size_t stride, float weight, float* gram) {
  __shared__ float parts[weigh_threads / weigh_columns][weigh_columns];
  const unsigned column = threadIdx.x % weigh_columns;
  const unsigned part = threadIdx.x / weigh_columns;
  const std::size_t i = blockIdx.x * weigh_columns + column;
  float sum = 0;
#pragma unroll 4
  for (std::uint32_t s = part; s < count; s += weigh_threads / weigh_columns) sum += partials[s * stride + i];
  parts[part][column] = sum;
  __syncthreads();
  if (part > 0) return;
  float total = 0;
  for (unsigned p = 0; p < weigh_threads / weigh_columns; ++p) total += parts[p][column];
  gram[i] = weight * total;
}

/// All that the rows of a side are solved from.
struct Side {
  const std::uint32_t* begins;         ///< of Histories
  const std::uint32_t* partners;       ///< of Histories
  const double* penalties;             ///< of Histories
  const std::uint32_t* schedule;       ///< of Histories
  std::uint32_t long_rows;             ///< the first of the schedule; their sums are in `partials`
  const std::uint32_t* first_partial;  ///< [long_rows + 1]
  const float* partials;
  const float* others;
  const float* gram;  ///< times w0, in fragment order
  int dim;
  float* solution;
  Terms* terms;
};

/// Block w solves row schedule[w].
template <class S>
__global__ void __launch_bounds__(S::threads, resident<S>) solve_rows(Side side) {
  const Place at(S::warps);
  Shared<S>* const shared = shared_of_block<S>();
  const std::uint32_t w = blockIdx.x;
  const std::uint32_t row = side.schedule[w];
  Equations<S> e;
  clear(e);
  add_tiles<S>(e, side.gram, at);
  if (w < side.long_rows) {
    for (std::uint32_t s = side.first_partial[w]; s < side.first_partial[w + 1]; ++s)
      add_partial<S>(e, side.partials + s * S::partial_floats, at);
  } else {
    add(e, {side.others, side.partners, side.begins[row], side.begins[row + 1]}, shared, at);
  }
  const double penalty = side.penalties[row];
  add_penalty<S>(e, static_cast<float>(penalty), side.dim, at);
  if constexpr (S::warps > 1) __syncthreads();  // the history rows make room
  const equations::Sums sums = solve<S>(e, shared, side.solution + std::size_t{row} * S::features, at);
  if (threadIdx.x == 0)
    side.terms[row] = {penalty * static_cast<double>(sums.squares), static_cast<double>(sums.explained)};
}

/// Cuts [begin, end) into equal segments of a multiple of 8 rows, none longer than `most`.
void cut(std::uint32_t begin, std::uint32_t end, std::uint32_t most, std::vector<Segment>& segments) {
  const std::uint32_t count = (end - begin + most - 1) / most;
  const std::uint32_t length = ((end - begin + count - 1) / count + 7) / 8 * 8;
  for (std::uint32_t k = begin; k < end; k += length) segments.push_back({k, std::min(k + length, end)});
}

template <class S>
class TensorCoreRows final : public RowSolver {
 public:
  TensorCoreRows(const MfSpec& spec, bool of_users, const Stream& stream)
      : stream_(stream),
        dim_(spec.dim),
        weight_(static_cast<float>(spec.unobserved_weight)),
        rows_(of_users ? spec.users : spec.items),
        gram_(S::tile_floats, "Gram matrix") {
    const std::uint32_t others = of_users ? spec.items : spec.users;
    std::vector<Segment> slices;
    cut(0, others, std::max(least_slice, (others + most_slices - 1) / most_slices), slices);
    slices_ = DeviceBuffer<Segment>(slices, "slices of the Gram matrix", stream);
  }

  void set_histories(const Histories& histories) override {
    histories_ = &histories;
    const std::vector<std::uint32_t> begins = histories.begins.download(stream_);
    const std::vector<std::uint32_t> schedule = histories.schedule.download(stream_);
    std::vector<Segment> segments;
    std::vector<std::uint32_t> first;
    // Twice the length is half the memory.
    for (std::uint32_t most = least_segment;; most *= 2) {
      segments.clear();
      first.assign(1, 0);
      for (const std::uint32_t row : schedule) {
        if (begins[row + 1] - begins[row] <= most) break;
        cut(begins[row], begins[row + 1], most, segments);
        first.push_back(static_cast<std::uint32_t>(segments.size()));
      }
      if (segments.size() * S::partial_floats * sizeof(float) <= most_partial_bytes) break;
    }
    long_rows_ = static_cast<std::uint32_t>(first.size() - 1);
    segments_ = DeviceBuffer<Segment>(segments, "segments of histories", stream_);
    first_partial_ = DeviceBuffer<std::uint32_t>(first, "segments of rows", stream_);
    partials_ = DeviceBuffer<float>(std::max(segments.size(), slices_.size()) * S::partial_floats, "partial sums");
  }

  void solve(const float* others, float* rows, Terms* terms) override {
    sum(others, nullptr, slices_);
    launch({"weigh_gram", static_cast<unsigned>(S::tile_floats / weigh_columns), weigh_threads}, stream_, weigh_gram,
           partials_.data(), static_cast<std::uint32_t>(slices_.size()), S::partial_floats, weight_, gram_.data());
    sum(others, histories_->partners.data(), segments_);
    const Side side{.begins = histories_->begins.data(),
                    .partners = histories_->partners.data(),
                    .penalties = histories_->penalties.data(),
                    .schedule = histories_->schedule.data(),
                    .long_rows = long_rows_,
                    .first_partial = first_partial_.data(),
                    .partials = partials_.data(),
                    .others = others,
                    .gram = gram_.data(),
                    .dim = dim_,
                    .solution = rows,
                    .terms = terms};
    launch({"solve_rows", rows_, S::threads, shared_bytes}, stream_, solve_rows<S>, side);
  }

 private:
  static constexpr std::uint32_t least_slice = 64;
  static constexpr std::uint32_t most_slices = 512;
  static constexpr std::uint32_t least_segment = 512;
  static constexpr std::size_t most_partial_bytes = std::size_t{1} << 30;
  static constexpr std::size_t shared_bytes = S::warps > 1 ? sizeof(Shared<S>) : 0;

  void sum(const float* rows, const std::uint32_t* partners, const DeviceBuffer<Segment>& segments) {
    launch({"sum_segments", static_cast<unsigned>(segments.size()), S::threads, shared_bytes}, stream_, sum_segments<S>,
           rows, partners, segments.data(), partials_.data());
  }

  const Stream& stream_;
  int dim_;
  float weight_;
  std::uint32_t rows_;
  std::uint32_t long_rows_ = 0;
  const Histories* histories_ = nullptr;
  DeviceBuffer<Segment> slices_;               ///< of all rows of the other side
  DeviceBuffer<Segment> segments_;             ///< of the histories of long rows, by the schedule
  DeviceBuffer<std::uint32_t> first_partial_;  ///< [long rows + 1]
  DeviceBuffer<float> partials_;               ///< [segments or slices, partial_floats]
  DeviceBuffer<float> gram_;                   ///< times w0, in fragment order
};

}  // namespace

std::unique_ptr<RowSolver> make_tensor_core_rows(const MfSpec& spec, bool of_users, const Stream& stream) {
  switch (tensor_core_features(spec.dim)) {
    case 32:
      return std::make_unique<TensorCoreRows<Shape<32, 1>>>(spec, of_users, stream);
    case 64:
      return std::make_unique<TensorCoreRows<Shape<64, 1>>>(spec, of_users, stream);
    case 128:
      return std::make_unique<TensorCoreRows<Shape<128, 4>>>(spec, of_users, stream);
    default:
      return std::make_unique<TensorCoreRows<Shape<256, 8>>>(spec, of_users, stream);
  }
}

}  // namespace frugal::cuda
