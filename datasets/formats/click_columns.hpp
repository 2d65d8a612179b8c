// Which columns of a table hold what of a click log: a label, numbers, categories, by whatever names. Criteo's form is a
// setting of these (datasets/manifests).
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/formats/table.hpp"
#include "impl/base/names.hpp"

namespace frugal::data {

/// What becomes of numbers. standard: mean 0 and standard deviation 1 over the training part, missing ones the mean; log:
/// log(1 + max(x, 0)), missing ones 0, as is usual for Criteo's counts; none: as they are, missing ones 0.
enum class DenseScale { standard, log, none };

inline constexpr Named<DenseScale> dense_scale_names[] = {
    {DenseScale::standard, "standard"}, {DenseScale::log, "log"}, {DenseScale::none, "none"}};

/// What categories are. text: each distinct one has a row of its table to itself, in the order of id_before(); where a
/// column has more than there are rows, all of them are hashed into these (FNV-1a). hexadecimal: hashes of 32 bits
/// already, so their value tells the row. Row 0 is "empty".
enum class Categories { text, hexadecimal };

inline constexpr Named<Categories> categories_names[] = {{Categories::text, "text"},
                                                         {Categories::hexadecimal, "hexadecimal"}};

struct ClickForm : TableForm {
  // Columns, by name or by number from 1; in lists also "2-14".
  std::string label{};  ///< empty: found by its name, or by what it holds
  std::string time{};   ///< empty: found by its name; "none": there is none
  std::vector<std::string> dense{};
  std::vector<std::string> categorical{};  ///< both empty: all other columns, those of numbers are dense
  DenseScale dense_scale = DenseScale::standard;
  Categories categories = Categories::text;
};

/// The parameters that ClickForm is read from: those of a table, columns.label and so on, dense_scale, categories.
std::vector<ParamSpec> click_table_params();
/// The same and what only a manifest says of a published file: strict (labels are 0 or 1, numbers are integers, every
/// column is used; and see TableForm).
std::vector<ParamSpec> published_click_table_params();
ClickForm click_form(const Json& params);

/// What a file's columns are taken for.
struct ClickLayout : TableLayout {
  std::size_t label = 0;
  std::optional<std::size_t> time{};
  std::vector<std::size_t> dense{};
  std::vector<std::size_t> categorical{};  ///< at least one
};

/// click_table_params() with nothing left to guess, out of those that a layout was found with: for a manifest.
Json settled_click_params(const Json& params, const ClickLayout& layout);

/// From the file's first lines. Throws UserError for a file that cannot be read or whose columns cannot be told apart.
ClickLayout click_layout(const std::filesystem::path& path, const ClickForm& form);

/// 0, 1, 0.0, 1.0, false, true, in capitals or not; nothing for another text.
std::optional<bool> label_of(std::string_view text);

}  // namespace frugal::data
