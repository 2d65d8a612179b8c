// What is kept instead of all interactions, in bytes: the factors of stage 1, coded, and the sample.
#pragma once
#include <cstdint>

#include "impl/base/names.hpp"
#include "impl/common/packed_pairs.hpp"
#include "impl/common/specs.hpp"
#include "impl/common/state.hpp"

namespace frugal::workloads {

/// How factors are stored.
/// fp32: as they are. fp16: IEEE binary16.
/// uniform: `bits` a value (a whole number), 2^bits levels between the least and the largest value of each row, which
///   are kept in fp16.
/// product: product quantisation (Jegou, Douze & Schmid 2011): each run of 8 / bits values of a row is one of 256 that
///   k-means finds for its place; `bits` is 1, 2, 4 or 8; the centroids are kept in fp16.
/// transform: transform coding. The axes are turned and scaled, which no score notices, so that both tables have the
///   same diagonal Gram matrix; then every value is rounded to a multiple of one step, and the integers are coded
///   (impl/common/integer_coder.hpp). `bits` a value on average, any number, is what the step is chosen for.
enum class Storing { fp32, fp16, uniform, product, transform };

inline constexpr Named<Storing> storing_names[] = {{Storing::fp32, "fp32"},
                                                   {Storing::fp16, "fp16"},
                                                   {Storing::uniform, "uniform"},
                                                   {Storing::product, "product"},
                                                   {Storing::transform, "transform"}};

struct StoredFactors {
  ModelState factors;       ///< what is read back
  std::uint64_t bytes = 0;  ///< of both tables, and of the items' biases where there are some (fp16, of fp32 fp32)
};

/// factors: of a matrix factorisation. A user's bias changes no ranking: it is not stored, and comes back as 0.
StoredFactors store(ModelState factors, Storing storing, double bits);

/// Empty: these bits fit this way of storing and this dimension.
std::string why_not_stored(Storing storing, double bits, int dim);

/// Interactions as compressed sparse rows: an item's id in the fewest whole bytes, and where each user begins, in four.
std::uint64_t bytes_as_ids(std::uint64_t interactions, std::uint32_t users, std::uint32_t items);

/// Interactions, losslessly but for their order, in the smaller of two ways: ids of just as many bits as they need, and
/// for each pair of a user and an item whether it is there, coded by impl/common/integer_coder.hpp; the latter for up to
/// 50 million such pairs, a second's work.
std::uint64_t bytes_coded(const PackedPairs& interactions, std::uint32_t users, std::uint32_t items);

}  // namespace frugal::workloads
