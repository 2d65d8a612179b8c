// Other programs (curl, pip, apt-get, sbatch), started without a shell.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace frugal {

struct ProcessResult {
  bool started = false;  ///< false: no such program
  int exit_code = -1;    ///< 128 + n when signal n ended it
  std::string errors;    ///< the end of what it wrote to stderr
  std::string output{};  ///< what it wrote to stdout, where that is kept
};

enum class Stdout { dropped, kept };

/// Words as exec() takes them, which reads them only: pointers into them, and a null at the end.
std::vector<char*> exec_words(const std::vector<std::string>& words);

/// Runs argv[0], found on PATH, with stdin at /dev/null, in folder `dir`; waits for it. Once `stop`, a descriptor, can be
/// read, it is asked to end (SIGTERM).
ProcessResult run_process(const std::vector<std::string>& argv, const std::filesystem::path& dir,
                          Stdout out = Stdout::dropped, int stop = -1);

}  // namespace frugal
