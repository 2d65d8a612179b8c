#include "benchmarks/harness/report/caption.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "benchmarks/harness/study/origin_text.hpp"
#include "benchmarks/harness/study/stage_times.hpp"

namespace frugal::harness {
namespace {

constexpr const char* interval_words =
    "Mean over seeds ± half width of the 95% interval (Student t; none where all seeds agree)";

std::string n_sentence(const TableSpec& spec, const RowSet& set) {
  if (!spec.over.empty()) {
    std::set<std::size_t> units;
    for (const RowGroup& row : set.rows) units.insert(row.units(row.finished()));
    const std::string n = *units.begin() == *units.rbegin() ? std::to_string(*units.begin())
                                                            : fmt::format("{} to {}", *units.begin(), *units.rbegin());
    return fmt::format(
        "Mean over {0}, each the mean over its seeds, ± half width of the 95% interval over {0} "
        "(Student t; none where all agree); n = {1} {0}.",
        spec.over_title, n);
  }
  std::set<std::size_t> counts;
  std::set<std::uint64_t> seeds;
  for (const RowGroup& row : set.rows) {
    const std::vector<const CellRecord*> finished = row.finished();
    if (!finished.empty()) counts.insert(finished.size());
    for (const CellRecord* record : finished) seeds.insert(record->cell.seed);
  }
  if (counts.empty()) return "No cell ended well (n = 0).";
  const std::string which = seeds.size() <= 10 ? fmt::format(" ({})", fmt::join(seeds, ", ")) : "";
  // Of rows with one seed each, not the same one, the list would read as if each had them all.
  const bool lists = *counts.begin() > 1 || seeds.size() == 1;
  if (counts.size() == 1) return interval_sentence(*counts.begin(), lists ? which : "");
  return fmt::format("{}; n = {} to {} seeds, by row{}", interval_words, *counts.begin(), *counts.rbegin(),
                     counts.contains(1) ? "; rows with n = 1 have no interval." : ".");
}

std::string repeats_sentence(const RowSet& set) {
  std::set<std::size_t> repeats;
  for (const RowGroup& row : set.rows) {
    for (const CellRecord* record : row.finished()) {
      if (const std::size_t n = stage_samples(*record, "total").size()) repeats.insert(n);
    }
  }
  if (repeats.empty()) return "";
  if (*repeats.rbegin() == 1) return "Times: wall clock, one run a seed.";
  return *repeats.begin() == *repeats.rbegin()
             ? fmt::format("Times: wall clock, median of {} runs a seed.", *repeats.begin())
             : fmt::format("Times: wall clock, median of {} to {} runs a seed.", *repeats.begin(), *repeats.rbegin());
}

/// "photo.png: 4000 x 3000 RGB of 8 bits, sha256 1a2b3c4d5e6f; ...".
std::string own_files_text(const std::set<std::string>& files) {
  constexpr std::size_t most = 6;
  std::vector<std::string> shown(files.begin(), std::next(files.begin(), std::min(most, files.size())));
  if (files.size() > most) shown.push_back(fmt::format("and {} more", files.size() - most));
  return fmt::format("{}", fmt::join(shown, "; "));
}

/// What of a data set must be told beside its name.
struct DataFacts {
  std::string name;
  std::set<std::string> modified;  ///< files that were not the published ones
  std::set<std::string> own;       ///< a user's own files and what they are
};

/// "ml-100k", or "ml-100k (modified: u.data)", or "file (photo.png: ...)"; each data set once.
std::vector<std::string> data_texts(const RowSet& set) {
  std::vector<DataFacts> data;
  for (const RowGroup& row : set.rows) {
    for (const CellRecord* record : row.records) {  // a row over data sets has several
      const std::string name = record->cell.dataset.at("name");
      auto known = std::ranges::find(data, name, &DataFacts::name);
      if (known == data.end()) known = data.insert(data.end(), {name, {}, {}});
      if (record->status != Status::ok) continue;
      for (const InputRecord& input : record->inputs) {
        const std::string file = value_text(Json(std::filesystem::path(input.file).filename().string()));
        if (input.modified) known->modified.insert(file);
        if (!input.content.empty())
          known->own.insert(fmt::format("{}: {}, sha256 {}", file, input.content, input.sha256.substr(0, 12)));
      }
    }
  }
  std::vector<std::string> texts;
  for (const auto& [name, modified, own] : data) {
    texts.push_back(name);
    if (!modified.empty()) texts.back() += fmt::format(" (modified: {})", fmt::join(modified, ", "));
    if (!own.empty()) texts.back() += fmt::format(" ({})", own_files_text(own));
  }
  return texts;
}

/// How the data were held out and tested, each way once: seeds may differ in what they count.
std::string protocols_text(const RowSet& set) {
  constexpr std::size_t most = 3;
  std::vector<std::string> protocols;
  for (const RowGroup& row : set.rows)
    for (const CellRecord* record : row.finished())
      if (!record->protocol.empty() && std::ranges::find(protocols, record->protocol) == protocols.end())
        protocols.push_back(record->protocol);
  const std::size_t others = protocols.size() > most ? protocols.size() - most : 0;
  protocols.resize(protocols.size() - others);
  return fmt::format("{}{}", fmt::join(protocols, "; or "), others > 0 ? fmt::format("; or {} more ways", others) : "");
}

/// "smoke (2025-01-31T12:00:00Z)".
std::string run_words(const Run& run) { return fmt::format("{} ({})", run.provenance.name, run.provenance.started); }

const Run& run_of(const CellRecord* record, std::span<const Run> runs) {
  return *std::ranges::find_if(
      runs, [&](const Run& run) { return record >= run.cells.data() && record < run.cells.data() + run.cells.size(); });
}

/// All of a record but where it is written: the same in a shard and in the run that it was merged into.
Json content_of(const CellRecord& record) {
  Json content = record.to_json();
  content.erase("machine");
  return content;
}

/// Of cells that several runs have, whose records the table shows.
std::vector<std::string> stand_in_sentences(const CaptionFacts& facts) {
  std::map<std::pair<std::string, std::string>, std::size_t> cells;  // run that is shown, run that is not
  for (const RowGroup& row : facts.set.rows)
    for (const CellRecord* record : row.left_out) {
      const Json cell = record->cell.to_json();
      const auto shown = std::ranges::find_if(row.records, [&](const CellRecord* other) {
        return other->cell.seed == record->cell.seed && other->cell.to_json() == cell;
      });
      if (content_of(**shown) == content_of(*record)) continue;
      ++cells[{run_words(run_of(*shown, facts.runs)), run_words(run_of(record, facts.runs))}];
    }
  std::vector<std::string> sentences;
  sentences.reserve(cells.size());
  for (const auto& [runs, count] : cells)
    sentences.push_back(fmt::format("Of {} cell{} the record of run {} is shown, and not that of run {}.", count,
                                    count == 1 ? "" : "s", runs.first, runs.second));
  return sentences;
}

}  // namespace

std::string interval_sentence(std::size_t n, const std::string& which) {
  if (n == 1) return fmt::format("n = 1: one seed{}, so no interval.", which);
  return fmt::format("{}; n = {} seeds{}.", interval_words, n, which);
}

std::string run_sentence(const Run& run) {
  const Provenance& provenance = run.provenance;
  std::vector<std::string> build;
  for (const char* key : {"type", "compiler"}) {
    const Json* value = cell_value(provenance.build, key);
    if (value && value->is_string() && *value != Json("")) build.push_back(value->get<std::string>());
  }
  const std::string commit = commit_text(provenance);
  const auto disowned = std::ranges::count(run.cells, true, &CellRecord::disowned);
  const std::string left_out =
      disowned == 0
          ? ""
          : fmt::format(
                " The times of {} cells are left out: {}.",
                disowned == std::ssize(run.cells) ? "all" : fmt::format("{} of its {}", disowned, run.cells.size()),
                provenance.disturbed->why);
  const std::string to_do = to_do_text(run);
  const std::string unfinished = to_do.empty() ? "" : fmt::format(" It is not finished: {}.", to_do);
  return fmt::format("Run {}: {}; {}{}{}.{}{}", run_words(run), machine_text(provenance),
                     commit == "unknown commit" ? "" : "commit ", commit,
                     build.empty() ? "" : fmt::format(" ({})", fmt::join(build, ", ")), unfinished, left_out);
}

/// Of cells whose trainings earlier tries had begun; empty where there are none.
std::string tries_sentence(const RowSet& set) {
  std::ptrdiff_t cells = 0;
  for (const RowGroup& row : set.rows)
    cells += std::ranges::count_if(row.finished(), [](const CellRecord* record) { return !record->taken_up.empty(); });
  if (cells == 0) return "";
  return fmt::format("{} stopped and gone on with (limits.checkpoint_s): times are sums over all tries, marked ~.",
                     cells == 1 ? "1 cell was" : fmt::format("{} cells were", cells));
}

std::vector<std::string> make_caption(const CaptionFacts& facts) {
  std::vector<std::string> caption{n_sentence(facts.spec, facts.set)};
  const auto add = [&](const char* what, const std::string& path) {
    std::vector<std::string> values = texts_at(facts.set, path);
    std::erase(values, "-");
    if (!values.empty()) caption.push_back(fmt::format("{}: {}.", what, fmt::join(values, ", ")));
  };
  if (const std::vector<std::string> data = data_texts(facts.set); !data.empty())
    caption.push_back(fmt::format("Data: {}.", fmt::join(data, ", ")));
  if (const std::string protocols = protocols_text(facts.set); !protocols.empty())
    caption.push_back(fmt::format("Held out: {}.", protocols));
  if (!facts.settings.empty())
    caption.push_back(fmt::format("Settings that are not the defaults: {}.", facts.settings));
  add("Back end", "backend");
  add("Implementation", "implementation");
  if (facts.times) {
    for (std::string& sentence : std::vector{repeats_sentence(facts.set), tries_sentence(facts.set)})
      if (!sentence.empty()) caption.push_back(std::move(sentence));
    std::set<std::string> clocks;
    for (const Run& run : facts.runs) {
      const auto clock = run.provenance.clocks.find(facts.spec.workload);
      if (clock != run.provenance.clocks.end() && clocks.insert(clock->second).second) caption.push_back(clock->second);
    }
  }
  for (const Run& run : facts.runs) {
    const bool used = std::ranges::any_of(run.cells, [&](const CellRecord& cell) {
      return std::ranges::any_of(facts.set.rows, [&](const RowGroup& row) {
        return std::ranges::find(row.records, &cell) != row.records.end();
      });
    });
    if (used) caption.push_back(run_sentence(run));
  }
  for (std::string& sentence : stand_in_sentences(facts)) caption.push_back(std::move(sentence));
  return caption;
}

}  // namespace frugal::harness
