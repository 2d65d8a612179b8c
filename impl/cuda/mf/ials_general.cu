// Rows of iALS for any dim and any device, in fp32.
//
// Shapes: factors [rows, n], n = dim rounded up to 4. One thread block solves one row. Its matrix, of which the lower
// triangle is kept in tiles of 4 x 4, and the right side as one row more lie in shared memory where they fit, else in
// device memory. History rows come into shared memory a few at a time and are added tile by tile; the Cholesky
// factorisation goes by panels of 4 columns and carries the right side along, which makes it L^-1 b; one warp walks
// back. Rows with the longest histories start first.
//
// Deterministic: rows are independent, every sum has a fixed order. Same build, same bits. Against `reference`:
// eps * sqrt(dim + history + rows of the other side) * 8 for condition numbers up to 10 or so (impl/equivalence).
#include <algorithm>

#include "impl/cuda/kernels/product.hpp"
#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/mf/row_solver.hpp"
#include "impl/cuda/mf/solver.hpp"

namespace frugal::cuda {
namespace {

// ---------------------------------------------------------------------------------------------------------------------
// Gram matrix.

/// gram[i] = weight * sum of the slices
__global__ void add_slices(const float* slices, unsigned count, std::uint32_t area, float weight, float* gram) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= area) return;
  float sum = 0;
  for (unsigned s = 0; s < count; ++s) sum += slices[std::size_t{s} * area + i];
  gram[i] = weight * sum;
}

constexpr unsigned most_gram_slices = 256;

// ---------------------------------------------------------------------------------------------------------------------
// One row.

/// A side whose rows are solved, and all that this needs of the other one.
struct Side {
  const std::uint32_t* begins;
  const std::uint32_t* partners;
  const double* penalties;
  const std::uint32_t* schedule;
  std::uint32_t rows;
  const float* others;  ///< [other rows, n]
  const float* gram;    ///< [n, n], times w0
  unsigned dim;
  unsigned n;
  unsigned gathered_rows;  ///< history rows in shared memory at a time
  float* solution;         ///< [rows, n]
  Terms* terms;            ///< [rows]
};

/// Floats from one row of the matrix to the next: 16-byte aligned, and rows start in different banks.
__host__ __device__ constexpr unsigned matrix_stride(unsigned n) { return n + 4; }
__host__ __device__ constexpr std::size_t matrix_floats(unsigned n) { return std::size_t{n + 1} * matrix_stride(n); }

struct Tile {
  unsigned row;
  unsigned column;
};

/// Tile `index` of a lower triangle, row by row.
__device__ inline Tile lower_tile(unsigned index) {
  auto row = static_cast<unsigned>((sqrtf(8.F * static_cast<float>(index) + 1.F) - 1.F) * 0.5F);
  while ((row + 1) * (row + 2) / 2 <= index) ++row;  // where the root was rounded
  while (row * (row + 1) / 2 > index) --row;
  return {row, index - row * (row + 1) / 2};
}

__device__ inline float4 load4(const float* at) { return *reinterpret_cast<const float4*>(at); }
__device__ inline void store4(float* at, const float4& value) { *reinterpret_cast<float4*>(at) = value; }

/// c[a] += l[a] * r
__device__ inline void add_outer(float4 (&c)[4], const float4& l, const float4& r) {
  const float factors[4] = {l.x, l.y, l.z, l.w};
  for (int a = 0; a < 4; ++a) {
    c[a].x += factors[a] * r.x;
    c[a].y += factors[a] * r.y;
    c[a].z += factors[a] * r.z;
    c[a].w += factors[a] * r.w;
  }
}

__device__ inline float dot4(const float4& a, const float4& b) { return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }

