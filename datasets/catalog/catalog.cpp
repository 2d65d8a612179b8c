#include "datasets/catalog/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "datasets/synthetic/from_params.hpp"
#include "embedded_manifests.hpp"
#include "impl/base/error.hpp"
#include "impl/base/sha256.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::data {
namespace {

std::string text_of(const Node& map, std::string_view key) {
  const Node* const node = map.find(key);
  return node ? node->as_string() : std::string();
}

std::string required_text(const Node& map, std::string_view key) {
  const Node* const node = map.find(key);
  if (!node || node->as_string().empty()) throw UserError(map.place, fmt::format("a manifest needs '{}'", key));
  return node->as_string();
}

ManifestFile parse_manifest_file(const Node& node) {
  require_keys(node, {"path", "bytes", "sha256", "git_blob", "md5", "also_sha256", "url", "archive_md5", "member"},
               "key of a manifest's file");
  ManifestFile file;
  file.path = required_text(node, "path");
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
  return file;
}

Manifest parse_manifest(std::string_view name, std::string_view text) {
  const std::string source = fmt::format("datasets/manifests/{}.yaml", name);
  const std::vector<Node> documents = parse_yaml(text, source);
  if (documents.size() != 1) throw UserError({source}, "a manifest is one YAML document");
  const Node& root = documents.front();
  require_keys(root,
               {"name", "title", "kind", "reader", "licence", "citation", "homepage", "split", "timed", "attributes",
                "debian", "pypi", "files"},
               "key of a manifest");
  Manifest manifest;
  manifest.name = required_text(root, "name");
  if (manifest.name != name) throw UserError(root.find("name")->place, "a manifest is named as its file");
  manifest.title = required_text(root, "title");
  manifest.kind = required_text(root, "kind");
  manifest.reader = required_text(root, "reader");
  manifest.licence = required_text(root, "licence");
  manifest.citation = required_text(root, "citation");
  manifest.homepage = text_of(root, "homepage");
  manifest.split = text_of(root, "split");
  if (const Node* const timed = root.find("timed")) manifest.timed = timed->as_boolean();
  manifest.attributes = text_of(root, "attributes");
  manifest.debian = text_of(root, "debian");
  manifest.pypi = text_of(root, "pypi");
  const Node* const files = root.find("files");
  if (!files || files->as_list().empty()) throw UserError(root.place, "a manifest needs 'files'");
  for (const Node& file : files->as_list()) manifest.files.push_back(parse_manifest_file(file));
  return manifest;
}

const GeneratorParam negatives_param{
    .name = "negatives", .default_value = 99, .min = 1, .max = 1e6, .help = "candidates beside each held-out item"};

GeneratorParam choice_param(std::string name, std::vector<std::string> choices, std::string_view chosen,
                            std::string help) {
  const auto at = std::find(choices.begin(), choices.end(), chosen);
  GeneratorParam param;
  param.name = std::move(name);
  param.default_value = static_cast<double>(at - choices.begin());
  param.max = static_cast<double>(choices.size() - 1);
  param.help = std::move(help);
  param.choices = std::move(choices);
  return param;
}

GeneratorParam negative_law_param(const std::vector<std::string>& choices) {
  return choice_param("negative_sampling", choices, choices.front(),
                      choices.front() == "given"
                          ? "where candidates come from: the published lists (drawn uniformly where another number is "
                            "asked), or drawn from a user's unseen items"
                          : "how candidates are drawn from a user's unseen items");
}

/// What can be asked of files of interactions: how to split them, unless they come split.
std::vector<GeneratorParam> interactions_params(const Manifest& manifest) {
  if (manifest.split == "given") return {negatives_param, negative_law_param({"given", "uniform", "popularity"})};
  const std::vector<std::string> rules = manifest.timed
                                             ? std::vector<std::string>{"latest", "random", "temporal", "ratio"}
                                             : std::vector<std::string>{"random", "ratio"};
  return {
      choice_param("split", rules, manifest.split,
                   "what is held out: a user's latest or a random interaction, the latest of all, a random share"),
      {.name = "test_fraction",
       .real = true,
       .default_value = 0.1,
       .min = 1e-6,
       .max = 0.9,
       .help = "temporal, ratio: share of the interactions held out"},
      {.name = "min_rating", .real = true, .default_value = 0, .min = 0, .max = 10, .help = "least that counts"},
      {.name = "core", .default_value = 0, .min = 0, .max = 1e6, .help = "least interactions of a user, of an item"},
      negatives_param,
      negative_law_param({"uniform", "popularity"})};
}

UnavailableError not_here(const Manifest& manifest, const std::string& missing,
                          const std::vector<std::filesystem::path>& data_dirs) {
  std::string looked;
  for (const std::filesystem::path& dir : data_dirs) looked += (looked.empty() ? "" : ", ") + dir.string();
  return UnavailableError(
      fmt::format("data set '{}' is not here: no {} below {}. Get it with: frugal data fetch {}; or put "
                  "a copy below a folder given by --data-dir or FRUGAL_DATA",
                  manifest.name, missing, looked.empty() ? "any data folder" : looked, manifest.name));
}

}  // namespace

