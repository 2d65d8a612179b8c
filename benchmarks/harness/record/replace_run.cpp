#include "benchmarks/harness/record/replace_run.hpp"

#include <unistd.h>

#include <cerrno>

#include "impl/base/files.hpp"

namespace frugal::harness {

namespace fs = std::filesystem;

void replace_run(const fs::path& from, const fs::path& to) {
  make_folders(to);
  PendingFile run(to / "run.json");
  PendingFile cells(to / "cells.jsonl");
  copy_whole_file(from / "run.json", run.path());
  copy_whole_file(from / "cells.jsonl", cells.path());
  // The old records go first: nothing says of which run.json records are.
  const fs::path old_cells = fs::weakly_canonical(to / "cells.jsonl");  // what a link stands for
  if (::unlink(old_cells.c_str()) != 0 && errno != ENOENT) refuse_output("replace this file", old_cells);
  sync_folder(old_cells.parent_path());
  run.publish();
  cells.publish();
}

bool is_half_replaced(const fs::path& folder) {
  return fs::exists(folder / "run.json") && !fs::exists(folder / "cells.jsonl");
}

}  // namespace frugal::harness
