#include "benchmarks/harness/report/user_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/record/artifacts.hpp"
#include "benchmarks/harness/report/caption.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"
#include "benchmarks/harness/study/origin_text.hpp"
#include "benchmarks/harness/study/paired_users.hpp"
#include "benchmarks/harness/study/select.hpp"
#include "benchmarks/harness/study/statistics.hpp"
#include "benchmarks/harness/workload.hpp"
#include "impl/base/files.hpp"
#include "impl/base/number.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

using ByUser = std::map<std::string, double>;

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line)
    if (c == '\t')
      fields.emplace_back();
    else
      fields.back() += c;
  return fields;
}

[[noreturn]] void refuse(const std::filesystem::path& file, int line, const std::string& why) {
  throw UserError(Place{file.string(), line}, why);
}

double number_of(const std::string& field, const std::filesystem::path& file, int line) {
  const std::optional<double> value = number_in<double>(field);
  if (!value || !std::isfinite(*value)) refuse(file, line, "no number: " + field);
  return *value;
}

/// A column of a users_file.
ByUser read_users(const std::filesystem::path& file, const std::string& metric) {
  const std::string text = read_whole_file(file);
  ByUser values;
  std::size_t column = 0;
  std::size_t columns = 0;
  int number = 0;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    const std::vector<std::string> fields = fields_of(text.substr(from, end - from));
    from = end + 1;
    if (++number == 1) {
      const auto named = std::ranges::find(fields, metric);
      if (named == fields.end() || named == fields.begin())
        throw UserError(Place{file.string()}, unknown_word("metric", metric, {fields.begin() + 1, fields.end()}));
      column = static_cast<std::size_t>(named - fields.begin());
      columns = fields.size();
      continue;
    }
    if (fields.size() != columns) refuse(file, number, fmt::format("{} values, not {}", fields.size(), columns));
    values[fields.front()] = number_of(fields[column], file, number);
  }
  if (values.empty()) refuse(file, 0, "holds no user");
  return values;
}

struct Model {
  CellGroup group;
  std::map<std::uint64_t, ByUser> seeds;
};

std::optional<std::filesystem::path> export_of(const Run& run, const CellRecord& record) {
  const std::filesystem::path file = artifacts_of(run.folder, record.id) / export_name / users_file;
  return std::filesystem::exists(file) ? std::optional(file) : std::nullopt;
}

/// Those with an export.
std::vector<Model> models_of(std::span<const Run> runs, const std::string& metric, std::size_t& without) {
  std::vector<Model> models;
  for (const Run& run : runs)
    for (CellGroup& group : group_cells(run)) {
      Model model;
      for (const CellRecord* record : group.finished())
        if (const auto file = export_of(run, *record)) model.seeds[record->cell.seed] = read_users(*file, metric);
      if (model.seeds.empty()) {
        ++without;
        continue;
      }
      model.group = std::move(group);
      models.push_back(std::move(model));
    }
  if (models.empty())
    throw UserError(fmt::format(
        "none of these cells has left {} by user: cells of the workload cadc do, of a plan that was run with "
        "--set export=true",
        metric));
  return models;
}

/// Data set -> the model that others of it are compared with.
std::map<std::string, const Model*> references_of(const std::vector<Model>& models, const std::string& against,
                                                  const CellLabels& labels) {
  std::vector<const Json*> cells;
  cells.reserve(models.size());
  for (const Model& model : models) cells.push_back(&model.group.cell);
  const auto where = read_where("against", against, cells);
  std::map<std::string, const Model*> references;
  for (const Model& model : models) {
    if (!matches(model.group.cell, where)) continue;
    const Model*& reference = references[model.group.cell.at("dataset").dump()];
    if (reference)
      throw UserError(fmt::format("--against {} names several cells, {} and {}: say more of it", against,
                                  labels.of(reference->group.cell), labels.of(model.group.cell)));
    reference = &model;
  }
  if (references.empty()) throw UserError(fmt::format("--against {} names no cell with an export", against));
  return references;
}

/// By user, of the seeds that both have; both must have tested the same users.
struct Pairs {
  std::vector<std::uint64_t> seeds;
  std::vector<double> model;
  std::vector<double> difference;
};