/// The equations of row r into `matrix`: row n is the right side.
__device__ inline void set_up(const Side& side, std::uint32_t r, float* matrix, float* gathered) {
  const unsigned n = side.n;
  const unsigned stride = matrix_stride(n);
  const unsigned quads = n / 4;
  const unsigned tiles = quads * (quads + 1) / 2;
  for (unsigned t = threadIdx.x; t < tiles; t += blockDim.x) {
    const Tile tile = lower_tile(t);
    for (unsigned a = 0; a < 4; ++a)
      store4(matrix + (4 * tile.row + a) * stride + 4 * tile.column,
             load4(side.gram + std::size_t{4 * tile.row + a} * n + 4 * tile.column));
  }
  float* right = matrix + n * stride;
  for (unsigned k = threadIdx.x; k < n; k += blockDim.x) right[k] = 0;
  const std::uint32_t end = side.begins[r + 1];
  for (std::uint32_t first = side.begins[r]; first < end; first += side.gathered_rows) {
    const unsigned count = min(side.gathered_rows, end - first);
    __syncthreads();  // the rows before these are still being added
    for (unsigned i = threadIdx.x; i < count * quads; i += blockDim.x)
      store4(gathered + 4 * i,
             load4(side.others + std::size_t{side.partners[first + i / quads]} * n + 4 * (i % quads)));
    __syncthreads();
    for (unsigned t = threadIdx.x; t < tiles; t += blockDim.x) {
      const Tile tile = lower_tile(t);
      float4 c[4];
      for (unsigned a = 0; a < 4; ++a) c[a] = load4(matrix + (4 * tile.row + a) * stride + 4 * tile.column);
      for (unsigned q = 0; q < count; ++q)
        add_outer(c, load4(gathered + q * n + 4 * tile.row), load4(gathered + q * n + 4 * tile.column));
      for (unsigned a = 0; a < 4; ++a) store4(matrix + (4 * tile.row + a) * stride + 4 * tile.column, c[a]);
    }
    for (unsigned k = threadIdx.x; k < n; k += blockDim.x)
      for (unsigned q = 0; q < count; ++q) right[k] += gathered[q * n + k];
  }
  __syncthreads();
  // The padding gets a diagonal of 1 and a right side of 0, so its solution is 0.
  const auto penalty = static_cast<float>(side.penalties[r]);
  for (unsigned k = threadIdx.x; k < n; k += blockDim.x) {
    float& diagonal = matrix[k * stride + k];
    diagonal = k < side.dim ? diagonal + penalty : 1.F;
  }
}

/// The Cholesky factor of a 4 x 4 block, lower triangle, with the inverse of its diagonal.
struct Corner {
  float l[4][4];
  float inverse[4];

  __device__ void factor(const float* block, unsigned stride) {
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j <= i; ++j) {
        float sum = block[static_cast<unsigned>(i) * stride + static_cast<unsigned>(j)];
        for (int k = 0; k < j; ++k) sum -= l[i][k] * l[j][k];
        if (i == j) {
          l[i][i] = sqrtf(sum);
          inverse[i] = 1 / l[i][i];
        } else {
          l[i][j] = sum * inverse[j];
        }
      }
  }
  /// x of x L^T = row.
  __device__ float4 solve(const float4& row) const {
    float x[4] = {row.x, row.y, row.z, row.w};
    for (int j = 0; j < 4; ++j) {
      for (int k = 0; k < j; ++k) x[j] -= x[k] * l[j][k];
      x[j] *= inverse[j];
    }
    return make_float4(x[0], x[1], x[2], x[3]);
  }
};

