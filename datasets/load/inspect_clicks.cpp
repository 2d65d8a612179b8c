#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "datasets/formats/click_table.hpp"
#include "datasets/formats/signal_file.hpp"
#include "datasets/formats/table_words.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/inspect.hpp"
#include "datasets/load/inspect_text.hpp"
#include "impl/base/text.hpp"

namespace frugal::data {
namespace {

constexpr std::uint32_t unlimited_rows = 4'000'000'000;

/// Numbers as they are, for counting.
ClickForm counted_form(ClickForm form) {
  form.dense_scale = DenseScale::standard;
  return form;
}

/// Takes a file of clicks apart into what a reader wants to know of it.
class ClickInspector {
 public:
  ClickInspector(const std::filesystem::path& path, const Json& given, const Json& complete)
      : path_(path),
        form_(click_form(complete)),
        given_(given),
        complete_(complete),
        layout_(click_layout(path, form_)),
        log_(read_click_log(path, counted_form(form_), {.rows_per_table = unlimited_rows})),
        rows_per_table_(complete.at("rows_per_table")) {}

  Inspection inspection() {
    result_.form = form_words(path_, layout_);
    for (std::size_t column = 0; column < layout_.columns(); ++column)
      result_.columns.push_back(column_words(layout_, column, role_of(column)));
    show_rows();
    count_examples();
    for (std::size_t d = 0; d < layout_.dense.size(); ++d) count_numbers(d);
    if (form_.dense.empty() && !whole_.empty())
      find(whole_ + ": whole numbers, taken for amounts. If they are ids, list them in columns: {categorical: [...]}");
    for (std::size_t t = 0; t < layout_.categorical.size(); ++t) count_categories(t);
    count_times();
    for (std::string& words : line_words(path_, form_, layout_)) find(std::move(words));
    write_plan();
    return std::move(result_);
  }

 private:
  std::string role_of(std::size_t column) const {
    if (column == layout_.label) return "label";
    if (column == layout_.time) return "time";
    if (std::ranges::find(layout_.dense, column) != layout_.dense.end()) return "dense";
    return std::ranges::find(layout_.categorical, column) != layout_.categorical.end() ? "categorical" : "not used";
  }

  std::string name_of(std::size_t column) const {
    return layout_.header ? shown(layout_.names[column]) : "column " + layout_.names[column];
  }

  void show_rows() {
    result_.heads = {"line", "label", "dense", "categorical"};
    if (layout_.time) result_.heads.push_back("time");
    TableReader table(path_, form_, layout_, "");
    const auto joined = [&](const std::vector<std::size_t>& columns) {
      constexpr std::size_t most = 4;
      std::string text;
      for (std::size_t k = 0; k < std::min(most, columns.size()); ++k) {
        const std::string_view field = table.field(columns[k], "a field");
        text += (k > 0 ? ", " : "") + (field.empty() ? "-" : shown(field));
      }
      return columns.size() > most ? text + fmt::format(" and {} more", columns.size() - most) : text;
    };
    for (std::size_t row = 0; row < shown_rows && table.next(); ++row) {
      std::vector<std::string> fields{fmt::to_string(table.line_number()), log_.examples.labels[row] > 0 ? "1" : "0",
                                      joined(layout_.dense), joined(layout_.categorical)};
      if (layout_.time) fields.push_back(time_text(log_.times[row].first, holds_dates(layout_, *layout_.time)));
      result_.rows.push_back(std::move(fields));
    }
  }

  void add(std::string name, std::string value) { result_.counts.emplace_back(std::move(name), std::move(value)); }
  void find(std::string finding) { result_.findings.push_back(std::move(finding)); }

  double share_of_all(std::uint64_t count) const {
    return static_cast<double>(count) / static_cast<double>(log_.examples.size());
  }

  std::string missing_words(std::uint64_t missing) const {
    return missing == 0 ? "none missing" : fmt::format("{} missing ({})", missing, percent(share_of_all(missing)));
  }

  void count_examples() {
    const auto clicked = static_cast<std::uint64_t>(std::ranges::count(log_.examples.labels, 1.0F));
    add("examples", fmt::format("{}", log_.examples.size()));
    add("label 1", fmt::format("{} ({})", clicked, percent(share_of_all(clicked))));
    std::vector<std::uint64_t> keys = log_.keys;
    std::ranges::sort(keys);
    const auto distinct = std::unique(keys.begin(), keys.end()) - keys.begin();
    const auto repeated = log_.examples.size() - static_cast<std::uint64_t>(distinct);
    add("repeated examples", repeated == 0 ? "none" : fmt::format("{}, all of which count", repeated));
    if (clicked == 0 || clicked == log_.examples.size())
      find(fmt::format("every label is {}: there is nothing to learn", clicked == 0 ? 0 : 1));
  }

