#include "benchmarks/harness/cli/submit_job.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "benchmarks/harness/plan/json_reader.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

constexpr const char* file_name = "submit.json";
constexpr int schema = 1;

Args words_of(const JsonReader& reader, const char* key) {
  Args words;
  for (const Json& word : reader.list(key)) {
    if (!word.is_string()) reader.fail(fmt::format("'{}' holds what is no word: {}", key, word.dump()));
    words.push_back(word.get<std::string>());
  }
  return words;
}

}  // namespace

std::size_t SubmittedJob::all_cells() const { return std::accumulate(cells.begin(), cells.end(), std::size_t{0}); }

std::string SubmittedJob::name(std::size_t shard) const { return fmt::format("{}/{}", shard, cells.size()); }

Args SubmittedJob::command(std::size_t shard) const {
  Args words = run;
  words.insert(words.end(), {"--shard", name(shard), "--out", fmt::format("{}/shards/{}", out, shard)});
  return words;
}

std::filesystem::path SubmittedJob::shard_folder(std::size_t shard) const {
  return dir / "shards" / std::to_string(shard);
}

std::filesystem::path SubmittedJob::log(std::size_t shard) const { return dir / "logs" / fmt::format("{}.txt", shard); }

std::filesystem::path SubmittedJob::script() const { return dir / "submit.sbatch"; }

void SubmittedJob::save() const {
  Json json = {{"schema", schema}, {"engine", engine},           {"cells", cells}, {"folder", folder},
               {"out", out},       {"submit", submit},           {"run", run},     {"slurm_job", slurm_job},
               {"host", host},     {"processes", Json::object()}};
  for (const auto& [task, pid] : processes) json["processes"][std::to_string(task)] = pid;
  write_whole_file(dir / file_name, json.dump(2) + "\n");
}

std::optional<SubmittedJob> SubmittedJob::load(const std::filesystem::path& dir) {
  const std::filesystem::path path = dir / file_name;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  const Place place{path.string()};
  const Json json = parse_json(read_whole_file(path), place);
  const JsonReader reader(json, place, "a submission");
  reader.require_schema(schema);
  SubmittedJob job{.dir = dir,
                   .engine = reader.string("engine"),
                   .cells = {},
                   .folder = reader.string("folder"),
                   .out = reader.string("out"),
                   .submit = words_of(reader, "submit"),
                   .run = words_of(reader, "run"),
                   .slurm_job = reader.string("slurm_job"),
                   .host = reader.string("host"),
                   .processes = {}};
  for (const Json& count : reader.list("cells")) {
    if (!count.is_number_unsigned()) reader.fail("'cells' holds what is no number: " + count.dump());
    job.cells.push_back(count.get<std::size_t>());
  }
  for (const auto& [task, pid] : reader.object("processes").items()) {
    if (!pid.is_number_unsigned() || task.find_first_not_of("0123456789") != std::string::npos || task.size() > 9)
      reader.fail("'processes' holds what is no process: " + pid.dump());
    job.processes[std::stoull(task)] = pid.get<pid_t>();
  }
  if (job.run.size() < 3) reader.fail("'run' is no command");
  return job;
}

}  // namespace frugal::harness
