// Whatever bytes a run.json and a cells.jsonl hold, they are read or called bad with UserError; what is read can be
// written and read again; and tables, comparisons and checks of it end, or say in a UserError why not. The input is the
// text of both files, separated by a 0xff byte; one that is bad is replaced by a good one, so that the other is used.
#include "benchmarks/harness/compare/compare_table.hpp"
#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/plan/json_reader.hpp"
#include "benchmarks/harness/record/files.hpp"
#include "benchmarks/harness/report/exports/exports.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/report/view.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using fuzz::require;

const TableSpec& table() {
  static const TableSpec spec = parse_table_specs(R"(schema: 1
title: "CADC on {dataset.name}"
workload: cadc
rows: [{key: params.cadc.keep_fraction, scale: 100, unit: "%"}, {key: params.cadc.mf}]
columns:
  - {metric: "hr@10[neg=99]"}
  - {metric: logloss, relative_to: {params.cadc.keep_fraction: 1}, as: percent}
  - {metric: parameters, per: train}
  - {stage: train, of: bound}
  - {stage: total}
  - {count: n}
plots: [{x: stage total, y: "hr@10[neg=99]"}]
)",
                                                  "cadc.yaml")
                                    .front();
  return spec;
}

template <class Act>
bool succeeds(const Act& act) {
  try {
    act();
    return true;
  } catch (const UserError&) {
    return false;  // the one way to refuse an input
  }
}

Provenance read_provenance(std::string_view text) {
  const Place place{"run.json"};
  Provenance provenance = Provenance::from_json(parse_json(text, place), place);
  const Json written = provenance.to_json();
  require(Provenance::from_json(Json::parse(written.dump()), place).to_json() == written);
  return provenance;
}

std::vector<CellRecord> read_cells(std::string_view text) {
  std::vector<CellRecord> cells = parse_records(text, "cells.jsonl");
  std::string again;
  for (const CellRecord& cell : cells) again += cell.to_json().dump() + "\n";
  const std::vector<CellRecord> twins = parse_records(again, "cells.jsonl");
  require(twins.size() == cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) require(twins[i].to_json() == cells[i].to_json());
  return cells;
}

void use(const Run& run) {
  succeeds([&] {
    const std::vector<Table> made = arrange({make_table(table(), {&run, 1})}, {});
    for (const TableFormat format : {TableFormat::text, TableFormat::markdown, TableFormat::csv, TableFormat::json,
                                     TableFormat::latex, TableFormat::html})
      render(made, format);
  });
  succeeds([&] {
    const Judgement judgement = compare_runs(run, run);
    compared_text({&judgement, 1});
    require(compared_markdown({&judgement, 1}).size() <= most_comment_bytes);
    const Table made = compare_table(judgement, run, run);
    render({&made, 1}, TableFormat::csv);
  });
  for (const Named<ExportFormat>& format : export_format_names) succeeds([&] { export_runs({&run, 1}, format.value); });
  succeeds([&] {
    const Judgement judgement = check_run(run, {.file = "base.yaml", .run = run});
    for (const Named<VerdictFormat>& format : verdict_format_names) render_check(judgement, format.value);
  });
}

}  // namespace
}  // namespace frugal::harness

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace frugal::harness;
  static const Run sample = samples::sample_run_of(2);
  const auto [provenance, cells] = frugal::fuzz::parts_of<2>(frugal::fuzz::bytes_of(data, size));
  Run run = sample;
  const bool good_run = succeeds([&, text = provenance] { run.provenance = read_provenance(text); });
  const bool good_cells = succeeds([&, text = cells] { run.cells = read_cells(text); });
  if (!good_run && !good_cells) return 0;
  if (succeeds([&] { apply_provenance(run); })) use(run);
  return 0;
}
