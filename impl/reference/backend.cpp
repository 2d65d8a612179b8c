#include "impl/reference/backend.hpp"

#include "impl/reference/inr/inr_ensemble.hpp"
#include "impl/reference/mf/matrix_factorizer.hpp"
#include "impl/reference/recommender/dlrm.hpp"
#include "impl/reference/recommender/two_tower.hpp"

namespace frugal::reference {
namespace {

class Reference final : public Backend {
 public:
  std::string name() const override { return "reference"; }
  std::string description() const override { return "plain C++ in double precision: the oracle and the explanation"; }
  Support available() const override { return Support::yes(); }
  DeviceFacts device() const override { return {{"threads", "1"}, {"arithmetic", "fp64"}}; }

  Support supports(const InrSpec& spec) const override { return reference::supports(spec); }
  Support supports(const MfSpec& spec) const override { return reference::supports(spec); }
  Support supports(const TwoTowerSpec& spec) const override { return reference::supports(spec); }
  Support supports(const DlrmSpec& spec) const override { return reference::supports(spec); }

  std::unique_ptr<InrEnsemble> make(const InrSpec& spec) const override { return reference::make(spec); }
  std::unique_ptr<MatrixFactorizer> make(const MfSpec& spec) const override { return reference::make(spec); }
  std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec) const override { return reference::make(spec); }
  std::unique_ptr<Dlrm> make(const DlrmSpec& spec) const override { return reference::make(spec); }
};

}  // namespace

const Backend& backend() {
  static const Reference instance;
  return instance;
}

}  // namespace frugal::reference
