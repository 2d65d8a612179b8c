#include "datasets/formats/criteo.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "datasets/formats/lines.hpp"

namespace frugal::data {
namespace {

constexpr int criteo_dense = 13;
constexpr int criteo_tables = 26;

/// 1 + value mod (rows - 1): the values are 32-bit hashes already.
std::uint32_t take_category(Fields& fields, std::string_view text, std::uint32_t rows) {
  if (text.empty()) return 0;
  std::uint32_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || stop != text.data() + text.size())
    fields.fail("a category of up to 8 hexadecimal digits");
  return 1 + value % (rows - 1);
}

}  // namespace

Clicks read_criteo(const std::filesystem::path& path, std::uint32_t rows_per_table, std::uint64_t examples) {
  if (rows_per_table < 2) throw UserError("rows_per_table must be at least 2: row 0 stands for an empty value");
  LineReader reader(path);
  Clicks clicks;
  clicks.dense_features = criteo_dense;
  clicks.table_rows.assign(criteo_tables, rows_per_table);
  for (std::string_view line; (examples == 0 || clicks.size() < examples) && reader.next(line);) {
    Fields fields(reader, line, "LABEL, 13 integers and 26 hexadecimal values, each after a tab, possibly empty");
    clicks.labels.push_back(static_cast<float>(fields.take_integer("a label", 0, 1)));
    for (int d = 0; d < criteo_dense; ++d) {
      fields.take("\t");
      std::int64_t value = 0;
      if (!fields.starts_with("\t")) value = fields.take_integer("a count", -(1LL << 40), 1LL << 40);
      clicks.dense.push_back(static_cast<float>(std::log1p(static_cast<double>(std::max<std::int64_t>(value, 0)))));
    }
    for (int t = 0; t < criteo_tables; ++t) {
      fields.take("\t");
      const std::string_view text = fields.rest().substr(0, fields.rest().find('\t'));
      clicks.ids.push_back(take_category(fields, text, rows_per_table));
      fields.take(text);
    }
    fields.take_end();
  }
  if (clicks.size() == 0) throw UserError({reader.file()}, "this file holds no examples");
  return clicks;
}

CriteoWriter::CriteoWriter(const std::filesystem::path& path, int dense_features, int tables) : file_(path) {
  if (dense_features > criteo_dense || tables > criteo_tables) {
    throw UserError(
        fmt::format("this file format holds at most {} dense features and {} tables", criteo_dense, criteo_tables));
  }
}

void CriteoWriter::add(bool clicked, std::span<const std::int64_t> counts, std::span<const std::uint32_t> ids) {
  file_.print(FMT_COMPILE("{}"), clicked ? 1 : 0);
  for (std::size_t d = 0; d < criteo_dense; ++d) {
    file_.print(FMT_COMPILE("\t"));
    if (d < counts.size()) file_.print(FMT_COMPILE("{}"), counts[d]);
  }
  for (std::size_t t = 0; t < criteo_tables; ++t) {
    file_.print(FMT_COMPILE("\t"));
    if (t < ids.size() && ids[t] > 0) file_.print(FMT_COMPILE("{:08x}"), ids[t] - 1);
  }
  file_.print(FMT_COMPILE("\n"));
}

}  // namespace frugal::data
