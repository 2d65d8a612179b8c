// Runs the program as a user does, and catches what it says.
#pragma once
#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/scratch_folder.hpp"

namespace frugal::end_to_end {

struct Said {
  int code = -1;  ///< exit code; 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

/// A program that is running, with its output in two files.
class Program {
 public:
  /// `variables`: "NAME=value", added to the environment.
  Program(const std::string& program, const std::vector<std::string>& args, const std::filesystem::path& folder,
          const std::vector<std::string>& variables = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void send(int signal) const;
  pid_t pid() const { return pid_; }
  Said wait();

 private:
  pid_t pid_ = -1;
  std::filesystem::path out_;
  std::filesystem::path err_;
};

/// Every test has a folder of its own, which is the program's current folder.
class ProgramTest : public ::testing::Test {
 protected:
  /// The program over the workloads `fake` and `trouble`.
  Said fake(const std::vector<std::string>& args, const std::vector<std::string>& variables = {});
  std::unique_ptr<Program> start_fake(const std::vector<std::string>& args);
  std::unique_ptr<Program> start_frugal(const std::vector<std::string>& args);
  /// The program itself.
  Said frugal(const std::vector<std::string>& args, const std::vector<std::string>& variables = {});

  void write(const std::string& name, const std::string& text) const;
  std::string read(const std::string& name) const;
  std::size_t lines_of(const std::string& name) const;
  /// The lines of a cells.jsonl.
  std::vector<nlohmann::json> records(const std::string& name) const;
  /// Waits until it holds, 10 s at most.
  static bool eventually(const std::function<bool()>& holds);

  ScratchFolder scratch_;
  const std::filesystem::path folder_ = scratch_.path();
};

/// Of all its threads: the servers that cells are forked from, then these cells.
std::vector<pid_t> descendants(pid_t process);

/// A zombie, which waits for somebody to ask how it ended, is not.
bool is_alive(pid_t process);

/// The text with what differs from run to run or from build to build replaced: times, wall_s, use,
/// threads, memory.peak, what is said of the machine, and the path of the program (by "frugal").
std::string masked(std::string text);

}  // namespace frugal::end_to_end
