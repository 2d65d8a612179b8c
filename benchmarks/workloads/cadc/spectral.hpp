// Embeddings in closed form, in place of a factorisation: what stage 2 starts from where embedding_init says so.
#pragma once
#include <cstdint>

#include "datasets/interactions/interactions.hpp"
#include "impl/common/state.hpp"

namespace frugal::workloads {

struct SpectralFactors {
  ModelState factors;  ///< `user_factors` [users, dim], `item_factors` [items, dim]
  double flops = 0;    ///< to find them, analytic
};

/// The truncated singular value decomposition of the 0/1 matrix X of the training interactions: U sqrt(S) and V sqrt(S), so
/// that their products are the best approximation of X of that rank (PureSVD, Cremonesi, Koren & Turrin, RecSys 2010).
/// Eigenvectors of X^T X by subspace iteration. Dimensions beyond the rank are 0.
SpectralFactors fit_svd(const data::Split& split, int dim, std::uint64_t seed);

/// LEPORID (Zhang et al., "Initialization Matters", KDD 2021), as its authors' program has it: users, and apart from them
/// items, are a graph in which each is tied to the 1000 others of the largest Jaccard similarity w, both ways. The degree
/// d_i = sum_j w_ij becomes d_i + alpha (max d - d_i), alpha = 1/2, so that who is little known is not far off; the rows
/// are the eigenvectors of the `dim` smallest eigenvalues of D^-1/2 (D - W) D^-1/2, each scaled to mean 0 and variance 1 over
/// the rows. Ours: the eigenvectors come from subspace iteration, those beyond the size of a side are 0, and so are rows
/// without a neighbour before the scaling. Users and items do not share a space: only trained towers can compare them.
SpectralFactors fit_leporid(const data::Split& split, int dim, std::uint64_t seed);

}  // namespace frugal::workloads