  void count_numbers(std::size_t d) {
    const std::string name = name_of(layout_.dense[d]);
    double least = std::numeric_limits<double>::infinity(), most = -least, sum = 0;
    std::uint64_t known = 0;
    bool whole = true;
    for (std::size_t k = d; k < log_.values.size(); k += layout_.dense.size()) {
      const double value = log_.values[k];
      if (std::isnan(value)) continue;
      ++known;
      least = std::min(least, value);
      most = std::max(most, value);
      sum += value;
      whole = whole && value == std::floor(value);
    }
    const std::uint64_t missing = log_.examples.size() - known;
    if (known == 0) {
      add(name, "dense, all missing");
      return find(fmt::format("{} is empty in every line", name));
    }
    add(name, fmt::format("dense, {:g} to {:g}, {:.3g} on average, {}", least, most, sum / static_cast<double>(known),
                          missing_words(missing)));
    if (whole) whole_ += (whole_.empty() ? "" : ", ") + name;
    if (least == most) find(fmt::format("{} is {:g} wherever it is known: it says nothing", name, least));
    if (form_.dense_scale == DenseScale::log && least < 0)
      find(fmt::format("{} has negative values, and the scale 'log' makes them 0", name));
    if (2 * missing > log_.examples.size()) find(fmt::format("{} is missing in more than half of the lines", name));
  }

  void count_categories(std::size_t t) {
    const std::string name = name_of(layout_.categorical[t]);
    const std::size_t tables = layout_.categorical.size();
    std::vector<std::uint32_t> ids;
    for (std::size_t k = t; k < log_.examples.ids.size(); k += tables)
      if (log_.examples.ids[k] != 0) ids.push_back(log_.examples.ids[k]);
    const std::uint64_t known = ids.size();
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    add(name,
        fmt::format("categorical, {} distinct values, {}", ids.size(), missing_words(log_.examples.size() - known)));
    if (ids.size() <= 1) find(fmt::format("{} has {} values: it says nothing", name, ids.size()));
    if (known >= 100 && 10 * ids.size() > 9 * known)
      find(
          fmt::format("{} has a value of its own in nearly every line: is it a number, or the line's own id? Then it "
                      "tells nothing of other lines",
                      name));
    if (form_.categories == Categories::text && ids.size() > rows_per_table_ - 1)
      find(fmt::format(
          "{} has more than the {} values that rows_per_table leaves to it: they are hashed, and some share "
          "a row",
          name, rows_per_table_ - 1));
  }

  void count_times() {
    if (!layout_.time)
      return add("times", "none: a random share can be held out, and the last lines (split: tail), not the latest");
    const auto [first, last] = std::ranges::minmax_element(log_.times);
    const bool dates = holds_dates(layout_, *layout_.time);
    add("times", fmt::format("{} to {}", time_text(first->first, dates), time_text(last->first, dates)));
    if (std::string mixed = mixed_times_words(path_, form_, layout_, *layout_.time); !mixed.empty())
      find(std::move(mixed));
    if (*first == *last) return find("all times are the same: nothing is later than anything else");
    if (!given_.contains("split"))
      find(
          "there are times, and a random share is held out: split: latest tests on the latest, as in use, and is harder");
  }

  void write_plan() {
    if (log_.examples.size() < 2) {
      result_.no_plan = "too few examples to hold some out";
      return;
    }
    const Json columns = settled_click_params(complete_, layout_).at("columns");
    const auto list = [](const Json& all) {
      std::string text;
      for (const Json& one : all) text += (text.empty() ? "" : ", ") + flow(one);
      return "[" + text + "]";
    };
    std::string dataset =
        fmt::format("name: file, path: {}, columns: {{label: {}, dense: {}, categorical: {}, time: {}}}",
                    Json(path_.string()).dump(), flow(columns.at("label")), list(columns.at("dense")),
                    list(columns.at("categorical")), flow(columns.at("time")));
    for (const auto& [key, value] : given_.items())
      if (key != "columns") dataset += fmt::format(", {}: {}", key, flow(value));
    result_.plan = fmt::format(
        "schema: 1\nname: mine\nworkload: dlrm\nbackend: cpu\ndataset: {{{}}}\nseeds: [1, 2, 3]\n", dataset);
  }

  const std::filesystem::path& path_;
  ClickForm form_;
  const Json& given_;
  const Json& complete_;
  ClickLayout layout_;
  ClickLog log_;
  std::uint32_t rows_per_table_;
  std::string whole_;  ///< the columns of whole numbers, in words
  Inspection result_;
};

}  // namespace

Inspection inspect_clicks(const std::filesystem::path& path, const Json& given) {
  Json dataset = given;
  dataset["name"] = own_file;
  dataset["path"] = path.string();
  return ClickInspector(path, given, complete_dataset(dataset, Kind::clicks)).inspection();
}

Kind likely_kind(const std::filesystem::path& path, const Json& given) {
  if (given.contains("columns") && given.at("columns").contains("label")) return Kind::clicks;
  const std::vector<ParamSpec> specs = table_params();
  Json table = Json::object();
  for (const ParamSpec& spec : specs)
    if (given.contains(spec.name)) table[spec.name] = given.at(spec.name);
  const TableForm form = table_form(read_params(specs, table, "parameter of a table", own_file));
  if (!holds_text(path, form.member) && !known_format(path))
    throw UserError({path.string()},
                    why_no_signal() + "; nor text, as tables are (of Excel or Parquet: save it as CSV)");
  const TableLayout layout = layout_of(path, form);
  const auto names = [&](Role role) { return layout.header && column_of_role(role, layout.names) >= 0; };
  const bool clicks = names(Role::label) && !(names(Role::user) && names(Role::item));
  return clicks ? Kind::clicks : Kind::interactions;
}

}  // namespace frugal::data
