// The data sets that exist: manifests (files with an origin, a hash and a licence) and generators.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "impl/base/document.hpp"

namespace frugal::data {

/// One file of a data set.
struct ManifestFile {
  std::string path;         ///< below a data directory: "ml-1m/ml-1m.train.rating"
  std::uint64_t bytes = 0;  ///< 0: unknown
  std::string sha256{};     ///< the three hashes are what is published or was computed; any may be missing
  std::string git_blob{};
  std::string md5{};
  std::vector<std::string> also_sha256{};  ///< other forms known to hold the same data for the reader
  std::string url{};                       ///< direct, or of an archive (then `member` names the file inside)
  std::string archive_md5{};               ///< of the archive, where that is what the publisher gives
  std::string member{};                    ///< in the archive, wheel or package; "data" for a single compressed file
};

struct Manifest {
  std::string name;
  std::string title;
  std::string kind;    ///< interactions | attributes | clicks | image | audio | volume
  std::string reader;  ///< which reader: ml-tab, ml-colons, ml-csv, ncf, epinions-tang, epinions-massa, criteo, png,
                       ///< wav, npy, ml-1m-attributes, ml-100k-attributes
  std::string licence;
  std::string citation;
  std::string homepage;
  std::string split;  ///< default split rule: latest | random | given (interactions); share of the last lines (clicks);
                      ///< empty (signals, attributes)
  bool timed = true;  ///< interactions: the files carry times
  std::string attributes;  ///< interactions: the manifest of what else is known of users and items; may be empty
  std::string debian;      ///< package that ships the files, where a registry is all a machine can reach
  std::string pypi;        ///< "scikit-image==0.22.0"
  std::vector<ManifestFile> files;
};

/// All manifests (embedded in the program), by name.
const std::vector<Manifest>& manifests();
const Manifest* find_manifest(std::string_view name);

/// A parameter of a generator, for the harness to validate.
struct GeneratorParam {
  std::string name;
  bool real = false;  ///< else an integer
  double default_value = 0;
  double min = 0;
  double max = 0;
  std::string help;
  std::vector<std::string> choices{};  ///< of a word: then the value is its index here
};
struct Generator {
  std::string name;  ///< synthetic-interactions | synthetic-clicks | synthetic-photo | -audio | -volume
  std::string kind;  ///< as of a manifest
  std::string help;
  std::vector<GeneratorParam> params;
};
const std::vector<Generator>& generators();

/// The kind of the generator of this name; empty for another name.
std::string generator_kind(std::string_view name);

/// The data set of a user's own file, a signal: a plan names the file as params.inr.image.
inline constexpr std::string_view own_file = "file";

/// Is this a kind that load_signal() reads: image, audio, volume, or the "signal" of `own_file`?
bool is_signal(std::string_view kind);

/// Anything that a plan can name as its data set.
struct DatasetEntry {
  std::string name;
  std::string kind;     ///< as of a manifest; "signal" for `own_file`, whose kind is that of the file
  std::string help;     ///< a title, or what a generator makes
  std::string licence;  ///< "generated" and "yours" where there is none
};

/// All manifests but those of attributes, all generators, and `own_file`.
std::vector<DatasetEntry> dataset_entries();

/// What a plan may give beside a data set's name (of dataset_entries()), with defaults. Throws UserError for an unknown
/// name.
const std::vector<GeneratorParam>& dataset_params(std::string_view name);

/// The parameters of {"name": ..., parameter: value, ...} with defaults filled in, by name; a word as its index among
/// its choices. Throws UserError for an
/// unknown parameter, a wrong type or a value out of range.
std::map<std::string, double> resolve_params(const Json& dataset);

/// Why no cell with this data set, {"name": ..., parameter: value, ...}, can run whatever the machine: parameters of a
/// generator that contradict each other. Empty when nothing is wrong, so for every manifest. Nothing is generated.
/// Throws UserError as resolve_params() does.
std::string why_invalid_dataset(const Json& dataset);

/// The file below the first data directory that has it, or nullopt.
std::optional<std::filesystem::path> locate(const ManifestFile& file,
                                            const std::vector<std::filesystem::path>& data_dirs);

/// All files of a manifest, or UnavailableError naming what is missing, where it was looked for, and the command.
std::vector<std::filesystem::path> locate_all(const Manifest& manifest,
                                              const std::vector<std::filesystem::path>& data_dirs);

/// The file of a set of signals: by path, name or stem; else the stem's size variant ("lake" at 128: lake_128.png), or
/// the last one listed, which by convention is the largest. An empty `image` stands for any stem. Throws UserError when
/// the manifest has no such file.
const ManifestFile& choose_picture(const Manifest& manifest, const std::string& image, int size);

/// One file of a manifest, or UnavailableError as locate_all().
std::filesystem::path locate_one(const Manifest& manifest, const ManifestFile& file,
                                 const std::vector<std::filesystem::path>& data_dirs);

/// What comparing a local file with its manifest says.
enum class FileState { good, missing, wrong_size, wrong_hash, size_only };
struct FileCheck {
  FileState state = FileState::missing;
  std::filesystem::path path;  ///< empty when missing
  std::string detail;          ///< one line: which hash agreed, or both values
};

/// Hashes one file of a manifest. `size_only`: no hash is published, and the size agrees or is unknown too.
FileCheck check_file(const ManifestFile& file, const std::vector<std::filesystem::path>& data_dirs);

}  // namespace frugal::data
