// The ensemble of the cuda back end against the oracle.
#include <gtest/gtest.h>

#include "impl/equivalence/equivalence.hpp"
#include "tests/impl/equivalent.hpp"
#include "tests/impl/inr_fixture.hpp"

namespace frugal {
namespace {

class InrCuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const Support available = find_backend("cuda")->available(); !available) GTEST_SKIP() << available.reason;
  }
};

TEST_F(InrCuda, AgreesWithTheReference) {
  expect_equivalent(check_inr(*find_backend("reference"), *find_backend("cuda")), 100);
}

}  // namespace
}  // namespace frugal
