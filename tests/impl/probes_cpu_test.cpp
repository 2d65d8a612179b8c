#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <vector>

#include "impl/api/backend.hpp"
#include "impl/cpu/kernels/probe_kernels.hpp"

namespace frugal::cpu {
namespace {

using Resource = Probe::Resource;

TEST(CpuProbes, EveryKernelDoesTheWorkItCounts) {
  for (const ProbeKernels* kernels : {&avx2::probe_kernels, &avx512::probe_kernels}) {
    if (kernels == &avx512::probe_kernels && isa() != Isa::avx512) continue;
    // A multiply and an add each; after one round 1.5, after many 2.
    EXPECT_EQ(kernels->multiply_add(1), 1.5 * kernels->multiply_add_flops / 2);
    EXPECT_EQ(kernels->multiply_add(60), kernels->multiply_add_flops);

    std::vector<float> values(2 * probe_block, 0.F);
    for (const std::size_t at : {std::size_t{0}, std::size_t{100}, values.size() - 1}) {
      values[at] = 3.F;  // alone, each shows in the exclusive or
      EXPECT_EQ(kernels->read(values.data(), std::ssize(values), 1), 3.F) << at;
      EXPECT_EQ(kernels->read(values.data(), std::ssize(values), 2), 0.F) << at;
      values[at] = 0;
    }

    for (const auto& [update, parts] : {std::pair{kernels->update_one, 2}, {kernels->update_three, 6}}) {
      std::vector<float> parted(probe_block);
      const std::size_t part = parted.size() / static_cast<std::size_t>(parts);
      for (std::size_t i = 0; i < parted.size(); ++i) parted[i] = i / part % 2 == 0 ? 1.F : 2.F;
      update(parted.data(), std::ssize(parted), 3);
      for (std::size_t i = 0; i < parted.size(); ++i) EXPECT_EQ(parted[i], i / part % 2 == 0 ? 7.F : 2.F) << i;
    }
  }
}

TEST(CpuProbes, ThereIsOneForEachResourceOfAPrecision) {
  const Backend& cpu = *find_backend("cpu");
  if (!cpu.available()) GTEST_SKIP() << cpu.available().reason;
  std::set<Resource> resources;
  for (const Probe& probe : cpu.probes(Precision::fp32)) {
    EXPECT_GT(probe.amount, 0);
    probe.run();
    EXPECT_TRUE(resources.insert(probe.resource).second);
  }
  resources.erase(Resource::l3);  // many threads leave each a share of it that is hardly larger than L2
  EXPECT_EQ(resources, (std::set{Resource::compute, Resource::memory, Resource::l2, Resource::l1, Resource::sines}));
  for (const Probe& probe : cpu.probes(Precision::tf32)) EXPECT_NE(probe.resource, Resource::compute);
}

}  // namespace
}  // namespace frugal::cpu
