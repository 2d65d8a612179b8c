#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/harness/report/page.hpp"
#include "benchmarks/harness/report/writers.hpp"
#include "impl/base/files.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

constexpr std::size_t most_embedded = std::size_t{5} << 20;  // bytes of text

/// RFC 4648, section 4.
std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) text += at + i > bytes.size() ? '=' : digits[group >> (18 - 6 * i) & 63];
  }
  return text;
}

/// A relative link: what may not stand in a URL as %XX (RFC 3986).
std::string link_text(const std::string& path) {
  std::string text;
  for (const char c : path) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("/._-~").find(c) != std::string_view::npos;
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

/// "grid 2x2, layers x width 5 x 64".
std::string row_name(const Table& table, const TableRow& row) {
  std::string name;
  for (std::size_t i = 0; i < table.headings.size(); ++i)
    if (table.headings[i].key)
      name += fmt::format("{}{} {}", name.empty() ? "" : ", ", table.headings[i].title, entry_text(row.entries[i]));
  return name;
}

}  // namespace

std::string PagePictures::picture(const std::filesystem::path& file, const std::string& what, const std::string& row) {
  if (!std::filesystem::exists(file)) return "";
  const std::string caption = "<span>" + what + "</span>";
  const std::size_t size = 4 * (std::filesystem::file_size(file) + 2) / 3;
  if (embedded_ + size > most_embedded) {
    const auto target = std::filesystem::relative(file, folder_);
    return fmt::format("<a href=\"{}\">{}</a>\n", link_text(target.generic_string()), what);
  }
  embedded_ += size;
  return fmt::format("<div><img src=\"data:image/png;base64,{}\" alt=\"{}: {}\">{}</div>\n",
                     base64(read_whole_file(file)), what, markup_escaped(row), caption);
}

std::string PagePictures::of(const Table& table) {
  std::string cards;
  for (const TableRow& row : table.rows) {
    const std::filesystem::path folder = row.artifacts;
    if (row.artifacts.empty() || !std::filesystem::exists(folder / "reconstruction.png")) continue;
    if (!shown_.insert(row.artifacts).second) continue;
    const std::string name = row_name(table, row);
    std::string first_figure;
    const auto column = std::ranges::find(table.headings, false, &Heading::key);
    if (column != table.headings.end())
      first_figure = fmt::format("; {} {}{}", column->title,
                                 entry_text(row.entries[static_cast<std::size_t>(column - table.headings.begin())]),
                                 column->unit_in_entries ? "" : " " + column->unit);
    cards += fmt::format(
        "<figure class=\"pictures\">\n<div class=\"row\">\n{}{}{}</div>\n<figcaption>{}</figcaption>\n</figure>\n",
        picture(folder / "original.png", "original", name),
        picture(folder / "reconstruction.png", "reconstruction", name), picture(folder / "error.png", "error", name),
        markup_escaped(name + first_figure));
  }
  return cards.empty()
             ? ""
             : "<h3>Pictures, of the first seed of each row</h3>\n<div class=\"gallery\">\n" + cards + "</div>\n";
}

}  // namespace frugal::harness
