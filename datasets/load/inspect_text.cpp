#include "datasets/load/inspect_text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "datasets/formats/byte_stream.hpp"
#include "datasets/formats/times.hpp"
#include "impl/base/text.hpp"

namespace frugal::data {

std::string time_text(std::int64_t time, bool of_dates, bool fine) {
  constexpr std::int64_t least_seconds = 100'000'000;  // 1973
  constexpr std::int64_t million = 1'000'000;
  std::int64_t seconds = !fine ? time : time >= 0 ? time / million : -((-time + million - 1) / million);
  if (!of_dates && seconds < least_seconds)
    return fine ? fmt::format("{}", static_cast<double>(time) / million) : fmt::to_string(time);
  while (!of_dates && seconds >= 1000 * least_seconds) seconds /= 1000;
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", std::chrono::sys_seconds(std::chrono::seconds(seconds)));
}

bool holds_dates(const TableLayout& layout, std::size_t column) {
  return std::ranges::any_of(layout.samples[column], is_date);
}

std::string percent(double share) { return fmt::format("{:.3g} %", 100 * share); }

std::string flow(const Json& value) {
  if (!value.is_string()) return value.dump();
  const std::string text = value;
  const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return plain && text != "true" && text != "false" && text != "null" ? text : value.dump();
}

std::string form_words(const std::filesystem::path& path, const TableLayout& layout) {
  return fmt::format("{}{}-separated, {} a header, {} columns", is_compressed(path) ? "compressed, " : "",
                     delimiter_name(layout.delimiter), layout.header ? "with" : "without", layout.columns());
}

std::vector<std::string> column_words(const TableLayout& layout, std::size_t column, const std::string& role) {
  std::string values;
  for (std::size_t k = 0; k < std::min<std::size_t>(3, layout.samples[column].size()); ++k)
    values += (k > 0 ? ", " : "") + shown(layout.samples[column][k]);
  return {role, layout.header ? shown(layout.names[column]) : layout.names[column], values};
}

std::string mixed_times_words(const std::filesystem::path& path, const TableForm& form, const TableLayout& layout,
                              std::size_t column) {
  TableReader table(path, form, layout, "");
  int number_line = 0, date_line = 0;  // the first of each
  while ((number_line == 0 || date_line == 0) && table.next()) {
    int& line = is_date(table.field(column, "a time")) ? date_line : number_line;
    if (line == 0) line = table.line_number();
  }
  if (number_line == 0 || date_line == 0) return "";
  return fmt::format(
      "{}:{}: a {}, and line {} has a {}: dates count as seconds since 1970, so numbers must be such too",
      path.string(), std::max(number_line, date_line), number_line > date_line ? "number" : "date",
      std::min(number_line, date_line), number_line > date_line ? "date" : "number");
}

std::vector<std::string> line_words(const std::filesystem::path& path, const TableForm& form,
                                    const TableLayout& layout) {
  TableRows rows(path, form, layout.delimiter);
  std::size_t long_rows = 0;
  int first_line = 0;
  std::string first;
  while (rows.next()) {
    const std::string lines = rows.lines_words();
    if (lines.empty() || ++long_rows > 1) continue;
    first_line = rows.lines().line_number();
    first = lines;
  }
  std::vector<std::string> words;
  if (long_rows > 0)
    words.push_back(fmt::format("{}:{}: a row of several lines, the first of {}: is it meant to be one?{}",
                                path.string(), first_line, long_rows, first));
  if (rows.lines().newline_missing())
    words.push_back(fmt::format("{}:{}: the last line does not end in a newline: is the file whole?", path.string(),
                                rows.lines().line_number()));
  return words;
}

}  // namespace frugal::data
