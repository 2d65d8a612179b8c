// What only the shim can ask of the matrix factorizer: another order of threads and blocks, and another device.
#include <gtest/gtest.h>

#include <tuple>

#include "impl/cuda/device/host_shim/block.hpp"
#include "impl/cuda/device/host_shim/device.hpp"
#include "tests/impl/mf_fixture.hpp"

namespace frugal {
namespace {

namespace shim = cuda::host_shim;
using mf_test::make;

class MfShim : public ::testing::Test {
 protected:
  void TearDown() override {
    shim::set_order(shim::Order::forward);
    shim::set_limits(shim::default_limits());
  }
};

// The last dim has a block of several warps a row.
TEST_F(MfShim, TheOrderOfThreadsAndBlocksChangesNoBit) {
  for (const auto& [solver, dim] :
       {std::pair{MfSolver::logistic_sgd, 21}, {MfSolver::ials, 21}, {MfSolver::ials, 90}}) {
    const MfSpec spec{.solver = solver, .users = 150, .items = 90, .dim = dim, .learning_rate = 0.02, .seed = 3};
    const auto pairs = mf_test::some_pairs(spec, 20);
    const auto forward = make("cuda", spec, pairs);
    const std::vector<double> losses = forward->train(1);
    shim::set_order(shim::Order::reversed);
    const auto reversed = make("cuda", spec, pairs);
    EXPECT_EQ(reversed->train(1), losses);
    EXPECT_TRUE(identical(reversed->export_state(), forward->export_state()));
    shim::set_order(shim::Order::forward);
  }
}

// All rounds in one launch or a launch a round; rows of both sides, of items or of nobody in shared memory.
TEST_F(MfShim, SgdHasTheSameBitsHoweverItIsLaunchedAndWhereverItsRowsAre) {
  const MfSpec spec{.users = 150, .items = 90, .dim = 33, .learning_rate = 0.02, .negatives = 3, .seed = 3};
  const auto pairs = mf_test::some_pairs(spec, 20);
  const auto usual = make("cuda", spec, pairs);
  EXPECT_EQ(usual->implementation(), "cuda-on-cpu/sgd/shared/rounds");
  const std::vector<double> losses = usual->train(2);
  for (const auto& [multiprocessors, shared_kilobytes, name] : {std::tuple{8, 227, "sgd/shared/ring"},
                                                                {8, 9, "sgd/items-shared/ring"},
                                                                {4, 9, "sgd/items-shared/rounds"},
                                                                {8, 5, "sgd/global/ring"}}) {
    cuda::DeviceLimits limits = shim::default_limits();
    limits.multiprocessors = multiprocessors;
    limits.shared_bytes_per_block = static_cast<std::size_t>(shared_kilobytes) * 1024;
    shim::set_limits(limits);
    const auto other = make("cuda", spec, pairs);
    EXPECT_EQ(other->implementation(), std::string("cuda-on-cpu/") + name);
    limits.shared_bytes_per_block = shim::default_limits().shared_bytes_per_block;  // the sort of examples needs more
    shim::set_limits(limits);
    EXPECT_EQ(other->train(2), losses) << name;
    EXPECT_TRUE(identical(other->export_state(), usual->export_state())) << name;
  }
}

// Where the counts of eight warps do not fit, those of four do: static shared memory is part of the limit.
TEST_F(MfShim, SgdSortsTheSameExamplesByFewerWarpsWhereSharedMemoryIsSmall) {
  const MfSpec spec{.users = 150, .items = 90, .dim = 16, .learning_rate = 0.02, .negatives = 3, .seed = 3};
  const auto pairs = mf_test::some_pairs(spec, 20);
  const auto usual = make("cuda", spec, pairs);
  const std::vector<double> losses = usual->train(2);
  cuda::DeviceLimits limits = shim::default_limits();
  limits.shared_bytes_per_block = 8 * 128 * sizeof(std::uint32_t);
  shim::set_limits(limits);
  const auto other = make("cuda", spec, pairs);
  EXPECT_EQ(other->train(2), losses);
  EXPECT_TRUE(identical(other->export_state(), usual->export_state()));
}

// Eight workers of a warp go on together, and the last ones of all have two examples where their mates have a hundred; or a
// worker is a warp, and has one example less than a multiple of 32.
TEST_F(MfShim, SgdReadsNoExampleFarBehindTheLast) {
  const MfSpec narrow{.users = 128, .items = 1, .dim = 8, .negatives = 1, .seed = 3};
  const MfSpec wide{.users = 2, .items = 1, .dim = 300, .negatives = 20, .seed = 3};
  for (const MfSpec& spec : {narrow, wide}) {
    std::vector<Interaction> pairs;
    for (std::uint32_t user = 0; user < spec.users; ++user)
      pairs.resize(pairs.size() + (spec.users == 2 ? 3 : user < 120 ? 50 : 1), {user, 0});
    const auto oracle = make("reference", spec, pairs);
    EXPECT_NEAR(make("cuda", spec, pairs)->train(1)[0], oracle->train(1)[0], 1e-4);
  }
}

// The matrices of ials go to device memory, and blocks solve several rows each.
TEST_F(MfShim, IalsHasTheSameBitsWhereItsMatricesAreNotInSharedMemory) {
  const MfSpec spec{.solver = MfSolver::ials, .users = 40, .items = 30, .dim = 50, .seed = 3};
  const auto pairs = mf_test::some_pairs(spec, 5);
  cuda::DeviceLimits small = shim::default_limits();
  small.compute_capability = 75;
  shim::set_limits(small);
  const auto usual = make("cuda", spec, pairs);
  EXPECT_EQ(usual->implementation(), "cuda-on-cpu/ials/general");
  const std::vector<double> losses = usual->train(1);
  small.shared_bytes_per_block = 16 * 1024;
  shim::set_limits(small);
  const auto other = make("cuda", spec, pairs);
  EXPECT_EQ(other->train(1), losses);
  EXPECT_TRUE(identical(other->export_state(), usual->export_state()));
}

}  // namespace
}  // namespace frugal
