#include "benchmarks/harness/run/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

constexpr double log_interval_s = 30;
constexpr double rewrite_interval_s = 0.5;
constexpr double event_interval_s = 1;
constexpr double title_share = 0.6;  ///< of a line, that the name of a cell keeps beside its figures

/// Nothing where nothing is known.
std::string left_text(const std::optional<Eta::Estimate>& left) {
  if (!left) return "";
  if (left->open) return fmt::format("left more than {} | ", clock_text(left->low));
  // Bounds so near are not worth two numbers.
  if (left->high <= 1.25 * left->low + 1)
    return fmt::format("left about {} | ", clock_text((left->low + left->high) / 2));
  return fmt::format("left {} to {} | ", clock_text(left->low), clock_text(left->high));
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool variable_is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(std::lround(std::max(0.0, seconds)));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string duration_text(double seconds) {
  if (seconds >= 60) return clock_text(seconds);
  return seconds < 0.0995 ? fmt::format("{:.0f} ms", seconds * 1000)
                          : fmt::format("{:.{}f} s", seconds, seconds < 10 ? 2 : 1);
}

std::string shortened_to(const std::string& text, std::size_t columns) {
  if (columns_of(text) <= columns) return text;
  const std::size_t kept = columns > 3 ? columns - 3 : columns;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kept; ++i)
    bytes += std::max<std::size_t>(1, utf8_length(std::string_view(text).substr(bytes)));
  return text.substr(0, bytes) + (columns > 3 ? "..." : "");
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
  const char* terminal = std::getenv("TERM");
  const bool is_dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  screen.is_terminal = ::isatty(STDERR_FILENO) == 1 && !is_dumb;
  screen.colour = screen.is_terminal && !variable_is_set("NO_COLOR");
  screen.width = [] {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? int{size.ws_col} : 80;
  };
  return screen;
}

void Progress::expect(const CellWork& work) {
  eta_.expect(work);
  kinds_.insert(work.kind);
  ++total_;
}

/// One column is left free because a full line wraps on some terminals.
std::size_t Progress::room() const { return static_cast<std::size_t>(std::max(10, screen_.width() - 1)); }

/// Of all cells to run.
double Progress::share(double fraction) const {
  return (current_ - 1 + std::clamp(fraction, 0.0, 1.0)) / std::max(1, total_);
}

void Progress::start(const std::string& records, int cells) {
  if (screen_.event) screen_.event(start_event(records, cells, total_));
}

void Progress::begin(const Cell& cell, const std::string& label, const CellWork& work) {
  ++current_;
  cell_start_ = screen_.now();
  last_shown_ = screen_.is_terminal ? cell_start_ - rewrite_interval_s : cell_start_;
  last_told_ = cell_start_;
  const int digits = static_cast<int>(std::to_string(total_).size());
  number_ = fmt::format("[{:>{}}/{}] ", current_, digits, total_);
  title_ = label;
  if (!screen_.is_terminal || kinds_.size() > 1 || label.empty())
    title_ = fmt::format("{} {}{}{}", cell.workload, cell.backend, label.empty() ? "" : " ", label);
  eta_.start(work);
  if (screen_.event) {
    id_ = cell.id();
    screen_.event(begin_event(cell, label, current_));
  }
  update(0, "");
}

void Progress::update(double fraction, const std::string& stage) {
  const double now = screen_.now();
  tell(now, fraction, stage);
  if (now - last_shown_ < (screen_.is_terminal ? rewrite_interval_s : log_interval_s)) return;
  last_shown_ = now;
  const std::string head = fmt::format("{}{:.0f}% | elapsed {} | {}", number_, std::floor(share(fraction) * 100),
                                       clock_text(now - run_start_), left_text(eta_.left(now - cell_start_, fraction)));
  std::string tail = stage.empty() ? "" : " " + stage;
  if (fraction > 0) tail += fmt::format(" {:.0f}%", std::floor(fraction * 100));
  if (!screen_.is_terminal) return screen_.write(head + title_ + tail + "\n");
  // The name of the cell gives way, not the time.
  const std::size_t fixed = columns_of(head) + columns_of(tail);
  show(shortened_to(head + shortened_to(title_, room() > fixed ? room() - fixed : 0) + tail, room()));
}

void Progress::tell(double now, double fraction, const std::string& stage) {
  if (!screen_.event || now - last_told_ < event_interval_s) return;
  last_told_ = now;
  screen_.event(
      progress_event(id_, fraction, stage, share(fraction), now - run_start_, eta_.left(now - cell_start_, fraction)));
}

void Progress::show(const std::string& line) {
  screen_.write("\r\x1b[K" + line);
  line_is_open_ = true;
}

void Progress::rewrite(const std::string& line, bool is_due) {
  if (screen_.is_terminal)
    show(shortened_to(line, room()));
  else if (is_due)
    say(line);
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
  eta_.finish(seconds, record.status == Status::ok);
  if (screen_.event) screen_.event(end_event(record, seconds));
  const std::string status = to_string(record.status);
  const bool well = record.ended_well();
  const std::string more = record.status == Status::ok ? main_metrics : record.error.substr(0, record.error.find('\n'));
  std::string title = title_;
  std::string tail = " " + duration_text(seconds) + (more.empty() ? "" : " | " + more);
  if (screen_.is_terminal) {
    const std::size_t others = number_.size() + 1 + status.size();
    const std::size_t free = room() > others ? room() - others : 0;
    const std::size_t beside_tail = free > columns_of(tail) ? free - columns_of(tail) : 0;
    const auto least = static_cast<std::size_t>(title_share * static_cast<double>(free));
    title = shortened_to(title, std::max(least, beside_tail));
    tail = shortened_to(tail, free - columns_of(title));
  }
  say(number_ + title + " " + (screen_.colour ? fmt::format("\x1b[{}m{}\x1b[0m", well ? 32 : 31, status) : status) +
      tail);
}

}  // namespace frugal::harness
