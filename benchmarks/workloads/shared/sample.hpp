// Which training interactions stage 2 sees.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/base/names.hpp"
#include "impl/common/packed_pairs.hpp"
#include "impl/common/specs.hpp"

namespace frugal::workloads {

/// uniform: every interaction is equally likely to stay.
/// stratified: uniform within each user, and each user keeps the same share of its interactions, to within one.
/// recent: as stratified, but of each user the latest stay (the temporal sampling of Sachdeva et al., WSDM 2022).
/// popularity_balanced: an interaction stays with a weight of one over its item's count (weighted sampling without
///   replacement, Efraimidis & Spirakis 2006): as far as they last, all items are equally frequent in the sample.
/// hardest: those a proxy scores lowest, the highest loss first (after SVP-CF, Sachdeva et al., WSDM 2022).
enum class Sampling { uniform, stratified, recent, popularity_balanced, hardest };

inline constexpr Named<Sampling> sampling_names[] = {{Sampling::uniform, "uniform"},
                                                     {Sampling::stratified, "stratified"},
                                                     {Sampling::recent, "recent"},
                                                     {Sampling::popularity_balanced, "popularity_balanced"},
                                                     {Sampling::hardest, "hardest"}};

/// Keeps round(fraction * n) interactions, at least 1, in their order, without replacement (Philox,
/// Purpose::keep_sample). For one seed the samples of any one strategy are nested: what is kept at 0.1 is kept at 0.2.
/// A uniform sample takes no memory beside itself; the others hold a key an interaction and more.
/// recent needs each user's interactions in order of time; scores (hardest only): the proxy's, by interaction.
std::vector<Interaction> keep_sample(Sampling sampling, const PackedPairs& interactions, double fraction,
                                     std::uint64_t seed, std::span<const float> scores = {});

/// The indices below n that a uniform sample keeps, ascending: keep_sample() for anything that is not an interaction.
std::vector<std::uint32_t> keep_uniform(std::uint64_t n, double fraction, std::uint64_t seed);

}  // namespace frugal::workloads
