// Clicks, split into what is trained and what is tested on, by the name of their data set.
#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "datasets/clicks/clicks.hpp"
#include "impl/base/document.hpp"

namespace frugal::data {

/// A data set for `dlrm`; dataset: complete (complete_dataset()). Throws UserError for a data set of another kind or a
/// bad file, UnavailableError with the command that would fetch it when no data directory holds it.
ClickSplit load_clicks(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed);

}  // namespace frugal::data
