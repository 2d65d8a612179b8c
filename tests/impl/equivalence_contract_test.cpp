// Every back end against the oracle, per step, from the same imported state.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/impl/backend_fixture.hpp"
#include "tests/impl/equivalent.hpp"
#include "tests/impl/inr_fixture.hpp"
#include "tests/impl/mf_fixture.hpp"

namespace frugal {
namespace {

template <class Spec>
class EquivalenceOf : public ContractTest<Spec> {
 protected:
  const Backend& oracle() const { return *find_backend("reference"); }
};
using InrEquivalence = EquivalenceOf<InrSpec>;
using MfEquivalence = EquivalenceOf<MfSpec>;
using TwoTowerEquivalence = EquivalenceOf<TwoTowerSpec>;
using DlrmEquivalence = EquivalenceOf<DlrmSpec>;

TEST_P(InrEquivalence, TheEnsembleTrainsAsTheReferenceDoes) { expect_equivalent(check_inr(oracle(), backend()), 100); }

TEST_P(MfEquivalence, TheFactorizerTrainsAndRanksAsTheReferenceDoes) {
  expect_equivalent(check_matrix_factorizer(oracle(), backend()), 100);
}

TEST_P(TwoTowerEquivalence, TheTwoTowerTrainsAsTheReferenceDoes) {
  expect_equivalent(check_two_tower(oracle(), backend()), 700);
}

TEST_P(DlrmEquivalence, TheDlrmTrainsAsTheReferenceDoes) { expect_equivalent(check_dlrm(oracle(), backend()), 700); }

TEST_P(InrEquivalence, EpsilonStandsBesideTheRootAsInTheReference) {
  // Of the size of the gradients, so that dropping or moving it changes the updates by their own size.
  InrSpec spec{.networks = 4, .points = 36, .hidden_layers = 1, .width = 20};
  spec.adam.learning_rate = 0.01;
  spec.adam.epsilon = 0.1;
  const auto expected = inr_test::make("reference", spec);
  const auto found = inr_test::make(GetParam(), spec);
  expected->train(3);
  found->train(3);
  const ModelState a = expected->export_state();
  const ModelState b = found->export_state();
  std::size_t compared = 0;
  for (const NamedTensor& tensor : a.tensors) {
    const NamedTensor* other = b.find(tensor.name);
    ASSERT_TRUE(other) << tensor.name;
    for (std::size_t i = 0; i < tensor.values.size(); ++i, ++compared)
      ASSERT_NEAR(other->values[i], tensor.values[i], 1e-5) << tensor.name;
  }
  EXPECT_GT(compared, 5000u);
}

/// The last user and the last item have no history; there are fewer users than groups of the schedule.
TEST_P(MfEquivalence, FewUsersAndEmptyHistoriesTrainAsTheReferenceDoes) {
  for (const MfSolver solver : {MfSolver::logistic_sgd, MfSolver::ials})
    for (const int negatives : {1, 5, 8}) {
      const MfSpec spec{.solver = solver,
                        .users = 6,
                        .items = 9,
                        .dim = 3,
                        .learning_rate = 0.05,
                        .negatives = negatives,
                        .regularization = 0.1,
                        .seed = 2};
      std::vector<Interaction> pairs;
      for (std::uint32_t user = 0; user < 5; ++user)
        for (std::uint32_t item = user % 2; item < 8; item += 2) pairs.push_back({user, item});
      const auto expected = mf_test::make("reference", spec, pairs);
      const auto found = mf_test::make(GetParam(), spec, pairs);
      EXPECT_NEAR(found->train(3).back(), expected->train(3).back(), 1e-5);
      for (const char* tensor : {"user_factors", "item_factors"}) {
        const std::vector<float> a = values(expected->export_state(), tensor);
        const std::vector<float> b = values(found->export_state(), tensor);
        for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(b[i], a[i], 2e-5) << tensor << i;
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Backends, InrEquivalence, ::testing::ValuesIn(candidates_under_test()), name_of_backend);
INSTANTIATE_TEST_SUITE_P(Backends, MfEquivalence, ::testing::ValuesIn(candidates_under_test()), name_of_backend);
INSTANTIATE_TEST_SUITE_P(Backends, TwoTowerEquivalence, ::testing::ValuesIn(candidates_under_test()), name_of_backend);
INSTANTIATE_TEST_SUITE_P(Backends, DlrmEquivalence, ::testing::ValuesIn(candidates_under_test()), name_of_backend);

}  // namespace
}  // namespace frugal
