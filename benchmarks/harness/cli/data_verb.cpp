// `frugal data`: which data sets there are, whether the local files are the published ones, and how to get or make
// them.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/data_folders.hpp"
#include "benchmarks/harness/cli/own_data.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "datasets/catalog/check.hpp"
#include "datasets/catalog/croissant.hpp"
#include "datasets/catalog/fetch.hpp"
#include "datasets/catalog/locate.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/write_synthetic.hpp"
#include "impl/base/number.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

using DataDirs = std::vector<std::filesystem::path>;

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

int list_data(const Call& call) {
  const DataDirs data_dirs = data_dirs_from(call.all("data-dir"));
  fmt::print("{:<22} {:<13} {:<9} {:>9}  {}\n", "NAME", "KIND", "HERE", "SIZE", "LICENCE");
  for (const data::Manifest& manifest : data::manifests(data_dirs)) {
    const Presence presence = presence_of(manifest, data_dirs);
    const bool all = presence.found == manifest.files.size();
    const std::string here = all                   ? "yes"
                             : presence.found == 0 ? "missing"
                                                   : fmt::format("{} of {}", presence.found, manifest.files.size());
    fmt::print("{:<22} {:<13} {:<9} {:>9}  {}\n", manifest.name, to_word(data::kind_names, manifest.kind), here,
               presence.found ? size_text(presence.bytes) : "-", manifest.licence);
  }
  for (const data::Generator& generator : data::generators()) {
    fmt::print("{:<22} {:<13} {:<9} {:>9}  {}\n", generator.name, to_word(data::kind_names, generator.kind),
               "generated", "any", generator.help);
  }
  return exit_ok;
}

const data::Manifest& named_manifest(const std::string& name, const DataDirs& data_dirs) {
  if (const data::Manifest* const manifest = data::find_manifest(name, data_dirs)) return *manifest;
  std::vector<std::string> known;
  for (const data::Manifest& manifest : data::manifests(data_dirs)) known.push_back(manifest.name);
  throw UserError(unknown_word("data set", name, known));
}

std::string_view verdict_word(const data::FileCheck& check) {
  if (check.differs()) return "MISMATCH";
  if (check.state == data::FileState::missing) return "missing";
  return check.state == data::FileState::unchecked ? "unchecked" : "ok";
}

int verify_data(const Call& call) {
  const DataDirs data_dirs = data_dirs_from(call.all("data-dir"));
  const Args& names = call.arguments;
  std::vector<const data::Manifest*> chosen;
  for (const std::string& name : names) chosen.push_back(&named_manifest(name, data_dirs));
  if (names.empty()) {
    for (const data::Manifest& manifest : data::manifests(data_dirs)) chosen.push_back(&manifest);
  }
  bool mismatch = false;
  bool missing = false;
  for (const data::Manifest* const manifest : chosen) {
    for (const data::ManifestFile& file : manifest->files) {
      const data::FileCheck check = data::check_file(file, data_dirs);
      if (check.state == data::FileState::missing && names.empty()) continue;
      missing |= check.state == data::FileState::missing;
      mismatch |= check.differs();
      fmt::print("{:<9} {:<16} {}: {}\n", verdict_word(check), manifest->name,
                 check.path.empty() ? file.path : check.path.string(), check.detail);
    }
  }
  return mismatch ? exit_usage : missing ? exit_unavailable : exit_ok;
}

int fetch_data(const Call& call) {
  const std::filesystem::path folder = call.one("to").value_or(data_cache_dir().string());
  std::vector<const data::Manifest*> chosen;
  for (const std::string& name : call.arguments) chosen.push_back(&named_manifest(name, data_dirs_from({})));
  bool missing = false;
  for (const data::Manifest* const manifest : chosen) {
    fmt::print(stderr, "{}\n  licence:  {}\n  cite:     {}\n", manifest->title, manifest->licence, manifest->citation);
    try {
      data::fetch(*manifest, folder, [](const std::string& line) { fmt::print(stderr, "{}\n", line); });
    } catch (const UnavailableError& error) {
      fmt::print(stderr, "frugal: {}\n", error.what());  // the others may come
      missing = true;
    }
  }
  return missing ? exit_unavailable : exit_ok;
}

