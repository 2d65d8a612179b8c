// Which training interactions stage 2 sees.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/base/names.hpp"
#include "impl/common/specs.hpp"

namespace frugal::workloads {

/// Of interactions:
/// uniform: every interaction is equally likely to stay.
/// stratified: uniform within each user, and each user keeps the same share of its interactions, to within one.
/// recent: as stratified, but of each user the latest stay (the temporal sampling of Sachdeva et al., WSDM 2022).
/// quota: uniform within each user, and each user keeps the same number of interactions, to within one, or all it has.
/// popularity_balanced: an interaction stays with a weight of one over its item's count (weighted sampling without
///   replacement, Efraimidis & Spirakis 2006): as far as they last, all items are equally frequent in the sample.
/// hardest: those a proxy scores lowest, the highest loss first: one look at the trained proxy.
/// svp_cf: those a proxy ranks worst while it learns, the mean over its epochs (SVP-CF, Sachdeva et al., WSDM 2022).
/// forgetting: those that a proxy forgets most often while it learns (Toneva et al., ICLR 2019).
///
/// Of whole users; of the one in which the number is reached random interactions stay:
/// user_uniform: every user is equally likely to stay.
/// svp_cf_user: the users of the worst mean of svp_cf.
enum class Sampling {
  uniform,
  stratified,
  recent,
  quota,
  popularity_balanced,
  hardest,
  svp_cf,
  forgetting,
  user_uniform,
  svp_cf_user
};

inline constexpr Named<Sampling> sampling_names[] = {{Sampling::uniform, "uniform"},
                                                     {Sampling::stratified, "stratified"},
                                                     {Sampling::recent, "recent"},
                                                     {Sampling::quota, "quota"},
                                                     {Sampling::popularity_balanced, "popularity_balanced"},
                                                     {Sampling::hardest, "hardest"},
                                                     {Sampling::svp_cf, "svp_cf"},
                                                     {Sampling::forgetting, "forgetting"},
                                                     {Sampling::user_uniform, "user_uniform"},
                                                     {Sampling::svp_cf_user, "svp_cf_user"}};

/// Must a proxy be watched while it learns?
constexpr bool watches_proxy(Sampling sampling) {
  return sampling == Sampling::svp_cf || sampling == Sampling::forgetting || sampling == Sampling::svp_cf_user;
}

/// Does it need a proxy's scores?
constexpr bool asks_proxy(Sampling sampling) { return sampling == Sampling::hardest || watches_proxy(sampling); }

/// Keeps round(fraction * n) interactions, at least 1, in their order, without replacement (Philox,
/// Purpose::keep_sample). For one seed the samples of any one strategy are nested: what is kept at 0.1 is kept at 0.2.
/// recent needs each user's interactions in order of time; scores (asks_proxy() only): the proxy's, by interaction, the
/// lowest first to stay. The few values of watches_proxy() tie often: then the seed decides, elsewhere the order.
std::vector<Interaction> keep_sample(Sampling sampling, std::span<const Interaction> interactions, double fraction,
                                     std::uint64_t seed, std::span<const float> scores = {});

/// The indices below n that a uniform sample keeps, ascending: keep_sample() for anything that is not an interaction.
std::vector<std::uint32_t> keep_uniform(std::uint64_t n, double fraction, std::uint64_t seed);

}  // namespace frugal::workloads
