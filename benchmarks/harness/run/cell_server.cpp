#include "benchmarks/harness/run/cell_server.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/run/child_messages.hpp"
#include "benchmarks/harness/run/pinning.hpp"
#include "impl/base/process.hpp"
#include "impl/base/sanitizer.hpp"

extern char** environ;

namespace frugal::harness {
namespace {

// Shadow memory is terabytes of private mappings: no limit that a plan would set leaves room for it.
constexpr bool can_limit_memory = !has_sanitizer;

constexpr std::size_t descriptor_count = 3;

/// What goes over the socket, beside the descriptors: a request, then its process, then its end.
struct Request {
  double memory_gib;
  int ranks;
};
struct Ended {
  int status;
  long peak_kib;
};

/// The environment of the cells: our own with the OpenMP settings that a fair clock needs.
std::vector<std::string> cell_environment(const ServerSettings& settings) {
  const std::vector<int>& cpus = settings.cpus;
  std::vector<std::string> variables;
  bool has_wait_policy = false;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    if (variable.starts_with("OMP_NUM_THREADS=") || variable.starts_with("OMP_PROC_BIND=")) continue;
    if (!cpus.empty() && variable.starts_with("OMP_PLACES=")) continue;
    if (!settings.isa.empty() && variable.starts_with("FRUGAL_ISA=")) continue;
    has_wait_policy |= variable.starts_with("OMP_WAIT_POLICY=");
    variables.push_back(variable);
  }
  variables.push_back("OMP_NUM_THREADS=" + std::to_string(settings.threads));
  if (!settings.isa.empty() && settings.isa != to_word(chosen_isa_names, ChosenIsa::widest))
    variables.push_back("FRUGAL_ISA=" + settings.isa);
  if (!cpus.empty()) {
    variables.emplace_back("OMP_PROC_BIND=true");
    variables.push_back("OMP_PLACES=" + openmp_places(cpus));
  }
  if (!has_wait_policy) variables.push_back("OMP_WAIT_POLICY=passive");
  return variables;
}

/// Between fork and exec: system calls only.
[[noreturn]] void become_server(pid_t parent, int socket, const cpu_set_t* processors, char* const* arguments,
                                char* const* environment) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // the parent died before prctl
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
  if (processors != nullptr) ::sched_setaffinity(0, sizeof *processors, processors);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::dup2(socket, STDIN_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);  // results are the parent's to print
  ::execve("/proc/self/exe", arguments, environment);
  ::_exit(127);
}

/// A message of the socket with the descriptors that come along; nothing: the other side is gone.
struct Received {
  Request request;
  int descriptors[descriptor_count];
};
std::optional<Received> receive_request(bool& is_socket) {
  Received received{};
  iovec piece{&received.request, sizeof received.request};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof received.descriptors)];
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t count = 0;
  do count = ::recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  is_socket = count >= 0;
  const cmsghdr* head = count == sizeof received.request ? CMSG_FIRSTHDR(&message) : nullptr;
  if (head == nullptr || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof received.descriptors))
    return std::nullopt;
  std::memcpy(received.descriptors, CMSG_DATA(head), sizeof received.descriptors);
  return received;
}

/// In the process of a cell.
void become_cell(pid_t server, const Received& received) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != server) ::_exit(127);
  if (can_limit_memory && received.request.memory_gib > 0) {
    const auto bytes = static_cast<rlim_t>(received.request.memory_gib * 1024 * 1024 * 1024);
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_DATA, &limit);
  }
  // Above the numbers that they get, so that dup2 never hits one still in use.
  int high[descriptor_count];
  for (std::size_t i = 0; i < descriptor_count; ++i) {
    high[i] = ::fcntl(received.descriptors[i], F_DUPFD_CLOEXEC, 10);
    ::close(received.descriptors[i]);
  }
  ::dup2(high[0], STDIN_FILENO);
  ::dup2(high[1], STDOUT_FILENO);
  ::dup2(high[1], STDERR_FILENO);
  ::dup2(high[2], child_message_fd);
  for (const int descriptor : high) ::close(descriptor);
}

template <class Message>
void send_to_runner(const Message& message) {
  [[maybe_unused]] const ssize_t sent = ::send(STDIN_FILENO, &message, sizeof message, MSG_NOSIGNAL);  // it may be gone
}

}  // namespace

CellServer::CellServer(ServerSettings settings) : settings_(std::move(settings)) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  socket_ = Descriptor(ends[0]);
  const Descriptor theirs(ends[1]);
  const std::vector<std::string> words = {"frugal", settings_.verb};
  const std::vector<std::string> variables = cell_environment(settings_);
  const std::vector<int>& cpus = settings_.cpus;
  cpu_set_t processors;
  CPU_ZERO(&processors);
  for (const int cpu : cpus) CPU_SET(cpu, &processors);
  const std::vector<char*> arguments = exec_words(words);
  const std::vector<char*> environment = exec_words(variables);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0)
    become_server(parent, theirs.get(), cpus.empty() ? nullptr : &processors, arguments.data(), environment.data());
}

CellServer::~CellServer() {
  socket_.close();
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  own_end();
}

CellServer::End CellServer::own_end() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return {.status = status};
}

std::optional<pid_t> CellServer::start(const CellDescriptors& descriptors, double memory_gib, int ranks) {
  Request request{memory_gib, ranks};
  const int passed[descriptor_count] = {descriptors.request, descriptors.talk, descriptors.messages};
  iovec piece{&request, sizeof request};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof passed)] = {};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof passed);
  std::memcpy(CMSG_DATA(head), passed, sizeof passed);
  if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) != sizeof request) return std::nullopt;
  pid_t pid = 0;
  ssize_t count = 0;
  do count = ::recv(socket_.get(), &pid, sizeof pid, 0);
  while (count < 0 && errno == EINTR);
  return count == sizeof pid ? std::optional(pid) : std::nullopt;
}

std::optional<CellServer::End> CellServer::ended() {
  Ended ended{};
  const ssize_t count = ::recv(socket_.get(), &ended, sizeof ended, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return std::nullopt;
  if (count != sizeof ended) return End{.status = SIGKILL};  // the cell died with its server
  return End{.status = ended.status, .peak_bytes = static_cast<double>(ended.peak_kib) * 1024};
}

std::optional<int> serve_cells() {
  const pid_t server = ::getpid();
  while (true) {
    bool is_socket = false;
    const std::optional<Received> received = receive_request(is_socket);
    if (!is_socket) return std::nullopt;
    if (!received) ::_exit(0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      become_cell(server, *received);
      return received->request.ranks;
    }
    for (const int descriptor : received->descriptors) ::close(descriptor);
    if (pid < 0) ::_exit(1);
    ::setpgid(pid, pid);  // on both sides, so that neither can come too late
    send_to_runner(pid);
    int status = 0;
    rusage usage{};
    while (::wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    send_to_runner(Ended{status, usage.ru_maxrss});
  }
}

}  // namespace frugal::harness
