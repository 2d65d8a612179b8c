#include "benchmarks/harness/report/table_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>

#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/template_text.hpp"
#include "embedded_tables.hpp"
#include "impl/base/files.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

using Source = ColumnSpec::Source;
using StageValue = ColumnSpec::StageValue;
using Relation = ColumnSpec::Relation;

const Node& required_key(const Node& map, std::string_view key, const char* what) {
  const Node* value = map.find(key);
  if (!value) throw UserError(map.place, std::string("this ") + what + " needs `" + std::string(key) + "`");
  return *value;
}

constexpr Named<bool> order_names[] = {{false, "ascending"}, {true, "descending"}};
constexpr Named<bool> axis_names[] = {{false, "x"}, {true, "y"}};
constexpr Named<PlotSpec::Kind> plot_kind_names[] = {{PlotSpec::Kind::columns, "columns"},
                                                     {PlotSpec::Kind::stages, "stages"},
                                                     {PlotSpec::Kind::roofline, "roofline"},
                                                     {PlotSpec::Kind::losses, "losses"}};
constexpr Named<StageValue> stage_value_names[] = {
    {StageValue::time, "time"},           {StageValue::flops, "flops"},
    {StageValue::bytes, "bytes"},         {StageValue::flop_rate, "flop_rate"},
    {StageValue::byte_rate, "byte_rate"}, {StageValue::bound, "bound"},
    {StageValue::cpu_time, "cpu_time"},   {StageValue::efficiency, "efficiency"},
    {StageValue::joules, "joules"},       {StageValue::flops_per_joule, "flops_per_joule"},
    {StageValue::computing, "computing"}, {StageValue::received, "received"},
    {StageValue::messages, "messages"},   {StageValue::predicted, "predicted"}};
constexpr Named<Relation> relation_names[] = {{Relation::difference, "difference"},
                                              {Relation::percent, "percent"},
                                              {Relation::ratio, "ratio"},
                                              {Relation::speedup, "speedup"},
                                              {Relation::efficiency, "efficiency"}};
constexpr Named<Better> better_side_names[] = {
    {Better::higher, "higher"}, {Better::lower, "lower"}, {Better::neither, "neither"}};
constexpr Named<Source> source_names[] = {
    {Source::key, "key"}, {Source::metric, "metric"}, {Source::stage, "stage"}, {Source::count, "count"}};

template <class Enum, std::size_t n>
Enum read_word(const Node& node, const char* what, const Named<Enum> (&names)[n]) {
  return from_word(names, what, node.as_string(), node.place);
}

/// Reads one document. Keeps the workload's name at hand, since every path under params begins with it.
class TableSpecReader {
 public:
  TableSpecReader(const Node& root, const std::string& name) : root_(root) {
    spec_.name = name;
    spec_.place = root.place;
  }

  TableSpec read() {
    require_keys(root_,
                 {"schema", "title", "workload", "where", "needs", "network", "rows", "over", "columns", "more", "sort",
                  "plots", "notes"},
                 "key of a table");
    if (const Node& schema = required_key(root_, "schema", "table"); schema.as_integer() != 1) {
      throw UserError(schema.place, "this program reads tables of `schema: 1`");
    }
    spec_.workload = required_key(root_, "workload", "table").as_string();
    const Node& title = required_key(root_, "title", "table");
    spec_.title = read_template(title);
    if (const Node* where = root_.find("where")) spec_.where = read_conditions(*where, true);
    if (const Node* needs = root_.find("needs")) spec_.needs = read_path(*needs);
    if (const Node* network = root_.find("network")) network_ = read_network(*network);
    for (const Node& node : non_empty_list(required_key(root_, "rows", "table"))) {
      spec_.rows.push_back(read_row_key(node));
    }
    for (const Node& node : non_empty_list(required_key(root_, "columns", "table"))) {
      spec_.columns.push_back(read_column(node));
    }
    if (const Node* more = root_.find("more")) {
      for (const Node& node : non_empty_list(*more)) {
        spec_.columns.push_back(read_column(node));
        spec_.columns.back().more = true;
      }
    }
    if (const Node* over = root_.find("over")) {
      require_keys(*over, {"key", "title"}, "key of over");
      spec_.over = read_path(required_key(*over, "key", "over"));
      spec_.over_title = required_key(*over, "title", "over").as_string();
    }
    if (const Node* sort = root_.find("sort")) {
      for (const Node& node : sort->as_list()) {
        require_keys(node, {"key", "order"}, "key of a sort");
        SortKey key{read_path(required_key(node, "key", "sort")), false};
        if (const Node* order = node.find("order")) {
          key.descending = read_word(*order, "order", order_names);
        }
        spec_.sort.push_back(std::move(key));
      }
    }
    if (const Node* plots = root_.find("plots")) {
      for (const Node& node : non_empty_list(*plots)) spec_.plots.push_back(read_plot(node));
    }
    if (const Node* notes = root_.find("notes")) {
      for (const Node& node : notes->as_list()) spec_.notes.push_back(node.as_string());
    }
    return std::move(spec_);
  }

