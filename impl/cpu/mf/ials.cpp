// Implicit alternating least squares, exact: each row is the solution of its normal equations,
//   (w0 G + sum of v v^T over the history + reg_u I) u = sum of v over the history,   G = sum of v v^T over all items,
//   reg_u = regularization * (|history| + w0 * items)^frequency_scaling
// (Hu, Koren, Volinsky, ICDM 2008, with the weighting of Rendle et al., RecSys 2022), first all users, then all items.
//
// Rows are independent, G is summed over fixed chunks: the same bits at any number of threads, and of ranks. Each rank has
// the histories of its own rows, as much work as the others, solves these, and gets the other rows from those who solved
// them, while it solves its next ones; likewise the chunks of G, between the sides.
//
// Histories are held packed and read a piece at a time, just before they are added: about two bytes an interaction and
// side, so that memory is what the factors take and not much more.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>

#include "impl/common/packed_groups.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"
#include "impl/cpu/mf/dealt_pairs.hpp"
#include "impl/cpu/mf/row_exchange.hpp"
#include "impl/cpu/mf/solver.hpp"

namespace frugal::cpu {
namespace {

constexpr std::size_t gram_rows = 512;  ///< rows of one partial sum of G

/// Systems that are solved side by side: their matrices fit the second-level cache.
constexpr std::size_t most_systems = 4;
constexpr std::size_t system_bytes = 256 * 1024;

/// Multiply-adds of one side from which on waking a team of threads pays.
constexpr double parallel_ials_products = 1e6;

/// Partners that are unpacked at a time: whole pieces of the kernel's, so that its sums are those of a history in one
/// piece.
constexpr std::size_t history_piece = 16 * static_cast<std::size_t>(history_rows);

bool are_by_user(const PackedPairs& positives) {
  std::uint32_t last = 0;
  for (const Interaction& pair : positives) {
    if (pair.user < last) return false;
    last = pair.user;
  }
  return true;
}

PackedPairs by_user(const PackedPairs& positives) {
  std::vector<Interaction> pairs = positives.unpacked();
  std::ranges::stable_sort(pairs, {}, &Interaction::user);
  return pairs;
}

/// The items of each user, ascending: the factors do not depend on the order of the input, and gathers walk forward.
template <class Pairs>
PackedGroups histories_of_users(const Pairs& positives, std::uint32_t users) {
  PackedGroups histories;
  std::vector<std::uint32_t> history;
  const auto close = [&] {
    std::ranges::sort(history);
    histories.append(history);
    history.clear();
  };
  for (const Interaction& pair : positives) {
    while (histories.size() < pair.user) close();
    history.push_back(pair.item);
  }
  while (histories.size() < users) close();
  return histories;
}

class Ials final : public MfSolverEngine {
 public:
  Ials(const MfSpec& spec, Communicator& ranks)
      : spec_(spec),
        ranks_(ranks),
        dim_(static_cast<std::size_t>(spec.dim)),
        stride_(static_cast<std::size_t>(padded(spec.dim))),
        users_(spec.users * stride_),
        items_(spec.items * stride_),
        gram_(stride_ * stride_),
        systems_(std::clamp(system_bytes / (stride_ * stride_ * sizeof(float)), std::size_t{1}, most_systems)) {}

  void set_interactions(const PackedPairs& positives) override {
    by_user_ = {};
    by_item_ = {};
    if (ranks_.size() > 1) return set_own_interactions(run_of(ranks_, positives));
    if (!are_by_user(positives)) return set_interactions(by_user(positives));
    positives_ = positives.size();
    of_users_ = {0, spec_.users};
    of_items_ = {0, spec_.items};
    by_user_ = histories_of_users(positives, spec_.users);
    by_item_ = by_user_.transposed(spec_.items);
  }

  std::vector<double> train(MfParameters& parameters, std::uint64_t /*first_epoch*/, int epochs) override {
    if (epochs == 0) return {};
    pad(parameters.item_factors, items_);  // users are solved before they are read
    std::vector<double> losses(static_cast<std::size_t>(epochs));
    for (double& loss : losses) loss = epoch();
    unpad(users_, parameters.user_factors);
    unpad(items_, parameters.item_factors);
    return losses;
  }

 private:
  /// run: of this rank.
  void set_own_interactions(const PairsRun& run) {
    const MfSchedule::Counts counts = count_together(ranks_, spec_, run);
    positives_ = std::accumulate(counts.users.begin(), counts.users.end(), std::size_t{0});
    of_users_ = shares(counts.users);
    of_items_ = shares(counts.items);
    by_user_ = histories_of_users(own_pairs(run.pairs, of_users_, &Interaction::user), spec_.users);
    by_item_ =
        histories_of_users(own_pairs(run.pairs, of_items_, &Interaction::item), spec_.users).transposed(spec_.items);
  }

