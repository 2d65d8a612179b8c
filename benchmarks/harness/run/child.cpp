#include "benchmarks/harness/run/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/run/cell_main.hpp"
#include "benchmarks/harness/run/child_messages.hpp"
#include "benchmarks/harness/run/line_tail.hpp"
#include "benchmarks/harness/run/pinning.hpp"
#include "impl/base/descriptor.hpp"

extern char** environ;

namespace frugal::harness {
namespace {

using ChildClock = std::chrono::steady_clock;
constexpr double grace_s = 2;

// Shadow memory is terabytes of private mappings: no limit that a plan would set leaves room for it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool can_limit_memory = false;
#else
constexpr bool can_limit_memory = true;
#endif

/// Both ends above the numbers that the child's own descriptors get, so that dup2 never hits a pipe still in use.
struct Pipe {
  Descriptor read;
  Descriptor write;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
    const Descriptor low_read(ends[0]), low_write(ends[1]);
    read = Descriptor(::fcntl(ends[0], F_DUPFD_CLOEXEC, 10));
    write = Descriptor(::fcntl(ends[1], F_DUPFD_CLOEXEC, 10));
    if (!read.is_open() || !write.is_open()) throw std::system_error(errno, std::generic_category(), "fcntl");
  }
};

/// The environment of the child: our own with the OpenMP settings that a fair clock needs.
std::vector<std::string> child_environment(int threads, const std::string& isa, const std::vector<int>& cpus) {
  std::vector<std::string> variables;
  bool has_wait_policy = false;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    if (variable.starts_with("OMP_NUM_THREADS=") || variable.starts_with("OMP_PROC_BIND=")) continue;
    if (!cpus.empty() && variable.starts_with("OMP_PLACES=")) continue;
    if (!isa.empty() && variable.starts_with("FRUGAL_ISA=")) continue;
    has_wait_policy |= variable.starts_with("OMP_WAIT_POLICY=");
    variables.push_back(variable);
  }
  variables.push_back("OMP_NUM_THREADS=" + std::to_string(threads));
  if (!isa.empty() && isa != to_word(chosen_isa_names, ChosenIsa::widest)) variables.push_back("FRUGAL_ISA=" + isa);
  if (!cpus.empty()) {
    variables.emplace_back("OMP_PROC_BIND=true");
    variables.push_back("OMP_PLACES=" + openmp_places(cpus));
  }
  if (!has_wait_policy) variables.push_back("OMP_WAIT_POLICY=passive");
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Between fork and exec: system calls only.
[[noreturn]] void become_child(pid_t parent, const Pipe& request, const Pipe& messages, const Pipe& talk,
                               const Limits& limits, const cpu_set_t* processors, char* const* arguments,
                               char* const* environment) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // the parent died before prctl
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
  if (can_limit_memory && limits.memory_gib > 0) {
    const auto bytes = static_cast<rlim_t>(limits.memory_gib * 1024 * 1024 * 1024);
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_DATA, &limit);
  }
  if (processors != nullptr) ::sched_setaffinity(0, sizeof *processors, processors);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::dup2(request.read.get(), STDIN_FILENO);
  ::dup2(talk.write.get(), STDOUT_FILENO);  // results are the parent's to print
  ::dup2(talk.write.get(), STDERR_FILENO);
  ::dup2(messages.write.get(), child_message_fd);
  ::execve("/proc/self/exe", arguments, environment);
  ::_exit(127);
}

double seconds_since(ChildClock::time_point start) {
  return std::chrono::duration<double>(ChildClock::now() - start).count();
}

/// Sends the whole request. A child that died before reading shows as EPIPE and is found out by wait.
void send_request(const std::string& text, Descriptor& pipe) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t count = ::write(pipe.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  pipe.close();
}

/// Watches one child until it is gone.
class ChildWatch {
 public:
  ChildWatch(pid_t pid, Descriptor messages, Descriptor talk, double timeout_s, StopSignals& stops,
             const ProgressSink& progress)
      : pid_(pid),
        messages_(std::move(messages)),
        talk_(std::move(talk)),
        timeout_s_(timeout_s),
        stops_(stops),
        progress_(progress) {}

  ChildReport run() {
    while (!reaped()) {
      wait_for_news();
      end_if_due();
      progress_(fraction_, stage_);
    }
    // Grandchildren, should there be any, go with the cell; what it wrote before it ended is still in the pipes.
    ::kill(-pid_, SIGKILL);
    read_available(messages_, true);
    read_available(talk_, false);
    report_.error_output = tail_.text();
    return std::move(report_);
  }

 private:
  bool reaped() {
    int status = 0;
    rusage usage{};
    if (::wait4(pid_, &status, WNOHANG, &usage) != pid_) return false;
    report_.wall_s = seconds_since(start_);
    report_.peak_bytes = static_cast<double>(usage.ru_maxrss) * 1024;
    if (WIFSIGNALED(status)) report_.signal = WTERMSIG(status);
    if (WIFEXITED(status)) report_.exit_code = WEXITSTATUS(status);
    return true;
  }

  void wait_for_news() {
    pollfd files[3] = {{messages_.get(), POLLIN, 0}, {talk_.get(), POLLIN, 0}, {stops_.fd(), POLLIN, 0}};
    // The messages end a moment before the process does: then look again soon.
    const int wait_ms = messages_.is_open() ? 250 : 1;
    if (::poll(files, 3, wait_ms) <= 0) return;
    if (files[0].revents != 0) read_once(messages_, true);
    if (files[1].revents != 0) read_once(talk_, false);
    if (files[2].revents != 0) stops_.drain();
  }

