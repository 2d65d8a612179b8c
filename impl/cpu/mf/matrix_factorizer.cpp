#include "impl/cpu/mf/matrix_factorizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "impl/common/recommender/init.hpp"
#include "impl/common/recommender/shapes.hpp"
#include "impl/common/tensor_views.hpp"
#include "impl/cpu/kernels/isa.hpp"
#include "impl/cpu/mf/solver.hpp"
#include "impl/cpu/placed_model.hpp"
#include "impl/cpu/ranking/ranking.hpp"

namespace frugal::cpu {
namespace {

/// Rows that are drawn at a time.
constexpr std::size_t drawn_rows = 256;

/// initial_factors(): each rank draws a share of them.
std::vector<float> drawn_factors(const MfSpec& spec, std::size_t rows, Purpose purpose, Communicator& ranks) {
  const auto dim = static_cast<std::size_t>(spec.dim);
  std::vector<float> values(rows * dim);
  const std::vector<std::size_t> begins = equal_shares(rows, ranks.size());
  const std::size_t end = begins[ranks.rank() + 1];
#pragma omp parallel for schedule(static)
  for (std::size_t first = begins[ranks.rank()]; first < end; first += drawn_rows)
    draw_initial_factors(std::span(values).subspan(first * dim, std::min(drawn_rows, end - first) * dim),
                         static_cast<std::uint32_t>(first), spec, purpose);
  gather_rows(ranks, values.data(), dim, begins);
  return values;
}

class CpuMatrixFactorizer final : public PlacedModel<MatrixFactorizer> {
 public:
  CpuMatrixFactorizer(const MfSpec& spec, Communicator& ranks)
      : PlacedModel(ranks), spec_(spec), engine_(sgd() ? make_logistic_sgd(spec, ranks) : make_ials(spec, ranks)) {
    parameters_.user_factors = drawn_factors(spec, spec.users, Purpose::user_embedding, ranks);
    parameters_.item_factors = drawn_factors(spec, spec.items, Purpose::item_embedding, ranks);
    tensors_.add("user_factors", {spec.users, spec.dim}, parameters_.user_factors.data());
    tensors_.add("item_factors", {spec.items, spec.dim}, parameters_.item_factors.data());
    if (!sgd()) return;
    parameters_.user_bias.assign(spec.users, 0.F);
    parameters_.item_bias.assign(spec.items, 0.F);
    parameters_.global_bias = initial_global_bias(spec);
    tensors_.add("user_bias", {spec.users}, parameters_.user_bias.data());
    tensors_.add("item_bias", {spec.items}, parameters_.item_bias.data());
    tensors_.add("global_bias", {1}, &parameters_.global_bias);
  }

  std::string implementation() const override { return fmt::format("cpu/{}", isa_name()); }

  ModelState export_state() const override { return tensors_.export_state(step_); }

  void import_state(const ModelState& state) override {
    tensors_.import_state(state);
    take_state(state.step);
  }

  void set_interactions(std::span<const Interaction> positives) override { set_packed_interactions(positives); }

  void set_packed_interactions(const PackedPairs& positives) override {
    // Of several ranks each looks at what is its own; what only rank 0 has it must have looked at before the others were
    // told to come here.
    if (positives.is_spread())
      require_in_range(positives.own(), spec_.users, spec_.items);
    else if (ranks_.size() == 1)
      require_in_range(positives, spec_.users, spec_.items);
    engine_->set_interactions(positives);
    interactions_set_ = true;
  }

  std::vector<double> train(int epochs) override {
    if (!interactions_set_) throw std::logic_error("matrix factorizer: train() before set_interactions()");
    std::vector<double> losses = engine_->train(parameters_, step_, epochs);
    step_ += static_cast<std::uint64_t>(epochs);
    return losses;
  }

  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override {
    return cpu::rank(DotScorer{.users = parameters_.user_factors.data(),
                               .items = parameters_.item_factors.data(),
                               .item_bias = sgd() ? parameters_.item_bias.data() : nullptr,
                               .items_count = spec_.items,
                               .dim = spec_.dim},
                     queries);
  }

 private:
  bool sgd() const { return spec_.solver == MfSolver::logistic_sgd; }

  /// Between two calls of train() every rank has all.
  std::vector<PlacedTensor> placed() override {
    std::vector<PlacedTensor> all;
    tensors_.for_each([&](const std::string& name, const std::vector<std::int64_t>& shape, float* data) {
      all.push_back(whole_tensor(ranks_, name, shape, data));
    });
    return all;
  }

  MfSpec spec_;
  MfParameters parameters_;
  TensorViews<float> tensors_;  ///< of parameters_, whose vectors never change size
  std::unique_ptr<MfSolverEngine> engine_;
  bool interactions_set_ = false;
};

}  // namespace

Support supports(const MfSpec& spec) {
  if (std::string why = why_invalid(spec); !why.empty()) return {std::move(why)};
  if (spec.items >= 0x80000000U) return Support::no("the cpu back end holds fewer than 2^31 items");
  if (spec.dim > 1024) return Support::no(fmt::format("the cpu back end takes dim up to 1024, not {}", spec.dim));
  if (spec.solver == MfSolver::logistic_sgd && spec.negatives > 1024)
    return Support::no(fmt::format("the cpu back end takes up to 1024 negatives per positive, not {}", spec.negatives));
  return Support::yes();
}

std::unique_ptr<MatrixFactorizer> make(const MfSpec& spec, Communicator& ranks) {
  return std::make_unique<CpuMatrixFactorizer>(spec, ranks);
}

}  // namespace frugal::cpu
