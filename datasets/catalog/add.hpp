// A user's own file as a data set with a name.
#pragma once
#include <filesystem>
#include <string>

#include "datasets/catalog/manifest.hpp"

namespace frugal::data {

/// What a manifest says of a new data set; an empty word is said to be unknown.
struct NewDataset {
  std::string name;
  Kind kind = Kind::interactions;
  Reader reader = Reader::ratings;
  std::string title{}, licence{}, citation{};
  std::string split{};  ///< of interactions and of clicks; not `tail`
  int negatives = 0;    ///< of the reader `ncf`: candidates in each list
  Json table{};         ///< of the readers `ratings` and `clicks`: what they are to read by
};

/// Copies the files into FOLDER/NAME/, unless they lie in `folder` already, and writes FOLDER/NAME.yaml with their sizes and
/// hashes: all of it or nothing, and nothing that is there is replaced. Returns the manifest's path. Throws UserError for a
/// name that is taken or is none, a file that cannot be read, or something else that lies where one is to go; OutputError.
std::filesystem::path add_dataset(const NewDataset& dataset, const std::vector<std::filesystem::path>& files,
                                  const std::filesystem::path& folder,
                                  const std::vector<std::filesystem::path>& data_dirs);

}  // namespace frugal::data
