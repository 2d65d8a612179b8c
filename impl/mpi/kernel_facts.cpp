#include "impl/mpi/kernel_facts.hpp"

#include <fmt/format.h>

namespace frugal::mpi {
namespace {

std::string words(const KernelFacts& facts) {
  const char* const isa = facts.isa == cpu::Isa::avx512 ? "AVX-512" : facts.isa == cpu::Isa::avx2 ? "AVX2" : "none";
  const char* const bf16 = facts.bf16 == cpu::Bf16Unit::amx      ? ", bf16 by AMX"
                           : facts.bf16 == cpu::Bf16Unit::avx512 ? ", bf16 by AVX-512"
                                                                 : "";
  return fmt::format("{}{}", isa, bf16);
}

}  // namespace

KernelFacts kernel_facts() { return {cpu::isa(), cpu::bf16_unit()}; }

std::string why_not_alike(const KernelFacts& first, const KernelFacts& own) {
  if (first.isa == own.isa && first.bf16 == own.bf16) return "";
  return fmt::format(
      "this processor's kernels ({}) are not those of rank 0's ({}), and ranks of one model need the same: ask for hosts of "
      "one kind, or set FRUGAL_ISA=avx2",
      words(own), words(first));
}

}  // namespace frugal::mpi
