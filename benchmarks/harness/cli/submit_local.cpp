// Processes of this machine: each task is the command of its shard, in a session of its own, so that it outlives who
// started it. A task lives as long as its log is locked: the kernel lets the lock go with the process, and unlike a
// process id a lock is never somebody else's.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "benchmarks/harness/cli/submit_engine.hpp"
#include "impl/base/descriptor.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"
#include "impl/base/process.hpp"

namespace frugal::harness {
namespace {

std::string this_host() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

/// Between fork and exec: system calls only.
[[noreturn]] void become_task(int log, const char* folder, char* const* words) {
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  if (::chdir(folder) == 0) ::execv("/proc/self/exe", words);
  ::_exit(127);
}

pid_t start_task(const SubmittedJob& job, std::size_t task) {
  const std::filesystem::path path = job.log(task);
  const Descriptor log(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const std::string head = fmt::format("shard {} on {}\n", job.name(task), job.host);
  // Whoever asks whether it lives holds the lock for a moment.
  if (!log.is_open() || ::flock(log.get(), LOCK_EX) != 0 || !write_all(log.get(), head)) fail_to_write(path);
  const Args words = job.command(task);
  const std::vector<char*> pointers = exec_words(words);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) become_task(log.get(), job.folder.c_str(), pointers.data());
  return pid;
}

bool lives(const SubmittedJob& job, std::size_t task) {
  const Descriptor log(::open(job.log(task).c_str(), O_RDONLY | O_CLOEXEC));
  return log.is_open() && ::flock(log.get(), LOCK_SH | LOCK_NB) != 0;
}

class LocalEngine final : public SubmitEngine {
 public:
  void start(SubmittedJob& job, const std::vector<std::size_t>& tasks) override {
    job.host = this_host();
    job.processes.clear();
    for (const std::size_t task : tasks) start_one(job, task);
  }

  std::optional<TasksNow> now(SubmittedJob& job) override {
    require_this_host(job);
    TasksNow now;
    for (const auto& [task, pid] : std::map(job.processes)) {
      int status = 0;
      if (::waitpid(pid, &status, WNOHANG) == pid) note_end(job, task, status, now);
      if (lives(job, task)) now.alive[task] = {};
    }
    return now;
  }

  std::map<std::size_t, std::string> ends(const SubmittedJob&) override { return ends_; }

  void cancel(const SubmittedJob& job) override {
    require_this_host(job);
    for (const auto& [task, pid] : job.processes)
      if (lives(job, task)) ::kill(pid, SIGTERM);
  }

  double interval_s(double) const override { return 0.25; }

 private:
  /// A task that is killed so often without a new record is not started again.
  static constexpr int most_vain = 5;

  struct Attempt {
    std::uintmax_t record_bytes = 0;  ///< when it began
    int vain = 0;                     ///< how many before it left no record
  };

  static void require_this_host(const SubmittedJob& job) {
    if (job.host == this_host()) return;
    throw UserError(Place{job.dir.string()},
                    fmt::format("its processes were started on {}: only there they can be seen", job.host));
  }

  static std::uintmax_t record_bytes(const SubmittedJob& job, std::size_t task) {
    std::error_code none;
    const std::uintmax_t bytes = std::filesystem::file_size(job.shard_folder(task) / "cells.jsonl", none);
    return none ? 0 : bytes;
  }

  void start_one(SubmittedJob& job, std::size_t task) {
    attempts_[task].record_bytes = record_bytes(job, task);
    job.processes[task] = start_task(job, task);
  }

  void note_end(SubmittedJob& job, std::size_t task, int status, TasksNow& now) {
    if (!WIFSIGNALED(status)) {
      ends_[task] = fmt::format("exit code {}", WEXITSTATUS(status));
      return;
    }
    const int signal = WTERMSIG(status);
    Attempt& attempt = attempts_[task];
    attempt.vain = record_bytes(job, task) > attempt.record_bytes ? 0 : attempt.vain + 1;
    ends_[task] = fmt::format("killed by signal {} ({})", signal, ::strsignal(signal));
    if (attempt.vain >= most_vain) return;
    now.news.push_back(fmt::format("shard {} was {}: started again", job.name(task), ends_[task]));
    start_one(job, task);
    job.save();
  }

  std::map<std::size_t, Attempt> attempts_;
  std::map<std::size_t, std::string> ends_;
};

}  // namespace

std::unique_ptr<SubmitEngine> local_engine() { return std::make_unique<LocalEngine>(); }

}  // namespace frugal::harness
