// The cuda back end of a build without nvcc: listed, with its reason, never pretending.
#include <stdexcept>

#include "impl/cuda/backend.hpp"

namespace frugal::cuda {
namespace {

const char* const reason = "not compiled: nvcc was not found when this program was configured";

class NotCompiled final : public Backend {
 public:
  std::string name() const override { return "cuda"; }
  std::string description() const override { return "CUDA"; }
  Support available() const override { return Support::no(reason); }
  DeviceFacts device() const override { return {}; }

  Support supports(const InrSpec&) const override { return Support::no(reason); }
  Support supports(const MfSpec&) const override { return Support::no(reason); }
  Support supports(const TwoTowerSpec&) const override { return Support::no(reason); }
  Support supports(const DlrmSpec&) const override { return Support::no(reason); }

  std::unique_ptr<InrEnsemble> make(const InrSpec&) const override { throw std::logic_error(reason); }
  std::unique_ptr<MatrixFactorizer> make(const MfSpec&) const override { throw std::logic_error(reason); }
  std::unique_ptr<TwoTower> make(const TwoTowerSpec&) const override { throw std::logic_error(reason); }
  std::unique_ptr<Dlrm> make(const DlrmSpec&) const override { throw std::logic_error(reason); }
};

}  // namespace

const Backend& backend() {
  static const NotCompiled instance;
  return instance;
}

}  // namespace frugal::cuda
