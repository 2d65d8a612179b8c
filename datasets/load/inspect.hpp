// What a file of ratings or of clicks is taken for, before a plan is written for it.
#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "datasets/catalog/manifest.hpp"
#include "impl/base/document.hpp"

namespace frugal::data {

struct Inspection {
  std::string form;                                         ///< "comma-separated, with a header, 4 columns"
  std::vector<std::vector<std::string>> columns;            ///< what it is taken for, its name, its first values
  std::vector<std::string> heads;                           ///< of the fields of `rows`
  std::vector<std::vector<std::string>> rows;               ///< the first ones as they are understood
  std::vector<std::pair<std::string, std::string>> counts;  ///< name, value
  std::vector<std::string> findings;                        ///< what looks wrong, with the line where there is one
  std::string plan;                                         ///< YAML to paste: a plan for this file, which runs
  std::string no_plan;                                      ///< where there is none: why
};

/// Reads the whole file. given: parameters of the data set `file`, as a plan has them. Throws UserError as
/// read_ratings().
Inspection inspect_ratings(const std::filesystem::path& path, const Json& given);

/// The same for clicks. Throws UserError as read_click_log().
Inspection inspect_clicks(const std::filesystem::path& path, const Json& given);

/// What a file is taken for where nobody says: clicks where its header names a label, and not users and items,
/// else interactions. Throws UserError for what is no text.
Kind likely_kind(const std::filesystem::path& path, const Json& given);

}  // namespace frugal::data
