// `frugal data`: which data sets there are, whether the local files are the published ones, and how to get or make
// them.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "datasets/catalog/check.hpp"
#include "datasets/catalog/fetch.hpp"
#include "datasets/catalog/locate.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/write_synthetic.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

using DataDirs = std::vector<std::filesystem::path>;

constexpr const char* data_usage = R"(frugal data - data sets

  frugal data list                 every data set and generator, and which are here
  frugal data verify [NAME...]     hash local files against their manifests (no NAME: all that are here)
  frugal data fetch NAME [--to DIR]
                                   download, check and put it below DIR (default: the cache)
  frugal data make NAME --out FILE [--param KEY=VALUE]... [--seed N]
                                   write a generated data set to a file; its ending chooses the format

Files are looked for below --data-dir DIR, the folders of FRUGAL_DATA and the cache, in this order.
Exit codes: 0 ok, 2 bad usage or a file that is not the published one, 4 missing or not to be had.
)";

int bad_usage(const std::string& message) {
  fmt::print(stderr, "frugal data: {}\nsee: frugal data --help\n", message);
  return exit_usage;
}

/// "12.9 MB"; decimal units, as publishers state sizes.
std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* const next : {"kB", "MB", "GB", "TB"}) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return fmt::format("{:.1f} {}", value, unit);
}

struct Presence {
  std::size_t found = 0;
  std::uint64_t bytes = 0;
};

Presence presence_of(const data::Manifest& manifest, const DataDirs& data_dirs) {
  Presence presence;
  for (const data::ManifestFile& file : manifest.files) {
    if (const auto path = data::locate(file, data_dirs)) {
      ++presence.found;
      presence.bytes += std::filesystem::file_size(*path);
    }
  }
  return presence;
}

int list_data(const DataDirs& data_dirs) {
  fmt::print("{:<22} {:<13} {:<9} {:>9}  {}\n", "NAME", "KIND", "HERE", "SIZE", "LICENCE");
  for (const data::Manifest& manifest : data::manifests()) {
    const Presence presence = presence_of(manifest, data_dirs);
    const bool all = presence.found == manifest.files.size();
    const std::string here = all                   ? "yes"
                             : presence.found == 0 ? "missing"
                                                   : fmt::format("{} of {}", presence.found, manifest.files.size());
    fmt::print("{:<22} {:<13} {:<9} {:>9}  {}\n", manifest.name, to_word(data::kind_names, manifest.kind), here,
               presence.found ? human_bytes(presence.bytes) : "-", manifest.licence);
  }
  for (const data::Generator& generator : data::generators()) {
    fmt::print("{:<22} {:<13} {:<9} {:>9}  {}\n", generator.name, to_word(data::kind_names, generator.kind),
               "generated", "any", generator.help);
  }
  return exit_ok;
}

const data::Manifest& named_manifest(const std::string& name) {
  if (const data::Manifest* const manifest = data::find_manifest(name)) return *manifest;
  std::vector<std::string> known;
  for (const data::Manifest& manifest : data::manifests()) known.push_back(manifest.name);
  throw UserError(unknown_word("data set", name, known));
}

int verify_data(const Args& names, const DataDirs& data_dirs) {
  std::vector<const data::Manifest*> chosen;
  for (const std::string& name : names) chosen.push_back(&named_manifest(name));
  if (names.empty()) {
    for (const data::Manifest& manifest : data::manifests()) chosen.push_back(&manifest);
  }
  bool mismatch = false;
  bool missing = false;
  for (const data::Manifest* const manifest : chosen) {
    for (const data::ManifestFile& file : manifest->files) {
      const data::FileCheck check = data::check_file(file, data_dirs);
      const bool wrong = check.state == data::FileState::wrong_hash || check.state == data::FileState::wrong_size;
      if (check.state == data::FileState::missing && names.empty()) continue;
      missing |= check.state == data::FileState::missing;
      mismatch |= wrong;
      fmt::print("{:<8} {:<16} {}: {}\n",
                 wrong                ? "MISMATCH"
                 : check.path.empty() ? "missing"
                                      : "ok",
                 manifest->name, check.path.empty() ? file.path : check.path.string(), check.detail);
    }
  }
  return mismatch ? exit_usage : missing ? exit_unavailable : exit_ok;
}

