// The shim itself: what kernels may count on, and what it must not let pass.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <numeric>
#include <vector>

#include "impl/base/error.hpp"
#include "impl/base/philox.hpp"
#include "impl/cuda/device/cooperation.hpp"
#include "impl/cuda/device/device.hpp"
#include "impl/cuda/device/host_shim/device.hpp"

namespace frugal::cuda {
namespace {

using host_shim::KernelError;
using host_shim::Order;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class HostShim : public ::testing::TestWithParam<Order> {
 protected:
  void SetUp() override { host_shim::set_order(GetParam()); }
  void TearDown() override {
    host_shim::set_order(Order::forward);
    host_shim::set_memory(std::size_t(-1));
  }
  Stream stream_;
};

__global__ void write_places(int* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  const unsigned threads = blockDim.x * blockDim.y * blockDim.z;
  out[block * threads + thread] += static_cast<int>(100 * block + thread);
}

TEST_P(HostShim, EveryThreadOfEveryBlockRunsOnce) {
  DeviceBuffer<int> out(12 * 30, "out");
  out.zero(stream_);
  launch({"write_places", dim3(2, 3, 2), dim3(5, 3, 2)}, stream_, write_places, out.data());
  const std::vector<int> found = out.download(stream_);
  for (int block = 0; block < 12; ++block)
    for (int thread = 0; thread < 30; ++thread) EXPECT_EQ(found[block * 30 + thread], 100 * block + thread);
}

/// Sum over the block by halving in dynamic shared memory, and by shuffles within warps.
__global__ void sum_of_block(const float* values, float* by_tree, float* by_shuffles) {
  float* shared = shared_memory<float>();
  const unsigned t = threadIdx.x;
  shared[t] = values[blockIdx.x * blockDim.x + t];
  float warp_sum = shared[t];
  for (int bits = 16; bits > 0; bits /= 2) warp_sum += __shfl_xor_sync(0xffffffffU, warp_sum, bits);
  __syncthreads();
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    if (t < half) shared[t] += shared[t + half];
    __syncthreads();
  }
  if (t == 0) by_tree[blockIdx.x] = shared[0];
  if (t % 32 == 0) by_shuffles[blockIdx.x * (blockDim.x / 32) + t / 32] = warp_sum;
}

TEST_P(HostShim, ReducesThroughSharedMemoryAndShuffles) {
  std::vector<float> values(3 * 128);
  std::iota(values.begin(), values.end(), 1.F);
  const DeviceBuffer<float> in(values, "values", stream_);
  DeviceBuffer<float> tree(3, "tree"), shuffles(12, "shuffles");
  launch({"sum_of_block", 3, 128, 128 * sizeof(float)}, stream_, sum_of_block, in.data(), tree.data(), shuffles.data());
  const std::vector<float> warps = shuffles.download(stream_);
  for (int block = 0; block < 3; ++block) {
    const float expected = 128 * 129 / 2.F + 128 * 128 * static_cast<float>(block);
    EXPECT_EQ(tree.download(stream_)[block], expected);
    EXPECT_EQ(warps[4 * block] + warps[4 * block + 1] + warps[4 * block + 2] + warps[4 * block + 3], expected);
  }
}

__global__ void warp_words(unsigned* out) {
  const unsigned t = threadIdx.x;
  unsigned* own = out + 6 * t;
  own[0] = __ballot_sync(0xffffffffU, t % 3 == 0);
  own[1] = __shfl_sync(0xffffffffU, t, 7);
  own[2] = __shfl_down_sync(0xffffffffU, t, 2);
  own[3] = __shfl_up_sync(0xffffffffU, t, 2);
  own[4] = __shfl_xor_sync(0xffffffffU, t, 1, 8);
  __syncwarp();
  own[5] = static_cast<unsigned>(__any_sync(0xffffffffU, t == 35) + 2 * __all_sync(0xffffffffU, t < 32));
}

// The second warp has 8 lanes: a mask may name lanes that the block does not have.
TEST_P(HostShim, WarpWordsMeanWhatTheyMeanOnADevice) {
  DeviceBuffer<unsigned> out(6 * 40, "out");
  launch({"warp_words", 1, 40}, stream_, warp_words, out.data());
  const std::vector<unsigned> found = out.download(stream_);
  const auto at = [&](unsigned thread, int word) { return found[6 * thread + word]; };
  EXPECT_EQ(at(5, 0), 0x49249249U);
  EXPECT_EQ(at(33, 0), 0b10010010U);  // threads 33, 36, 39
  EXPECT_EQ(at(20, 1), 7U);
  EXPECT_EQ(at(36, 1), 39U);
  EXPECT_EQ(at(20, 2), 22U);
  EXPECT_EQ(at(31, 2), 31U);
  EXPECT_EQ(at(20, 3), 18U);
  EXPECT_EQ(at(1, 3), 1U);
  EXPECT_EQ(at(12, 4), 13U);
  EXPECT_EQ(at(4, 5), 2U);
  EXPECT_EQ(at(34, 5), 1U);
}

__global__ void some_leave() {
  if (threadIdx.x == 3) return;
  __syncthreads();
}

__global__ void two_barriers() {
  if (threadIdx.x < 4) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void shuffle_in_a_branch(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0xffffffffU, out[threadIdx.x], 0);
}

__global__ void throws() {
  __syncthreads();
  if (threadIdx.x == 5) throw std::runtime_error("from thread 5");
  __syncthreads();
}

TEST_P(HostShim, DivergentBarriersAreErrors) {
  EXPECT_THAT(
      [&] {
        launch({"some_leave", 1, 8}, stream_, some_leave);
      },
      ThrowsMessage<KernelError>(HasSubstr("1 of 8 threads ended while others wait")));
  EXPECT_THAT(
      [&] {
        launch({"two_barriers", 1, 8}, stream_, two_barriers);
      },
      ThrowsMessage<KernelError>(HasSubstr("different barriers")));
  DeviceBuffer<int> out(32, "out");
  EXPECT_THAT(
      [&] {
        launch({"shuffle_in_a_branch", 1, 32}, stream_, shuffle_in_a_branch, out.data());
      },
      ThrowsMessage<KernelError>(HasSubstr("lanes of their warp that never come")));
}

TEST_P(HostShim, AnExceptionOfAKernelComesOutAndTheNextLaunchWorks) {
  EXPECT_THAT(
      [&] {
        launch({"throws", 2, 8}, stream_, throws);
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("from thread 5")));
  DeviceBuffer<int> out(8, "out");
  out.zero(stream_);
  launch({"write_places", 1, 8}, stream_, write_places, out.data());
  EXPECT_EQ(out.download(stream_)[7], 7);
}

__global__ void missing_barrier(int* out) {
  int* shared = shared_memory<int>();
  shared[threadIdx.x] = static_cast<int>(threadIdx.x);
  out[threadIdx.x] = shared[(threadIdx.x + 1) % blockDim.x];  // wrong: the neighbour may not have written
}

TEST(HostShimOrder, AMissingBarrierShowsInOneOfTheTwoOrders) {
  const Stream stream;
  DeviceBuffer<int> out(64, "out");
  std::vector<int> found[2];
  for (const Order order : {Order::forward, Order::reversed}) {
    host_shim::set_order(order);
    launch({"missing_barrier", 1, 64, 64 * sizeof(int)}, stream, missing_barrier, out.data());
    found[order == Order::forward ? 0 : 1] = out.download(stream);
  }
  host_shim::set_order(Order::forward);
  EXPECT_NE(found[0], found[1]);
}

__global__ void add(int* values, int n, int term) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) values[i] += term;
}

