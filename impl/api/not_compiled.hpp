// A back end that this build lacks: listed, with its reason, never pretending.
#pragma once
#include <stdexcept>
#include <string>
#include <utility>

#include "impl/api/backend.hpp"

namespace frugal {

/// Stands where a back end would: available() and every supports() say no, make() must not be called. A back end's
/// folder instantiates it in its not_compiled.cpp, so that nothing above impl/ asks what was compiled.
class NotCompiled final : public Backend {
 public:
  /// reason: what was missing when the program was configured.
  NotCompiled(std::string name, std::string description, std::string reason)
      : name_(std::move(name)), description_(std::move(description)), reason_("not compiled: " + std::move(reason)) {}

  std::string name() const override { return name_; }
  std::string description() const override { return description_; }
  Support available() const override { return Support::no(reason_); }
  DeviceFacts device() const override { return {}; }

  Support supports(const InrSpec&) const override { return Support::no(reason_); }
  Support supports(const MfSpec&) const override { return Support::no(reason_); }
  Support supports(const TwoTowerSpec&) const override { return Support::no(reason_); }
  Support supports(const DlrmSpec&) const override { return Support::no(reason_); }

  std::unique_ptr<InrEnsemble> make(const InrSpec&) const override { throw std::logic_error(reason_); }
  std::unique_ptr<MatrixFactorizer> make(const MfSpec&) const override { throw std::logic_error(reason_); }
  std::unique_ptr<TwoTower> make(const TwoTowerSpec&) const override { throw std::logic_error(reason_); }
  std::unique_ptr<Dlrm> make(const DlrmSpec&) const override { throw std::logic_error(reason_); }

 private:
  std::string name_, description_, reason_;
};

}  // namespace frugal
