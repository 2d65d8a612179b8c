#include "benchmarks/harness/cli/inspect_signals.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/data_folders.hpp"
#include "benchmarks/harness/cli/own_data.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/plan/plan.hpp"
#include "datasets/formats/signal_file.hpp"
#include "datasets/load/signal.hpp"
#include "impl/base/error.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

/// own_colours: without it a grey picture would be trained as three channels.
std::string plan_text(const std::string& path, bool own_colours, const std::vector<int>& grids) {
  return fmt::format(
      "schema: 1\nname: mine\nworkload: inr\nbackend: cpu\ndataset: {{name: file, path: {}}}\n"
      "params: {{inr: {{steps: 500{}}}}}\nmatrix: {{params.inr.grid: [{}]}}\nseeds: [1, 2, 3]\n",
      Json(path).dump(), own_colours ? ", colour: own" : "", fmt::join(grids, ", "));
}

/// A plan with those of the usual grids that fit all signals: a small one may fit none, and is one tile.
std::string plan_that_fits(const Call& call, const std::string& path, bool own_colours) {
  const auto parse = [&](const std::vector<int>& grids) {
    parse_plan(plan_text(path, own_colours, grids), path, {}, call.workloads, data_dirs_from({}));
  };
  std::vector<int> fitting;
  for (const int grid : {2, 4, 8}) {
    try {
      parse({grid});
      fitting.push_back(grid);
    } catch (const UserError&) {  // one tile tells whether it was the grid
    }
  }
  if (fitting.empty()) {
    fitting = {1};
    parse(fitting);
  }
  return plan_text(path, own_colours, fitting);
}

struct Content {
  std::string words;
  bool is_grey;  ///< a picture of one channel
};

/// What the file holds. Throws UserError as a run that reads it.
Content content_of(const std::string& file) {
  const data::Signal signal = data::read_signal(file, data::signal_format(file));
  return {data::file_content(file), signal.shape.size() == 2 && signal.channels == 1};
}

void print_plan(const Call& call, const std::string& path, bool own_colours) {
  fmt::print("\na plan for {}; save it as mine.yaml, then: frugal run mine.yaml\n\n{}",
             std::filesystem::is_directory(path) ? "them" : "it", plan_that_fits(call, path, own_colours));
}

void print_left_out(const std::vector<std::string>& names) {
  constexpr std::size_t most = 5;
  if (names.empty()) return;
  std::string list;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) list += (i > 0 ? ", " : "") + shown(names[i]);
  fmt::print("\nleft out, as no picture, sound or volume by the end of its name: {}{}\n", list,
             names.size() > most ? fmt::format(" and {} more", names.size() - most) : "");
}

int inspect_folder(const Call& call, const std::string& folder) {
  const std::vector<std::string> files = data::signals_in(folder);
  if (files.empty())
    throw UserError(Place{folder}, "this folder holds no picture, sound or volume; of a table name the file");
  std::vector<std::vector<std::string>> rows = {{"file", "size", "holds"}};
  std::vector<std::string> refused;
  bool any_grey = false;
  for (const std::string& file : files) {
    try {
      Content content = content_of(file);
      any_grey = any_grey || content.is_grey;
      rows.push_back({std::filesystem::path(file).filename().string(), size_text(std::filesystem::file_size(file)),
                      std::move(content.words)});
    } catch (const UserError& error) {
      refused.push_back(error.what());
    }
  }
  fmt::print("{}: {} of {} files can be read\n\n{}", folder, rows.size() - 1, files.size(), text_table(rows, 2));
  print_left_out(data::unknown_files_in(folder));
  fmt::print("\nwhat is refused\n");
  for (const std::string& reason : refused) fmt::print("  {}\n", reason);
  if (!refused.empty()) {
    fmt::print("\nmend these files or move them away: a plan reads all of the folder\n");
    return exit_usage;
  }
  fmt::print("  nothing\n");
  print_plan(call, folder, any_grey);
  return exit_ok;
}

}  // namespace

int inspect_signals(const Call& call, const std::string& path) {
  if (std::filesystem::is_directory(path)) return inspect_folder(call, path);
  const Content content = content_of(path);
  fmt::print("{}: {}, {}\n", path, size_text(std::filesystem::file_size(path)), content.words);
  print_plan(call, path, content.is_grey);
  return exit_ok;
}

}  // namespace frugal::harness
