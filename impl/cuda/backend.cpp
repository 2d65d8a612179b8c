// The cuda back end. Until a class is here, supports() says so and nothing falls back in silence.
#include "impl/cuda/backend.hpp"

#include <stdexcept>

#include "impl/cuda/device.hpp"
#include "impl/cuda/matrix_factorizer.hpp"
#include "impl/cuda/recommender.hpp"

namespace frugal::cuda {
namespace {

const char* const no_kernels = "the cuda back end of this version has no kernels for this model; use backend: cpu";

class Cuda final : public Backend {
 public:
  std::string name() const override { return "cuda"; }
  std::string description() const override { return platform_description(); }
  Support available() const override { return device_available(); }
  DeviceFacts device() const override { return device_facts(); }

  Support supports(const InrSpec&) const override { return Support::no(no_kernels); }
  Support supports(const MfSpec& spec) const override { return cuda::supports(spec); }
  Support supports(const TwoTowerSpec& spec) const override { return cuda::supports(spec); }
  Support supports(const DlrmSpec& spec) const override { return cuda::supports(spec); }

  std::unique_ptr<InrEnsemble> make(const InrSpec&) const override { throw std::logic_error(no_kernels); }
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
