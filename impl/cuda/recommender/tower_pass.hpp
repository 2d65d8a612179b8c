// The two towers of a two-tower network by three fused kernels a step:
//
//   forward_towers   rows gathered -> all layers -> outputs
//   learn_towers     of each row: its examples' scores, losses and slopes, the gradient of its output; all layers back;
//                    Adam on its embedding row; what the rows of the block send into the weights
//   update_towers    the sum of that over blocks, Adam on the towers, the loss of the step
//
// A block has a tile of rows of one side and all weights of that tower in shared memory, and goes on to further tiles of
// the side where there are more tiles than blocks. impl/reference/recommender/two_tower.cpp has the formulas; the
// products are those of tower_tile.hpp.
//
// A row's examples are taken in segments of four, and the segments added in order, so a popular item costs no more time
// than its share. Row, segment, tile, block: every sum has the order of the lists of tower_plan.hpp.
// Deterministic: bitwise; the cut into tiles and blocks follows from the spec alone. Against `reference`: eps *
// sqrt(widths + examples) * 8 (impl/equivalence).
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "impl/common/recommender/shapes.hpp"
#include "impl/cuda/recommender/tower_plan.hpp"

namespace frugal::cuda {

inline constexpr unsigned tile_width = 32;  ///< rows of matrices in shared memory have a multiple of it
constexpr unsigned padded_width(unsigned width) { return (width + tile_width - 1) / tile_width * tile_width; }
/// Floats of a row in memory.
constexpr unsigned fours(unsigned width) { return (width + 3) / 4 * 4; }

inline constexpr unsigned most_tower_layers = 4;
inline constexpr unsigned most_tower_blocks = 128;  ///< of a side that trains
inline constexpr unsigned most_tile_rows = 128;     ///< a multiple of 16, as all tiles' rows are
inline constexpr std::uint32_t segment_length = 4;  ///< examples
inline constexpr unsigned segments_a_row = 4;       ///< whose sums are in shared memory at once, mean of a tile

/// One dense layer. Among the parameters of the tower, its weight [out, in] lies at `weight` as [out_padded, in_padded], its
/// bias [out] at `bias` as [out_padded], with zeros behind rows and at the end; in shared memory, the weight at `shared`.
struct TowerLayer {
  std::uint32_t in;
  std::uint32_t out;
  std::uint32_t in_padded;
  std::uint32_t out_padded;
  std::uint32_t weight;
  std::uint32_t bias;
  std::uint32_t shared;
  std::uint32_t inputs_before;  ///< sum of the in_padded of the layers before
};

/// The layers of one side's tower.
struct TowerLayers {
  /// output_padded: as output_width().
  TowerLayers(const std::vector<DenseShape>& shapes, unsigned output_padded);

  std::uint32_t count;
  std::array<TowerLayer, most_tower_layers> layer;
  std::uint32_t parameters;      ///< floats
  std::uint32_t shared_weights;  ///< floats
  std::uint32_t inputs_padded;   ///< sum of the layers' in_padded

  FRUGAL_HOST_DEVICE constexpr std::uint32_t output_padded() const { return layer[count - 1].out_padded; }
};

/// Floats of a row of outputs in memory: 32, 64 or 128, the least that has the width; 0 when it is too wide.
unsigned output_width(int width);

/// The inputs of a tile's layers and the gradients of its outputs are in two parts in shared memory (tower_tile.hpp), the
/// second so many floats behind the first: what there is room for.
inline constexpr unsigned low_distance = 1 << 14;

/// Floats of the values of a row of a tile.
FRUGAL_HOST_DEVICE constexpr std::uint32_t row_values(const TowerLayers& layers) {
  return layers.inputs_padded + layers.output_padded();
}
/// Floats of a row where the second parts are, and before them the sums of its segments.
FRUGAL_HOST_DEVICE constexpr std::uint32_t row_low_values(const TowerLayers& layers) {
  const std::uint32_t sums = segments_a_row * layers.output_padded();
  return row_values(layers) > sums ? row_values(layers) : sums;
}

/// Shared memory of the kernels, in bytes, for tiles of `rows` rows.
std::size_t forward_bytes(const TowerLayers& layers, unsigned rows);
std::size_t learn_bytes(const TowerLayers& layers, unsigned rows);
/// More than learn_towers declares itself.
inline constexpr std::size_t tower_static_bytes = 2048;

/// Up to segment_length examples of a row of a tile, in shared memory.
struct alignas(16) TowerSegment {
  std::uint32_t partners[segment_length];  ///< as in PlannedSide
  std::uint32_t row;                       ///< of the tile
  std::uint32_t count;
};

/// What one side's tower reads and leaves.
struct TowerRowsIn {
  const float* table;  ///< [ids, dim] in rows of `stride`
  std::uint32_t dim;
  std::uint32_t stride;           ///< a multiple of four; what is behind dim is no input
  const float* features;          ///< [ids, features_stride], the inputs behind dim, with zeros at their end
  std::uint32_t features_stride;  ///< a multiple of four
  const std::uint32_t* ids;       ///< of the rows; null: row r is that of id r
  Count rows;
};

struct TowerPass {
  TowerLayers layers;
  TowerRowsIn in;
  const float* parameters;
  std::array<float*, most_tower_layers> outputs;  ///< [rows, out_padded] of each layer; null: not kept
};

/// Both sides, or one: blocks of a side without rows are none.
struct ForwardTowers {
  TowerPass side[2];
  std::uint32_t blocks[2];
  std::uint32_t tile_rows;
};

/// early: after a launch of update_towers.
void forward_towers(const ForwardTowers& towers, bool early, const Stream& stream);

/// One side of a step.
struct TowerLearning {
  TowerLayers layers;
  TowerRowsIn in;
  PlannedSide plan;
  const float* parameters;
  std::array<const float*, most_tower_layers> outputs;
  const float* other_outputs;  ///< of the last layer of the other side
  const float* given_delta;    ///< [rows, out_padded]: the gradients of the outputs; null: bce finds them
  float* slices;               ///< [blocks, parameters]
  float* table;                ///< null: frozen
  float* table_first;
  float* table_second;
};

struct LearnTowers {
  TowerLearning side[2];  ///< users, items
  std::uint32_t blocks[2];
  std::uint32_t tile_rows;
  std::uint32_t examples;  ///< E
  const TwoTowerStep* step;
  double* losses;  ///< [blocks of users]: sums
};

void learn_towers(const LearnTowers& towers, const Stream& stream);

struct UpdateTowers {
  float* parameters;  ///< of both sides, a multiple of update_share each
  float* first;
  float* second;
  std::uint32_t parameters_of[2];
  const float* slices[2];
  std::uint32_t blocks[2];
  const std::uint32_t* rows[2];
  std::uint32_t tile_rows;
  std::uint32_t examples;
  const TwoTowerStep* step;
  const double* losses;             ///< of LearnTowers, or
  const float* losses_of_examples;  ///< [count * E], when not null
  double* loss_of_steps;            ///< [ring]: a step's at its number modulo ring
  std::uint32_t ring;
};

inline constexpr unsigned update_share = 128;  ///< parameters of a block

void update_towers(const UpdateTowers& towers, const Stream& stream);

}  // namespace frugal::cuda