TEST_P(HostShim, AGraphReplaysWhatItRecordedWithItsArguments) {
  DeviceBuffer<int> values(10, "values"), copy(10, "copy");
  values.zero(stream_);
  int term = 3;
  const Graph graph(stream_, [&] {
    launch({"add", blocks_for(10, 4), 4}, stream_, add, values.data(), 10, term);
    copy.copy_from(values, stream_);
  });
  EXPECT_EQ(values.download(stream_)[0], 0);
  term = 100;
  graph.replay(stream_);
  graph.replay(stream_);
  EXPECT_EQ(copy.download(stream_), std::vector<int>(10, 6));
  EXPECT_THROW(Graph(stream_, [&] { values.download(stream_); }), DeviceError);
  EXPECT_EQ(values.download(stream_)[9], 6);
}

TEST_P(HostShim, WhatABranchDoesIsRecordedToo) {
  const Stream branch, other;
  DeviceBuffer<int> values(10, "values");
  values.zero(stream_);
  const auto count_on = [&](const Stream& on, int term) { launch({"add", 1, 10}, on, add, values.data(), 10, term); };
  const Graph graph(stream_, [&] {
    branch.wait_for(stream_);
    count_on(branch, 1);
    other.wait_for(branch);
    count_on(other, 10);
    stream_.wait_for(other);
    count_on(branch, 100);
    EXPECT_THROW(values.download(branch), DeviceError);
    stream_.wait_for(branch);
  });
  EXPECT_EQ(values.download(branch)[0], 0);
  graph.replay(stream_);
  EXPECT_EQ(values.download(other)[0], 111);
}

TEST_P(HostShim, ARecordingThatDoesNotWaitForItsBranchIsAnError) {
  const Stream branch;
  const auto record = [&](bool waits) {
    return Graph(stream_, [&] {
      branch.wait_for(stream_);
      if (waits) stream_.wait_for(branch);
      launch({"some_leave", 1, 8}, branch, some_leave);
    });
  };
  EXPECT_THROW(record(false), DeviceError);
  EXPECT_THROW(record(true), DeviceError);
}

