#include "datasets/formats/click_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "datasets/formats/category_table.hpp"
#include "datasets/formats/times.hpp"
#include "impl/base/error.hpp"
#include "impl/base/hash.hpp"
#include "impl/base/text.hpp"

namespace frugal::data {
namespace {

constexpr std::int64_t largest_count = std::int64_t{1} << 40;
constexpr double largest_number = 1e30;
constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// What the hexadecimal digits are worth, and more than 15 for other bytes. A line of Criteo's has some 200 of them, which
/// std::from_chars takes half as long again to read.
constexpr std::array<std::uint8_t, 256> hexadecimal_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(0x10);
  for (std::uint8_t k = 0; k < 10; ++k) values['0' + k] = k;
  for (std::uint8_t k = 0; k < 6; ++k) values['a' + k] = values['A' + k] = 10 + k;
  return values;
}

/// "LABEL<TAB>DENSE<TAB>CATEGORY", or the header.
std::string form_text(const ClickLayout& layout) {
  if (layout.header) return shown(layout.header_line);
  const std::string between = layout.delimiter == "\t" ? "<TAB>" : layout.delimiter;
  std::string text;
  std::string last;
  std::size_t run = 0;  // columns of one kind, one after the other
  const auto end_run = [&] {
    if (run > 0) text += (text.empty() ? "" : between) + (run > 1 ? fmt::format("{} x {}", run, last) : last);
  };
  for (std::size_t c = 0; c < layout.columns(); ++c) {
    const std::string word = c == layout.label                                                      ? "LABEL"
                             : c == layout.time                                                     ? "TIME"
                             : std::ranges::find(layout.dense, c) != layout.dense.end()             ? "NUMBER"
                             : std::ranges::find(layout.categorical, c) != layout.categorical.end() ? "CATEGORY"
                                                                                                    : "COLUMN";
    if (word != last) {
      end_run();
      run = 0;
      last = word;
    }
    ++run;
  }
  end_run();
  return text;
}

class ClickReader {
 public:
  ClickReader(const std::filesystem::path& path, const ClickForm& form, const ClickReading& reading)
      : layout_(click_layout(path, form)),
        form_(form),
        reading_(reading),
        standard_(form.dense_scale == DenseScale::standard && !layout_.dense.empty()),
        table_(path, form, layout_, form_text(layout_)) {
    Clicks& clicks = log_.examples;
    clicks.dense_features = static_cast<int>(std::max<std::size_t>(layout_.dense.size(), 1));
    clicks.table_rows.assign(layout_.categorical.size(), reading.rows_per_table);
    if (form.categories == Categories::text)
      texts_.assign(layout_.categorical.size(), CategoryTable(reading.rows_per_table));
    for (const std::size_t column : layout_.dense) names_.push_back(form.strict ? "a count" : number_name(column));
  }

  ClickLog read() {
    Clicks& clicks = log_.examples;
    while ((reading_.examples == 0 || clicks.size() < reading_.examples) && table_.next()) {
      if (clicks.size() == first_rows) reserve();
      key_ = 0;
      read_label();
      read_dense();
      read_categories();
      if (layout_.time) read_time(*layout_.time);
      table_.require_width();
      if (reading_.keys) log_.keys.push_back(key_);
    }
    if (clicks.size() == 0) throw UserError({table_.file()}, "this file holds no examples");
    const std::size_t tables = texts_.size();
    for (std::size_t t = 0; t < tables; ++t)
      clicks.table_rows[t] =
          texts_[t].finish([&](std::uint64_t row) -> std::uint32_t& { return clicks.ids[row * tables + t]; });
    return std::move(log_);
  }

 private:
  static constexpr std::uint64_t first_rows = 1000;  ///< tell how many there will be
  static constexpr std::array<std::uint8_t, 256> digits_ = hexadecimal_values();

  /// "a value of 'age'", or where it has no name "a value".
  std::string number_name(std::size_t column) const {
    return layout_.header ? fmt::format("a value of {}", shown(layout_.names[column])) : "a value";
  }

  void reserve() {
    std::uint64_t rows = table_.estimated_rows();
    if (reading_.examples > 0) rows = std::min(rows, reading_.examples);
    Clicks& clicks = log_.examples;
    clicks.labels.reserve(rows);
    clicks.ids.reserve(rows * clicks.table_rows.size());
    const auto dense = static_cast<std::size_t>(clicks.dense_features);
    if (standard_)
      log_.values.reserve(rows * dense);
    else
      clicks.dense.reserve(rows * dense);
    if (reading_.keys) log_.keys.reserve(rows);
    if (layout_.time) log_.times.reserve(rows);
  }

