// The oracle's gradients against central differences of its own loss.
#include <gtest/gtest.h>

#include "impl/reference/recommender/dlrm.hpp"
#include "tests/impl/recommender_fixture.hpp"

namespace frugal::recommender_test {
namespace {

/// Small, so that no ReLU changes sides between the two losses; those are in double precision, and exact enough.
constexpr float dlrm_nudge = 0x1p-18F;

double dlrm_loss(Dlrm& model, const ModelState& state, const Clicks& clicks) {
  model.import_state(state);
  return train_step(model, clicks);
}

/// Every value of every parameter: with a learning rate of 1, SGD subtracts the gradient.
void expect_dlrm_gradients(DlrmSpec spec, const Clicks& clicks) {
  spec.learning_rate = 1;
  const auto model = reference::make(spec);
  const ModelState start = model->export_state();
  dlrm_loss(*model, start, clicks);
  const ModelState after = model->export_state();
  for (const NamedTensor& tensor : start.tensors) {
    double largest = 0;
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      ModelState nudged = start;
      float& value = values(nudged, tensor.name)[i];
      const float center = value;
      value = center + dlrm_nudge;
      const double above = value;
      const double loss_above = dlrm_loss(*model, nudged, clicks);
      value = center - dlrm_nudge;
      const double difference = (loss_above - dlrm_loss(*model, nudged, clicks)) / (above - value);
      EXPECT_NEAR(double{center} - double{values(after, tensor.name)[i]}, difference, 2e-7) << tensor.name << " " << i;
      largest = std::max(largest, std::abs(difference));
    }
    EXPECT_GT(largest, 1e-3) << tensor.name << ": too small to show anything";
  }
}

TEST(DlrmReference, GradientsWithDotAreThoseOfTheLoss) {
  expect_dlrm_gradients(small_dlrm(), planted_clicks(small_dlrm(), 11));
}

TEST(DlrmReference, GradientsOfBagsAreThoseOfTheLoss) {
  for (const FeatureInteraction interaction : {FeatureInteraction::dot, FeatureInteraction::cat}) {
    const DlrmSpec spec = small_dlrm(interaction);
    expect_dlrm_gradients(spec, clicks_with_bags(spec, 11, 4));
  }
}

TEST(DlrmReference, GradientsWithCatAreThoseOfTheLoss) {
  DlrmSpec spec = small_dlrm(FeatureInteraction::cat);
  spec.bottom = {5, 3};
  expect_dlrm_gradients(spec, planted_clicks(spec, 11));
}

TEST(DlrmReference, GradientsOfDeepTopAreThoseOfTheLoss) {
  DlrmSpec spec = small_dlrm();
  spec.top = {6, 5, 1};
  expect_dlrm_gradients(spec, planted_clicks(spec, 11));
}

}  // namespace
}  // namespace frugal::recommender_test
