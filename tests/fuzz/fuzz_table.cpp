// Whatever the bytes: a table spec is read or called bad with UserError, and what is read makes a table of a run, which
// every writer writes, or says in a UserError why not.
#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/report/view.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

void make(const TableSpec& spec) {
  static const Run run = samples::sample_run_of(2);
  try {
    const std::vector<Table> tables = arrange({make_table(spec, {&run, 1})}, {});
    for (const TableFormat format :
         {TableFormat::text, TableFormat::markdown, TableFormat::csv, TableFormat::json, TableFormat::latex,
          TableFormat::html, TableFormat::svg, TableFormat::vega, TableFormat::matplotlib})
      fuzz::require(!render(tables, format).empty());
  } catch (const UserError&) {
    // It asks for what this run has not.
  }
}

}  // namespace
}  // namespace frugal::harness

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace frugal::harness;
  try {
    for (const TableSpec& spec : parse_table_specs(std::string(frugal::fuzz::bytes_of(data, size)), "fuzz.yaml"))
      make(spec);
  } catch (const frugal::UserError&) {
    // A bad spec, called bad: as it should be.
  }
  return 0;
}
