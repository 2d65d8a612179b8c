// What `frugal submit` keeps of a submission: submit.json in the folder of the merged run, beside shards/ and logs/.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/cli/verb.hpp"

namespace frugal::harness {

/// Shards and tasks count from 1, as in --shard I/N: a task runs a shard.
struct SubmittedJob {
  std::filesystem::path dir;               ///< where submit.json is; not in it
  std::string engine;                      ///< "slurm" or "local"
  std::vector<std::size_t> cells;          ///< of each shard, how many
  std::string folder;                      ///< in which the commands are given
  std::string out;                         ///< `dir` as the user gave it, seen from `folder`
  Args submit;                             ///< the command, to give again
  Args run;                                ///< that of a shard, but for --shard and --out
  std::string slurm_job;                   ///< its number; of local: empty
  std::string host;                        ///< local: of the processes
  std::map<std::size_t, pid_t> processes;  ///< local: by task

  std::size_t all_cells() const;
  /// "3/8"
  std::string name(std::size_t shard) const;
  /// The whole command of a shard.
  Args command(std::size_t shard) const;
  std::filesystem::path shard_folder(std::size_t shard) const;
  std::filesystem::path log(std::size_t shard) const;
  std::filesystem::path script() const;

  /// Replaces submit.json. Throws UserError.
  void save() const;
  /// What save() wrote; nothing where nobody has submitted into the folder. Throws UserError when it is damaged.
  static std::optional<SubmittedJob> load(const std::filesystem::path& dir);
};

}  // namespace frugal::harness
