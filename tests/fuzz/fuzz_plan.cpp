// Whatever the bytes: the plan reader returns or throws UserError, and what it accepts keeps its promises. The input is
// the plan, then up to three overrides "PATH=VALUE", separated by 0xff bytes.
#include <set>

#include "benchmarks/harness/plan/plan.hpp"
#include "impl/base/document.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/harness/fake_workload.hpp"

namespace frugal::harness {
namespace {

using fuzz::require;

void check_document(const std::string& text) {
  for (const Node& node : parse_yaml(text, "fuzz.yaml")) {
    const std::string json = to_json(node).dump();  // throws on invalid UTF-8
    require(Json::parse(json) == to_json(node));
  }
}

void check_plan(const std::string& text, const std::vector<Override>& overrides) {
  static const FakeWorkload fake;
  for (const Plan& plan : parse_plan(text, "fuzz.yaml", overrides, {&fake}, {}).plans) {
    std::set<std::string> ids;
    require(!plan.cells.empty());
    for (const Cell& cell : plan.cells) {
      require(ids.insert(cell.id()).second);
      require(Cell::from_json(Json::parse(cell.to_json().dump())).id() == cell.id());
    }
  }
}

}  // namespace
}  // namespace frugal::harness

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [text, first, second, third] = frugal::fuzz::parts_of<4>(frugal::fuzz::bytes_of(data, size));
  std::vector<frugal::harness::Override> overrides;
  for (const std::string_view part : {first, second, third}) {
    const std::size_t equals = part.find('=');  // the command line refuses an argument without one
    if (equals == 0 || equals == std::string_view::npos) continue;
    overrides.push_back({std::string(part.substr(0, equals)), std::string(part.substr(equals + 1))});
  }
  try {
    frugal::harness::check_document(std::string(text));
    frugal::harness::check_plan(std::string(text), overrides);
  } catch (const frugal::UserError&) {
    // The one way to refuse an input.
  }
  return 0;
}
