#include "benchmarks/harness/run/rank_job.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <vector>

#include "benchmarks/harness/run/child_messages.hpp"
#include "impl/base/process.hpp"
#include "impl/base/sha256.hpp"

namespace frugal::harness {
namespace {

constexpr std::string_view rank_word = "frugal: rank ";
constexpr std::string_view mpirun_word = "noticed that process rank ";

/// The words of mpirun's command line. What it does not pass on by itself to other hosts are the settings of the cells.
/// A rank that waits yields its processor: beside other work, on which it may be waiting, a step takes a quarter of the
/// time.
std::vector<std::string> job_command(int ranks) {
  std::vector<std::string> words = {"mpirun", "-n", std::to_string(ranks)};
  for (const char* word : {"--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1", "-x",
                           "OMP_NUM_THREADS", "-x", "OMP_WAIT_POLICY"})
    words.emplace_back(word);
  if (std::getenv("FRUGAL_ISA") != nullptr) words.insert(words.end(), {"-x", "FRUGAL_ISA"});
  words.insert(words.end(), {std::filesystem::read_symlink("/proc/self/exe").string(), rank_verb});
  return words;
}

std::vector<std::string> hashed(const std::vector<std::string>& hosts) {
  std::vector<std::string> hashes;
  hashes.reserve(hosts.size());
  for (const std::string& host : hosts) hashes.push_back(sha256(host).substr(0, 12));
  return hashes;
}

int follow(Job& job, const Workloads& workloads) {
  std::string why = "an exception of an unknown type";
  try {
    job.follow([&](Communicator& ranks, const std::string& request) {
      const Json asked = Json::parse(request);
      return find_workload(workloads, asked.at("workload").get<std::string>())->load_part(asked, ranks);
    });
    return 0;
  } catch (const std::bad_alloc&) {
    why = "out of memory";
  } catch (const std::exception& error) {
    why = error.what();
  } catch (...) {
  }
  fmt::print(stderr, "{}{} on {}: {}\n", rank_word, job.rank(), job.hosts().at(static_cast<std::size_t>(job.rank())),
             why);
  std::fflush(stderr);
  job.abort();
  return EXIT_FAILURE;
}

/// What stands before the first `end`, behind which `text` goes on.
std::optional<std::string> cut(std::string_view& text, std::string_view end) {
  const std::size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  std::string part(text.substr(0, at));
  text.remove_prefix(at + end.size());
  return part;
}

}  // namespace

PackedPairs Workload::load_part(const Json&, Communicator&) const {
  throw std::logic_error(fmt::format("no rank but the first loads anything of {}", name()));
}

void become_job(int ranks) {
  const std::vector<std::string> words = job_command(ranks);
  const std::vector<char*> arguments = exec_words(words);
  // mpirun refuses to serve root otherwise, who is the only user that a container has.
  ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  ::dup2(child_message_fd, STDOUT_FILENO);
  ::execvp(arguments.front(), arguments.data());
  CellMessage message;
  message.kind = CellMessage::Kind::outcome;
  message.failure = Failure::other;
  message.error = fmt::format("limits.ranks {}: cannot start mpirun: {}", ranks, std::strerror(errno));
  send_to_parent(message);
}

int rank_main(const Workloads& workloads, const BackendReader& readings, const JobSource& join) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // mpirun may be killed where it has no time to end its ranks
  ::dup2(STDOUT_FILENO, child_message_fd);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  Job* const job = join();
  if (job == nullptr) refuse_foreign_caller(rank_verb);
  if (job->rank() > 0) return follow(*job, workloads);
  measure_request(workloads, readings, [&](CellMessage message) {
    if (message.kind == CellMessage::Kind::outcome) message.hosts = hashed(job->hosts());
    send_to_parent(message);
  });
  job->end();
  return 0;
}

std::optional<std::string> lost_rank(const std::string& output) {
  if (const std::size_t own = output.find(rank_word); own != std::string::npos) {
    const std::size_t begin = own + std::strlen("frugal: ");
    return output.substr(begin, output.find('\n', own) - begin);
  }
  const std::size_t at = output.find(mpirun_word);
  if (at == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(output).substr(at + mpirun_word.size());
  const std::optional<std::string> rank = cut(rest, " with PID ");
  const std::optional<std::string> pid = rank ? cut(rest, " on node ") : std::nullopt;
  const std::optional<std::string> host = pid ? cut(rest, " ") : std::nullopt;
  const std::optional<std::string> how = host ? cut(rest, ".") : std::nullopt;
  if (!how) return std::nullopt;
  return fmt::format("rank {} on {}: {}", *rank, *host, *how);
}

}  // namespace frugal::harness
