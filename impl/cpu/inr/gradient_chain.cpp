#include "impl/cpu/inr/gradient_chain.hpp"

#include <algorithm>
#include <numeric>

namespace frugal::cpu {
namespace {

constexpr std::int64_t pieces = 8;

}  // namespace

double GradientChain::step(std::span<float> sum, std::span<float> parameters, std::span<const double> squares,
                           const Part& add, const Part& update) {
  const int before = ranks_.rank() - 1;
  const int behind = ranks_.rank() + 1;
  const auto count = static_cast<std::int64_t>(sum.size());
  const std::int64_t piece = ((count + block_ - 1) / block_ + pieces - 1) / pieces * block_;
  const auto part_of = [&](std::span<float> values, std::int64_t at) {
    return std::as_writable_bytes(values.subspan(at, std::min(piece, count - at)));
  };

  // All that will come is expected from the start: parameters arrive only after this rank has given its sums away.
  double errors = 0;
  const auto bytes_of_errors = std::as_writable_bytes(std::span(&errors, 1));
  Communicator::Transfers sums;
  Communicator::Transfers made;
  for (std::int64_t at = 0; at < count; at += piece) {
    if (!begins()) sums.push_back(ranks_.receive(part_of(sum, at), before));
    if (!ends()) made.push_back(ranks_.receive(part_of(parameters, at), behind));
  }
  for (std::int64_t at = 0; at < count; at += piece) {
    if (!begins()) wait_for(*sums[at / piece]);
    add(at, std::min(piece, count - at));
    if (!ends()) {
      send(part_of(sum, at), behind);
      continue;
    }
    update(at, std::min(piece, count - at));
    if (!begins()) send(part_of(parameters, at), before);
  }
  for (std::int64_t at = 0; at < count && !ends(); at += piece) {
    wait_for(*made[at / piece]);
    if (!begins()) send(part_of(parameters, at), before);
  }

  if (!begins()) wait_for(*ranks_.receive(bytes_of_errors, before));
  errors = std::accumulate(squares.begin(), squares.end(), errors);
  if (!ends()) {
    wait_for(*ranks_.send(bytes_of_errors, behind));
    wait_for(*ranks_.receive(bytes_of_errors, behind));
  }
  if (!begins()) send(bytes_of_errors, before);
  wait_for(sent_);
  return errors;
}

}  // namespace frugal::cpu