 private:
  /// One title, or a list of them.
  static std::vector<std::string> read_titles(const Node& node) {
    if (node.kind != Node::Kind::list) return {node.as_string()};
    std::vector<std::string> titles;
    for (const Node& title : non_empty_list(node)) titles.push_back(title.as_string());
    return titles;
  }

  static PlotSpec read_plot(const Node& node) {
    PlotSpec plot{.place = node.place};
    if (const Node* kind = node.find("kind")) plot.kind = read_word(*kind, "kind", plot_kind_names);
    if (plot.kind != PlotSpec::Kind::columns) {
      require_keys(node, {"kind"}, "key of a plot of this kind");
      return plot;
    }
    require_keys(node, {"kind", "x", "y", "series", "label", "references", "log", "front", "lines"}, "key of a plot");
    plot.x = read_titles(required_key(node, "x", "plot"));
    plot.y = read_titles(required_key(node, "y", "plot"));
    if (plot.x.size() > 1 && plot.y.size() > 1) throw UserError(node.place, "only one of x and y may be a list");
    if (const Node* series = node.find("series")) {
      if (plot.x.size() > 1 || plot.y.size() > 1)
        throw UserError(series->place, fmt::format("where {} is a list, each of its columns is a series",
                                                   plot.x.size() > 1 ? "x" : "y"));
      plot.series = series->as_string();
    }
    if (const Node* label = node.find("label")) plot.label = label->as_string();
    if (const Node* references = node.find("references"))
      for (const Node& name : references->as_list()) plot.references.push_back(name.as_string());
    if (const Node* log = node.find("log")) {
      for (const Node& axis : log->as_list()) {
        (read_word(axis, "axis", axis_names) ? plot.log_y : plot.log_x) = true;
      }
    }
    if (const Node* front = node.find("front")) plot.front = front->as_boolean();
    if (const Node* lines = node.find("lines")) plot.lines = lines->as_boolean();
    return plot;
  }

  static const std::vector<Node>& non_empty_list(const Node& node) {
    if (node.as_list().empty()) throw UserError(node.place, "this list must not be empty");
    return node.items;
  }

  void check_path(const std::string& path, const Place& place) {
    static const std::vector<std::string> roots{"workload", "backend", "implementation", "dataset",
                                                "params",   "machine", "build"};
    if (is_execution_path(path)) return;
    const std::string root = path.substr(0, path.find('.'));
    if (std::ranges::find(roots, root) == roots.end()) throw UserError(place, unknown_word("path", path, roots));
    if (root == "params" && !path.starts_with("params." + spec_.workload + ".")) {
      throw UserError(place, "parameters of this table are params." + spec_.workload + ".*, not '" + path + "'");
    }
    if (root == "params") spec_.params.emplace_back(path, place);
  }

  std::string read_path(const Node& node) {
    check_path(node.as_string(), node.place);
    return node.text;
  }

  std::string read_template(const Node& node) {
    const std::string& text = node.as_string();
    const std::optional<std::vector<std::string>> paths = template_paths(text);
    if (!paths) throw UserError(node.place, "in this template a `{` or `}` has no partner; {path} stands for a value");
    for (const std::string& path : *paths) check_path(path, node.place);
    return text;
  }

