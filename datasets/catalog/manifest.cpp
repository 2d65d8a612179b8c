#include "datasets/catalog/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "datasets/formats/click_columns.hpp"
#include "datasets/formats/ratings.hpp"
#include "embedded_manifests.hpp"
#include "impl/base/document.hpp"
#include "impl/base/files.hpp"

namespace frugal::data {
namespace {

std::string text_of(const Node& map, std::string_view key) {
  const Node* const node = map.find(key);
  return node ? node->as_string() : std::string();
}

const Node& required(const Node& map, std::string_view key) {
  const Node* const node = map.find(key);
  if (!node || node->as_string().empty()) throw UserError(map.place, fmt::format("a manifest needs '{}'", key));
  return *node;
}

template <class Enum, std::size_t n>
Enum required_word(const Node& map, const std::string& key, const Named<Enum> (&names)[n]) {
  const Node& node = required(map, key);
  return from_word(names, key, node.text, node.place);
}

/// The side of a square picture that comes at several, "lake_128.png": by its name a plan finds the right one.
int side_in_name(const std::filesystem::path& path, const Node& node) {
  const std::int64_t side = node.as_integer();
  if (side < 1 || !path.stem().string().ends_with(fmt::format("_{}", side)))
    throw UserError(node.place, fmt::format("a file of size {0} has a name that ends in _{0}", side));
  return static_cast<int>(side);
}

ManifestFile parse_manifest_file(const Node& node) {
  require_keys(node,
               {"path", "bytes", "sha256", "git_blob", "md5", "also_sha256", "url", "archive_md5", "member", "size"},
               "key of a manifest's file");
  ManifestFile file;
  file.path = required(node, "path").text;
  if (const std::filesystem::path path(file.path); path.is_absolute() || std::ranges::find(path, "..") != path.end()) {
    throw UserError(node.find("path")->place, "a file of a data set lies below the data folder: no leading /, no ..");
  }
  if (const Node* const bytes = node.find("bytes")) file.bytes = static_cast<std::uint64_t>(bytes->as_integer());
  file.sha256 = text_of(node, "sha256");
  file.git_blob = text_of(node, "git_blob");
  file.md5 = text_of(node, "md5");
  if (const Node* const also = node.find("also_sha256")) {
    for (const Node& hash : also->as_list()) file.also_sha256.push_back(hash.as_string());
  }
  file.url = text_of(node, "url");
  file.archive_md5 = text_of(node, "archive_md5");
  file.member = text_of(node, "member");
  if (const Node* const size = node.find("size")) file.size = side_in_name(file.path, *size);
  return file;
}

/// What a reader makes of how many files.
struct ReaderFacts {
  Reader reader;
  Kind kind;
  std::size_t least_files;
  std::size_t most_files;
};

constexpr ReaderFacts reader_facts[] = {
    {Reader::ratings, Kind::interactions, 1, 3},  // of the split given: train, validation, test; else one
    {Reader::ncf, Kind::interactions, 3, 3},      // train, held out, candidates
    {Reader::clicks, Kind::clicks, 1, 1},
    {Reader::ml_1m_attributes, Kind::attributes, 2, 3},  // users, items, and original ids where indices are dense
    {Reader::ml_100k_attributes, Kind::attributes, 2, 3},
    {Reader::signal, Kind::signal, 1, 1000},  // of which a plan chooses one
};

void require_fitting_reader(const Manifest& manifest, const Node& root) {
  const ReaderFacts& facts = *std::ranges::find(reader_facts, manifest.reader, &ReaderFacts::reader);
  const bool ratings_as_clicks = manifest.kind == Kind::clicks && facts.kind == Kind::interactions &&
                                 facts.reader != Reader::ncf && !manifest.attributes.empty();
  const bool one_signal = facts.kind == Kind::signal && is_signal(manifest.kind);
  const std::string_view reader = to_word(reader_names, manifest.reader);
  if (facts.kind != manifest.kind && !ratings_as_clicks && !one_signal) {
    throw UserError(root.find("reader")->place,
                    fmt::format("the reader {} gives {}, but this manifest is of {}", reader,
                                to_word(kind_names, facts.kind), to_word(kind_names, manifest.kind)));
  }
  if (manifest.files.size() < facts.least_files || manifest.files.size() > facts.most_files) {
    const std::string wanted = facts.least_files == facts.most_files
                                   ? fmt::to_string(facts.least_files)
                                   : fmt::format("{} to {}", facts.least_files, facts.most_files);
    throw UserError(root.find("files")->place,
                    fmt::format("the reader {} wants {} files, not {}", reader, wanted, manifest.files.size()));
  }
}

/// A manifest guesses nothing: `name` of the table's columns is there.
void require_column(const Json& columns, const char* name, const Place& place, std::string_view may_be_none) {
  if (!columns.at(name).empty() && columns.at(name) != "") return;
  throw UserError(
      place, fmt::format("a manifest guesses nothing: columns.{} is missing ({} may be 'none')", name, may_be_none));
}

/// How a reader of tables is to read, and whether there are times.
void parse_table(const Node& root, Manifest& manifest) {
  const Node* const table = root.find("table");
  const bool is_ratings = manifest.reader == Reader::ratings;
  const bool is_table = is_ratings || manifest.reader == Reader::clicks;
  if (is_table != (table != nullptr))
    throw UserError(table ? table->place : root.find("reader")->place,
                    table ? "the readers 'ratings' and 'clicks' have a 'table', and no other"
                          : fmt::format("the reader '{}' needs a 'table'", to_word(reader_names, manifest.reader)));
  if (!is_table) return;
  manifest.table = read_params(is_ratings ? published_ratings_params() : published_click_table_params(), *table,
                               "key of a manifest's table");
  const Json& columns = manifest.table.at("columns");
  if (is_ratings) {
    for (const char* const needed : {"user", "item", "rating", "time"})
      require_column(columns, needed, table->place, "rating and time");
  } else {
    for (const char* const needed : {"label", "categorical", "time"})
      require_column(columns, needed, table->place, "time");
  }
  manifest.timed = columns.at("time") != "none";
}

/// The split and what belongs to it: see DefaultSplit.
void parse_split(const Node& root, Manifest& manifest) {
  const bool is_clicks = manifest.reader == Reader::clicks;
  if (manifest.kind == Kind::interactions || is_clicks) {
    manifest.split = required_word(root, "split", default_split_names);
    const auto refuse = [&](const std::string& why) { throw UserError(root.find("split")->place, why); };
    const bool parts =
        manifest.reader == Reader::ncf || (manifest.kind == Kind::interactions && manifest.files.size() > 1);
    if ((manifest.split == DefaultSplit::given) != parts)
      refuse("the split 'given' belongs to the reader 'ncf', and to ratings in the files train, validation and test");
    if (manifest.reader == Reader::ratings && manifest.files.size() == 2)
      throw UserError(root.find("files")->place, "ratings come in one file, or in three: train, validation, test");
    if (manifest.split == DefaultSplit::tail && !is_clicks) refuse("the split 'tail' belongs to the reader 'clicks'");
    if (manifest.split == DefaultSplit::latest && !manifest.timed)
      refuse("the split 'latest' needs times, and the table has none");
  } else if (const Node* const split = root.find("split")) {
    throw UserError(split->place, fmt::format("a manifest of {} has no split", to_word(kind_names, manifest.kind)));
  } else if (manifest.reader == Reader::ratings && manifest.files.size() > 1) {
    throw UserError(root.find("files")->place, "ratings as clicks come in one file");
  }
  const Node* const fraction = root.find("test_fraction");
  if ((fraction != nullptr) != (manifest.split == DefaultSplit::tail)) {
    throw UserError(fraction ? fraction->place : root.find("split")->place,
                    "the split 'tail' needs a test_fraction, and no other has one");
  }
  if (!fraction) return;
  manifest.test_fraction = fraction->as_real();
  if (!(manifest.test_fraction > 0 && manifest.test_fraction < 1))
    throw UserError(fraction->place, "test_fraction must lie between 0 and 1");
}

/// How many candidates each published list holds.
void parse_negatives(const Node& root, Manifest& manifest) {
  const Node* const negatives = root.find("negatives");
  if (!negatives) return;
  if (manifest.reader != Reader::ncf)
    throw UserError(negatives->place, "lists of candidates belong to the reader 'ncf'");
  const std::int64_t count = negatives->as_integer();
  if (count < 1 || count > 1'000'000) throw UserError(negatives->place, "a list holds 1 to 1000000 candidates");
  manifest.negatives = static_cast<int>(count);
}

void require_known_attributes(const Node& root) {
  const Node* const attributes = root.find("attributes");
  if (!attributes) return;
  std::vector<std::string> known;
  for (const auto& [name, text] : embedded::manifests()) known.emplace_back(name);
  if (std::ranges::find(known, attributes->as_string()) == known.end())
    throw UserError(attributes->place, unknown_word("manifest", attributes->text, known));
}

/// Lines that begin with `reader:` and with `files:`.
bool is_manifest(std::string_view text) {
  const auto has_key = [&](const std::string& key) {
    return text.starts_with(key) || text.find("\n" + key) != std::string_view::npos;
  };
  return has_key("reader:") && has_key("files:");
}

/// The YAML files of a folder, by name; none where there is no such folder.
std::vector<std::filesystem::path> yaml_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->path().extension() == ".yaml" && at->is_regular_file(ignored)) files.push_back(at->path());
  }
  std::ranges::sort(files);
  return files;
}

