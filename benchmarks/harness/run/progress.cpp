#include "benchmarks/harness/run/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace frugal::harness {
namespace {

constexpr double log_interval_s = 30;
constexpr double rewrite_interval_s = 0.2;

std::string eta_kind(const Cell& cell) { return cell.workload + "/" + cell.backend; }

std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(std::lround(std::max(0.0, seconds)));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string left_text(const std::optional<Eta::Estimate>& left) {
  if (!left) return "left unknown";
  return fmt::format("left {} {}", left->lower_bound ? "more than" : "about", clock_text(left->seconds));
}

}  // namespace

std::string duration_text(double seconds) {
  if (seconds >= 60) return clock_text(seconds);
  return seconds < 0.0995 ? fmt::format("{:.0f} ms", seconds * 1000)
                          : fmt::format("{:.{}f} s", seconds, seconds < 10 ? 2 : 1);
}

Progress::Screen Progress::standard_screen() {
  Screen screen;
  screen.write = [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  };
  screen.now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  screen.is_terminal = ::isatty(STDERR_FILENO) == 1;
  screen.width = [] {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? int{size.ws_col} : 80;
  };
  return screen;
}

void Progress::expect(const Cell& cell) {
  eta_.expect(eta_kind(cell));
  ++total_;
}

std::string Progress::head(const std::string& label) const {
  const int digits = static_cast<int>(std::to_string(total_).size());
  return fmt::format("[{:>{}}/{}] {}", current_, digits, total_, label);
}

void Progress::begin(const Cell& cell, const std::string& label) {
  ++current_;
  cell_start_ = screen_.now();
  last_shown_ = screen_.is_terminal ? cell_start_ - rewrite_interval_s : cell_start_;
  title_ = head(fmt::format("{} {}{}{}", cell.workload, cell.backend, label.empty() ? "" : " ", label));
  eta_.start(eta_kind(cell));
  update(0, "");
}

void Progress::update(double fraction, const std::string& stage) {
  const double now = screen_.now();
  if (now - last_shown_ < (screen_.is_terminal ? rewrite_interval_s : log_interval_s)) return;
  last_shown_ = now;
  std::string tail = stage.empty() ? "" : " " + stage;
  tail += fmt::format(" {:.0f}% | elapsed {} | {}", std::floor(fraction * 100), clock_text(now - run_start_),
                      left_text(eta_.left(now - cell_start_, fraction)));
  if (!screen_.is_terminal) return screen_.write(title_ + tail + "\n");
  // The label gives way, not the time; one column is left free because a full line wraps on some terminals.
  const auto room = static_cast<std::size_t>(std::max(10, screen_.width() - 1));
  std::string title = title_;
  if (title.size() + tail.size() > room)
    title = title.substr(0, std::max<std::size_t>(tail.size() + 3, room) - tail.size() - 3) + "...";
  show((title + tail).substr(0, room));
}

void Progress::show(const std::string& line) {
  screen_.write("\r\x1b[K" + line);
  line_is_open_ = true;
}

void Progress::clear() {
  if (line_is_open_) screen_.write("\r\x1b[K");
  line_is_open_ = false;
}

void Progress::say(std::string_view line) {
  clear();
  screen_.write(std::string(line) + "\n");
}

void Progress::end(const CellRecord& record, const std::string& main_metrics) {
  const double seconds = screen_.now() - cell_start_;
  eta_.finish(seconds);
  std::string line = fmt::format("{} {} {}", title_, to_string(record.status), duration_text(seconds));
  if (record.status == Status::ok) {
    if (!main_metrics.empty()) line += " | " + main_metrics;
  } else {
    line += " | " + record.error.substr(0, record.error.find('\n'));
  }
  say(line);
}

}  // namespace frugal::harness
