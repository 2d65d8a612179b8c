// Which kernels of the cpu back end a rank has. Ranks share one model only where all have the same: layouts and sums differ
// from one instruction set to another.
#pragma once
#include <string>

#include "impl/cpu/kernels/isa.hpp"

namespace frugal::mpi {

/// As it travels.
struct KernelFacts {
  cpu::Isa isa = cpu::Isa::none;
  cpu::Bf16Unit bf16 = cpu::Bf16Unit::none;
};

/// Of this process.
KernelFacts kernel_facts();

/// Why a rank cannot compute with the first one; empty: it can.
std::string why_not_alike(const KernelFacts& first, const KernelFacts& own);

}  // namespace frugal::mpi