/// matrix = L L^T in the lower triangle; row n, the right side b, becomes L^-1 b.
__device__ inline void factorise(float* matrix, unsigned n) {
  const unsigned stride = matrix_stride(n);
  const unsigned panels = n / 4;
  for (unsigned p = 0; p < panels; ++p) {
    __syncthreads();
    Corner corner;  // every thread has its own: cheaper than waiting for one
    corner.factor(matrix + 4 * p * stride + 4 * p, stride);
    __syncthreads();
    for (unsigned row = 4 * p + threadIdx.x; row <= n; row += blockDim.x) {
      float* at = matrix + row * stride + 4 * p;
      store4(at, corner.solve(load4(at)));
    }
    __syncthreads();
    const unsigned rest = panels - p - 1;
    const unsigned first = 4 * (p + 1);
    for (unsigned t = threadIdx.x; t < rest * (rest + 1) / 2; t += blockDim.x) {
      const Tile tile = lower_tile(t);
      const unsigned row = first + 4 * tile.row;
      const unsigned column = first + 4 * tile.column;
      float4 left[4];
      float4 right[4];
      for (unsigned a = 0; a < 4; ++a) {
        left[a] = load4(matrix + (row + a) * stride + 4 * p);
        right[a] = load4(matrix + (column + a) * stride + 4 * p);
      }
      for (unsigned a = 0; a < 4; ++a) {
        float* at = matrix + (row + a) * stride + column;
        float4 c = load4(at);
        c.x -= dot4(left[a], right[0]);
        c.y -= dot4(left[a], right[1]);
        c.z -= dot4(left[a], right[2]);
        c.w -= dot4(left[a], right[3]);
        store4(at, c);
      }
    }
    const float4 done = load4(matrix + n * stride + 4 * p);
    for (unsigned k = first + threadIdx.x; k < n; k += blockDim.x)
      matrix[n * stride + k] -= dot4(done, load4(matrix + k * stride + 4 * p));
  }
  __syncthreads();
}

/// By one warp: L^T x = y, y the row behind the matrix, in place; b.x is y.y.
__device__ inline Terms walk_back(float* matrix, unsigned n, double penalty) {
  const unsigned lane = threadIdx.x;
  const unsigned stride = matrix_stride(n);
  float* y = matrix + n * stride;
  double explained = 0;
  for (unsigned k = lane; k < n; k += 32) explained += static_cast<double>(y[k]) * static_cast<double>(y[k]);
  __syncwarp();
  for (unsigned p = n / 4; p-- > 0;) {
    const float* rows = matrix + 4 * p * stride;
    float x[4];
    for (int i = 3; i >= 0; --i) {
      const auto row = static_cast<unsigned>(i);
      x[i] = y[4 * p + row];
      for (unsigned j = row + 1; j < 4; ++j) x[i] -= rows[j * stride + 4 * p + row] * x[j];
      x[i] /= rows[row * stride + 4 * p + row];
    }
    __syncwarp();
    if (lane == 0) store4(y + 4 * p, make_float4(x[0], x[1], x[2], x[3]));
    for (unsigned k = lane; k < 4 * p; k += 32)
      for (unsigned j = 0; j < 4; ++j) y[k] -= rows[j * stride + k] * x[j];
    __syncwarp();
  }
  double squares = 0;
  for (unsigned k = lane; k < n; k += 32) squares += static_cast<double>(y[k]) * static_cast<double>(y[k]);
  return {penalty * sum_over_warp(squares), sum_over_warp(explained)};
}

/// Dynamic shared memory: the matrix when it is `shared`, then the gathered rows. scratch: matrices of the blocks when
/// it is not.
template <bool shared>
__global__ void __launch_bounds__(256) solve_general_rows(Side side, float* scratch) {
  auto* memory = shared_memory<float>();
  float* matrix = shared ? memory : scratch + blockIdx.x * matrix_floats(side.n);
  float* gathered = shared ? memory + matrix_floats(side.n) : memory;
  for (std::uint32_t w = blockIdx.x; w < side.rows; w += gridDim.x) {
    const std::uint32_t r = side.schedule[w];
    set_up(side, r, matrix, gathered);
    factorise(matrix, side.n);
    if (threadIdx.x < 32) {
      const Terms terms = walk_back(matrix, side.n, side.penalties[r]);
      if (threadIdx.x == 0) side.terms[r] = terms;
    }
    __syncthreads();
    for (unsigned k = threadIdx.x; k < side.n; k += blockDim.x)
      side.solution[std::size_t{r} * side.n + k] = matrix[side.n * matrix_stride(side.n) + k];
    __syncthreads();
  }
}

