// Where a plan's text comes from: a file, or the plans that were compiled in.
#include "benchmarks/harness/plan/plan.hpp"
#include "embedded_plans.hpp"
#include "impl/base/files.hpp"
#include "impl/base/suggestion.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

constexpr std::string_view plan_suffix = ".yaml";

std::string embedded_plan(const std::string& name) {
  std::string_view stem = name;
  if (stem.ends_with(plan_suffix)) stem.remove_suffix(plan_suffix.size());
  std::vector<std::string> known;
  for (const auto& [known_name, text] : embedded::plans()) {
    if (known_name == stem) return std::string(text);
    known.emplace_back(known_name);
  }
  throw UserError("no file '" + name + "', and " + unknown_word("built-in plan", stem, known));
}

}  // namespace

PlanFile load_plan(const std::string& name, const std::vector<Override>& overrides, const Workloads& workloads,
                   const std::vector<std::filesystem::path>& data_dirs) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(name, error);
  const bool is_file = std::filesystem::exists(status) && !std::filesystem::is_directory(status);
  const std::filesystem::path folder = is_file ? std::filesystem::path(name).parent_path() : std::filesystem::path();
  return parse_plan(is_file ? read_text_file(name) : embedded_plan(name), name, overrides, workloads, data_dirs,
                    folder);
}

}  // namespace frugal::harness
