#include "benchmarks/workloads/cadc/sample.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "impl/common/philox.hpp"

namespace frugal::workloads {

std::vector<Interaction> keep_uniform(std::span<const Interaction> interactions, double fraction, std::uint64_t seed) {
  const std::size_t n = interactions.size();
  const auto wanted = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(n)));
  const std::size_t kept = std::min(n, std::max<std::size_t>(wanted, 1));
  if (kept == n) return {interactions.begin(), interactions.end()};

  // Every interaction draws a key; the smallest keys stay. Equal keys are told apart by index.
  const Philox random(seed, Purpose::keep_sample);
  std::vector<std::uint64_t> keyed(n);
  for (std::size_t i = 0; i < n; ++i) keyed[i] = std::uint64_t{random.word(i)} << 32 | i;
  std::nth_element(keyed.begin(), keyed.begin() + static_cast<std::ptrdiff_t>(kept), keyed.end());
  keyed.resize(kept);
  for (std::uint64_t& key : keyed) key &= 0xffffffffU;
  std::sort(keyed.begin(), keyed.end());

  std::vector<Interaction> sample;
  sample.reserve(kept);
  for (const std::uint64_t index : keyed) sample.push_back(interactions[index]);
  return sample;
}

}  // namespace frugal::workloads
