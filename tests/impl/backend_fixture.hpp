// Which back ends a test program tests, and what a contract's tests ask of one before they start.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "impl/api/backend.hpp"

namespace frugal {

/// Names: all of the registry, or the one that this program is built to test.
inline std::vector<std::string> backends_under_test() {
#ifdef FRUGAL_TESTED_BACKEND
  return {FRUGAL_TESTED_BACKEND};
#else
  std::vector<std::string> names;
  for (const Backend* backend : backends()) names.push_back(backend->name());
  return names;
#endif
}

/// The same without the oracle.
inline std::vector<std::string> candidates_under_test() {
  std::vector<std::string> names = backends_under_test();
  std::erase(names, "reference");
  return names;
}

/// A test of the back end of that name. Where it cannot run it is skipped, with its reason;
/// tests/impl/backend_contract_test.cpp says where it must run.
class BackendTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (const Support available = backend().available(); !available) GTEST_SKIP() << available.reason;
  }

  const Backend& backend() const { return *find_backend(GetParam()); }
};

/// Those that have every contract. One of them that refused a contract's smallest model would pass all its tests.
inline const std::set<std::string> complete_backends = {"reference", "cpu", "cuda", "mpi"};

/// The smallest model of each contract: who refuses it has not got the contract.
template <class Spec>
Spec smallest();
template <>
inline InrSpec smallest() {
  return {.networks = 4, .points = 25, .channels = 3, .hidden_layers = 2, .width = 12, .seed = 4};
}
template <>
inline MfSpec smallest() {
  return {.users = 31, .items = 23, .dim = 5, .learning_rate = 0.05, .negatives = 3, .seed = 4};
}
template <>
inline TwoTowerSpec smallest() {
  return {.users = 9, .items = 7, .embedding_dim = 5, .tower_layers = {6, 4}, .negatives = 2, .batch = 8, .seed = 11};
}
template <>
inline DlrmSpec smallest() {
  return {.dense_features = 3,
          .table_rows = {4, 6, 3},
          .embedding_dim = 4,
          .bottom = {5, 4},
          .top = {6, 1},
          .optimizer = OptimizerKind::sgd,
          .learning_rate = 0.5,
          .batch = 16,
          .seed = 12};
}

/// A test of the contract that computes such models. A back end that has not got it is skipped, with its reason.
template <class Spec>
class ContractTest : public BackendTest {
 protected:
  void SetUp() override {
    BackendTest::SetUp();
    if (IsSkipped()) return;
    const Support supported = backend().supports(smallest<Spec>());
    if (supported) return;
    ASSERT_FALSE(complete_backends.contains(GetParam()))
        << GetParam() << " refuses all there is to test: " << supported.reason;
    GTEST_SKIP() << GetParam() << " has not got this contract: " << supported.reason;
  }
};

/// For INSTANTIATE_TEST_SUITE_P.
inline std::string name_of_backend(const ::testing::TestParamInfo<std::string>& test) { return test.param; }

}  // namespace frugal
