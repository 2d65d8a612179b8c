// Is the ensemble a continuous picture or a look-up table of pixels? Its values half-way between the pixels it was
// trained on tell: a tile of few pixels is easily fitted by a function that swings freely between them.
#pragma once
#include <optional>
#include <span>

namespace frugal::workloads {

/// Mean squared error, over the positions that fall half-way between pixels of a tile along one or both sides, against
/// linear interpolation of the original inside that tile. Absent for tiles of one pixel.
/// rendered: [grid*(2*tile-1), grid*(2*tile-1), channels]; original: [grid*tile, grid*tile, channels].
std::optional<double> between_pixels_mse(int grid_side, int tile_side, int channel_count,
                                         std::span<const float> rendered, std::span<const float> original);

}  // namespace frugal::workloads
