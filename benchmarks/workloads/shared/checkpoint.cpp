#include "benchmarks/workloads/shared/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "impl/base/error.hpp"

namespace frugal::workloads {
namespace {

// Tensors of the file beside the model's: doubles, bit for bit, as two values of four bytes each.
constexpr const char* beside_prefix = "checkpoint.";
constexpr const char* losses_name = "checkpoint.losses";
constexpr const char* seconds_name = "checkpoint.seconds";

NamedTensor tensor_of(const char* name, std::span<const double> doubles) {
  NamedTensor tensor{.name = name, .shape = {std::ssize(doubles), 2}, .values = {}};
  tensor.values.resize(2 * doubles.size());
  if (!doubles.empty()) std::memcpy(tensor.values.data(), doubles.data(), doubles.size_bytes());
  return tensor;
}

std::vector<double> doubles_of(const ModelState& state, const char* name) {
  const NamedTensor* const found = state.find(name);
  if (!found || found->values.size() % 2 != 0) throw std::invalid_argument(fmt::format("it has no {}", name));
  std::vector<double> doubles(found->values.size() / 2);
  if (!doubles.empty()) std::memcpy(doubles.data(), found->values.data(), doubles.size() * sizeof(double));
  return doubles;
}

}  // namespace

std::vector<double> Checkpoint::take_up(Model& model) {
  if (file_.empty() || !std::filesystem::exists(file_)) return {};
  try {
    const ModelState beside = model.load(file_, beside_prefix);
    std::vector<double> losses = doubles_of(beside, losses_name);
    const std::vector<double> seconds = doubles_of(beside, seconds_name);
    if (seconds.size() != 1) throw std::invalid_argument(fmt::format("{} is not one number", seconds_name));
    context_.take_up(training_, std::ssize(losses), seconds.front());
    return losses;
  } catch (const std::invalid_argument& error) {
    throw UserError(
        fmt::format("{}: no checkpoint of this cell, remove it to begin anew: {}", file_.string(), error.what()));
  }
}

void Checkpoint::keep(const Model& model, std::span<const double> losses, bool now) {
  if (file_.empty()) return;
  context_.checkpoint(now, [&](double seconds) {
    model.save(file_, std::vector{tensor_of(losses_name, losses), tensor_of(seconds_name, std::span(&seconds, 1))});
  });
}

std::vector<double> train_epochs(MatrixFactorizer& model, int epochs, harness::RunContext& context, double share) {
  Checkpoint checkpoint(context, "factorize");
  std::vector<double> losses = checkpoint.take_up(model);
  while (std::ssize(losses) < epochs) {
    losses.push_back(model.train(1).back());
    checkpoint.keep(model, losses, std::ssize(losses) == epochs);  // so that what comes after it need not repeat it
    context.progress(share * static_cast<double>(losses.size()) / epochs);
  }
  return losses;
}

}  // namespace frugal::workloads
