// Slurm, by its own commands: sbatch, squeue, scontrol, scancel.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "benchmarks/harness/cli/command_line.hpp"
#include "benchmarks/harness/cli/submit_engine.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"
#include "impl/base/number.hpp"
#include "impl/base/process.hpp"

namespace frugal::harness {
namespace {

ProcessResult call_slurm(const Args& words) {
  ProcessResult result = run_process(words, std::filesystem::current_path(), Stdout::kept);
  if (!result.started)
    throw UnavailableError(fmt::format(
        "there is no Slurm here: no {} on the PATH. A cluster has it on its login nodes; on Debian and Ubuntu "
        "the package slurm-client brings it. Without Slurm: --engine local:N, for N processes of this machine",
        words.front()));
  while (!result.errors.empty() && result.errors.back() == '\n') result.errors.pop_back();
  return result;
}

/// A line of the script. Words are as sbatch reads them back.
std::string directive(const std::string& option, const std::string& value) {
  return fmt::format("#SBATCH --{}={}\n", option, shell_word(value));
}

/// A pattern of file names in which % means itself.
std::string pattern_of(std::string path) {
  for (std::size_t at = 0; (at = path.find('%', at)) != std::string::npos; at += 2) path.insert(at, 1, '%');
  return path;
}

/// "KEY=" -> the word after it, in a line of `scontrol --oneliner`.
std::string field(const std::string& line, const std::string& key) {
  const std::size_t at = (" " + line).find(" " + key + "=");
  if (at == std::string::npos) return "";
  const std::size_t from = at + key.size() + 1;
  return line.substr(from, line.find(' ', from) - from);
}

/// "TIMEOUT", "FAILED (exit code 4)", "FAILED (signal 9)".
std::string end_text(const std::string& line) {
  std::string state = field(line, "JobState");
  const std::string code = field(line, "ExitCode");  // "4:0", of a signal "0:9"
  const std::size_t colon = code.find(':');
  if (state != "FAILED" || colon == std::string::npos) return state;
  if (code.substr(colon + 1) != "0") return fmt::format("{} (signal {})", state, code.substr(colon + 1));
  return fmt::format("{} (exit code {})", state, code.substr(0, colon));
}

class SlurmEngine final : public SubmitEngine {
 public:
  explicit SlurmEngine(SlurmWishes wishes) : wishes_(std::move(wishes)) { call_slurm({"sbatch", "--version"}); }

  void start(SubmittedJob& job, const std::vector<std::size_t>& tasks) override {
    write_whole_file(job.script(), slurm_script(job, wishes_, tasks));
    const ProcessResult said = call_slurm({"sbatch", "--parsable", job.script().string()});
    if (said.exit_code != 0) refuse(said);
    job.slurm_job = said.output.substr(0, said.output.find_first_of(";\n"));  // "12;cluster"
  }

  std::optional<TasksNow> now(SubmittedJob& job) override {
    const ProcessResult said =
        call_slurm({"squeue", "--noheader", "--array", "--jobs=" + job.slurm_job, "--format=%K|%T|%r"});
    // A while after its end Slurm forgets a job.
    if (said.exit_code != 0 && said.errors.find("Invalid job id") != std::string::npos) return TasksNow{};
    if (said.exit_code != 0) return std::nullopt;
    TasksNow now;
    std::istringstream lines(said.output);
    for (std::string line; std::getline(lines, line);) {
      const std::size_t first = line.find('|');
      const std::size_t second = line.find('|', first + 1);
      const auto task = number_in<std::size_t>(std::string_view(line).substr(0, first));
      if (!task || *task < 1 || *task > job.cells.size() || second == std::string::npos) continue;
      TasksNow::Task& it = now.alive[*task];
      it.runs = line.substr(first + 1, second - first - 1) != "PENDING";
      if (!it.runs) it.why_not = line.substr(second + 1);
    }
    return now;
  }