const Manifest* find_in(const std::vector<Manifest>& manifests, std::string_view name) {
  const auto found = std::ranges::find(manifests, name, &Manifest::name);
  return found == manifests.end() ? nullptr : &*found;
}

}  // namespace

bool is_signal(Kind kind) {
  return kind == Kind::image || kind == Kind::audio || kind == Kind::volume || kind == Kind::signal;
}

std::string why_reserved(std::string_view name) {
  if (name == own_file) return fmt::format("the data set '{}' is any file of one's own: choose another name", name);
  if (!name.starts_with(generated_prefix)) return "";
  return fmt::format("data sets whose names begin with '{}' are generated ones: choose another name than '{}'",
                     generated_prefix, name);
}

Manifest parse_manifest(std::string_view name, std::string_view text, const std::string& source) {
  const std::vector<Node> documents = parse_yaml(text, source);
  if (documents.size() != 1) throw UserError({source}, "a manifest is one YAML document");
  const Node& root = documents.front();
  require_keys(root,
               {"name", "title", "kind", "reader", "licence", "citation", "homepage", "split", "test_fraction",
                "negatives", "table", "attributes", "debian", "pypi", "files"},
               "key of a manifest");
  Manifest manifest;
  manifest.name = required(root, "name").text;
  if (manifest.name != name) throw UserError(root.find("name")->place, "a manifest is named as its file");
  if (const std::string why = why_reserved(name); !why.empty()) throw UserError(root.find("name")->place, why);
  manifest.title = required(root, "title").text;
  manifest.kind = required_word(root, "kind", kind_names);
  manifest.reader = required_word(root, "reader", reader_names);
  manifest.licence = required(root, "licence").text;
  manifest.citation = required(root, "citation").text;
  manifest.homepage = text_of(root, "homepage");
  parse_table(root, manifest);
  manifest.attributes = text_of(root, "attributes");
  manifest.debian = text_of(root, "debian");
  manifest.pypi = text_of(root, "pypi");
  const Node* const files = root.find("files");
  if (!files || files->as_list().empty()) throw UserError(root.place, "a manifest needs 'files'");
  for (const Node& file : files->as_list()) manifest.files.push_back(parse_manifest_file(file));
  require_known_attributes(root);
  require_fitting_reader(manifest, root);
  parse_split(root, manifest);
  parse_negatives(root, manifest);
  return manifest;
}

