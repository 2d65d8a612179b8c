#include "impl/cpu/inr/parameters.hpp"

#include "impl/cpu/kernels/inr_fused.hpp"

namespace frugal::cpu {
namespace {

long padded_columns(long columns) {
  return (columns + inr_column_multiple - 1) / inr_column_multiple * inr_column_multiple;
}

}  // namespace

InrParameters::InrParameters(const InrSpec& spec, std::int64_t panel) : panel_columns(panel) {
  const long padded = padded_columns(spec.width);
  // Rows that are multiples of 512 bytes apart share few sets of L1: a panel of 16 columns would not fit.
  const bool aliasing = panel_columns != inr_plain_rows && padded % 128 == 0;
  columns = {.width = spec.width, .padded = padded, .stride = aliasing ? padded + inr_column_multiple : padded};
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

InrParameters::Inputs InrParameters::inputs_of(const InrTensor& tensor, std::int64_t output) const {
  if (tensor.bias) return {bias[tensor.layer] + output, 0};
  const std::int64_t first = weight[tensor.layer];
  if (tensor.layer + 1 == static_cast<int>(weight.size())) return {first + output * columns.padded, 1};
  if (tensor.layer == 0) return {first + output, columns.padded};
  const auto at = [&](long input) { return inr_panel_index(input, output, columns.padded, panel_columns); };
  return {first + at(0), at(1) - at(0)};
}

}  // namespace frugal::cpu
