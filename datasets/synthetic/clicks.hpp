// Seeded click data with a planted logistic model, so that the best possible AUC is known.
//
//   logit = bias + signal * (a . x + e + r) / sqrt(3),
//
// x: dense features ~ N(0, 1), |a| = 1; e: the sum of one effect per (table, id), over sqrt(tables); r: pairwise dot
// products of planted id vectors, to unit variance, which no linear model can fit. Ids follow a power law.
#pragma once
#include <cstdint>
#include <string>

#include "datasets/synthetic/streams.hpp"

namespace frugal::data {

/// How many, and how hard.
struct ClicksSpec {
  std::uint64_t examples = 100'000;      ///< to train on
  std::uint64_t test_examples = 20'000;  ///< that follow them
  int tables = 8;                        ///< categorical features
  std::uint32_t rows = 1000;             ///< per table
  int dense_features = 13;               ///< numbers of an example
  double signal = 2;                     ///< standard deviation of the logit
};

/// Why no such set can be made, or empty.
std::string why_invalid(const ClicksSpec& spec);

/// Makes any example of the stream by its index alone.
class ClicksGenerator final : public ClicksStream {
 public:
  /// Throws UserError when the spec is invalid.
  ClicksGenerator(const ClicksSpec& spec, std::uint64_t seed);

  Shape shape() const override;
  void make(std::uint64_t index, Example& example) const override;

 private:
  ClicksSpec spec_;
  std::uint64_t seed_;
  std::vector<double> slope_;  ///< a
};

}  // namespace frugal::data
