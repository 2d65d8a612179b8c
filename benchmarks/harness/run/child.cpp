#include "benchmarks/harness/run/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "benchmarks/harness/run/cell_main.hpp"
#include "benchmarks/harness/run/line_tail.hpp"
#include "impl/base/descriptor.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

using ChildClock = std::chrono::steady_clock;
constexpr double grace_s = 2;
constexpr double grace_with_checkpoint_s = 60;  // an epoch may have to end first, and gigabytes be written

double seconds_since(ChildClock::time_point start) {
  return std::chrono::duration<double>(ChildClock::now() - start).count();
}

/// Sends the whole request. A child that died before reading shows as EPIPE and is found out by wait.
void send_request(const std::string& text, Descriptor& pipe) {
  write_all(pipe.get(), text);
  pipe.close();
}

void note_end(const CellServer::End& end, ChildReport& report) {
  report.peak_bytes = end.peak_bytes;
  if (WIFSIGNALED(end.status)) report.signal = WTERMSIG(end.status);
  if (WIFEXITED(end.status)) report.exit_code = WEXITSTATUS(end.status);
}

/// Watches one child until it is gone.
class ChildWatch {
 public:
  ChildWatch(CellServer& server, pid_t pid, Descriptor messages, Descriptor talk, const Limits& limits,
             StopSignals& stops, const ProgressSink& progress)
      : server_(server),
        pid_(pid),
        messages_(std::move(messages)),
        talk_(std::move(talk)),
        timeout_s_(limits.timeout_s),
        grace_s_(limits.checkpoint_s > 0 ? grace_with_checkpoint_s : grace_s),
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
    report_.stage = stage_;
    return std::move(report_);
  }

 private:
  bool reaped() {
    const std::optional<CellServer::End> end = server_.ended();
    if (!end) return false;
    report_.wall_s = seconds_since(start_);
    note_end(*end, report_);
    return true;
  }

  void wait_for_news() {
    pollfd files[4] = {
        {messages_.get(), POLLIN, 0}, {talk_.get(), POLLIN, 0}, {stops_.fd(), POLLIN, 0}, {server_.fd(), POLLIN, 0}};
    constexpr int wait_ms = 250;
    if (::poll(files, 4, wait_ms) <= 0) return;
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
    if (asked_ && !killed_ && (in_a_hurry || elapsed > asked_at_ + grace_s_)) {
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

  CellServer& server_;
  pid_t pid_;
  Descriptor messages_;
  Descriptor talk_;
  double timeout_s_;
  double grace_s_;
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

/// Sends the request to a process that is forked from the server, which is made where there is none for these settings.
ChildReport run_by(std::optional<CellServer>& server, const ServerSettings& settings, const std::string& request,
                   const Limits& limits, StopSignals& stops, const ProgressSink& progress) {
  Pipe input, messages, talk;
  const CellDescriptors descriptors{input.read.get(), talk.write.get(), messages.write.get()};
  std::optional<pid_t> pid;
  if (server && server->is_for(settings)) pid = server->start(descriptors, limits.memory_gib, limits.ranks);
  if (!pid) {  // the first cell, other settings, or somebody has killed the server since the last one
    server.emplace(settings);
    pid = server->start(descriptors, limits.memory_gib, limits.ranks);
  }
  if (!pid) {  // it was killed before it could fork, or does not start: so did the cell
    ChildReport report;
    note_end(server->own_end(), report);
    server.reset();
    return report;
  }
  input.read.close();
  messages.write.close();
  talk.write.close();
  ChildWatch watch(*server, *pid, std::move(messages.read), std::move(talk.read), limits, stops, progress);
  send_request(request, input.write);
  return watch.run();
}

}  // namespace

ChildReport run_child(std::optional<CellServer>& server, const CellRequest& request, const Limits& limits,
                      StopSignals& stops, const ProgressSink& progress) {
  return run_by(server, {cell_verb, request.threads, limits.isa, request.cpus}, request.to_json().dump(), limits, stops,
                progress);
}

ChildReport run_limits(const LimitsRequest& request, StopSignals& stops) {
  constexpr double minute_s = 60;
  const Json json = {{"backend", request.backend}, {"precision", request.precision}};
  std::optional<CellServer> server;
  return run_by(server, {limits_verb, request.threads, request.isa, request.cpus}, json.dump(), {.timeout_s = minute_s},
                stops, [](double, const std::string&) {});
}

}  // namespace frugal::harness