bool Manifest::has_source() const {
  return !homepage.empty() || !debian.empty() || !pypi.empty() ||
         std::ranges::any_of(files, [](const ManifestFile& file) { return !file.url.empty(); });
}

const std::vector<Manifest>& manifests(const std::vector<std::filesystem::path>& data_dirs) {
  static std::map<std::vector<std::filesystem::path>, std::vector<Manifest>> known;
  const auto found = known.find(data_dirs);
  if (found != known.end()) return found->second;
  std::vector<Manifest> all;
  for (const auto& [name, text] : embedded::manifests())
    all.push_back(parse_manifest(name, text, fmt::format("datasets/manifests/{}.yaml", name)));
  std::map<std::string, std::string> sources;
  for (const std::filesystem::path& folder : data_dirs) {
    for (const std::filesystem::path& file : yaml_files(folder)) {
      const std::string text = read_text_file(file);
      if (!is_manifest(text)) continue;
      Manifest manifest = parse_manifest(file.stem().string(), text, file.string());
      if (find_in(all, manifest.name)) {
        const auto other = sources.find(manifest.name);
        throw UserError({file.string()},
                        fmt::format("a data set '{}' is there already, {}: give this one another name", manifest.name,
                                    other == sources.end() ? "within the program" : "in " + other->second));
      }
      sources[manifest.name] = file.string();
      all.push_back(std::move(manifest));
    }
  }
  std::ranges::sort(all, {}, &Manifest::name);
  return known[data_dirs] = std::move(all);
}

const Manifest* find_manifest(std::string_view name, const std::vector<std::filesystem::path>& data_dirs) {
  return find_in(manifests(data_dirs), name);
}

}  // namespace frugal::data
