// Implicit alternating least squares, exact (Hu, Koren, Volinsky, ICDM 2008, with the weighting of Rendle et al.,
// RecSys 2022): first all users, then all items; row_solver.hpp has the equations of a row.
#include "impl/cuda/kernels/warp.hpp"
#include "impl/cuda/mf/row_solver.hpp"
#include "impl/cuda/mf/solver.hpp"

namespace frugal::cuda {
namespace {

constexpr unsigned sum_threads = 256;
constexpr unsigned sum_rows = 16 * sum_threads;

/// sums[block]: of the penalties (or of what is explained) of its sum_rows rows.
__global__ void __launch_bounds__(sum_threads)
    sum_terms(const Terms* terms, std::uint32_t rows, bool penalties, double* sums) {
  __shared__ double warps[sum_threads / 32];
  double sum = 0;
  for (unsigned i = 0; i < sum_rows; i += sum_threads) {
    const std::uint32_t row = blockIdx.x * sum_rows + i + threadIdx.x;
    if (row < rows) sum += penalties ? terms[row].penalty : terms[row].explained;
  }
  sum = sum_over_warp(sum);
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x > 0) return;
  double total = 0;
  for (const double part : warps) total += part;
  sums[blockIdx.x] = total;
}

class Ials final : public MfSolverEngine {
 public:
  Ials(const MfSpec& spec, const Stream& stream)
      : spec_(spec),
        stream_(stream),
        tensor_cores_(has_tensor_cores() && tensor_core_features(spec.dim) > 0),
        users_(tensor_cores_ ? make_tensor_core_rows(spec, true, stream) : make_general_rows(spec, true, stream)),
        items_(tensor_cores_ ? make_tensor_core_rows(spec, false, stream) : make_general_rows(spec, false, stream)),
        user_terms_(spec.users, "terms of the objective"),
        item_terms_(spec.items, "terms of the objective") {}

  unsigned stride() const override { return tensor_cores_ ? tensor_core_features(spec_.dim) : mf_stride(spec_.dim); }
  std::string name() const override { return tensor_cores_ ? "ials/tf32x3" : "ials/general"; }

  void set_interactions(const DeviceBuffer<Interaction>& positives) override {
    by_user_ = histories(positives, true, spec_, stream_);
    by_item_ = histories(positives, false, spec_, stream_);
    users_->set_histories(by_user_);
    items_->set_histories(by_item_);
    positives_ = positives.size();
  }

  std::vector<double> train(MfParameters& parameters, std::uint64_t /*first_epoch*/, int epochs) override {
    const unsigned user_sums = blocks_for(spec_.users, sum_rows);
    const unsigned item_sums = blocks_for(spec_.items, sum_rows);
    const std::size_t sums_an_epoch = user_sums + item_sums;
    DeviceBuffer<double> sums(sums_an_epoch * static_cast<std::size_t>(epochs), "terms of the objective");
    for (int e = 0; e < epochs; ++e) {
      users_->solve(parameters.item_factors.data(), parameters.user_factors.data(), user_terms_.data());
      items_->solve(parameters.user_factors.data(), parameters.item_factors.data(), item_terms_.data());
      double* const to = sums.data() + static_cast<std::size_t>(e) * sums_an_epoch;
      launch({"sum_terms", user_sums, sum_threads}, stream_, sum_terms, user_terms_.data(), spec_.users, true, to);
      launch({"sum_terms", item_sums, sum_threads}, stream_, sum_terms, item_terms_.data(), spec_.items, false,
             to + user_sums);
    }
    const std::vector<double> all = sums.download(stream_);
    // At the optimum of item v, its terms of the objective, v^T A v - 2 b.v + |history|, are |history| - b.v. The items
    // are solved last, so all is there but the penalty of the users.
    std::vector<double> losses;
    for (auto sum = all.begin(); sum != all.end();) {
      double loss = static_cast<double>(positives_);
      for (unsigned i = 0; i < user_sums; ++i) loss += *sum++;
      for (unsigned i = 0; i < item_sums; ++i) loss -= *sum++;
      losses.push_back(positives_ > 0 ? loss / static_cast<double>(positives_) : 0);
    }
    return losses;
  }

 private:
  MfSpec spec_;
  const Stream& stream_;
  bool tensor_cores_;
  std::unique_ptr<RowSolver> users_;
  std::unique_ptr<RowSolver> items_;
  DeviceBuffer<Terms> user_terms_;
  DeviceBuffer<Terms> item_terms_;
  Histories by_user_;
  Histories by_item_;
  std::size_t positives_ = 0;
};

}  // namespace

std::unique_ptr<MfSolverEngine> make_ials(const MfSpec& spec, const Stream& stream) {
  return std::make_unique<Ials>(spec, stream);
}

}  // namespace frugal::cuda
