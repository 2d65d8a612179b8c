// One training step of each kind of DLRM, and what it predicts before that step.
#include <fmt/format.h>

#include <algorithm>

#include "impl/common/spec_names.hpp"
#include "impl/equivalence/case.hpp"
#include "impl/equivalence/random_state.hpp"

namespace frugal {
namespace {

struct DlrmCase {
  std::string name;
  DlrmSpec spec;
  std::size_t examples;
  std::uint32_t longest_bag = 0;  ///< bags of 0 to this many ids; 0: one id each, without offsets
};

/// The rate is large, so that a wrong step is far outside the rounding of the weights.
std::vector<DlrmCase> dlrm_cases() {
  const DlrmSpec small{.dense_features = 5,
                       .table_rows = {7, 100, 1, 33},
                       .embedding_dim = 12,
                       .bottom = {18, 12},
                       .top = {21, 1},
                       .learning_rate = 0.05,
                       .batch = 100,
                       .seed = 3};
  std::vector<DlrmCase> cases;
  for (const auto& [kind, name] : optimizer_names) {
    DlrmSpec spec = small;
    spec.optimizer = kind;
    cases.push_back({fmt::format("dot, {}", name), spec, 60});
    spec.interaction = FeatureInteraction::cat;
    spec.bottom = {9};
    cases.push_back({fmt::format("cat, {}", name), spec, 100});
  }
  cases.push_back({"batch of one", small, 1});
  DlrmSpec frozen = small;
  frozen.frozen_tables = 2;
  cases.push_back({"two tables frozen", frozen, 60});
  DlrmSpec large = small;
  large.table_rows = std::vector<std::uint32_t>(26, 50);
  large.embedding_dim = 16;
  large.bottom = {32, 16};
  large.top = {40, 24, 1};
  large.batch = 300;
  cases.push_back({"26 tables, several blocks", large, 290});
  for (const auto& [interaction, name] : interaction_names) {
    DlrmSpec bags = small;
    bags.interaction = interaction;
    bags.optimizer = OptimizerKind::rowwise_adagrad;
    cases.push_back({fmt::format("bags, {}", name), bags, 90, 9});
  }
  large.optimizer = OptimizerKind::adam;
  cases.push_back({"bags, 26 tables, several blocks", large, 290, 40});
  DlrmSpec wide = small;
  wide.dense_features = 512;
  wide.bottom = {140, 512, 12};
  wide.top = {512, 21, 1};
  wide.batch = 300;
  cases.push_back({"wide layers", wide, 300, 3});
  DlrmSpec one_layer = small;
  one_layer.embedding_dim = 132;
  one_layer.bottom = {132};
  one_layer.top = {1};
  cases.push_back({"one layer each, rows of 132 values", one_layer, 70});
  one_layer.embedding_dim = 37;
  one_layer.interaction = FeatureInteraction::cat;
  one_layer.optimizer = OptimizerKind::rowwise_adagrad;
  cases.push_back({"one layer each, rows of 37 values", one_layer, 70, 5});
  return cases;
}

struct DlrmExamples {
  std::vector<float> dense;
  std::vector<std::uint32_t> ids;
  std::vector<float> labels;
  std::vector<std::uint64_t> offsets;
  ClickBatch batch() const { return {dense, ids, labels, offsets}; }
};

DlrmExamples dlrm_examples(const DlrmSpec& spec, std::size_t count, std::uint32_t longest_bag) {
  const Philox random(spec.seed, Purpose::test);
  DlrmExamples examples;
  if (longest_bag > 0) examples.offsets.push_back(0);
  for (std::size_t e = 0; e < count; ++e) {
    for (std::size_t f = 0; f < static_cast<std::size_t>(spec.dense_features); ++f)
      examples.dense.push_back(static_cast<float>(random.normal(examples.dense.size(), 1000)));
    for (const std::uint32_t rows : spec.table_rows) {
      const std::uint32_t bag = longest_bag > 0 ? random.below(longest_bag + 1, examples.offsets.size(), 1003) : 1;
      for (std::uint32_t k = 0; k < bag; ++k) examples.ids.push_back(random.below(rows, examples.ids.size(), 1001));
      if (longest_bag > 0) examples.offsets.push_back(examples.ids.size());
    }
    examples.labels.push_back(static_cast<float>(random.below(2, e, 1002)));
  }
  return examples;
}

void check_dlrm_case(const DlrmCase& test, const Backend& oracle, const Backend& candidate,
                     std::vector<EquivalenceCheck>& checks) {
  auto pair = equivalence_pair(fmt::format("dlrm/{}", test.name), test.spec, test.spec, oracle, candidate, checks);
  if (!pair) return;
  Dlrm& expected = *pair->expected;
  Dlrm& found = *pair->found;
  const DlrmExamples examples = dlrm_examples(test.spec, test.examples, test.longest_bag);
  const ModelState start = random_state(expected.export_state(), 6, test.spec.seed);
  expected.import_state(start);
  found.import_state(start);

  double widths = test.spec.dense_features + test.spec.embedding_dim;
  for (const int width : test.spec.bottom) widths += width;
  for (const int width : test.spec.top) widths += width;
  const double tables = static_cast<double>(test.spec.table_rows.size());
  widths += tables * tables / 2 + test.longest_bag;
  std::vector<float> expected_logits(test.examples);
  std::vector<float> found_logits(test.examples);
  expected.predict(examples.batch(), expected_logits);
  found.predict(examples.batch(), found_logits);
  pair->compare(as_doubles(expected_logits), as_doubles(found_logits), "logits", widths);

  const double reduction = widths + static_cast<double>(test.examples) * std::max(1U, test.longest_bag);
  expected.set_examples(examples.batch());
  found.set_examples(examples.batch());
  pair->compare(expected.train(1), found.train(1), "loss", reduction);
  pair->compare_states_now("after a step", [&](const std::string&) { return reduction; });
}

}  // namespace

std::vector<EquivalenceCheck> check_dlrm(const Backend& oracle, const Backend& candidate) {
  std::vector<EquivalenceCheck> checks;
  for (const DlrmCase& test : dlrm_cases()) check_dlrm_case(test, oracle, candidate, checks);
  return checks;
}

}  // namespace frugal
