// Generated data as files in the formats the readers read, streamed at flat memory.
#pragma once
#include <cstdint>
#include <filesystem>

#include "impl/base/document.hpp"

namespace frugal::data {

/// Writes a generator's data set; dataset: complete (complete_dataset()). The ending of `out` chooses the format; ids
/// count from 1 in MovieLens formats, times are the order of a user's events:
///   interactions  .dat (USER::ITEM::RATING::TIME), .csv (MovieLens 20M), .data or .tsv (MovieLens 100K),
///                 NAME.train.rating (with NAME.test.rating and NAME.test.negative beside it, ids from 0)
///   clicks        .txt or .tsv (Criteo; dense values as counts, at most 13 dense features and 26 tables)
///   photo         .png (size pixels a side)
///   audio         .wav (16 bits)
///   volume        .npy (float32)
/// Files appear under their names when they are complete. Throws UserError.
void write_synthetic(const Json& dataset, const std::filesystem::path& out, int size, std::uint64_t seed);

}  // namespace frugal::data
