#include "datasets/formats/click_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "datasets/formats/table_words.hpp"
#include "impl/base/error.hpp"
#include "impl/base/text.hpp"

namespace frugal::data {
namespace {

constexpr std::string_view none = "none";

/// "2-14" as 2 and 14.
struct Range {
  std::size_t first = 0;
  std::size_t last = 0;
};

std::optional<Range> read_range(std::string_view text) {
  const char* const end = text.data() + text.size();
  Range range;
  const auto [dash, error] = std::from_chars(text.data(), end, range.first);
  if (error != std::errc() || dash == end || *dash != '-') return std::nullopt;
  const auto [stop, wrong] = std::from_chars(dash + 1, end, range.last);
  if (wrong != std::errc() || stop != end) return std::nullopt;
  return range;
}

class ColumnFinder {
 public:
  ColumnFinder(ClickLayout& layout, const ClickForm& form, std::string file)
      : layout_(layout), form_(form), file_(std::move(file)) {}

  void find() {
    layout_.label = form_.label.empty() ? open_label() : layout_.find(form_.label, "the label", file_);
    take(layout_.label, "the label");
    if (!form_.time.empty() && form_.time != none) {
      layout_.time = layout_.find(form_.time, "times", file_);
      take(*layout_.time, "times");
    }
    for (const std::string& column : form_.dense) add(column, "dense values", layout_.dense);
    for (const std::string& column : form_.categorical) add(column, "categories", layout_.categorical);
    if (form_.time.empty() && layout_.header) open_time();
    if (form_.dense.empty() && form_.categorical.empty()) open_features();
    if (layout_.categorical.empty())
      throw UserError({file_},
                      "no column of this file was taken for categories, and a model of clicks needs one: say "
                      "which with columns: {categorical: [...]}");
    if (form_.strict && taken_.size() != layout_.columns())
      throw UserError({file_}, fmt::format("the first line has {} columns, and this file should have {}",
                                           layout_.columns(), taken_.size()));
  }

 private:
  void take(std::size_t column, std::string_view what) {
    for (const auto& [other, taken_for] : taken_)
      if (other == column)
        throw UserError({file_}, fmt::format("one column, {}, cannot be of {} and of {}", shown(layout_.names[column]),
                                             taken_for, what));
    taken_.emplace_back(column, what);
  }

  bool is_taken(std::size_t column) const {
    return std::ranges::any_of(taken_, [&](const auto& one) { return one.first == column; });
  }

  void add(const std::string& column, std::string_view what, std::vector<std::size_t>& to) {
    const bool is_name = std::ranges::find(layout_.names, column) != layout_.names.end();
    const std::optional<Range> range = is_name ? std::nullopt : read_range(column);
    if (!range) return add(layout_.find(column, what, file_), what, to);
    if (range->first < 1 || range->last < range->first || range->last > layout_.columns())
      throw UserError({file_}, fmt::format("columns {} for {}: this file has the columns 1 to {}", column, what,
                                           layout_.columns()));
    for (std::size_t number = range->first; number <= range->last; ++number) add(number - 1, what, to);
  }

  void add(std::size_t column, std::string_view what, std::vector<std::size_t>& to) {
    take(column, what);
    to.push_back(column);
  }

  std::size_t open_label() const {
    const int named = layout_.header ? column_of_role(Role::label, layout_.names) : -1;
    if (named >= 0) return static_cast<std::size_t>(named);
    const auto is_label = [](const std::string& text) { return label_of(text).has_value(); };
    if (!layout_.header && !layout_.samples[0].empty() && std::ranges::all_of(layout_.samples[0], is_label)) return 0;
    throw UserError({file_}, fmt::format("which column holds the label, 0 or 1? Say so by name or number, columns: "
                                         "{{label: ...}}; this file has {}",
                                         layout_.columns_text()));
  }

  void open_time() {
    const int named = column_of_role(Role::time, layout_.names);
    if (named < 0 || is_taken(static_cast<std::size_t>(named))) return;
    layout_.time = static_cast<std::size_t>(named);
    take(*layout_.time, "times");
  }

  void open_features() {
    for (std::size_t column = 0; column < layout_.columns(); ++column) {
      if (is_taken(column)) continue;
      if (holds_numbers(column))
        add(column, "dense values", layout_.dense);
      else
        add(column, "categories", layout_.categorical);
    }
  }

  /// Numbers, where it is not empty.
  bool holds_numbers(std::size_t column) const {
    const std::vector<std::string>& texts = layout_.samples[column];
    return std::ranges::any_of(texts, [](const std::string& text) { return !text.empty(); }) &&
           std::ranges::all_of(
               texts, [&](const std::string& text) { return text.empty() || is_number(text, form_.decimal_comma); });
  }

