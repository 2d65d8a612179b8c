#include "tests/end_to_end/program.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <regex>
#include <thread>

namespace frugal::end_to_end {
namespace {

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void add_descendants(pid_t process, std::vector<pid_t>& all) {
  std::error_code gone;
  std::vector<pid_t> children;
  const std::string threads = "/proc/" + std::to_string(process) + "/task";
  for (std::filesystem::directory_iterator thread(threads, gone), end; !gone && thread != end; thread.increment(gone)) {
    std::ifstream list(thread->path() / "children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  all.insert(all.end(), children.begin(), children.end());
  for (const pid_t child : children) add_descendants(child, all);
}

}  // namespace

std::vector<pid_t> descendants(pid_t process) {
  std::vector<pid_t> all;
  add_descendants(process, all);
  return all;
}

bool is_alive(pid_t process) {
  const std::string text = text_of_file("/proc/" + std::to_string(process) + "/stat");
  const std::size_t name_end = text.rfind(')');  // "1234 (name) S ..."; a name may hold spaces
  return name_end != std::string::npos && text.at(name_end + 2) != 'Z' && text.at(name_end + 2) != 'X';
}

Program::Program(const std::string& program, const std::vector<std::string>& args, const std::filesystem::path& folder,
                 const std::vector<std::string>& variables)
    : out_(folder / "stdout.txt"), err_(folder / "stderr.txt") {
  std::vector<std::string> words = {program};
  words.insert(words.end(), args.begin(), args.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ != 0) return;
  const int out = ::open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const int err = ::open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::unsetenv("COLUMNS");  // of whoever runs the tests, as is what a shell lets its background jobs ignore:
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_DFL);
  for (std::string variable : variables) {
    const std::size_t equals = variable.find('=');
    ::setenv(variable.substr(0, equals).c_str(), variable.substr(equals + 1).c_str(), 1);
  }
  if (::chdir(folder.c_str()) == 0) ::execv(program.c_str(), pointers.data());
  ::_exit(126);
}

Program::~Program() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Program::send(int signal) const { ::kill(pid_, signal); }

Said Program::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, text_of_file(out_), text_of_file(err_)};
}

Said ProgramTest::fake(const std::vector<std::string>& args, const std::vector<std::string>& variables) {
  return Program(FAKE_FRUGAL_PROGRAM, args, folder_, variables).wait();
}

std::unique_ptr<Program> ProgramTest::start_fake(const std::vector<std::string>& args) {
  return std::make_unique<Program>(FAKE_FRUGAL_PROGRAM, args, folder_);
}

std::unique_ptr<Program> ProgramTest::start_frugal(const std::vector<std::string>& args) {
  return std::make_unique<Program>(FRUGAL_PROGRAM, args, folder_);
}

Said ProgramTest::frugal(const std::vector<std::string>& args, const std::vector<std::string>& variables) {
  return Program(FRUGAL_PROGRAM, args, folder_, variables).wait();
}

void ProgramTest::write(const std::string& name, const std::string& text) const {
  std::filesystem::create_directories((folder_ / name).parent_path());
  std::ofstream(folder_ / name, std::ios::binary) << text;
}

std::string ProgramTest::read(const std::string& name) const { return text_of_file(folder_ / name); }

std::size_t ProgramTest::lines_of(const std::string& name) const {
  const std::string text = read(name);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::vector<nlohmann::json> ProgramTest::records(const std::string& name) const {
  std::vector<nlohmann::json> list;
  std::ifstream stream(folder_ / name);
  for (std::string line; std::getline(stream, line);) list.push_back(nlohmann::json::parse(line));
  return list;
}

bool ProgramTest::eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

std::string masked(std::string text) {
  const std::pair<const char*, const char*> masks[] = {
      {R"(\b\d+(\.\d+)? (ms|s)\b)", "TIME"},
      {R"(times may be poor: .*\n)", ""},
      {R"("wall_s":\[[^\]]*\])", R"("wall_s":[TIME])"},
      {R"("use":\[[^\]]*\])", R"("use":[TIME])"},
      {R"("threads":\d+)", R"("threads":THREADS)"},
      {R"("conditions":\[[^\]]*\])", R"("conditions":[TIME])"},
      {R"("memory.peak":[0-9.e+]+)", R"("memory.peak":BYTES)"},
  };
  const std::string program = FAKE_FRUGAL_PROGRAM;
  for (std::size_t at; (at = text.find(program)) != std::string::npos;) text.replace(at, program.size(), "frugal");
  for (const auto& [pattern, replacement] : masks) text = std::regex_replace(text, std::regex(pattern), replacement);
  return text;
}

}  // namespace frugal::end_to_end