  void add_to_key(std::uint64_t word) {
    if (reading_.keys) key_ = hash_with(key_, word);
  }

  void read_label() {
    const std::string_view text = table_.field(layout_.label, "a label");
    const std::optional<bool> label = label_of(text);
    if (!label || (form_.strict && text.size() > 1))
      table_.fail(layout_.label, form_.strict ? "a label, 0 or 1" : "a label (0 or 1, false or true)");
    log_.examples.labels.push_back(*label ? 1.0F : 0.0F);
    add_to_key(*label ? 1 : 0);
  }

  void read_dense() {
    if (layout_.dense.empty()) return log_.examples.dense.push_back(0);
    if (standard_)
      read_numbers(log_.values, [](double value) { return value; });
    else if (form_.dense_scale == DenseScale::log)
      read_numbers(log_.examples.dense,
                   [](double value) { return static_cast<float>(std::log1p(value > 0 ? value : 0)); });
    else
      read_numbers(log_.examples.dense,
                   [](double value) { return std::isnan(value) ? 0.0F : static_cast<float>(value); });
  }

  template <class T, class Scale>
  void read_numbers(std::vector<T>& to, Scale&& scale) {
    const std::size_t first = to.size();
    to.resize(first + layout_.dense.size());
    for (std::size_t d = 0; d < layout_.dense.size(); ++d) {
      const double value = number(layout_.dense[d], names_[d]);
      add_to_key(std::bit_cast<std::uint64_t>(value));
      to[first + d] = scale(value);
    }
  }

  double number(std::size_t column, const std::string& name) {
    if (table_.field(column, name).empty()) return missing;
    if (form_.strict) return static_cast<double>(table_.integer(column, name, -largest_count, largest_count));
    return table_.real(column, name, -largest_number, largest_number) + 0.0;  // -0 is 0
  }

  void read_categories() {
    std::vector<std::uint32_t>& ids = log_.examples.ids;
    const std::size_t first = ids.size();
    ids.resize(first + layout_.categorical.size());
    for (std::size_t t = 0; t < layout_.categorical.size(); ++t) {
      const std::string_view text = table_.field(layout_.categorical[t], "a category");
      ids[first + t] = texts_.empty() ? hexadecimal_row(layout_.categorical[t], text) : texts_[t].row(text);
      if (reading_.keys) add_to_key(hash_of(text));
    }
  }

  /// 1 + value mod (rows - 1).
  std::uint32_t hexadecimal_row(std::size_t column, std::string_view text) const {
    if (text.empty()) return 0;
    std::uint32_t value = 0;
    std::uint8_t seen = 0;
    for (const char c : text) {
      const std::uint8_t digit = digits_[static_cast<unsigned char>(c)];
      value = value << 4 | digit;
      seen |= digit;
    }
    if (text.size() > 8 || seen > 15) table_.fail(column, "a category of up to 8 hexadecimal digits");
    return 1 + value % (reading_.rows_per_table - 1);
  }

  void read_time(std::size_t column) {
    const std::optional<Moment> moment = read_moment(table_.field(column, "a time"));
    if (!moment)
      table_.fail(column,
                  "a time (a number, or a date such as 2024-02-29 or 2024-02-29T12:30:00Z; to do without: "
                  "columns: {time: none})");
    log_.times.emplace_back(moment->whole, moment->micro);  // not in the key: their unit and start change nothing
  }

  ClickLayout layout_;
  const ClickForm& form_;
  ClickReading reading_;
  bool standard_;  ///< numbers wait in log_.values
  TableReader table_;
  std::vector<std::string> names_;    ///< of dense columns, for messages
  std::vector<CategoryTable> texts_;  ///< of categorical columns; empty: they are hexadecimal
  ClickLog log_;
  std::uint64_t key_ = 0;
};

}  // namespace

ClickLog read_click_log(const std::filesystem::path& path, const ClickForm& form, const ClickReading& reading) {
  if (reading.rows_per_table < 2) throw UserError("rows_per_table must be at least 2: row 0 stands for an empty value");
  return ClickReader(path, form, reading).read();
}

}  // namespace frugal::data
