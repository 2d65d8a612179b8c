#include "impl/cpu/backend.hpp"

#include <omp.h>

#include "impl/cpu/inr/inr_ensemble.hpp"
#include "impl/cpu/kernels/inr_bf16.hpp"
#include "impl/cpu/kernels/isa.hpp"
#include "impl/cpu/matmul.hpp"
#include "impl/cpu/mf/matrix_factorizer.hpp"
#include "impl/cpu/probes.hpp"
#include "impl/cpu/recommender/dlrm.hpp"
#include "impl/cpu/recommender/two_tower.hpp"

namespace frugal::cpu {
namespace {

class Cpu final : public Backend {
 public:
  std::string name() const override { return "cpu"; }
  std::string description() const override {
    return "oneDNN and OpenMP; AVX2, AVX-512 and AMX kernels chosen at run time";
  }
  Support available() const override {
    if (isa() == Isa::none) return Support::no("this processor has no AVX2 with FMA");
    return Support::yes();
  }
  DeviceFacts device() const override {
    return {{"instruction set", isa_name()},
            {"products of bf16", has_bf16() ? inr_bf16_kernels().name : "as fp32"},
            {"threads", std::to_string(omp_get_max_threads())},
            {"oneDNN", onednn_version()}};
  }
  std::vector<std::pair<std::string, std::string>> libraries() const override { return {{"onednn", onednn_version()}}; }
  std::vector<Probe> probes(Precision precision) const override { return cpu::probes(precision); }

  Support supports(const InrSpec& spec) const override { return cpu::supports(spec); }
  Support supports(const MfSpec& spec) const override { return cpu::supports(spec); }
  Support supports(const TwoTowerSpec& spec) const override { return cpu::supports(spec); }
  Support supports(const DlrmSpec& spec) const override { return cpu::supports(spec); }

  std::unique_ptr<InrEnsemble> make(const InrSpec& spec) const override { return cpu::make(spec); }
  std::unique_ptr<MatrixFactorizer> make(const MfSpec& spec) const override { return cpu::make(spec); }
  std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec) const override { return cpu::make(spec); }
  std::unique_ptr<Dlrm> make(const DlrmSpec& spec) const override { return cpu::make(spec); }
};

}  // namespace

const Backend& backend() {
  static const Cpu instance;
  return instance;
}

}  // namespace frugal::cpu
