#include "datasets/synthetic/streams.hpp"

#include "impl/common/metrics.hpp"

namespace frugal::data {

Clicks ClicksStream::clicks(std::uint64_t first, std::uint64_t count) const {
  Clicks result;
  Shape form = shape();
  result.dense_features = form.dense_features;
  result.table_rows = std::move(form.table_rows);
  result.dense.reserve(count * static_cast<std::size_t>(result.dense_features));
  result.ids.reserve(count * result.table_rows.size());
  result.labels.reserve(count);
  std::vector<float> logits;
  logits.reserve(count);
  Example example;
  for (std::uint64_t n = 0; n < count; ++n) {
    make(first + n, example);
    result.dense.insert(result.dense.end(), example.dense.begin(), example.dense.end());
    result.ids.insert(result.ids.end(), example.ids.begin(), example.ids.end());
    result.labels.push_back(example.clicked ? 1.0F : 0.0F);
    logits.push_back(static_cast<float>(example.logit));
  }
  result.bayes_auc = auc(logits, result.labels);
  return result;
}

ClickSplit ClicksStream::split() const {
  const Shape form = shape();
  return {clicks(0, form.examples), clicks(form.examples, form.test_examples)};
}

}  // namespace frugal::data
