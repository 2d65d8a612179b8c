// Whatever the bytes: a baseline in YAML, beside the run folder "run", is read or called bad with UserError; and with
// what is read a run can be checked.
#include <fstream>

#include "benchmarks/harness/judge/judge.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/harness/sample_runs.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal::harness {
namespace {

/// A folder with a run in it. It lies where $TMPDIR says: give a memory file system.
class BaselineFolder {
 public:
  BaselineFolder() {
    std::filesystem::create_directory(folder_ / "run");
    std::ofstream(folder_ / "run/run.json") << run_.provenance.to_json();
    std::ofstream cells(folder_ / "run/cells.jsonl");
    for (const CellRecord& cell : run_.cells) cells << cell.to_json() << '\n';
  }

  void check(std::string_view text) const {
    const std::filesystem::path file = folder_ / "base.yaml";
    std::ofstream(file, std::ios::binary) << text;
    check_run(run_, load_baseline(file));
  }

 private:
  ScratchFolder folder_;
  Run run_ = samples::sample_run_of(2);
};

}  // namespace
}  // namespace frugal::harness

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const frugal::harness::BaselineFolder folder;
  try {
    folder.check(frugal::fuzz::bytes_of(data, size));
  } catch (const frugal::UserError&) {
    // A bad baseline, called bad: as it should be.
  }
  return 0;
}