std::uint64_t read_seed(const std::string& text) {
  const std::optional<std::uint64_t> seed = number_in<std::uint64_t>(text);
  if (!seed) throw UserError(fmt::format("--seed '{}': give an integer from 0", text));
  return *seed;
}

int describe_data(const Call& call) {
  const data::Manifest& manifest = named_manifest(call.arguments.at(0), data_dirs_from(call.all("data-dir")));
  fmt::print("{}", data::to_croissant(manifest));
  return exit_ok;
}

int make_data(const Call& call) {
  Json dataset = given_params(call, "users=1000");
  dataset["name"] = call.arguments.at(0);
  const int size = data::take_picture_size(dataset);
  const std::string out = call.one("out").value();
  data::write_synthetic(data::complete_dataset(dataset), out, size, read_seed(call.one("seed").value_or("0")));
  fmt::print(stderr, "wrote {}\n", out);
  return exit_ok;
}

OptionSpec param_option(const std::string& of) {
  return {.name = "param", .value = "KEY=VALUE", .help = "a parameter " + of, .repeatable = true};
}

OptionSpec as_option() {
  return {
      .name = "as",
      .value = "KIND",
      .help =
          "ratings or clicks; default: clicks where the header names a label, and not users and items; else ratings",
      .values = {.words = {"ratings", "clicks"}, .closed = true}};
}

Values manifest_names() {
  Values values;
  for (const data::Manifest& manifest : data::manifests({})) values.words.push_back(manifest.name);
  return values;
}

Values generator_names() {
  Values values;
  for (const data::Generator& generator : data::generators()) values.words.push_back(generator.name);
  return values;
}

}  // namespace

