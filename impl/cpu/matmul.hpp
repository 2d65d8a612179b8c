// Matrix products by oneDNN, each primitive created once for its shape and kept: a new shape costs 0.2 to 0.4 ms, an
// execution 0.3 us.
//
// Called from inside an OpenMP region a product runs on the calling thread alone; outside it uses all threads.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

namespace frugal::cpu {

/// C = op(A) op(B) (+ C) (+ bias), row-major, without padding unless said:
/// A is [m, k] (or [k, m] when transpose_a), B [k, n] (or [n, k] when transpose_b), C [m, n], bias [n].
struct MatmulShape {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  bool transpose_a = false;
  bool transpose_b = false;
  bool accumulate = false;  ///< add to what C holds
  bool bias = false;        ///< one row for all m
  bool relu = false;        ///< on the result
  // From a row of each, as it is stored, to the next; 0: rows follow each other.
  std::int64_t stride_a = 0;
  std::int64_t stride_b = 0;
  std::int64_t stride_c = 0;
  bool bf16 = false;  ///< A and B hold bf16 (two bytes); sums and C stay fp32
};

class Matmul {
 public:
  explicit Matmul(const MatmulShape& shape);
  ~Matmul();
  Matmul(Matmul&&) noexcept;
  Matmul& operator=(Matmul&&) noexcept;

  /// a and b: float, or bf16 as the shape says. Pointers must not alias. `bias` is required exactly when the shape has
  /// one. Not thread-safe: each thread owns its Matmul.
  void operator()(const void* a, const void* b, float* c, const float* bias = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether products of bf16 are faster than those of the same numbers as floats, and possible at all. Asks the processor:
/// what emulates AVX-512 for our kernels does not for oneDNN.
bool onednn_multiplies_bf16();

/// "3.2.0"
const char* onednn_version();

/// What a model that uses oneDNN and our kernels says it ran: "cpu/onednn-3.2.0/avx512".
std::string onednn_implementation();

}  // namespace frugal::cpu
