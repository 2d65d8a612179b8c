#include "impl/mpi/kernel_facts.hpp"

#include <gtest/gtest.h>

namespace frugal::mpi {
namespace {

TEST(MpiKernelFacts, RanksOfOneModelNeedTheSameKernels) {
  using cpu::Bf16Unit;
  using cpu::Isa;
  const KernelFacts wide{Isa::avx512, Bf16Unit::none};
  EXPECT_EQ(why_not_alike(wide, wide), "");
  EXPECT_EQ(why_not_alike(kernel_facts(), kernel_facts()), "");
  EXPECT_EQ(
      why_not_alike(wide, {Isa::avx2, Bf16Unit::none}),
      "this processor's kernels (AVX2) are not those of rank 0's (AVX-512), and ranks of one model need the same: ask "
      "for hosts of one kind, or set FRUGAL_ISA=avx2");
  const std::string other_unit = why_not_alike({Isa::avx512, Bf16Unit::amx}, {Isa::avx512, Bf16Unit::avx512});
  EXPECT_NE(other_unit.find("(AVX-512, bf16 by AVX-512) are not those of rank 0's (AVX-512, bf16 by AMX)"),
            std::string::npos)
      << other_unit;
}

}  // namespace
}  // namespace frugal::mpi