Verb data_verb() {
  const std::string order =
      "Files are looked for below --data-dir, the folders of FRUGAL_DATA and the cache, in this "
      "order.";
  return {
      .name = "data",
      .summary = "list, verify, fetch, inspect, add and make data sets",
      .help =
          "Which data sets there are, whether the local files are the published ones, how to get or make them, and what a file of your own is taken for. " +
          order + "\n\nExit code 2: a file is not the published one; 4: one is missing or not to be had.",
      .examples = {"frugal data list", "frugal data fetch ml-100k", "frugal data inspect ratings.csv"},
      .actions = {
          {.name = "data list",
           .summary = "every data set and generator, and which are here",
           .help = "Prints every data set with its kind, size and licence, whether its files are here, and every "
                   "generator. " +
                   order,
           .options = {data_dir_option()},
           .examples = {"frugal data list --data-dir /srv/data"},
           .run = list_data},
          {.name = "data verify",
           .summary = "hash local files against their manifests",
           .help = "Hashes local files against their manifests; without NAME: all that are here. " + order +
                   "\n\nOf some files neither hash nor size is published: they are 'unchecked', and no failure."
                   "\n\nExit code 2: a file is not the published one; 4: a file of NAME is missing.",
           .arguments = {{.name = "NAME", .least = 0, .most = 64, .values = manifest_names()}},
           .options = {data_dir_option()},
           .examples = {"frugal data verify", "frugal data verify ml-1m ml-1m-ncf"},
           .run = verify_data},
          {.name = "data fetch",
           .summary = "download data sets, check them, and put them into the cache",
           .help =
               "Downloads data sets one by one, tells their licences and how to cite them, checks the files and puts "
               "them below a folder.\n\nExit code 2: what came is not the published file, or another file lies in its place, which is left alone; 4: "
               "one is not to be had.",
           .arguments = {{.name = "NAME", .most = 64, .values = manifest_names()}},
           .options =
               {{.name = "to", .value = "DIR", .help = "the folder; default: the cache", .values = {.folders = true}}},
           .examples = {"frugal data fetch ml-100k", "frugal data fetch ml-1m ml-1m-ncf --to /srv/data"},
           .run = fetch_data},
          {.name = "data inspect",
           .summary = "what a file of ratings or of clicks of your own is taken for, and a plan for it",
           .help =
               "Reads a text table of ratings, purchases or plays, or of clicks, plain or compressed, and prints what its "
               "columns are taken for, the first rows as they are understood, counts, what looks wrong with its place, and a "
               "plan to paste. Of a picture, sound or volume, or a folder of them: its size, and a plan. --param sets what the data set 'file' takes: frugal list workloads.\n\nExit code 2: "
               "the file cannot be read, or not be understood.",
           .arguments = {{.name = "FILE", .values = {.files = true, .folders = true}}},
           .options = {as_option(), param_option("of the data set 'file'")},
           .examples = {"frugal data inspect ratings.csv",
                        "frugal data inspect log.tsv.gz --param columns.user=member --param columns.item=3",
                        "frugal data inspect ads.csv --as clicks --param 'columns.dense=[age, price]'"},
           .run = inspect_data},
          {.name = "data add",
           .summary = "make a file of your own a data set with a name",
           .help =
               "Copies a file of ratings or of clicks, or the three files of a split (NAME.train.rating, NAME.test.rating, NAME.test.negative), or pictures, sounds or volumes, into a data folder and writes NAME.yaml beside it, with size, hash and columns. From "
               "then on plans may say `dataset: NAME`, and a file that has changed is noticed.\n\nExit code 2: the "
               "name is taken, the file cannot be read, or something else lies where it would be copied to.",
           .arguments = {{.name = "NAME"}, {.name = "FILE", .most = 1000, .values = {.files = true}}},
           .options = {{.name = "to",
                        .value = "DIR",
                        .help = "the data folder; default: the cache",
                        .values = {.folders = true}},
                       as_option(),
                       param_option("of the data set 'file', as in data inspect"),
                       {.name = "title", .value = "TEXT", .help = "what it is; default: its name"},
                       {.name = "licence", .value = "TEXT", .help = "default: unknown"},
                       {.name = "citation", .value = "TEXT", .help = "whom to cite; default: unknown"}},
           .examples = {"frugal data add shop purchases.csv --param columns.user=customer --licence 'ours alone'",
                        "frugal data add ads log.csv.gz --as clicks", "frugal data add holiday beach.jpg dunes.jpg",
                        "frugal data add music lastfm.train.rating lastfm.test.rating lastfm.test.negative"},
           .run = add_data},
          {.name = "data croissant",
           .summary = "a data set's manifest for other tools",
           .help =
               "Prints the manifest of a data set in Croissant 1.0, the JSON-LD that registries of data sets read: where its "
               "files are to be had, their hashes, licence and citation, and the columns of a table that names them.",
           .arguments = {{.name = "NAME", .values = manifest_names()}},
           .options = {data_dir_option()},
           .examples = {"frugal data croissant ml-25m"},
           .run = describe_data},
          {.name = "data make",
           .summary = "write a generated data set to a file",
           .help = "Writes a generated data set to a file, whose ending chooses the format. What a generator takes: "
                   "frugal list workloads; a picture also takes size, in pixels a side.",
           .arguments = {{.name = "NAME", .values = generator_names()}},
           .options = {{.name = "out",
                        .value = "FILE",
                        .help = "the file to write",
                        .required = true,
                        .values = {.files = true}},
                       param_option("of the generator"),
                       {.name = "seed", .value = "N", .help = "of the generator; default: 0"}},
           .examples = {"frugal data make synthetic-interactions --param users=1000 --out ratings.csv",
                        "frugal data make synthetic-photo --param size=256 --out photo.png"},
           .run = make_data}}};
}

}  // namespace frugal::harness
