#include <bit>
#include <cmath>

#include "impl/cuda/mf/histories.hpp"
#include "impl/cuda/mf/key_sort.hpp"

namespace frugal::cuda {
namespace {

/// keys[i]: the row of pair i above its partner of `partner_bits` bits.
__global__ void pack_pairs(const Interaction* pairs, std::uint32_t n, bool users, int partner_bits,
                           std::uint64_t* keys) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const Interaction pair = pairs[i];
  keys[i] = std::uint64_t{users ? pair.user : pair.item} << partner_bits | (users ? pair.item : pair.user);
}

/// Takes the sorted keys apart. One thread more than keys: it begins the rows after the last one.
__global__ void unpack_pairs(const std::uint64_t* keys, std::uint32_t n, int partner_bits, std::uint32_t rows,
                             std::uint32_t* partners, std::uint32_t* begins) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i > n) return;
  const std::uint64_t key = i < n ? keys[i] : 0;
  const auto row = i < n ? static_cast<std::uint32_t>(key >> partner_bits) : rows;
  const std::uint32_t first = i == 0 ? 0 : static_cast<std::uint32_t>(keys[i - 1] >> partner_bits) + 1;
  for (std::uint32_t r = first; r <= row; ++r) begins[r] = i;
  if (i < n) partners[i] = static_cast<std::uint32_t>(key & ((std::uint64_t{1} << partner_bits) - 1));
}

/// The penalty of each row, and a key that puts long histories first, rows in order where they are equal.
__global__ void weigh_rows(const std::uint32_t* begins, std::uint32_t rows, std::uint32_t positives, int row_bits,
                           double regularization, double unobserved, double scaling, double* penalties,
                           std::uint64_t* keys) {
  const std::uint32_t r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r >= rows) return;
  const std::uint32_t history = begins[r + 1] - begins[r];
  penalties[r] = regularization * pow(static_cast<double>(history) + unobserved, scaling);
  keys[r] = std::uint64_t{positives - history} << row_bits | r;
}

/// rows[i]: the lower bits of keys[i].
__global__ void unpack_rows(const std::uint64_t* keys, std::uint32_t n, int row_bits, std::uint32_t* rows) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) rows[i] = static_cast<std::uint32_t>(keys[i] & ((std::uint64_t{1} << row_bits) - 1));
}

}  // namespace

Histories histories(const DeviceBuffer<Interaction>& pairs, bool of_users, const MfSpec& spec, const Stream& stream) {
  const std::uint32_t rows = of_users ? spec.users : spec.items;
  const std::uint32_t others = of_users ? spec.items : spec.users;
  const auto n = static_cast<std::uint32_t>(pairs.size());
  Histories h{
      {std::size_t{rows} + 1, "begins of histories"}, {n, "histories"}, {rows, "penalties"}, {rows, "order of rows"}};
  const int partner_bits = std::bit_width(others);
  const int row_bits = std::bit_width(rows);
  DeviceBuffer<std::uint64_t> keys(n, "pairs to sort");
  DeviceBuffer<std::uint64_t> spare(n, "pairs to sort");
  launch({"pack_pairs", blocks_for(n, 256), 256}, stream, pack_pairs, pairs.data(), n, of_users, partner_bits,
         keys.data());
  sort_keys(keys, spare, row_bits + partner_bits, stream);
  launch({"unpack_pairs", blocks_for(std::uint64_t{n} + 1, 256), 256}, stream, unpack_pairs, keys.data(), n,
         partner_bits, rows, h.partners.data(), h.begins.data());

  DeviceBuffer<std::uint64_t> lengths(rows, "lengths of histories");
  DeviceBuffer<std::uint64_t> spare_lengths(rows, "lengths of histories");
  launch({"weigh_rows", blocks_for(rows, 256), 256}, stream, weigh_rows, h.begins.data(), rows, n, row_bits,
         spec.regularization, spec.unobserved_weight * static_cast<double>(others), spec.frequency_scaling,
         h.penalties.data(), lengths.data());
  sort_keys(lengths, spare_lengths, row_bits + std::bit_width(n), stream);
  launch({"unpack_rows", blocks_for(rows, 256), 256}, stream, unpack_rows, lengths.data(), rows, row_bits,
         h.schedule.data());
  stream.synchronize();  // the keys go
  return h;
}

}  // namespace frugal::cuda