  void end_if_due() {
    const double elapsed = seconds_since(start_);
    if (stops_.count() > 0 && !asked_) {
      report_.stopped = true;
      ask(elapsed);
    }
    if (timeout_s_ > 0 && elapsed > timeout_s_ && !asked_) {
      report_.timed_out = true;
      ask(elapsed);
    }
    const bool in_a_hurry = stops_.count() > 1;
    if (asked_ && !killed_ && (in_a_hurry || elapsed > asked_at_ + grace_s)) {
      killed_ = true;
      ::kill(-pid_, SIGKILL);
    }
  }

  void ask(double elapsed) {
    asked_ = true;
    asked_at_ = elapsed;
    ::kill(-pid_, SIGTERM);
  }

  /// False at the end of the file.
  bool read_once(Descriptor& file, bool is_messages) {
    char buffer[16384];
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return errno == EINTR;
    if (count <= 0) {
      file.close();
      return false;
    }
    const std::string_view bytes(buffer, static_cast<std::size_t>(count));
    if (is_messages)
      take_messages(bytes);
    else
      tail_.add(bytes);
    return true;
  }

  /// What is in the pipe, without waiting for a grandchild that holds it open.
  void read_available(Descriptor& file, bool is_messages) {
    if (!file.is_open()) return;
    ::fcntl(file.get(), F_SETFL, O_NONBLOCK);
    while (read_once(file, is_messages)) {
    }
  }

  void take_messages(std::string_view bytes) {
    pending_.append(bytes);
    for (std::size_t end; (end = pending_.find('\n')) != std::string::npos; pending_.erase(0, end + 1))
      take(CellMessage::from_json(Json::parse(pending_.substr(0, end))));
  }

  void take(CellMessage message) {
    switch (message.kind) {
      case CellMessage::Kind::progress:
        fraction_ = message.fraction;
        stage_ = message.stage;
        break;
      case CellMessage::Kind::stages:
        for (StageRecord& stage : message.stages) add_sample(std::move(stage));
        report_.conditions.push_back(message.conditions);
        break;
      case CellMessage::Kind::outcome:
        report_.has_outcome = true;
        report_.outcome = std::move(message);
        break;
    }
  }

  void add_sample(StageRecord&& stage) {
    for (StageRecord& known : report_.stages) {
      if (known.name != stage.name) continue;
      known.wall_s.insert(known.wall_s.end(), stage.wall_s.begin(), stage.wall_s.end());
      known.use.insert(known.use.end(), stage.use.begin(), stage.use.end());
      known.flops = stage.flops;
      known.bytes = stage.bytes;
      known.sines = stage.sines;
      return;
    }
    report_.stages.push_back(std::move(stage));
  }

  pid_t pid_;
  Descriptor messages_;
  Descriptor talk_;
  double timeout_s_;
  StopSignals& stops_;
  const ProgressSink& progress_;
  ChildClock::time_point start_ = ChildClock::now();
  ChildReport report_;
  LineTail tail_{20};
  std::string pending_;
  double fraction_ = 0;
  std::string stage_;
  bool asked_ = false;
  double asked_at_ = 0;
  bool killed_ = false;
};

/// One call of this program by a hidden verb.
struct ChildCall {
  const char* verb;
  std::string request;
  Limits limits{};
  int threads = 0;
  const std::vector<int>& cpus;
};

ChildReport run_self(const ChildCall& call, StopSignals& stops, const ProgressSink& progress) {
  Pipe input, messages, talk;
  std::vector<std::string> words = {"frugal", call.verb};
  std::vector<std::string> variables = child_environment(call.threads, call.limits.isa, call.cpus);
  cpu_set_t processors;
  CPU_ZERO(&processors);
  for (const int cpu : call.cpus) CPU_SET(cpu, &processors);
  const std::vector<char*> arguments = pointers_to(words);
  const std::vector<char*> environment = pointers_to(variables);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0)
    become_child(parent, input, messages, talk, call.limits, call.cpus.empty() ? nullptr : &processors,
                 arguments.data(), environment.data());
  ::setpgid(pid, pid);  // on both sides, so that neither can come too late
  input.read.close();
  messages.write.close();
  talk.write.close();
  ChildWatch watch(pid, std::move(messages.read), std::move(talk.read), call.limits.timeout_s, stops, progress);
  send_request(call.request, input.write);
  return watch.run();
}

}  // namespace

ChildReport run_child(const CellRequest& request, const Limits& limits, StopSignals& stops,
                      const ProgressSink& progress) {
  return run_self({.verb = cell_verb,
                   .request = request.to_json().dump(),
                   .limits = limits,
                   .threads = request.threads,
                   .cpus = request.cpus},
                  stops, progress);
}

ChildReport run_limits(const LimitsRequest& request, StopSignals& stops) {
  constexpr double minute_s = 60;
  const Json json = {{"backend", request.backend}, {"precision", request.precision}};
  return run_self({.verb = limits_verb,
                   .request = json.dump(),
                   .limits = {.timeout_s = minute_s, .isa = request.isa},
                   .threads = request.threads,
                   .cpus = request.cpus},
                  stops, [](double, const std::string&) {});
}

}  // namespace frugal::harness