TEST_P(HostShim, ARecordingThatFailsLetsGoOfItsBranches) {
  const Stream branch;
  EXPECT_THROW(Graph(stream_,
                     [&] {
                       branch.wait_for(stream_);
                       throw std::runtime_error("while it is recorded");
                     }),
               std::runtime_error);
  DeviceBuffer<int> values(10, "values");
  for (const Stream* stream : {&branch, static_cast<const Stream*>(&stream_)}) {
    values.zero(*stream);
    launch({"add", 1, 10}, *stream, add, values.data(), 10, 5);
    EXPECT_EQ(values.download(*stream), std::vector<int>(10, 5));
  }
}

__global__ void draw(Philox random, float* out) { out[threadIdx.x] = random.uniform(threadIdx.x, 2); }

TEST_P(HostShim, KernelsDrawTheSameRandomNumbers) {
  const Philox random(42, Purpose::test);
  DeviceBuffer<float> out(40, "out");
  launch({"draw", 1, 40}, stream_, draw, random, out.data());
  for (unsigned i = 0; i < 40; ++i) EXPECT_EQ(out.download(stream_)[i], random.uniform(i, 2));
}

TEST_P(HostShim, OutOfMemoryNamesTheArrayTheBytesWantedAndFree) {
  const std::size_t before = host_shim::allocated();
  host_shim::set_memory(before + 1000);
  {
    const DeviceBuffer<float> fits(200, "small");
    EXPECT_THAT([&] { DeviceBuffer<float>(100, "large"); },
                ThrowsMessage<OutOfMemoryError>(HasSubstr("allocation of large: 400 bytes wanted, 200 free")));
  }
  EXPECT_EQ(host_shim::allocated(), before);
}

TEST_P(HostShim, RefusesALaunchThatADeviceWouldRefuse) {
  EXPECT_THROW(launch({"throws", 1, 1025}, stream_, throws), DeviceError);
  EXPECT_THROW(launch({"throws", 1, 32, 300 * 1024}, stream_, throws), DeviceError);
  EXPECT_THROW(launch({"throws", dim3(1, 65536), 32}, stream_, throws), DeviceError);
  const LaunchShape both{
      .name = "throws", .grid = 1, .block = 32, .shared_bytes = 227 * 1024 - 100, .static_bytes = 128};
  EXPECT_THAT([&] { launch(both, stream_, throws); },
              ThrowsMessage<DeviceError>(
                  HasSubstr("232348 bytes of dynamic and 128 of static shared memory wanted, 232448 there")));
}

TEST(HostShimMemory, ReadingBehindABufferDies) {
  const DeviceBuffer<int> buffer(1000, "buffer");
  EXPECT_DEATH(
      {
        const volatile int* const end = buffer.data() + buffer.size();
        std::printf("%d\n", *end);
      },
      "");
}

/// Each half of the block adds up its own values behind its own barrier, the second twice as often.
__global__ void sums_of_halves(int* out) {
  int* const shared = shared_memory<int>();
  const unsigned half = threadIdx.x / 64;
  for (unsigned round = 0; round <= half; ++round) {
    shared[threadIdx.x] = static_cast<int>(threadIdx.x + round);
    named_barrier(1 + half, 64);
    int sum = 0;
    for (unsigned i = 0; i < 64; ++i) sum += shared[64 * half + i];
    out[threadIdx.x] = sum;
    named_barrier(1 + half, 64);
  }
}
__global__ void too_few_at_a_barrier() {
  if (threadIdx.x < 32) named_barrier(1, 64);
}

TEST_P(HostShim, APartOfABlockHasABarrierOfItsOwn) {
  DeviceBuffer<int> out(128, "out");
  launch({"sums_of_halves", 1, 128, 128 * sizeof(int)}, stream_, sums_of_halves, out.data());
  const std::vector<int> found = out.download(stream_);
  for (int i = 0; i < 128; ++i) EXPECT_EQ(found[i], i < 64 ? 63 * 64 / 2 : 64 * 64 + 63 * 64 / 2 + 64) << i;
  EXPECT_THAT(
      [&] {
        launch({"too_few_at_a_barrier", 1, 64}, stream_, too_few_at_a_barrier);
      },
      ThrowsMessage<KernelError>(HasSubstr("barrier of a part of the block")));
}