  ClickLayout& layout_;
  const ClickForm& form_;
  std::string file_;
  std::vector<std::pair<std::size_t, std::string_view>> taken_;  ///< and for what
};

/// Does a first line that was taken for a row name a column whose other values are labels?
bool names_label(const TableLayout& layout) {
  if (layout.header) return false;
  std::vector<std::string> first;
  for (const std::vector<std::string>& column : layout.samples) first.push_back(column.front());
  const int named = column_of_role(Role::label, first);
  if (named < 0) return false;
  const std::vector<std::string>& values = layout.samples[static_cast<std::size_t>(named)];
  return std::all_of(values.begin() + 1, values.end(), [](const std::string& text) { return label_of(text); });
}

ParamSpec column_list_param(std::string name, std::string help) {
  return {.name = std::move(name),
          .type = ParamSpec::Type::column_list,
          .default_value = Json::array(),
          .help = std::move(help)};
}

/// Names; without a header numbers, runs of them as "2-14".
Json column_list(const ClickLayout& layout, const std::vector<std::size_t>& columns) {
  Json list = Json::array();
  for (std::size_t k = 0; k < columns.size();) {
    std::size_t next = k + 1;
    while (!layout.header && next < columns.size() && columns[next] == columns[next - 1] + 1) ++next;
    const std::string first = layout.key(columns[k]);
    list.push_back(next - k == 1 ? first : fmt::format("{}-{}", first, layout.key(columns[next - 1])));
    k = next;
  }
  return list;
}

}  // namespace

std::optional<bool> label_of(std::string_view text) {
  if (text == "0") return false;
  if (text == "1") return true;
  std::string small(text.substr(0, 6));
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (small == "false" || small == "0.0") return false;
  if (small == "true" || small == "1.0") return true;
  return std::nullopt;
}

std::vector<ParamSpec> click_table_params() {
  std::vector<ParamSpec> params = table_params();
  const auto column = [&](std::string name, std::string help) {
    params.push_back(
        {.name = std::move(name), .type = ParamSpec::Type::column, .default_value = "", .help = std::move(help)});
  };
  column("columns.label", "column of the label, 0 or 1, false or true, by name or number from 1; empty: guessed");
  params.push_back(column_list_param(
      "columns.dense",
      "columns of numbers, by names, by numbers from 1, or 2-14; where no `categorical` is given either, "
      "all other columns are taken, and those of numbers are dense"));
  params.push_back(column_list_param("columns.categorical", "columns of categories, in the same ways"));
  column("columns.time", "column of times, numbers in any unit or ISO dates; empty: guessed; none: no times");
  params.push_back({.name = "dense_scale",
                    .type = ParamSpec::Type::string,
                    .default_value = to_word(dense_scale_names, DenseScale::standard),
                    .help =
                        "numbers: mean 0 and standard deviation 1 over the training part, log(1 + max(x, 0)), or as "
                        "they are; an empty one is the mean, else 0",
                    .choices = words(dense_scale_names)});
  params.push_back({.name = "categories",
                    .type = ParamSpec::Type::string,
                    .default_value = to_word(categories_names, Categories::text),
                    .help = "text: a row for each, hashed where there are more than rows; hexadecimal: hashes already",
                    .choices = words(categories_names)});
  return params;
}

std::vector<ParamSpec> published_click_table_params() {
  std::vector<ParamSpec> params = click_table_params();
  params.push_back({.name = "strict",
                    .type = ParamSpec::Type::boolean,
                    .default_value = false,
                    .help = "labels are 0 or 1, numbers are integers, the last line ends in a newline"});
  return params;
}

ClickForm click_form(const Json& params) {
  ClickForm form{table_form(params)};
  const Json& columns = params.at("columns");
  form.label = columns.at("label");
  form.time = columns.at("time");
  form.dense = columns.at("dense").get<std::vector<std::string>>();
  form.categorical = columns.at("categorical").get<std::vector<std::string>>();
  form.dense_scale = from_word(dense_scale_names, "dense_scale", params.at("dense_scale").get<std::string>());
  form.categories = from_word(categories_names, "categories", params.at("categories").get<std::string>());
  if (params.contains("strict")) form.strict = params.at("strict");
  return form;
}

Json settled_click_params(const Json& params, const ClickLayout& layout) {
  Json settled = settled_table(params, click_table_params(), layout);
  settled["columns"] = {{"label", layout.key(layout.label)},
                        {"dense", column_list(layout, layout.dense)},
                        {"categorical", column_list(layout, layout.categorical)},
                        {"time", layout.time ? layout.key(*layout.time) : std::string(none)}};
  return settled;
}

ClickLayout click_layout(const std::filesystem::path& path, const ClickForm& form) {
  ClickLayout layout{layout_of(path, form)};
  if (!form.header && names_label(layout)) {
    TableForm named = form;
    named.header = true;
    layout = {layout_of(path, named)};
  }
  ColumnFinder(layout, form, path.string()).find();
  return layout;
}

}  // namespace frugal::data
