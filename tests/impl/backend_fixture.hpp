// Which back ends a test program tests, and what a contract's tests ask of one before they start.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
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

  /// For SetUp of a contract: a back end that refused its smallest spec would pass all its tests.
  template <class Spec>
  void require(const Spec& smallest) {
    BackendTest::SetUp();
    if (IsSkipped()) return;
    const Support supported = backend().supports(smallest);
    ASSERT_TRUE(supported) << GetParam() << " refuses all there is to test: " << supported.reason;
  }

  const Backend& backend() const { return *find_backend(GetParam()); }
};

/// For INSTANTIATE_TEST_SUITE_P.
inline std::string name_of_backend(const ::testing::TestParamInfo<std::string>& test) { return test.param; }

}  // namespace frugal
