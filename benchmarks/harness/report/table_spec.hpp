// Which records become which table: a small language in YAML.
//
//   schema: 1
//   title: ENRP, {dataset.name}            # {path}: the value, where all selected cells agree
//   workload: inr
//   where: {params.inr.activation: sine}   # optional; all must match; a list means "one of"
//   needs: limits.threads                  # optional: only where this is an axis of some cell
//   network: {latency_us: 2, gbit_per_s: 100}      # needed by `of: predicted`: between the machines
//   rows:                                  # what a row is, left to right
//     - {key: backend}
//     - {key: params.cadc.keep_fraction, title: kept, scale: 100, unit: "%", format: "{:g}"}
//     - {key: params.cadc.embedding_trainable, labels: {"true": trainable, "false": frozen}}
//     - {title: network, text: "{params.inr.grid}x{params.inr.grid}, {params.inr.width}"}
//     - title: embeddings                  # the first that matches; one without `when` matches all
//       label:
//         - {when: {params.cadc.model: popularity}, text: popularity}
//         - {text: "{params.cadc.embedding_init}"}
//   over: {key: dataset.path, title: pictures}   # optional: a row is the mean over these, each that of its seeds
//   columns:
//     - {metric: psnr}                     # mean over seeds, half width of its 95% interval
//     - {metric: psnr, relative_to: {params.inr.width: 64}, as: difference}   # percent | ratio | speedup
//     - {stage: train, relative_to: {limits.threads: 1}, as: efficiency}      # speed-up over that of the numbers
//     - {stage: train}                     # of: time (default) | flops | bytes | flop_rate | byte_rate | bound
//                                          #   | cpu_time | efficiency | joules | flops_per_joule | computing
//                                          #   | received | messages | predicted
//     - {stage: train, of: bound}          # share of what the device's limits allow, and the limit that binds
//     - {stage: total}                     # all stages together
//     - {stage: train, of: efficiency}     # share of its threads' time that the processors spent on it
//     - {stage: train, of: predicted}      # with each rank on a machine of its own
//     - {metric: samples, per: train}      # the metric over the seconds of a stage; of: joules: over its energy
//     - {metric: parameters, divided_by: users}        # two metrics of one cell
//     - {key: params.inr.steps}
//     - {metric: mssim, note: One sentence under the table while this column is shown., better: higher}
//     - {count: n}
//   more:                                  # optional: columns that a table shows on demand only (--columns)
//     - {metric: parameters}
//   sort: [{key: params.inr.width, order: descending}]     # default: the order of the plan
//   plots:                                 # figures, for --format html, svg, vega and mpl
//     - {x: training work, y: PSNR, series: grid, label: network, log: [x], front: true}   # columns, by title
//     - {x: kept, y: HR, series: embeddings, references: [MF alone], log: [x], lines: true}
//     - {x: kept, y: [stage 1, stage 2]}   # columns of one unit: each is a series; so are several of x
//     - {kind: stages}                     # time per stage, a bar a row
//     - {kind: roofline}                   # rate against arithmetic intensity, where limits were measured
//     - {kind: losses}                     # loss against steps, a line a row
//   notes: [a sentence]
//
// Paths are those of a plan (params.inr.width, backend, dataset.name), machine.* and build.* of run.json. A column may
// have `title`, `unit`, `scale` (the value times this is in that unit) and `format` (fmt, or `si` for 1.02 T). The order of
// columns is that of their importance: where a medium is too narrow, the last ones give way. `better` (higher, lower,
// neither) says which figure may be marked as the best; by default a metric's own direction, and neither for all else.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/harness/report/table.hpp"
#include "benchmarks/harness/study/select.hpp"
#include "benchmarks/harness/workload.hpp"
#include "impl/base/names.hpp"

namespace frugal::harness {

/// How a number is printed.
struct NumberFormat {
  std::string title{};  ///< empty: made from what is shown
  std::optional<std::string> unit{};
  double scale = 1;
  std::string format{};  ///< fmt format, "si", or empty: the metric's own, 3 significant digits for times
};

struct RowKey {
  struct Choice {
    Conditions when;   ///< empty: always
    std::string text;  ///< a template: {path} is replaced by the value
  };
  std::string path{};                                         ///< of `key`; empty for `text` and `label`
  std::vector<std::pair<std::string, std::string>> labels{};  ///< value as text -> what is printed
  std::vector<Choice> choices{};                              ///< of `text` (one) and `label`
  NumberFormat number{};
};

struct ColumnSpec {
  enum class Source { key, metric, stage, count };
  enum class StageValue {
    time,
    flops,
    bytes,
    flop_rate,
    byte_rate,
    bound,
    cpu_time,
    efficiency,
    joules,
    flops_per_joule,
    computing,
    received,
    messages,
    predicted
  };
  enum class Relation { none, difference, percent, ratio, speedup, efficiency };
  Source source;
  std::string name{};  ///< path, metric or stage ("total")
  StageValue stage_value = StageValue::time;
  /// Of `predicted`: what a message takes beside its bytes, and how many of these pass in a second.
  struct Network {
    double latency_s = 0;
    double bytes_per_s = 0;
  } network{};
  std::string per{};         ///< of a metric: the stage whose seconds (stage_value: or joules) divide it
  std::string divided_by{};  ///< of a metric: another of the same cell
  Relation relation = Relation::none;
  Conditions relative_to{};  ///< row key (path, or title of a text or label) -> its value in the reference row
  NumberFormat number{};
  bool more = false;               ///< shown on demand only
  std::optional<Better> better{};  ///< none: that of the metric
  std::string note{};              ///< a sentence that belongs to the column
  Place place{};
};

/// "percent".
std::string relation_word(ColumnSpec::Relation relation);

struct SortKey {
  std::string path;
  bool descending = false;
};

/// Columns by title, of rows or columns.
struct PlotSpec {
  enum class Kind { columns, stages, roofline, losses };
  Kind kind = Kind::columns;              ///< of the others nothing below is told
  std::vector<std::string> x{}, y{};      ///< several of one of them, in one unit: each is a series
  std::string series{};                   ///< empty: all points alike
  std::string label{};                    ///< empty: none
  std::vector<std::string> references{};  ///< of the series: lines across the figure
  bool log_x = false;
  bool log_y = false;
  bool front = false;
  bool lines = false;
  Place place{};
};

struct TableSpec {
  std::string name;  ///< file name without extension
  std::string title;
  std::string workload;
  Conditions where{};
  std::string needs{};  ///< path without which a cell is left out; empty: none
  std::vector<RowKey> rows;
  std::string over{};        ///< path whose values are draws, as seeds are; empty: seeds alone
  std::string over_title{};  ///< "pictures"
  std::vector<ColumnSpec> columns;
  std::vector<SortKey> sort{};
  std::vector<PlotSpec> plots{};
  std::vector<std::string> notes{};
  std::vector<std::pair<std::string, Place>> params{};  ///< paths of parameters that it names, and where
  Place place{};
};

/// `name` is a path or the name of an embedded spec ("cadc"). A file may hold several documents: several tables.
/// Throws UserError with file:line:column.
std::vector<TableSpec> load_table_specs(const std::string& name);
std::vector<TableSpec> parse_table_specs(const std::string& text, const std::string& file);

/// Of every embedded spec, in alphabetical order.
std::vector<TableSpec> embedded_table_specs();

}  // namespace frugal::harness