int fetch_data(const Args& args, const DataDirs& data_dirs) {
  std::string name;
  std::filesystem::path folder = data_dirs.empty() ? std::filesystem::path() : data_dirs.back();
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--to") {
      if (++i == args.size()) return bad_usage("--to needs a folder");
      folder = args[i];
    } else if (args[i].starts_with("-") || !name.empty()) {
      return bad_usage(fmt::format("unexpected '{}'", args[i]));
    } else {
      name = args[i];
    }
  }
  if (name.empty()) return bad_usage("fetch what? give a name from 'frugal data list'");
  if (folder.empty()) return bad_usage("no data folder is known: give one with --to");
  const data::Manifest& manifest = named_manifest(name);
  fmt::print(stderr, "{}\n  licence:  {}\n  cite:     {}\n", manifest.title, manifest.licence, manifest.citation);
  data::fetch(manifest, folder, [](const std::string& line) { fmt::print(stderr, "{}\n", line); });
  return exit_ok;
}

/// KEY=VALUE. Throws UserError.
void set_param(Json& dataset, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) throw UserError(fmt::format("'{}' is not KEY=VALUE", text));
  const std::string word = text.substr(equals + 1);
  const Json value = Json::parse(word, nullptr, false);
  dataset[text.substr(0, equals)] = value.is_discarded() ? Json(word) : value;
}

int make_data(const Args& args) {
  Json dataset = Json::object();
  std::string out;
  std::uint64_t seed = 0;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--out" || args[i] == "--param" || args[i] == "--seed") {
      const std::string& option = args[i];
      if (++i == args.size()) return bad_usage(fmt::format("{} needs a value", option));
      if (option == "--out") out = args[i];
      if (option == "--param") set_param(dataset, args[i]);
      if (option == "--seed") {
        const char* const end = args[i].data() + args[i].size();
        const auto [stop, error] = std::from_chars(args[i].data(), end, seed);
        if (error != std::errc() || stop != end)
          return bad_usage(fmt::format("'{}' is no seed: give an integer", args[i]));
      }
    } else if (args[i].starts_with("-") || dataset.contains("name")) {
      return bad_usage(fmt::format("unexpected '{}'", args[i]));
    } else {
      dataset["name"] = args[i];
    }
  }
  if (!dataset.contains("name")) return bad_usage("make what? give a generator from 'frugal data list'");
  if (out.empty()) return bad_usage("make needs --out FILE");
  // A picture's size is a parameter of the file only: a plan asks for the size it needs.
  int size = 512;
  if (dataset["name"] == "synthetic-photo" && dataset.contains("size")) {
    if (!dataset["size"].is_number_integer() || dataset["size"] < 1 || dataset["size"] > 16384) {
      return bad_usage("size must be an integer between 1 and 16384");
    }
    size = dataset["size"].get<int>();
    dataset.erase("size");
  }
  data::write_synthetic(data::complete_dataset(dataset), out, size, seed);
  fmt::print(stderr, "wrote {}\n", out);
  return exit_ok;
}

}  // namespace

int run_data_verb(const std::vector<std::string>& args, const std::vector<std::filesystem::path>& data_dirs) {
  const bool help = std::find(args.begin(), args.end(), "--help") != args.end() ||
                    std::find(args.begin(), args.end(), "-h") != args.end();
  if (help) {
    fmt::print("{}", data_usage);
    return exit_ok;
  }
  if (args.empty()) return bad_usage("which of list, verify, fetch, make?");
  const Args rest(args.begin() + 1, args.end());
  if (args[0] == "list") {
    if (!rest.empty()) return bad_usage(fmt::format("unexpected '{}'", rest[0]));
    return list_data(data_dirs);
  }
  if (args[0] == "verify") return verify_data(rest, data_dirs);
  if (args[0] == "fetch") return fetch_data(rest, data_dirs);
  if (args[0] == "make") return make_data(rest);
  const std::vector<std::string> known{"list", "verify", "fetch", "make"};
  return bad_usage(unknown_word("action", args[0], known));
}

}  // namespace frugal::harness