  /// `check`: the keys are paths of a cell (else also titles of row keys, checked by the caller).
  Conditions read_conditions(const Node& node, bool check) {
    Conditions conditions;
    for (const Node::Entry& entry : node.as_map()) {
      if (check) check_path(entry.key, entry.key_place);
      std::vector<Json> values;
      if (entry.value.kind == Node::Kind::list) {
        for (const Node& item : entry.value.items) values.push_back(to_json(item));
      } else {
        values.push_back(to_json(entry.value));
      }
      conditions.emplace_back(entry.key, std::move(values));
    }
    return conditions;
  }

  static NumberFormat read_number_format(const Node& node) {
    NumberFormat number;
    if (const Node* title = node.find("title")) number.title = title->as_string();
    if (const Node* unit = node.find("unit")) number.unit = unit->as_string();
    if (const Node* scale = node.find("scale")) number.scale = scale->as_real();
    if (const Node* format = node.find("format")) {
      number.format = format->as_string();
      if (!is_number_format(number.format)) {
        throw UserError(format->place, "'" + number.format + "' formats no number; write {:.3f}, {:.0f}, {:g} or si");
      }
    }
    return number;
  }

  RowKey read_row_key(const Node& node) {
    require_keys(node, {"key", "text", "label", "labels", "title", "unit", "scale", "format"}, "key of a row");
    RowKey key;
    key.number = read_number_format(node);
    const Node* path = node.find("key");
    const Node* text = node.find("text");
    const Node* label = node.find("label");
    if ((path != nullptr) + (text != nullptr) + (label != nullptr) != 1) {
      throw UserError(node.place,
                      "a row needs one of `key` (a path), `text` (a template) and `label` (a list of cases)");
    }
    if (!path && key.number.title.empty()) throw UserError(node.place, "a row made by text or label needs a `title`");
    if (path) key.path = read_path(*path);
    if (text) key.choices.push_back({{}, read_template(*text)});
    if (label) {
      for (const Node& item : non_empty_list(*label)) {
        require_keys(item, {"when", "text"}, "key of a label");
        RowKey::Choice choice;
        if (const Node* when = item.find("when")) choice.when = read_conditions(*when, true);
        choice.text = read_template(required_key(item, "text", "label"));
        key.choices.push_back(std::move(choice));
      }
    }
    if (const Node* labels = node.find("labels")) {
      if (!path) throw UserError(labels->place, "`labels` names the values of a `key`");
      for (const Node::Entry& entry : labels->as_map()) {
        key.labels.emplace_back(entry.key, entry.value.as_string());
      }
    }
    return key;
  }

  ColumnSpec read_column(const Node& node) {
    require_keys(node,
                 {"key", "metric", "stage", "count", "of", "per", "divided_by", "relative_to", "as", "title", "unit",
                  "scale", "format", "better", "note"},
                 "key of a column");
    std::vector<std::pair<Source, const Node*>> sources;
    for (const auto& [source, word] : source_names) {
      if (const Node* value = node.find(word)) sources.emplace_back(source, value);
    }
    if (sources.size() != 1)
      throw UserError(node.place, "a column needs one of `metric`, `stage`, `key` and `count: n`");
    ColumnSpec column{.source = sources.front().first};
    column.place = node.place;
    column.number = read_number_format(node);
    const Node& name = *sources.front().second;
    column.name = name.as_string();
    if (column.source == Source::key) check_path(column.name, name.place);
    if (column.source == Source::count && column.name != "n") throw UserError(name.place, "a count is `count: n`");
    if (const Node* of = node.find("of")) {
      if (column.source != Source::stage && !node.find("per"))
        throw UserError(of->place, "`of` belongs to a `stage`, or to the stage that a metric is `per`");
      column.stage_value = read_word(*of, "quantity of a stage", stage_value_names);
      const bool divides = column.stage_value == StageValue::time || column.stage_value == StageValue::joules;
      if (column.source != Source::stage && !divides)
        throw UserError(of->place, "a metric is per second (`of: time`) or per joule (`of: joules`) of a stage");
    }
    if (column.stage_value == StageValue::predicted) {
      if (!network_)
        throw UserError(node.place, "`of: predicted` needs a `network: {latency_us: 2, gbit_per_s: 100}` of the table");
      column.network = *network_;
    }
    if (const Node* per = node.find("per")) {
      if (column.source != Source::metric) throw UserError(per->place, "`per` belongs to a `metric`");
      column.per = per->as_string();
    }
    if (const Node* divisor = node.find("divided_by")) {
      if (column.source != Source::metric || !column.per.empty())
        throw UserError(divisor->place, "`divided_by` belongs to a `metric` without `per`");
      column.divided_by = divisor->as_string();
    }
    if (const Node* better = node.find("better")) column.better = read_word(*better, "better side", better_side_names);
    if (const Node* note = node.find("note")) column.note = note->as_string();
    read_relation(node, column);
    return column;
  }

