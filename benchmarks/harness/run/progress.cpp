#include "benchmarks/harness/run/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
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

Progress::Running& Progress::running(const std::string& id) {
  const auto found = std::ranges::find(running_, id, &Running::id);
  assert(found != running_.end() && "a cell begins before it is told of");
  return *found;
}

/// Of all cells to run.
double Progress::share() const {
  double done = begun_ - static_cast<double>(running_.size());
  for (const Running& cell : running_) done += std::clamp(cell.fraction, 0.0, 1.0);
  return done / std::max(1, total_);
}

std::optional<Eta::Estimate> Progress::left(double now) {
  const Running& oldest = running_.front();
  eta_.start(oldest.work);
  std::optional<Eta::Estimate> left = eta_.left(now - oldest.start, oldest.fraction);
  if (!left) return left;
  left->low /= static_cast<double>(running_.size());
  left->high /= static_cast<double>(running_.size());
  return left;
}

void Progress::start(const std::string& records, int cells) {
  if (screen_.event) screen_.event(start_event(records, cells, total_));
}

void Progress::begin(const Cell& cell, const std::string& label, const CellWork& work) {
  const double now = screen_.now();
  if (running_.empty()) last_shown_ = screen_.is_terminal ? now - rewrite_interval_s : now;
  const int digits = static_cast<int>(std::to_string(total_).size());
  Running begun{.id = cell.id(),
                .number = fmt::format("[{:>{}}/{}] ", ++begun_, digits, total_),
                .title = label,
                .work = work,
                .start = now,
                .last_told = now};
  if (!screen_.is_terminal || kinds_.size() > 1 || label.empty())
    begun.title = fmt::format("{} {}{}{}", cell.workload, cell.backend, label.empty() ? "" : " ", label);
  running_.push_back(std::move(begun));
  if (screen_.event) screen_.event(begin_event(cell, label, begun_));
  update(running_.back().id, 0, "");
}

void Progress::update(const std::string& id, double fraction, const std::string& stage) {
  const double now = screen_.now();
  Running& cell = running(id);
  cell.fraction = fraction;
  cell.stage = stage;
  tell(now, cell);
  if (now - last_shown_ < (screen_.is_terminal ? rewrite_interval_s : log_interval_s)) return;
  last_shown_ = now;
  const Running& oldest = running_.front();
  const std::string head = fmt::format("{}{:.0f}% | elapsed {} | {}", oldest.number, std::floor(share() * 100),
                                       clock_text(now - run_start_), left_text(left(now)));
  std::string tail = oldest.stage.empty() ? "" : " " + oldest.stage;
  if (oldest.fraction > 0) tail += fmt::format(" {:.0f}%", std::floor(oldest.fraction * 100));
  if (running_.size() > 1) tail += fmt::format(" and {} more", running_.size() - 1);
  if (!screen_.is_terminal) return screen_.write(head + oldest.title + tail + "\n");
  // The name of the cell gives way, not the time.
  const std::size_t fixed = columns_of(head) + columns_of(tail);
  show(shortened_to(head + shortened_to(oldest.title, room() > fixed ? room() - fixed : 0) + tail, room()));
}

void Progress::tell(double now, Running& cell) {
  if (!screen_.event || now - cell.last_told < event_interval_s) return;
  cell.last_told = now;
  screen_.event(progress_event(cell.id, cell.fraction, cell.stage, share(), now - run_start_, left(now)));
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
  const Running cell = running(record.id);
  std::erase_if(running_, [&](const Running& one) { return one.id == record.id; });
  const double seconds = screen_.now() - cell.start;
  eta_.start(cell.work);
  eta_.finish(seconds, record.status == Status::ok);
  if (screen_.event) screen_.event(end_event(record, seconds));
  const std::string status = to_string(record.status);
  const bool well = record.ended_well();
  const std::string more = record.status == Status::ok ? main_metrics : first_line(record.error);
  std::string title = cell.title;
  std::string tail = " " + duration_text(seconds) + (more.empty() ? "" : " | " + more);
  if (screen_.is_terminal) {
    const std::size_t others = cell.number.size() + 1 + status.size();
    const std::size_t free = room() > others ? room() - others : 0;
    const std::size_t beside_tail = free > columns_of(tail) ? free - columns_of(tail) : 0;
    const auto least = static_cast<std::size_t>(title_share * static_cast<double>(free));
    title = shortened_to(title, std::max(least, beside_tail));
    tail = shortened_to(tail, free - columns_of(title));
  }
  say(cell.number + title + " " + (screen_.colour ? fmt::format("\x1b[{}m{}\x1b[0m", well ? 32 : 31, status) : status) +
      tail);
}

}  // namespace frugal::harness
