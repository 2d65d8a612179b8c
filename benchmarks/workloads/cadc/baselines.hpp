// The recommenders that any other must be compared with (Ferrari Dacrema, Cremonesi & Jannach 2019): no gradients, no
// seeds, a setting or two. Each needs the training interactions alone; X is their 0/1 matrix, [users x items].
#pragma once
#include <memory>
#include <span>

#include "benchmarks/harness/workload.hpp"
#include "benchmarks/workloads/cadc/row_ranker.hpp"
#include "datasets/interactions/interactions.hpp"

namespace frugal::workloads {

struct Baseline {
  std::unique_ptr<RowRanker> ranker;
  double flops = 0;             ///< to fit it, analytic
  std::int64_t parameters = 0;  ///< values it keeps
};

/// EASE (Steck 2019): B = I - P diag(1 / diag P), P = (X^T X + l2 I)^-1; the user's row times B. Throws UserError where
/// items x items values are too many.
Baseline fit_ease(const data::Split& split, double l2);

/// Neighbourhoods of items by cosine: c_ij / (sqrt(n_i n_j) + shrink), with c_ij users of both; each item is scored by
/// those of its `neighbours` most similar ones that the user has.
Baseline fit_item_knn(const data::Split& split, int neighbours, double shrink);

/// RP3beta (Paudel et al. 2017): random walks of three steps from the user, their transitions to the power of alpha;
/// the item's popularity to the power of beta divides. Of each item the `neighbours` largest weights count.
Baseline fit_rp3beta(const data::Split& split, int neighbours, double alpha, double beta);

/// infinity-AE (Sachdeva et al. 2022): kernel ridge regression of X on itself, K (K + l2 tr(K) / users I)^-1 X, with the
/// neural tangent kernel of a network of one hidden layer of infinitely many ReLUs. Throws UserError where users x users
/// values are too many.
Baseline fit_infinity_ae(const data::Split& split, double l2);

/// The parameters of all of them, and of each by its name in `model`: null for the name of anything else.
std::vector<ParamSpec> baseline_params();
using FitBaseline = Baseline (*)(const data::Split& split, const Json& own);
FitBaseline find_baseline(std::string_view model);
std::vector<std::string> baseline_names();

}  // namespace frugal::workloads
