// The cuda back end. What a model cannot do, its supports() refuses with a reason; nothing falls back in silence.
#include "impl/cuda/backend.hpp"

#include "impl/cuda/device/device.hpp"
#include "impl/cuda/inr/inr_ensemble.hpp"
#include "impl/cuda/mf/matrix_factorizer.hpp"
#include "impl/cuda/probes.hpp"
#include "impl/cuda/recommender/dlrm.hpp"
#include "impl/cuda/recommender/two_tower.hpp"

namespace frugal::cuda {
namespace {

class Cuda final : public Backend {
 public:
  std::string name() const override { return "cuda"; }
  std::string description() const override { return platform_description(); }
  Support available() const override { return device_available(); }
  DeviceFacts device() const override { return device_facts(); }
  std::vector<std::pair<std::string, std::string>> libraries() const override { return device_libraries(); }
  std::vector<Probe> probes(Precision precision) const override { return cuda::probes(precision); }
  DeviceReadings readings() const override { return device_readings(); }

  Support supports(const InrSpec& spec) const override { return cuda::supports(spec); }
  Support supports(const MfSpec& spec) const override { return cuda::supports(spec); }
  Support supports(const TwoTowerSpec& spec) const override { return cuda::supports(spec); }
  Support supports(const DlrmSpec& spec) const override { return cuda::supports(spec); }

  std::unique_ptr<InrEnsemble> make(const InrSpec& spec) const override { return cuda::make(spec); }
  std::unique_ptr<MatrixFactorizer> make(const MfSpec& spec) const override { return cuda::make(spec); }
  std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec) const override { return cuda::make(spec); }
  std::unique_ptr<Dlrm> make(const DlrmSpec& spec) const override { return cuda::make(spec); }
};

}  // namespace

const Backend& backend() {
  static const Cuda instance;
  return instance;
}

}  // namespace frugal::cuda