/// Blocks of a cluster read what their right neighbour has, and write to their left one.
__global__ void neighbours(float* out) {
  float4* const shared = shared_memory<float4>();
  const auto block = static_cast<float>(blockIdx.x);
  const std::uint32_t own = shared_address(shared + threadIdx.x);
  shared[threadIdx.x] = make_float4(block, static_cast<float>(threadIdx.x), 0, 0);
  cluster_barrier();
  const float4 right = load_of_cluster(own, (cluster_rank() + 1) % 4);
  cluster_barrier();
  store_to_cluster(own, (cluster_rank() + 3) % 4, make_float4(right.x, right.y, block, 0));
  cluster_barrier();
  const float4 found = shared[threadIdx.x];
  float* const to = out + 3 * (blockIdx.x * blockDim.x + threadIdx.x);
  to[0] = found.x;
  to[1] = found.y;
  to[2] = found.z;
}

TEST_P(HostShim, BlocksOfAClusterShareTheirMemory) {
  DeviceBuffer<float> out(8 * 32 * 3, "out");
  launch({.name = "neighbours", .grid = 8, .block = 32, .shared_bytes = 512, .cluster = 4}, stream_, neighbours,
         out.data());
  const std::vector<float> found = out.download(stream_);
  for (unsigned block = 0; block < 8; ++block)
    for (unsigned t = 0; t < 32; ++t) {
      const float* const of_thread = &found[3 * (32 * block + t)];
      EXPECT_EQ(of_thread[0], static_cast<float>(block / 4 * 4 + (block + 2) % 4));
      EXPECT_EQ(of_thread[1], static_cast<float>(t));
      EXPECT_EQ(of_thread[2], static_cast<float>(block / 4 * 4 + (block + 1) % 4));
    }
  EXPECT_THROW(launch({.name = "neighbours", .grid = 6, .block = 32, .shared_bytes = 512, .cluster = 4}, stream_,
                      neighbours, out.data()),
               DeviceError);
}

/// Every block adds up what all blocks wrote before they raised the flag.
__global__ void sum_over_blocks(int* values, unsigned* flag, int* sums) {
  if (threadIdx.x == 0) {
    values[blockIdx.x] = static_cast<int>(blockIdx.x) + 1;
    raise_flag(flag);
    wait_for_flag(flag, gridDim.x);
  }
  __syncthreads();
  int sum = 0;
  for (unsigned b = 0; b < gridDim.x; ++b) sum += __ldcg(values + b);
  if (threadIdx.x == 1) sums[blockIdx.x] = sum;
}

TEST_P(HostShim, BlocksOfACooperativeLaunchWaitForEachOther) {
  DeviceBuffer<int> values(6, "values"), sums(6, "sums");
  DeviceBuffer<unsigned> flag(1, "flag");
  flag.zero(stream_);
  const LaunchShape shape{.name = "sum_over_blocks", .grid = 6, .block = 32, .cooperative = true};
  launch(shape, stream_, sum_over_blocks, values.data(), flag.data(), sums.data());
  EXPECT_EQ(sums.download(stream_), std::vector<int>(6, 21));
  flag.zero(stream_);
  EXPECT_THAT(
      [&] {
        launch({"sum_over_blocks", 6, 32}, stream_, sum_over_blocks, values.data(), flag.data(), sums.data());
      },
      ThrowsMessage<KernelError>(HasSubstr("a flag that nobody raises")));
  LaunchShape too_many = shape;
  too_many.grid = 257;
  EXPECT_THROW(launch(too_many, stream_, sum_over_blocks, values.data(), flag.data(), sums.data()), DeviceError);
}

/// Lane i copies value 4 i and the three after it; the second group is waited for only where it is wanted.
__global__ void copied(const int* from, int* out, bool wait) {
  int* const shared = shared_memory<int>();
  for (unsigned group = 0; group < 2; ++group) {
    const unsigned at = 4 * (32 * group + threadIdx.x);
    copy_async(shared_address(shared + at), from + at);
    commit_copies();
  }
  if (wait)
    wait_for_copies<0>();
  else
    wait_for_copies<1>();
  __syncthreads();
  for (unsigned i = 0; i < 8; ++i) out[8 * threadIdx.x + i] = shared[8 * threadIdx.x + i];
}

TEST_P(HostShim, CopiesArriveWhenTheirGroupIsWaitedFor) {
  std::vector<int> values(256);
  std::iota(values.begin(), values.end(), 5);
  const DeviceBuffer<int> from(values, "values", stream_);
  DeviceBuffer<int> out(256, "out");
  launch({"copied", 1, 32, 1024}, stream_, copied, from.data(), out.data(), true);
  EXPECT_EQ(out.download(stream_), values);
  launch({"copied", 1, 32, 1024}, stream_, copied, from.data(), out.data(), false);
  EXPECT_EQ(out.download(stream_)[127], 132);
  EXPECT_EQ(out.download(stream_)[128], -1);  // as shared memory starts
}

INSTANTIATE_TEST_SUITE_P(Orders, HostShim, ::testing::Values(Order::forward, Order::reversed),
                         [](const auto& test) { return test.param == Order::forward ? "forward" : "reversed"; });

}  // namespace
}  // namespace frugal::cuda
