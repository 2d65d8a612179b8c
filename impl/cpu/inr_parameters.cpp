#include "impl/cpu/inr_parameters.hpp"

#include "impl/cpu/kernels/inr_fused.hpp"

namespace frugal::cpu {
namespace {

long padded_columns(long columns) {
  return (columns + inr_column_multiple - 1) / inr_column_multiple * inr_column_multiple;
}

}  // namespace

InrParameters::InrParameters(const InrSpec& spec, Hidden hidden_layout) : hidden(hidden_layout) {
  const long padded = padded_columns(spec.width);
  columns = {.width = spec.width, .padded = padded, .stride = padded};
  long at = 0;
  for (int l = 0; l < spec.layers(); ++l) {
    const bool last = l == spec.layers() - 1;
    weight.push_back(at);
    at += padded * (l == 0 ? spec.inputs : last ? spec.channels : padded);
    bias.push_back(at);
    at += last ? padded_columns(spec.channels) : padded;
  }
  count = at;
}

std::int64_t InrParameters::index(const InrTensor& tensor, std::int64_t o, std::int64_t i) const {
  if (tensor.bias) return bias[tensor.layer] + o;
  const std::int64_t first = weight[tensor.layer];
  if (tensor.layer + 1 == static_cast<int>(weight.size())) return first + o * columns.padded + i;
  if (tensor.layer == 0 || hidden == Hidden::rows) return first + i * columns.padded + o;
  return first + inr_panel_index(i, o, columns.padded);
}

}  // namespace frugal::cpu