  /// Rows by rank: a row costs its history, and a solution.
  std::vector<std::size_t> shares(const std::vector<std::uint32_t>& counts) const {
    std::vector<double> work(counts.size());
    for (std::size_t row = 0; row < work.size(); ++row) work[row] = counts[row] + static_cast<double>(stride_) / 3;
    return weighted_shares(work, systems_, ranks_.size());
  }

  /// Of all ranks' runs the interactions of this rank's rows, by user.
  PackedPairs own_pairs(const PackedPairs& run, const std::vector<std::size_t>& begins,
                        std::uint32_t Interaction::*row) const {
    const std::vector<int> owners = ranks_of_rows(begins);
    PackedPairs own = deal(ranks_, run, [&](const Interaction& pair) { return owners[pair.*row]; });
    return are_by_user(own) ? own : by_user(own);
  }

  double epoch() {
    const SideResult users = solve_side(by_user_, of_users_, items_, spec_.items, users_);
    const SideResult items = solve_side(by_item_, of_items_, users_, spec_.users, items_);
    // At the optimum of item v, its terms of the objective, v^T A v - 2 b.v + |history|, are |history| - b.v. The items
    // are solved last, so all is there but the penalty of the users.
    const double positives = static_cast<double>(positives_);
    return positives > 0 ? (positives - items.explained + users.penalty) / positives : 0;
  }

  struct SideResult {
    double penalty = 0;    ///< sum of reg |row|^2
    double explained = 0;  ///< sum of b . row
  };

  /// Solves every row of `rows` given the rows of the other side; begins: the rows of each rank.
  SideResult solve_side(const PackedGroups& h, const std::vector<std::size_t>& begins,
                        const AlignedBuffer<float>& others, std::size_t other_count, AlignedBuffer<float>& rows) {
    sum_gram(others, other_count);
    const std::size_t own = begins[ranks_.rank() + 1] - begins[ranks_.rank()];
    const bool team = static_cast<double>((h.members() + own) * stride_ * stride_) >= parallel_ials_products;
    std::vector<SideResult> results(begins.back());
    RowExchange exchange(ranks_, begins, systems_);
    for (std::size_t piece = 0; piece < exchange.pieces(); ++piece) {
      const std::size_t begin = exchange.begin(piece);
      const std::size_t count = exchange.begin(piece + 1) - begin;
      const std::size_t groups = (count + systems_ - 1) / systems_;
#pragma omp parallel if (team)
      {
        Equations equations(systems_, stride_);
#pragma omp for schedule(dynamic, 4)
        for (std::size_t g = 0; g < groups; ++g) {
          const std::size_t first = g * systems_;
          solve_rows(h, others, static_cast<double>(other_count), begin + first, std::min(systems_, count - first),
                     equations, rows, results.data());
        }
      }
      exchange.post(rows.data(), stride_, piece);
    }
    exchange.finish();
    gather_rows(ranks_, results.data(), 1, begins);
    SideResult total;
    for (const SideResult& result : results) {
      total.penalty += result.penalty;
      total.explained += result.explained;
    }
    return total;
  }

  /// The normal equations of several rows.
  struct Equations {
    Equations(std::size_t systems, std::size_t stride)
        : matrices(systems * stride * stride),
          rights(systems * stride),
          scratch(history_rows * stride),
          partners(history_piece) {}
    AlignedBuffer<float> matrices;        ///< [systems, stride, stride]
    AlignedBuffer<float> rights;          ///< [systems, stride]
    AlignedBuffer<float> scratch;         ///< [history_rows, stride]
    std::vector<std::uint32_t> partners;  ///< [history_piece]
  };

