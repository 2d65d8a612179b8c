#include "benchmarks/harness/cli/own_data.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/data_folders.hpp"
#include "benchmarks/harness/cli/inspect_signals.hpp"
#include "benchmarks/harness/cli/option_values.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/plan/overrides.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "datasets/catalog/add.hpp"
#include "datasets/formats/click_table.hpp"
#include "datasets/formats/ncf.hpp"
#include "datasets/formats/ratings.hpp"
#include "datasets/formats/ratings_parts.hpp"
#include "datasets/formats/signal_file.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/inspect.hpp"
#include "datasets/load/signal.hpp"

namespace frugal::harness {
namespace {

using TextRows = std::vector<std::vector<std::string>>;

constexpr const char* column_example = "columns.user=member";

/// --as, or what the file looks like.
data::Kind own_kind(const Call& call, const std::filesystem::path& file, const Json& given) {
  if (const auto as = call.one("as")) return *as == "clicks" ? data::Kind::clicks : data::Kind::interactions;
  return data::likely_kind(file, given);
}

/// The three files of a split as He et al. 2017 publish it?
bool is_ncf(const std::vector<std::filesystem::path>& files) {
  const char* const endings[] = {".train.rating", ".test.rating", ".test.negative"};
  if (files.size() != std::size(endings)) return false;
  for (std::size_t k = 0; k < files.size(); ++k)
    if (!files[k].string().ends_with(endings[k])) return false;
  return true;
}

/// Pictures, sounds or volumes, of one kind; their content says how they are read, and all of it is.
bool are_signals(const std::vector<std::filesystem::path>& files, data::NewDataset& added) {
  if (!data::known_format(files.front())) return false;
  added.kind = data::signal_kind(files.front());
  added.reader = data::Reader::signal;
  for (const std::filesystem::path& file : files) {
    if (data::signal_kind(file) != added.kind)
      throw UserError(Place{file.string()},
                      fmt::format("this is of another kind than {}, which is of the kind {}: a data set is of one",
                                  files.front().string(), to_word(data::kind_names, added.kind)));
    data::read_signal(file, data::signal_format(file));
  }
  return true;
}

int add_to(const Call& call, const data::NewDataset& added, const std::vector<std::filesystem::path>& files) {
  const std::filesystem::path folder = call.one("to").value_or(data_cache_dir().string());
  std::vector<std::filesystem::path> data_dirs = data_dirs_from({});
  const bool searched = !add_data_dir(data_dirs, folder);
  const std::filesystem::path manifest = data::add_dataset(added, files, folder, data_dirs);
  fmt::print(stderr, "wrote {}: plans may say dataset: {}{}\n", manifest.string(), added.name,
             searched ? "" : fmt::format(" (with --data-dir {0}, or {0} in FRUGAL_DATA)", folder.string()));
  return exit_ok;
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  const TableEntry entry = number_entry(static_cast<double>(bytes), {}, "si", "B");
  return entry.text + entry.suffix;
}

Json given_params(const Call& call, const char* example) {
  Json params = Json::object();
  for (const std::string& text : call.all("param")) {
    const Override param = read_assignment("param", text, example);
    set_dotted(params, param.path, to_json(read_assigned(param, {"--param " + text})));
  }
  return params;
}

int inspect_data(const Call& call) {
  const std::string file = call.arguments.at(0);
  if (std::filesystem::is_directory(file) || data::known_format(file)) return inspect_signals(call, file);
  const Json given = given_params(call, column_example);
  const data::Kind kind = own_kind(call, file, given);
  const data::Inspection seen =
      kind == data::Kind::clicks ? data::inspect_clicks(file, given) : data::inspect_ratings(file, given);
  fmt::print("{}: {}, {}\n\n", file, size_text(std::filesystem::file_size(file)), seen.form);
  TextRows columns = {{"taken for", "column", "first values"}};
  columns.insert(columns.end(), seen.columns.begin(), seen.columns.end());
  fmt::print("{}\n", text_table(columns, 2));
  TextRows rows = {seen.heads};
  rows.insert(rows.end(), seen.rows.begin(), seen.rows.end());
  fmt::print("the first {}, as they are understood\n{}\n", kind == data::Kind::clicks ? "examples" : "interactions",
             text_table(rows, 2));
  TextRows counts;
  for (const auto& [name, value] : seen.counts) counts.push_back({name, value});
  fmt::print("counts\n{}\n", text_table(counts, 2));
  fmt::print("what looks wrong\n");
  for (const std::string& finding : seen.findings) fmt::print("  {}\n", finding);
  if (seen.findings.empty()) fmt::print("  nothing\n");
  if (seen.plan.empty())
    fmt::print("\nno plan for it can run: {}\n", seen.no_plan);
  else
    fmt::print("\na plan for it; save it as mine.yaml, then: frugal run mine.yaml\n\n{}", seen.plan);
  return exit_ok;
}

int add_data(const Call& call) {
  const std::vector<std::filesystem::path> files(call.arguments.begin() + 1, call.arguments.end());
  data::NewDataset added{.name = call.arguments.at(0),
                         .title = call.one("title").value_or(""),
                         .licence = call.one("licence").value_or(""),
                         .citation = call.one("citation").value_or("")};
  const Json given = given_params(call, column_example);
  if (is_ncf(files)) {
    added.reader = data::Reader::ncf;
    added.split = "given";
    added.negatives = data::read_ncf(files[0], files[1], files[2]).negatives_per_query;
    return add_to(call, added, files);
  }
  if (are_signals(files, added)) {
    refuse_options(call, {"as", "param"}, "is for tables; a picture, sound or volume says itself what it is");
    return add_to(call, added, files);
  }
  const bool parts = files.size() == 3;
  if (files.size() != 1 && !parts)
    throw UserError(
        "a data set of ratings or of clicks is one file; ratings that come split are three, in this order: train, "
        "validation, test; or NAME.train.rating, NAME.test.rating, NAME.test.negative");
  added.kind = own_kind(call, files.front(), given);
  if (parts && added.kind == data::Kind::clicks) throw UserError("a data set of clicks is one file");
  Json complete = given;
  complete["name"] = data::own_file;
  complete["path"] = files.front().string();
  complete = data::complete_dataset(complete, added.kind);
  if (added.kind == data::Kind::clicks) {
    added.reader = data::Reader::clicks;
    const data::ClickForm form = data::click_form(complete);
    added.table = data::settled_click_params(complete, data::click_layout(files.front(), form));
    data::read_click_log(files.front(), form, {.rows_per_table = complete.at("rows_per_table")});
    added.split = "random";
  } else {
    const data::RatingsLayout layout = data::ratings_layout(files.front(), data::ratings_form(complete));
    added.table = data::settled_params(complete, layout);
    added.split = parts ? "given" : layout.time ? "latest" : "random";
    const data::RatingsForm form = data::ratings_form(added.table);
    if (parts)
      data::read_ratings_parts(files, form);  // of one form, and no pair twice
    else
      data::read_ratings(files.front(), form);
  }
  for (const auto& [key, value] : given.items())
    if (!added.table.contains(key))
      throw UserError(
          fmt::format("--param {}: a data set says how its file is read, and a plan all else: put it there", key));
  return add_to(call, added, files);
}

}  // namespace frugal::harness