Pairs pairs_of(const Model& model, const Model& reference, const CellLabels& labels) {
  Pairs pairs;
  std::map<std::string, std::pair<double, double>> sums;  // (model, reference)
  std::map<std::string, double> counts;
  for (const auto& [seed, values] : model.seeds) {
    const auto other = reference.seeds.find(seed);
    if (other == reference.seeds.end()) continue;
    pairs.seeds.push_back(seed);
    if (!std::ranges::equal(values, other->second, {}, &ByUser::value_type::first, &ByUser::value_type::first))
      throw UserError(fmt::format("{} and {} did not test the same users with seed {}", labels.of(model.group.cell),
                                  labels.of(reference.group.cell), seed));
    for (const auto& [user, value] : values) {
      sums[user].first += value;
      sums[user].second += other->second.at(user);
      ++counts[user];
    }
  }
  for (const auto& [user, both] : sums) {
    pairs.model.push_back(both.first / counts[user]);
    pairs.difference.push_back((both.first - both.second) / counts[user]);
  }
  return pairs;
}

TableRow row_of(const Model& model, const std::string& label, const Pairs& pairs,
                std::optional<UserDifference> against) {
  const Provenance& provenance = model.group.run->provenance;
  const auto number = [](double value, const char* format) { return number_entry(value, {}, format, ""); };
  TableRow row{
      {{.text = label},
       count_entry(pairs.seeds.size()),
       count_entry(pairs.model.size()),
       number(mean(pairs.model), "{:.4f}")},
      {static_cast<int>(pairs.seeds.size()), machine_text(provenance), build_text(provenance), provenance.name}};
  if (against)
    for (TableEntry entry : {number(against->mean, "{:+.4f}"), number(against->low, "{:+.4f}"),
                             number(against->high, "{:+.4f}"), number(against->p, "{:.4f}")})
      row.entries.push_back(std::move(entry));
  else
    for (const char* text : {"ref.", "-", "-", "-"}) row.entries.push_back({.text = text});
  return row;
}

}  // namespace

Table user_table(std::span<const Run> runs, const std::string& metric, const std::string& against) {
  std::size_t without = 0;
  const std::vector<Model> models = models_of(runs, metric, without);
  std::vector<const Json*> cells;
  cells.reserve(models.size());
  for (const Model& model : models) cells.push_back(&model.group.cell);
  const CellLabels labels(cells);
  const std::map<std::string, const Model*> references = references_of(models, against, labels);
  Table table{.name = "users", .title = fmt::format("{} by user, against {}", metric, against)};
  table.headings = {{.title = "cell", .key = true},
                    {.title = "seeds", .numeric = true},
                    {.title = "users", .numeric = true},
                    {.title = metric, .numeric = true, .name = metric},
                    {.title = "difference", .numeric = true},
                    {.title = "from", .numeric = true},
                    {.title = "to", .numeric = true},
                    {.title = "p", .numeric = true},
                    {.title = "more than chance", .numeric = true}};
  std::vector<double> p_values;
  std::vector<std::optional<UserDifference>> differences;
  std::set<std::string> left_out;
  for (const Model& model : models) {
    const std::string label = labels.of(model.group.cell);
    const auto reference = references.find(model.group.cell.at("dataset").dump());
    const bool is_reference = reference != references.end() && reference->second == &model;
    Pairs pairs;
    if (reference != references.end()) pairs = pairs_of(model, *reference->second, labels);
    if (pairs.seeds.empty()) {
      left_out.insert(label);
      continue;
    }
    differences.push_back(is_reference ? std::nullopt : std::optional(difference_over_users(pairs.difference)));
    if (differences.back()) p_values.push_back(differences.back()->p);
    table.rows.push_back(row_of(model, label, pairs, differences.back()));
  }
  const std::vector<bool> significant = holm_significant(p_values, 0.05);
  std::size_t tested = 0;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    const bool holds = differences[row] && significant[tested++];
    table.rows[row].entries.push_back({.text = !holds ? "-" : differences[row]->mean > 0 ? "higher" : "lower"});
  }
  if (without > 0)
    table.notes.push_back(
        fmt::format("Cells that have left nothing by user (run the plan with --set export=true): {}.", without));
  if (!left_out.empty())
    table.notes.push_back(
        fmt::format("No cell to compare with, on their data and of their seeds: {}.", fmt::join(left_out, "; ")));
  table.caption = {
      "Paired over users, whose values are means over the seeds that both cells have. The difference has the 95% interval "
      "(from, to) of a bootstrap over users; p is that of a randomisation test, two sided, 10,000 draws each; more than "
      "chance: with a false alarm in any row in 5% of such tables (Holm)."};
  for (const Run& run : runs) table.caption.push_back(run_sentence(run));
  return table;
}

}  // namespace frugal::harness
