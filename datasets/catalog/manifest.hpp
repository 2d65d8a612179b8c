// Manifests: data sets as files with an origin, a hash, a licence, and how they are to be read.
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "impl/base/document.hpp"
#include "impl/base/names.hpp"

namespace frugal::data {

/// What a data set is made of. signal: any of image, audio and volume.
enum class Kind { interactions, attributes, clicks, image, audio, volume, signal };

inline constexpr Named<Kind> kind_names[] = {{Kind::interactions, "interactions"},
                                             {Kind::attributes, "attributes"},
                                             {Kind::clicks, "clicks"},
                                             {Kind::image, "image"},
                                             {Kind::audio, "audio"},
                                             {Kind::volume, "volume"},
                                             {Kind::signal, "signal"}};

/// Is this a signal: image, audio, volume?
bool is_signal(Kind kind);

/// How a manifest's files are read (datasets/formats). signal: a picture, sound or volume a file, whose content says its
/// format.
enum class Reader { ratings, ncf, clicks, ml_1m_attributes, ml_100k_attributes, signal };

inline constexpr Named<Reader> reader_names[] = {{Reader::ratings, "ratings"},
                                                 {Reader::ncf, "ncf"},
                                                 {Reader::clicks, "clicks"},
                                                 {Reader::ml_1m_attributes, "ml-1m-attributes"},
                                                 {Reader::ml_100k_attributes, "ml-100k-attributes"},
                                                 {Reader::signal, "signal"}};

/// What is held out unless a plan says otherwise. given: the files come split; latest, random: one interaction of each
/// user, of clicks a share; tail: of clicks the last lines of the file, `test_fraction` of all, whatever a plan says.
enum class DefaultSplit { given, latest, random, tail };

inline constexpr Named<DefaultSplit> default_split_names[] = {{DefaultSplit::given, "given"},
                                                              {DefaultSplit::latest, "latest"},
                                                              {DefaultSplit::random, "random"},
                                                              {DefaultSplit::tail, "tail"}};

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
  int size = 0;  ///< of a picture that comes at several: its side, and then its name ends in it, "lake_128.png"; else 0
};

/// The data set that is a user's own file, which `path` names.
inline constexpr std::string_view own_file = "file";
/// What the names of all generated data sets begin with.
inline constexpr std::string_view generated_prefix = "synthetic-";
/// Why no manifest may have this name, which means something else in a plan; empty: it may.
std::string why_reserved(std::string_view name);

/// What a user can do about a file of a data set without has_source() that is missing or has changed.
inline constexpr std::string_view own_file_remedy =
    "Put the file that was added back, or add the one you have under another name (frugal data add)";

/// One data set.
struct Manifest {
  std::string name;  ///< as plans name it
  std::string title;
  Kind kind = Kind::interactions;  ///< never signal
  Reader reader = Reader::ratings;
  std::string licence;
  std::string citation;
  std::string homepage;
  std::optional<DefaultSplit> split;  ///< of interactions, and of clicks that are no ratings
  double test_fraction = 0;           ///< of the split tail
  bool timed = false;                 ///< of a `table`: it has a column of times. Other readers read none
  int negatives = 99;                 ///< of the reader `ncf`: candidates in each list
  Json table;              ///< of the readers `ratings` and `clicks`: published_ratings_params(), all of them,
                           ///< and published_click_table_params()
  std::string attributes;  ///< the manifest of what else is known of users and items; empty: none. Clicks with
                           ///< attributes are ratings
  std::string debian;      ///< package that ships the files, where a registry is all a machine can reach
  std::string pypi;        ///< "scikit-image==0.22.0"
  std::vector<ManifestFile> files;

  /// Does it say where its files are to be had? That of a data set which a user added does not.
  bool has_source() const;
};

/// The manifest in `source`, a file NAME.yaml. Throws UserError at file:line:column for a key or word that is not known
/// and for what does not fit together.
Manifest parse_manifest(std::string_view name, std::string_view text, const std::string& source);

/// All manifests, by name: those embedded in the program (datasets/manifests), then those in the data folders, DIR/NAME.yaml. Throws
/// UserError for one of these that is wrong, or whose name is taken. Other YAML files there are left alone: a manifest
/// has the keys `reader` and `files`. Read once for each list of folders.
const std::vector<Manifest>& manifests(const std::vector<std::filesystem::path>& data_dirs);
/// The one of that name, or null. Throws as manifests().
const Manifest* find_manifest(std::string_view name, const std::vector<std::filesystem::path>& data_dirs);

}  // namespace frugal::data
