// Whatever the bytes: the plan reader returns or throws UserError, and what it accepts keeps its promises.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

#include "benchmarks/harness/plan/plan.hpp"
#include "impl/base/document.hpp"
#include "tests/harness/fake_workload.hpp"

namespace {

/// Ends the run also where assertions are compiled out.
void require(bool right) {
  if (!right) std::abort();
}

void check_document(const std::string& text) {
  for (const frugal::Node& node : frugal::parse_yaml(text, "fuzz.yaml")) {
    const std::string json = frugal::to_json(node).dump();  // throws on invalid UTF-8
    require(frugal::Json::parse(json) == frugal::to_json(node));
  }
}

void check_plan(const std::string& text) {
  using namespace frugal::harness;
  static const FakeWorkload fake;
  for (const Plan& plan : parse_plan(text, "fuzz.yaml", {}, {&fake}, {}).plans) {
    std::set<std::string> ids;
    require(!plan.cells.empty());
    for (const Cell& cell : plan.cells) {
      require(ids.insert(cell.id()).second);
      require(Cell::from_json(frugal::Json::parse(cell.to_json().dump())).id() == cell.id());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto check : {check_document, check_plan}) {
    try {
      check(text);
    } catch (const frugal::UserError&) {
      continue;  // the one way to refuse an input
    }
  }
  return 0;
}
