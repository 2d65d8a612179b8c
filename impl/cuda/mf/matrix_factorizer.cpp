#include "impl/cuda/mf/matrix_factorizer.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "impl/common/recommender/init.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/cuda/device/device_tensors.hpp"
#include "impl/cuda/mf/pairs.hpp"
#include "impl/cuda/mf/solver.hpp"
#include "impl/cuda/ranking/ranking.hpp"

namespace frugal::cuda {
namespace {

class CudaMatrixFactorizer final : public MatrixFactorizer {
 public:
  explicit CudaMatrixFactorizer(const MfSpec& spec)
      : spec_(spec),
        engine_(sgd() ? make_logistic_sgd(spec, stream_) : make_ials(spec, stream_)),
        stride_(engine_->stride()) {
    parameters_.user_factors = on_device(initial_factors(spec, Purpose::user_embedding), "user factors");
    parameters_.item_factors = on_device(initial_factors(spec, Purpose::item_embedding), "item factors");
    tensors_.add("user_factors", {spec.users, spec.dim}, parameters_.user_factors, 0, stride_);
    tensors_.add("item_factors", {spec.items, spec.dim}, parameters_.item_factors, 0, stride_);
    if (!sgd()) return;
    const float global_bias[] = {initial_global_bias(spec)};
    parameters_.user_bias = DeviceBuffer<float>(spec.users, "user biases");
    parameters_.item_bias = DeviceBuffer<float>(spec.items, "item biases");
    parameters_.global_bias = DeviceBuffer<float>(std::span<const float>(global_bias), "global bias", stream_);
    parameters_.user_bias.zero(stream_);
    parameters_.item_bias.zero(stream_);
    tensors_.add("user_bias", {spec.users}, parameters_.user_bias);
    tensors_.add("item_bias", {spec.items}, parameters_.item_bias);
    tensors_.add("global_bias", {1}, parameters_.global_bias);
  }
  CudaMatrixFactorizer(const CudaMatrixFactorizer&) = delete;  // tensors_ and engine_ point into the members
  CudaMatrixFactorizer& operator=(const CudaMatrixFactorizer&) = delete;

  std::string implementation() const override { return fmt::format("{}/{}", platform(), engine_->name()); }

  ModelState export_state() const override { return tensors_.export_state(step_, stream_); }

  void import_state(const ModelState& state) override {
    tensors_.import_state(state, stream_);
    step_ = state.step;
  }

  void set_interactions(std::span<const Interaction> positives) override {
    require_places(positives.size());
    const DeviceBuffer<Interaction> pairs(positives, "positives", stream_);
    if (!in_range(pairs, spec_, stream_))
      require_in_range(positives, spec_.users, spec_.items);  // has the words for it
    interactions_set_ = false;                                // until the engine has room for them
    engine_->set_interactions(pairs);
    interactions_set_ = true;
  }
  void set_packed_interactions(const PackedPairs& positives) override {
    require_places(positives.size());
    set_interactions(positives.unpacked());
  }

  std::vector<double> train(int epochs) override {
    if (!interactions_set_) throw std::logic_error("matrix factorizer: train() before set_interactions()");
    std::vector<double> losses = engine_->train(parameters_, step_, epochs);
    step_ += static_cast<std::uint64_t>(epochs);
    return losses;
  }

  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override {
    return cuda::rank(DotScorer{.users = parameters_.user_factors.data(),
                                .items = parameters_.item_factors.data(),
                                .item_bias = sgd() ? parameters_.item_bias.data() : nullptr,
                                .items_count = spec_.items,
                                .dim = static_cast<unsigned>(spec_.dim),
                                .stride = stride_},
                      queries, stream_);
  }

 private:
  bool sgd() const { return spec_.solver == MfSolver::logistic_sgd; }

  /// All positives of iALS, or all examples of an epoch of SGD, are on the device at once, by 32-bit places.
  void require_places(std::uint64_t positives) const {
    const std::uint64_t each = sgd() ? static_cast<std::uint64_t>(spec_.negatives) + 1 : 1;
    if (positives <= most_numbered / each) return;
    throw std::invalid_argument(
        sgd()
            ? fmt::format("the cuda back end takes up to {} examples an epoch, not {} positives with {} negatives each",
                          most_numbered, positives, spec_.negatives)
            : fmt::format("the cuda back end takes up to {} positives, not {}", most_numbered, positives));
  }

  DeviceBuffer<float> on_device(const std::vector<float>& rows, const char* what) const {
    return {std::span<const float>(with_gaps(rows, static_cast<std::size_t>(spec_.dim), stride_)), what, stream_};
  }

  MfSpec spec_;
  Stream stream_{Stream::Priority::high};  ///< before that on which an epoch of SGD is drawn
  std::unique_ptr<MfSolverEngine> engine_;
  unsigned stride_;
  MfParameters parameters_;
  DeviceTensors tensors_;  ///< of parameters_, whose buffers never move
  std::uint64_t step_ = 0;
  bool interactions_set_ = false;
};

}  // namespace

Support supports(const MfSpec& spec) {
  if (std::string why = why_invalid(spec); !why.empty()) return {std::move(why)};
  if (spec.items >= 0x80000000U) return Support::no("the cuda back end holds fewer than 2^31 items");
  if (spec.dim > largest_mf_dim)
    return Support::no(fmt::format("the cuda back end takes dim up to {}, not {}", largest_mf_dim, spec.dim));
  if (spec.solver == MfSolver::logistic_sgd && spec.negatives > 1024)
    return Support::no(
        fmt::format("the cuda back end takes up to 1024 negatives per positive, not {}", spec.negatives));
  return Support::yes();
}

std::unique_ptr<MatrixFactorizer> make(const MfSpec& spec) { return std::make_unique<CudaMatrixFactorizer>(spec); }

}  // namespace frugal::cuda
