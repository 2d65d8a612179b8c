// The cuda back end: finds the device and says what it is. The contracts follow; until a class is here, supports()
// says so and nothing falls back in silence.
#include <cuda_runtime_api.h>

#include <stdexcept>

#include "impl/cuda/backend.hpp"

namespace frugal::cuda {
namespace {

const char* const no_kernels = "the cuda back end of this version has no kernels for this model; use backend: cpu";

class Cuda final : public Backend {
 public:
  std::string name() const override { return "cuda"; }
  std::string description() const override { return "CUDA"; }

  Support available() const override {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess) return Support::no(std::string("no usable device: ") + cudaGetErrorString(status));
    if (count == 0) return Support::no("no CUDA device on this machine");
    return Support::yes();
  }

  DeviceFacts device() const override {
    DeviceFacts facts;
    int runtime = 0;
    cudaRuntimeGetVersion(&runtime);
    facts.emplace_back("CUDA runtime", std::to_string(runtime / 1000) + "." + std::to_string(runtime % 1000 / 10));
    cudaDeviceProp properties;
    if (available() && cudaGetDeviceProperties(&properties, 0) == cudaSuccess) {
      facts.emplace_back("device", properties.name);
      facts.emplace_back("compute capability",
                         std::to_string(properties.major) + "." + std::to_string(properties.minor));
      facts.emplace_back("multiprocessors", std::to_string(properties.multiProcessorCount));
      facts.emplace_back("memory GiB", std::to_string(properties.totalGlobalMem >> 30));
    }
    return facts;
  }

  Support supports(const InrSpec&) const override { return Support::no(no_kernels); }
  Support supports(const MfSpec&) const override { return Support::no(no_kernels); }
  Support supports(const TwoTowerSpec&) const override { return Support::no(no_kernels); }
  Support supports(const DlrmSpec&) const override { return Support::no(no_kernels); }

  std::unique_ptr<InrEnsemble> make(const InrSpec&) const override { throw std::logic_error(no_kernels); }
  std::unique_ptr<MatrixFactorizer> make(const MfSpec&) const override { throw std::logic_error(no_kernels); }
  std::unique_ptr<TwoTower> make(const TwoTowerSpec&) const override { throw std::logic_error(no_kernels); }
  std::unique_ptr<Dlrm> make(const DlrmSpec&) const override { throw std::logic_error(no_kernels); }
};

}  // namespace

const Backend& backend() {
  static const Cuda instance;
  return instance;
}

}  // namespace frugal::cuda