  static ColumnSpec::Network read_network(const Node& node) {
    require_keys(node, {"latency_us", "gbit_per_s"}, "key of a network");
    const auto positive = [&](const char* key) {
      const Node& value = required_key(node, key, "network");
      const double number = value.as_real();
      if (!(number > 0)) throw UserError(value.place, fmt::format("{} must be above 0", key));
      return number;
    };
    return {.latency_s = 1e-6 * positive("latency_us"), .bytes_per_s = 1e9 / 8 * positive("gbit_per_s")};
  }

  void read_relation(const Node& node, ColumnSpec& column) {
    const Node* relative_to = node.find("relative_to");
    const Node* as = node.find("as");
    if (as && !relative_to) throw UserError(as->place, "`as` says how to relate a value `relative_to` another row");
    if (!relative_to) return;
    if (column.source != ColumnSpec::Source::metric && column.source != ColumnSpec::Source::stage) {
      throw UserError(relative_to->place, "only a metric or a stage can be `relative_to` another row");
    }
    std::vector<std::string> row_keys;
    for (const RowKey& key : spec_.rows) row_keys.push_back(key.path.empty() ? key.number.title : key.path);
    for (const Node::Entry& entry : relative_to->as_map()) {
      if (std::ranges::find(row_keys, entry.key) == row_keys.end()) {
        throw UserError(entry.key_place, unknown_word("row key", entry.key, row_keys));
      }
    }
    column.relative_to = read_conditions(*relative_to, false);
    column.relation = Relation::difference;
    if (as) {
      column.relation = read_word(*as, "relation", relation_names);
    }
    if (column.relation == Relation::efficiency && (relative_to->entries.size() != 1 || column.source != Source::stage))
      throw UserError(as->place,
                      "an efficiency is the speed-up of a stage over the growth of one number, which "
                      "`relative_to` names");
  }

  const Node& root_;
  TableSpec spec_;
  std::optional<ColumnSpec::Network> network_;
};

}  // namespace

std::string relation_word(Relation relation) { return std::string(to_word(relation_names, relation)); }

std::vector<TableSpec> parse_table_specs(const std::string& text, const std::string& file) {
  std::vector<TableSpec> specs;
  const std::string name = std::filesystem::path(file).stem().string();
  for (const Node& document : parse_yaml(text, file)) specs.push_back(TableSpecReader(document, name).read());
  for (std::size_t i = 1; i < specs.size(); ++i) specs[i].name += "-" + std::to_string(i + 1);
  return specs;
}

std::vector<TableSpec> load_table_specs(const std::string& name) {
  if (std::filesystem::is_regular_file(name)) return parse_table_specs(read_text_file(name), name);
  std::vector<std::string> known;
  for (const auto& [stem, text] : embedded::tables()) {
    if (stem == name) return parse_table_specs(std::string(text), std::string(stem) + ".yaml");
    known.emplace_back(stem);
  }
  throw UserError(unknown_word("table", name, known) + " (or the path of a table spec)");
}

std::vector<TableSpec> embedded_table_specs() {
  std::vector<TableSpec> all;
  for (const auto& [stem, text] : embedded::tables()) {
    std::vector<TableSpec> specs = parse_table_specs(std::string(text), std::string(stem) + ".yaml");
    all.insert(all.end(), std::make_move_iterator(specs.begin()), std::make_move_iterator(specs.end()));
  }
  return all;
}

}  // namespace frugal::harness
