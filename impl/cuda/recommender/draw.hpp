// Initial values drawn where they are needed, the same bits as by impl/common/recommender/init.hpp.
//
// Uniform: exact but for one rounding. Normal: the logarithm and the cosine of a device may differ from the host's in
// the last bits of a double. Where that could change the value in fp32, which is so for one in eight million, the host
// computes it; everywhere else both give the same.
#pragma once
#include <cstdint>

#include "impl/common/recommender/init.hpp"
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

/// initial_table() of `rows` rows at to[at].
void draw_table(std::uint32_t rows, unsigned dim, std::uint64_t seed, std::uint32_t table, DeviceBuffer<float>& to,
                std::size_t at, const Stream& stream);

/// Value i * columns + j of the law at to[at + i * stride + j]. Waits for the stream.
void draw_normals(const NormalLaw& law, std::uint32_t rows, std::uint32_t columns, std::uint32_t stride,
                  DeviceBuffer<float>& to, std::size_t at, const Stream& stream);

}  // namespace frugal::cuda