// ---------------------------------------------------------------------------------------------------------------------

class GeneralRows final : public RowSolver {
 public:
  GeneralRows(const MfSpec& spec, bool of_users, const Stream& stream)
      : spec_(spec),
        stream_(stream),
        rows_(of_users ? spec.users : spec.items),
        others_(of_users ? spec.items : spec.users),
        n_(mf_stride(spec.dim)),
        gathered_rows_(std::clamp(gathered_floats / n_, 4U, 32U)),
        shared_(shared_bytes(true) <= device_limits().shared_bytes_per_block),
        slice_count_(std::clamp(others_ / 256, 1U, most_gram_slices)),
        gram_(std::size_t{n_} * n_, "Gram matrix"),
        slices_(std::size_t{slice_count_} * n_ * n_, "slices of the Gram matrix") {
    if (!shared_) scratch_ = DeviceBuffer<float>(scratch_blocks() * matrix_floats(n_), "matrices of the solver");
  }

  void set_histories(const Histories& histories) override { histories_ = &histories; }

  void solve(const float* others, float* rows, Terms* terms) override {
    const std::uint32_t area = n_ * n_;
    const ByColumns by_factor{others, n_};
    multiply("gram", stream_, by_factor, by_factor, ToSlices{slices_.data(), n_, area}, Count{n_}, n_, Count{others_},
             slice_count_);
    launch({"add_slices", blocks_for(area, 256), 256}, stream_, add_slices, slices_.data(), slice_count_, area,
           static_cast<float>(spec_.unobserved_weight), gram_.data());
    const Side side{.begins = histories_->begins.data(),
                    .partners = histories_->partners.data(),
                    .penalties = histories_->penalties.data(),
                    .schedule = histories_->schedule.data(),
                    .rows = rows_,
                    .others = others,
                    .gram = gram_.data(),
                    .dim = static_cast<unsigned>(spec_.dim),
                    .n = n_,
                    .gathered_rows = gathered_rows_,
                    .solution = rows,
                    .terms = terms};
    const unsigned tiles = n_ / 4 * (n_ / 4 + 1) / 2;
    const unsigned threads = std::clamp((tiles + 31) / 32 * 32, 32U, 256U);
    const auto blocks = shared_ ? rows_ : static_cast<unsigned>(scratch_blocks());
    launch({"solve_general_rows", blocks, threads, shared_bytes(shared_)}, stream_,
           shared_ ? solve_general_rows<true> : solve_general_rows<false>, side, scratch_.data());
  }

 private:
  static constexpr unsigned gathered_floats = 4096;

  std::size_t shared_bytes(bool with_matrix) const {
    return (std::size_t{gathered_rows_} * n_ + (with_matrix ? matrix_floats(n_) : 0)) * sizeof(float);
  }

  std::size_t scratch_blocks() const {
    return std::min<std::size_t>(rows_, 2 * static_cast<std::size_t>(device_limits().multiprocessors));
  }

  MfSpec spec_;
  const Stream& stream_;
  std::uint32_t rows_;
  std::uint32_t others_;
  unsigned n_;
  unsigned gathered_rows_;
  bool shared_;
  unsigned slice_count_;
  const Histories* histories_ = nullptr;
  DeviceBuffer<float> gram_;     ///< [n, n]
  DeviceBuffer<float> slices_;   ///< [slices, n, n]
  DeviceBuffer<float> scratch_;  ///< a matrix a block, when it is not in shared memory
};

}  // namespace

std::unique_ptr<RowSolver> make_general_rows(const MfSpec& spec, bool of_users, const Stream& stream) {
  return std::make_unique<GeneralRows>(spec, of_users, stream);
}

}  // namespace frugal::cuda
