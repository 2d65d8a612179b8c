// What the models that several ranks may have together have in common: how they go into files, and come back.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/placed_state.hpp"

namespace frugal::cpu {

/// Contract: MatrixFactorizer and so on. Of several ranks all call save() and load() alike, with a file that all see.
template <class Contract>
class PlacedModel : public Contract {
 public:
  void save(const std::filesystem::path& path, std::span<const NamedTensor> more) const final {
    if (ranks_.size() == 1) return Contract::save(path, more);
    // What is written is only read.
    save_placed(ranks_, path, step_, const_cast<PlacedModel*>(this)->placed(), more);
  }

  ModelState load(const std::filesystem::path& path, std::string_view beside) final {
    if (ranks_.size() == 1) return Contract::load(path, beside);
    ModelState rest = load_placed(ranks_, path, placed(), beside);
    take_state(rest.step);
    return rest;
  }

 protected:
  explicit PlacedModel(Communicator& ranks) : ranks_(ranks) {}

  /// All tensors of the state, where they lie.
  virtual std::vector<PlacedTensor> placed() = 0;
  /// What follows from values that were replaced by others, of this step.
  virtual void take_state(std::uint64_t step) { step_ = step; }

  Communicator& ranks_;
  std::uint64_t step_ = 0;
};

}  // namespace frugal::cpu
