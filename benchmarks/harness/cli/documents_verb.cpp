// `frugal __documents DIR`, for the build: the manual page and the completions, to be installed, and a page of docs/.
#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/completions.hpp"
#include "benchmarks/harness/cli/manual.hpp"
#include "benchmarks/harness/cli/reference_rows.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

int write_documents(const Call& call) {
  const std::filesystem::path folder = call.arguments.at(0);
  make_folders(folder);
  write_whole_file(folder / "frugal.1", manual_page());
  write_whole_file(folder / "frugal.bash", bash_completion());
  write_whole_file(folder / "_frugal", zsh_completion());
  write_whole_file(folder / "frugal.fish", fish_completion());
  write_whole_file(folder / "parameters.md", parameters_page(call.workloads));
  return exit_ok;
}

}  // namespace

Verb documents_verb() {
  return {.name = "__documents", .summary = "", .arguments = {{.name = "DIR"}}, .run = write_documents};
}

}  // namespace frugal::harness
