// What a training that is stopped leaves, where its plan asks for it (limits.checkpoint_s), and how a later try of the cell
// goes on from there: with the bits of a training that nobody stopped.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/workload.hpp"
#include "impl/api/matrix_factorizer.hpp"
#include "impl/api/model.hpp"

namespace frugal::workloads {

/// Of one training: the model's whole state, and the loss of each of its steps or epochs so far.
class Checkpoint {
 public:
  /// training: one word, its own in the cell. Not `possible`: it needs more than state and losses, so that none is left.
  Checkpoint(harness::RunContext& context, std::string training, bool possible = true)
      : context_(context),
        training_(std::move(training)),
        file_(possible ? context.checkpoint_file(training_) : std::filesystem::path()) {}

  /// In the training's stage, before its first step: puts what an earlier try left into the model. Returns the losses of
  /// the steps that it has behind it, none where nothing was left. Throws UserError where the file is no such thing.
  std::vector<double> take_up(Model& model);

  /// In the stage, between two steps, as often as convenient: leaves one where it is time, or `now`.
  void keep(const Model& model, std::span<const double> losses, bool now = false);

 private:
  harness::RunContext& context_;
  std::string training_;
  std::filesystem::path file_;  ///< empty: the plan asks for none, or there can be none
};

/// The training of a factorisation, in its stage: all that is left of `epochs` epochs. Tells the progress, which is `share`
/// at its end. Returns the loss of each epoch.
std::vector<double> train_epochs(MatrixFactorizer& model, int epochs, harness::RunContext& context, double share);

}  // namespace frugal::workloads