  /// Solves rows [first, first + count).
  void solve_rows(const PackedGroups& h, const AlignedBuffer<float>& others, double other_count, std::size_t first,
                  std::size_t count, Equations& equations, AlignedBuffer<float>& rows, SideResult* results) const {
    const MfKernels& kernels = mf_kernels();
    const long dim = static_cast<long>(stride_);
    std::fill(equations.rights.begin(), equations.rights.end(), 0.F);
    for (std::size_t s = 0; s < count; ++s) {
      const std::size_t r = first + s;
      float* matrix = equations.matrices.data() + s * stride_ * stride_;
      std::copy_n(gram_.data(), stride_ * stride_, matrix);
      for (PackedGroups::Reader history(h, r); history.left() > 0;) {
        const long partners = history.take(equations.partners);
        kernels.add_history(others.data(), equations.partners.data(), partners, dim, equations.scratch.data(), matrix,
                            equations.rights.data() + s * stride_);
      }
      // The padding gets a diagonal of 1 and a right side of 0, so its solution is 0.
      const auto reg = static_cast<float>(penalty(h, r, other_count));
      for (std::size_t k = 0; k < stride_; ++k) {
        float& diagonal = matrix[k * stride_ + k];
        diagonal = k < dim_ ? diagonal + reg : 1.F;
      }
    }
    std::copy_n(equations.rights.data(), count * stride_, rows.data() + first * stride_);
    kernels.solve(equations.matrices.data(), dim, rows.data() + first * stride_, static_cast<long>(count));
    for (std::size_t s = 0; s < count; ++s) {
      const float* row = rows.data() + (first + s) * stride_;
      const float* right = equations.rights.data() + s * stride_;
      double squares = 0;
      double explained = 0;
      for (std::size_t k = 0; k < dim_; ++k) {
        squares += static_cast<double>(row[k]) * row[k];
        explained += static_cast<double>(right[k]) * row[k];
      }
      results[first + s] = {penalty(h, first + s, other_count) * squares, explained};
    }
  }

  /// reg of row r.
  double penalty(const PackedGroups& h, std::size_t r, double other_count) const {
    const double history = h.count(r);
    return spec_.regularization * std::pow(history + spec_.unobserved_weight * other_count, spec_.frequency_scaling);
  }

  /// gram_ = w0 * rows^T rows (upper triangle).
  void sum_gram(const AlignedBuffer<float>& rows, std::size_t count) {
    const std::size_t area = stride_ * stride_;
    const std::size_t chunks = (count + gram_rows - 1) / gram_rows;
    AlignedBuffer<float> partial(chunks * area);
    const bool team = static_cast<double>(count * area) >= parallel_ials_products;
    const std::vector<std::size_t> begins = equal_shares(chunks, ranks_.size());
    const std::size_t end = begins[ranks_.rank() + 1];
#pragma omp parallel for schedule(dynamic, 1) if (team)
    for (std::size_t c = begins[ranks_.rank()]; c < end; ++c) {
      std::fill_n(partial.data() + c * area, area, 0.F);
      const std::size_t first = c * gram_rows;
      mf_kernels().gram(rows.data() + first * stride_, static_cast<long>(std::min(gram_rows, count - first)),
                        static_cast<long>(stride_), partial.data() + c * area);
    }
    gather_rows(ranks_, partial.data(), area, begins);
    const float weight = static_cast<float>(spec_.unobserved_weight);
    std::fill(gram_.begin(), gram_.end(), 0.F);
    for (std::size_t c = 0; c < chunks; ++c)
      for (std::size_t k = 0; k < area; ++k) gram_[k] += partial[c * area + k];
    for (float& value : gram_) value *= weight;
  }

  void pad(const std::vector<float>& from, AlignedBuffer<float>& to) const {
    std::fill(to.begin(), to.end(), 0.F);
    for (std::size_t r = 0; r < from.size() / dim_; ++r)
      std::copy_n(from.data() + r * dim_, dim_, to.data() + r * stride_);
  }

  void unpad(const AlignedBuffer<float>& from, std::vector<float>& to) const {
    for (std::size_t r = 0; r < to.size() / dim_; ++r)
      std::copy_n(from.data() + r * stride_, dim_, to.data() + r * dim_);
  }

  MfSpec spec_;
  Communicator& ranks_;
  std::size_t dim_;
  std::size_t stride_;
  AlignedBuffer<float> users_;  ///< [users, stride]
  AlignedBuffer<float> items_;  ///< [items, stride]
  AlignedBuffer<float> gram_;   ///< [stride, stride], upper triangle
  std::size_t systems_;         ///< solved side by side
  std::size_t positives_ = 0;
  std::vector<std::size_t> of_users_;  ///< [ranks + 1]: the rows that each rank solves
  std::vector<std::size_t> of_items_;  ///< [ranks + 1]
  PackedGroups by_user_;
  PackedGroups by_item_;
};

}  // namespace

std::unique_ptr<MfSolverEngine> make_ials(const MfSpec& spec, Communicator& ranks) {
  return std::make_unique<Ials>(spec, ranks);
}

}  // namespace frugal::cpu