const std::vector<Manifest>& manifests() {
  static const std::vector<Manifest> all = [] {
    std::vector<Manifest> parsed;
    for (const auto& [name, text] : embedded::manifests()) parsed.push_back(parse_manifest(name, text));
    std::sort(parsed.begin(), parsed.end(), [](const Manifest& a, const Manifest& b) { return a.name < b.name; });
    return parsed;
  }();
  return all;
}

const Manifest* find_manifest(std::string_view name) {
  const auto found = std::find_if(manifests().begin(), manifests().end(),
                                  [&](const Manifest& manifest) { return manifest.name == name; });
  return found == manifests().end() ? nullptr : &*found;
}

const std::vector<Generator>& generators() {
  static const std::vector<Generator> all{
      {"synthetic-interactions",
       "interactions",
       "users with tastes, items with a popularity law: low rank by construction, streams at any size",
       {{.name = "users", .default_value = 2000, .min = 1, .max = 1e8, .help = "number of users"},
        {.name = "items", .default_value = 1000, .min = 2, .max = 1e8, .help = "number of items"},
        {.name = "interactions", .default_value = 100'000, .min = 1, .max = 1e10, .help = "number of distinct pairs"},
        {.name = "rank", .default_value = 8, .min = 1, .max = 4096, .help = "number of planted tastes"},
        {.name = "popularity", .real = true, .default_value = 0.9, .min = 0, .max = 3, .help = "exponent of the law"},
        {.name = "signal",
         .real = true,
         .default_value = 0.95,
         .min = 0,
         .max = 1,
         .help = "share of interactions that follow the user's tastes; the rest follow popularity"},
        negatives_param,
        negative_law_param({"uniform", "popularity"})}},
      {"synthetic-clicks",
       "clicks",
       "a planted logistic model with effects per id and pairwise interactions; its Bayes AUC is known",
       {{.name = "examples", .default_value = 100'000, .min = 1, .max = 1e10, .help = "training examples"},
        {.name = "test_examples", .default_value = 20'000, .min = 2, .max = 1e9, .help = "test examples"},
        {.name = "tables", .default_value = 8, .min = 1, .max = 1024, .help = "categorical features"},
        {.name = "rows", .default_value = 1000, .min = 1, .max = 4e9, .help = "ids a categorical feature"},
        {.name = "dense_features", .default_value = 13, .min = 1, .max = 4096, .help = "dense features"},
        {.name = "signal",
         .real = true,
         .default_value = 2,
         .min = 0,
         .max = 20,
         .help = "standard deviation of the logit"}}},
      {"synthetic-photo", "image", "sky, ridges with sharp edges and texture at all scales, at any size", {}},
      {"synthetic-audio",
       "audio",
       "gliding notes with overtones and a little noise, at 16 kHz",
       {{.name = "samples", .default_value = 16'384, .min = 1, .max = 1e8, .help = "number of samples"}}},
      {"synthetic-volume",
       "volume",
       "truncated signed distance of a blend of spheres and a ring",
       {{.name = "side", .default_value = 32, .min = 1, .max = 1024, .help = "samples along each dimension"}}},
  };
  return all;
}

std::string generator_kind(std::string_view name) {
  const auto found = std::find_if(generators().begin(), generators().end(),
                                  [&](const Generator& generator) { return generator.name == name; });
  return found == generators().end() ? "" : found->kind;
}

bool is_signal(std::string_view kind) {
  return kind == "image" || kind == "audio" || kind == "volume" || kind == "signal";
}

std::vector<DatasetEntry> dataset_entries() {
  std::vector<DatasetEntry> entries;
  for (const Manifest& manifest : manifests()) {
    if (manifest.kind == "attributes") continue;  // they come with the interactions they describe
    entries.push_back({manifest.name, manifest.kind, manifest.title, manifest.licence});
  }
  for (const Generator& generator : generators()) {
    entries.push_back({generator.name, generator.kind, generator.help, "generated"});
  }
  entries.push_back({std::string(own_file), "signal",
                     "a file of your own, named by params.inr.image: PNG, WAV, or a NumPy .npy volume or video",
                     "yours"});
  return entries;
}

const std::vector<GeneratorParam>& dataset_params(std::string_view name) {
  static const std::map<std::string, std::vector<GeneratorParam>, std::less<>> of_interactions = [] {
    std::map<std::string, std::vector<GeneratorParam>, std::less<>> of;
    for (const Manifest& manifest : manifests())
      if (manifest.kind == "interactions") of[manifest.name] = interactions_params(manifest);
    return of;
  }();
  static const std::vector<GeneratorParam> of_clicks{
      {.name = "rows_per_table",
       .default_value = 100'000,
       .min = 2,
       .max = 4e9,
       .help = "rows a category is hashed into"},
      {.name = "examples", .default_value = 0, .min = 0, .max = 1e10, .help = "lines to read from the start; 0: all"}};
  static const std::vector<GeneratorParam> of_rating_clicks{{.name = "label_rating",
                                                             .real = true,
                                                             .default_value = 4,
                                                             .min = 0,
                                                             .max = 10,
                                                             .help = "least rating whose label is 1"},
                                                            {.name = "test_fraction",
                                                             .real = true,
                                                             .default_value = 0.1,
                                                             .min = 1e-6,
                                                             .max = 0.9,
                                                             .help = "random share of the ratings held out"}};
  static const std::vector<GeneratorParam> of_signals;
  for (const Generator& generator : generators()) {
    if (generator.name == name) return generator.params;
  }
  if (name == own_file) return of_signals;
  const Manifest* const manifest = find_manifest(name);
  if (!manifest) {
    std::vector<std::string> known;
    for (const DatasetEntry& entry : dataset_entries()) known.push_back(entry.name);
    throw UserError(unknown_word("data set", name, known));
  }
  if (manifest->kind == "interactions") return of_interactions.find(name)->second;
  if (manifest->kind == "clicks") return manifest->attributes.empty() ? of_clicks : of_rating_clicks;
  return of_signals;
}

std::map<std::string, double> resolve_params(const Json& dataset) {
  const auto name = dataset.at("name").get<std::string>();
  const std::vector<GeneratorParam>& params = dataset_params(name);
  std::map<std::string, double> values;
  std::vector<std::string> known;
  for (const GeneratorParam& param : params) {
    known.push_back(param.name);
    values[param.name] = param.default_value;
  }
  for (const auto& [key, value] : dataset.items()) {
    if (key == "name") continue;
    const auto param =
        std::find_if(params.begin(), params.end(), [&](const GeneratorParam& p) { return p.name == key; });
    if (param == params.end()) throw UserError(unknown_word("parameter of " + name, key, known));
    if (!param->choices.empty()) {
      const std::string word = value.is_string() ? value.get<std::string>() : value.dump();
      const auto choice = std::find(param->choices.begin(), param->choices.end(), word);
      if (choice == param->choices.end()) throw UserError(unknown_word(name + ": " + key, word, param->choices));
      values[key] = static_cast<double>(choice - param->choices.begin());
      continue;
    }
    if (!value.is_number() || (!param->real && !value.is_number_integer())) {
      throw UserError(fmt::format("{}: '{}' must be {}", name, key, param->real ? "a number" : "an integer"));
    }
    const auto number = value.get<double>();
    if (!(number >= param->min && number <= param->max)) {
      throw UserError(
          fmt::format("{}: '{}' must be between {} and {}, not {}", name, key, param->min, param->max, number));
    }
    values[key] = number;
  }
  return values;
}

std::string why_invalid_dataset(const Json& dataset) {
  const Params params = resolve_params(dataset);
  const auto name = dataset.at("name").get<std::string>();
  if (name == "synthetic-interactions")
    return why_invalid(interactions_spec(params), static_cast<int>(params.at("negatives")));
  if (name == "synthetic-clicks") return why_invalid(clicks_spec(params));
  return "";
}

std::optional<std::filesystem::path> locate(const ManifestFile& file,
                                            const std::vector<std::filesystem::path>& data_dirs) {
  for (const std::filesystem::path& dir : data_dirs) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(dir / file.path, ignored)) return dir / file.path;
  }
  return std::nullopt;
}

std::vector<std::filesystem::path> locate_all(const Manifest& manifest,
                                              const std::vector<std::filesystem::path>& data_dirs) {
  std::vector<std::filesystem::path> found;
  std::string missing;
  for (const ManifestFile& file : manifest.files) {
    if (const auto path = locate(file, data_dirs)) {
      found.push_back(*path);
    } else {
      missing += (missing.empty() ? "" : ", ") + file.path;
    }
  }
  if (!missing.empty()) throw not_here(manifest, missing, data_dirs);
  return found;
}

const ManifestFile& choose_picture(const Manifest& manifest, const std::string& image, int size) {
  std::vector<const ManifestFile*> candidates;
  std::vector<std::string> known;
  for (const ManifestFile& file : manifest.files) {
    const std::filesystem::path path(file.path);
    if (file.path == image || path.filename() == image || path.stem() == image) return file;
    if (image.empty() || path.stem().string().starts_with(image + "_")) candidates.push_back(&file);
    known.push_back(path.filename().string());
  }
  if (candidates.empty()) throw UserError(unknown_word("file of " + manifest.name, image, known));
  const std::string suffix = fmt::format("_{}", size);
  const auto exact = std::find_if(candidates.begin(), candidates.end(), [&](const ManifestFile* file) {
    return std::filesystem::path(file->path).stem().string().ends_with(suffix);
  });
  return exact == candidates.end() ? *candidates.back() : **exact;
}

std::filesystem::path locate_one(const Manifest& manifest, const ManifestFile& file,
                                 const std::vector<std::filesystem::path>& data_dirs) {
  if (const auto path = locate(file, data_dirs)) return *path;
  throw not_here(manifest, file.path, data_dirs);
}

FileCheck check_file(const ManifestFile& file, const std::vector<std::filesystem::path>& data_dirs) {
  const auto path = locate(file, data_dirs);
  if (!path) return {FileState::missing, {}, "missing"};
  std::string sha;
  if (!file.sha256.empty() || !file.also_sha256.empty()) sha = sha256_file(*path);
  if (std::find(file.also_sha256.begin(), file.also_sha256.end(), sha) != file.also_sha256.end()) {
    return {FileState::good, *path, "sha256 of a known variant"};
  }
  const std::uint64_t bytes = std::filesystem::file_size(*path);
  if (file.bytes != 0 && bytes != file.bytes) {
    return {FileState::wrong_size, *path, fmt::format("{} bytes, should be {}", bytes, file.bytes)};
  }
  const auto compare = [&](const char* kind, const std::string& published, const std::string& actual) -> FileCheck {
    if (published == actual) return {FileState::good, *path, kind};
    return {FileState::wrong_hash, *path, fmt::format("{} {}, should be {}", kind, actual, published)};
  };
  if (!file.sha256.empty()) return compare("sha256", file.sha256, sha);
  if (!file.git_blob.empty()) return compare("git blob", file.git_blob, git_blob_id(*path));
  if (!file.md5.empty()) return compare("md5", file.md5, md5_file(*path));
  return {FileState::size_only, *path, "no published hash: size only"};
}

}  // namespace frugal::data
