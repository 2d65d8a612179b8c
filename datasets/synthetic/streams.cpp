#include "datasets/synthetic/streams.hpp"

#include <algorithm>

#include "impl/common/metrics.hpp"

namespace frugal::data {

Clicks ClicksStream::clicks(std::uint64_t first, std::uint64_t count) const {
  std::vector<float> logits(count);
  Clicks result = make_all(first, logits);
  result.bayes_auc = auc(logits, result.labels);
  return result;
}

ClickSplit ClicksStream::split() const {
  const Shape form = shape();
  std::vector<float> logits(form.examples);  // of what is trained on nobody asks how well it could be ranked
  return {make_all(0, logits), clicks(form.examples, form.test_examples)};
}

/// An example is a function of its index, so the threads need not agree on anything.
Clicks ClicksStream::make_all(std::uint64_t first, std::span<float> logits) const {
  Clicks result;
  Shape form = shape();
  const auto dense = static_cast<std::size_t>(form.dense_features);
  const std::size_t tables = form.table_rows.size();
  result.dense_features = form.dense_features;
  result.table_rows = std::move(form.table_rows);
  result.dense.resize(logits.size() * dense);
  result.ids.resize(logits.size() * tables);
  result.labels.resize(logits.size());
#pragma omp parallel
  {
    Example example;
#pragma omp for schedule(static)
    for (std::size_t n = 0; n < logits.size(); ++n) {
      make(first + n, example);
      std::ranges::copy(example.dense, result.dense.begin() + n * dense);
      std::ranges::copy(example.ids, result.ids.begin() + n * tables);
      result.labels[n] = example.clicked ? 1.0F : 0.0F;
      logits[n] = static_cast<float>(example.logit);
    }
  }
  return result;
}

}  // namespace frugal::data
