#include "impl/base/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

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

/// Adds what is there; closes the pipe at its end.
void drain_piece(Descriptor& pipe, std::string& text) {
  std::array<char, 4096> piece{};
  const ssize_t got = ::read(pipe.get(), piece.data(), piece.size());
  if (got < 0 && errno == EINTR) return;
  if (got <= 0) return pipe.close();
  text.append(piece.data(), static_cast<std::size_t>(got));
}

}  // namespace

std::vector<char*> exec_words(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

ProcessResult run_process(const std::vector<std::string>& argv, const std::filesystem::path& dir, Stdout out,
                          int stop) {
  Pipe complaints;
  Pipe words;
  SpawnActions spawn;
  posix_spawn_file_actions_addchdir_np(&spawn.actions, dir.c_str());
  posix_spawn_file_actions_addopen(&spawn.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (out == Stdout::kept)
    posix_spawn_file_actions_adddup2(&spawn.actions, words.write.get(), STDOUT_FILENO);
  else
    posix_spawn_file_actions_addopen(&spawn.actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&spawn.actions, complaints.write.get(), STDERR_FILENO);
  const std::vector<char*> arguments = exec_words(argv);

  pid_t child = 0;
  const int error = posix_spawnp(&child, arguments[0], &spawn.actions, nullptr, arguments.data(), environ);
  complaints.write.close();
  words.write.close();
  ProcessResult result;
  if (error != 0) return result;
  result.started = true;
  while (complaints.read.is_open() || words.read.is_open()) {
    // A descriptor of -1, a closed one, is passed over.
    std::array<pollfd, 3> ends = {
        {{complaints.read.get(), POLLIN, 0}, {words.read.get(), POLLIN, 0}, {stop, POLLIN, 0}}};
    if (::poll(ends.data(), ends.size(), -1) < 0) continue;
    if (ends[2].revents != 0) {
      ::kill(child, SIGTERM);
      stop = -1;
    }
    if (ends[0].revents != 0) drain_piece(complaints.read, result.errors);
    if (ends[1].revents != 0) drain_piece(words.read, result.output);
    if (result.errors.size() > 2 * kept_errors) result.errors.erase(0, result.errors.size() - kept_errors);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace frugal
