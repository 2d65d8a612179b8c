#include "impl/base/process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "impl/base/descriptor.hpp"
#include "impl/base/error.hpp"

namespace frugal {
namespace {

constexpr std::size_t kept_errors = 2000;

struct SpawnActions {
  SpawnActions() { posix_spawn_file_actions_init(&actions); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions); }
  posix_spawn_file_actions_t actions;
};

}  // namespace

ProcessResult run_process(const std::vector<std::string>& argv, const std::filesystem::path& dir) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw UnavailableError("cannot start another program: no pipe left");
  Descriptor complaints(ends[0]);
  Descriptor their_end(ends[1]);
  SpawnActions spawn;
  posix_spawn_file_actions_addchdir_np(&spawn.actions, dir.c_str());
  posix_spawn_file_actions_addopen(&spawn.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&spawn.actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&spawn.actions, their_end.get(), STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  pid_t child = 0;
  const int error = posix_spawnp(&child, arguments[0], &spawn.actions, nullptr, arguments.data(), environ);
  their_end.close();
  ProcessResult result;
  if (error != 0) return result;
  result.started = true;
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t got = ::read(complaints.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    result.errors.append(piece.data(), static_cast<std::size_t>(got));
    if (result.errors.size() > 2 * kept_errors) result.errors.erase(0, result.errors.size() - kept_errors);
  }
  complaints.close();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace frugal