  std::map<std::size_t, std::string> ends(const SubmittedJob& job) override {
    std::map<std::size_t, std::string> ends;
    std::istringstream lines(call_slurm({"scontrol", "--oneliner", "show", "job", job.slurm_job}).output);
    for (std::string line; std::getline(lines, line);)
      if (const auto task = number_in<std::size_t>(field(line, "ArrayTaskId"))) ends[*task] = end_text(line);
    return ends;
  }

  void cancel(const SubmittedJob& job) override {
    const ProcessResult said = call_slurm({"scancel", job.slurm_job});
    if (said.exit_code != 0 && said.errors.find("Invalid job id") == std::string::npos)
      throw UnavailableError("scancel: " + said.errors);
  }

  /// Often enough for a short job, and no burden on the controller of a long one.
  double interval_s(double elapsed_s) const override { return std::clamp(elapsed_s / 10, 0.5, 30.0); }

 private:
  [[noreturn]] static void refuse(const ProcessResult& said) {
    std::string message = fmt::format("sbatch does not take the job: {}", said.errors);
    if (said.errors.find("partition") != std::string::npos) {
      std::istringstream names(call_slurm({"sinfo", "--noheader", "--format=%R"}).output);
      std::string known;
      for (std::string name; names >> name;) known += (known.empty() ? "" : ", ") + name;
      throw UserError(fmt::format("{}\n  partitions here: {}", message, known));
    }
    if (said.errors.find("contact") != std::string::npos || said.errors.find("onnect") != std::string::npos)
      throw UnavailableError(message);
    throw UserError(message);
  }

  SlurmWishes wishes_;
};

}  // namespace

std::string ranges_text(const std::vector<std::size_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(numbers[i]);
    if (last > i) text += "-" + std::to_string(numbers[last]);
    i = last + 1;
  }
  return text;
}

std::string slurm_script(const SubmittedJob& job, const SlurmWishes& wishes, const std::vector<std::size_t>& tasks) {
  const std::string shards = fmt::format("{}/shards", shell_word(job.out));
  std::string text = fmt::format(
      "#!/bin/bash\n# {} cells in {} shards, a task each. A task that is given again goes on where it was.\n"
      "# By hand: mkdir -p {}/logs && sbatch THIS_FILE, and when all have ended: {} merge --mix {} {}/*\n",
      job.all_cells(), job.cells.size(), shell_word(job.out), shell_word(job.run[0]), shell_word(job.out), shards);
  text += directive("job-name", std::filesystem::path(job.run.at(2)).stem().string());
  text += directive("chdir", job.folder);
  text += directive("output", pattern_of(job.out) + "/logs/%a.txt");
  text += "#SBATCH --open-mode=append\n";
  text += directive("array", ranges_text(tasks) + (wishes.parallel ? "%" + *wishes.parallel : ""));
  text += fmt::format("#SBATCH --cpus-per-task={}\n", wishes.cpus);
  if (wishes.partition) text += directive("partition", *wishes.partition);
  if (wishes.time) text += directive("time", *wishes.time);
  text += "#SBATCH --requeue\n#SBATCH --signal=B:TERM@30\n";
  for (const std::string& more : wishes.more) text += "#SBATCH " + more + "\n";
  text += fmt::format("echo \"shard $SLURM_ARRAY_TASK_ID/{} on ${{SLURMD_NODENAME:-$(hostname)}}\"\nexec",
                      job.cells.size());
  for (const std::string& word : job.run) text += " " + shell_word(word);
  return text + fmt::format(" \\\n  --shard \"$SLURM_ARRAY_TASK_ID/{}\" --out {}/\"$SLURM_ARRAY_TASK_ID\"\n",
                            job.cells.size(), shards);
}

std::unique_ptr<SubmitEngine> slurm_engine(SlurmWishes wishes) {
  return std::make_unique<SlurmEngine>(std::move(wishes));
}

}  // namespace frugal::harness
