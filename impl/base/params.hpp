// Parameters as data: what a plan may set of a workload or of a data set, and how a written value becomes one.
#pragma once
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "impl/base/document.hpp"

namespace frugal {

/// One parameter: its type, default and range. The whole of a workload's ParamSpecs is what makes a plan strict, and
/// what `frugal list` prints.
struct ParamSpec {
  /// column: of a table, by its name or its number from 1; the value is a string.
  enum class Type { boolean, integer, real, string, integer_list, column, column_list };
  std::string name;  ///< dotted, below the workload: "mf.dim"
  Type type;
  Json default_value;                                     ///< null: it must be given
  std::string help;                                       ///< one line, with the unit
  double min = -std::numeric_limits<double>::infinity();  ///< inclusive; of each element for a list
  double max = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices{};  ///< of a string; empty: any
};

/// The written value in canonical form: an integer is stored as int64 and a real as double whatever way it was written,
/// so that equal cells have equal ids. Throws UserError at the value (type, range, choices).
Json read_param(const ParamSpec& spec, const Node& value);

/// The default, which there is, in the same form.
Json default_value_of(const ParamSpec& spec);

/// Sets root["a"]["b"] for the dotted name "a.b".
void set_dotted(Json& root, std::string_view name, Json value);

/// All of `specs` from a map that gives some of them: canonical, defaults filled in, nested as their dotted names say.
/// Throws UserError as read_param(), at a key that is none of them, "unknown WHAT ...", and where one without a default
/// is not given.
Json read_params(std::span<const ParamSpec> specs, const Node& map, std::string_view what);

/// The same from values that stand in no document: errors say "KEY of OWNER".
Json read_params(std::span<const ParamSpec> specs, const Json& map, std::string_view what, std::string_view owner);

}  // namespace frugal
