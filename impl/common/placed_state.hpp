// The state of a model that several ranks have together, as one file that all of them write and read at once: nobody
// needs memory for all of it, and the file is to the byte the one that a single process writes.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impl/common/communicator.hpp"
#include "impl/common/state.hpp"

namespace frugal {

/// A tensor [rows, ...] of which a rank has some rows, or all. A tensor without extents has one row.
struct PlacedTensor {
  /// Rows first, first + step, ... of the tensor, `count` of them.
  struct Run {
    std::uint64_t first = 0;
    std::uint64_t step = 1;
    std::uint64_t count = 0;
  };

  std::string name;
  std::vector<std::int64_t> shape;  ///< of all of it
  Run to_write{};                   ///< of this rank: all ranks together write each row once
  Run to_read{};                    ///< what this rank has
  /// Values of the rows begin ... begin + count - 1 of to_write; the rows are numbered within the run.
  std::function<void(std::uint64_t begin, std::uint64_t count, float* to)> get{};
  /// Takes those of to_read, likewise.
  std::function<void(std::uint64_t begin, std::uint64_t count, const float* from)> put{};

  std::uint64_t rows() const;
  std::uint64_t width() const;  ///< values of a row
};

/// Every rank has all rows at `values`.
PlacedTensor whole_tensor(const Communicator& ranks, std::string name, std::vector<std::int64_t> shape, float* values);

/// Row r lies with rank r % ranks, as its row r / ranks at `values`.
PlacedTensor dealt_tensor(const Communicator& ranks, std::string name, std::vector<std::int64_t> shape, float* values);

/// Writes the file, which is there and which all ranks see, as save_safetensors() does: the tensors, and behind them
/// `more` of rank 0. All ranks call this alike. Throws OutputError, on all ranks.
void save_placed(Communicator& ranks, const std::filesystem::path& file, std::uint64_t step,
                 std::span<const PlacedTensor> tensors, std::span<const NamedTensor> more);

/// Reads such a file, whose tensors are of fp32, into the tensors of the same names. Returns its step, and its tensors whose names begin with
/// `beside`, where that is not empty. Throws UserError where the file cannot be read, std::invalid_argument as
/// Model::import_state(): on all ranks, and before anything is changed unless reading fails in the middle.
ModelState load_placed(Communicator& ranks, const std::filesystem::path& file, std::span<const PlacedTensor> tensors,
                       std::string_view beside);

/// Do all ranks see the same file under this path? All of them call this alike.
bool is_seen_by_all(Communicator& ranks, const std::filesystem::path& file);

}  // namespace frugal
