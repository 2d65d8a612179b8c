#include "benchmarks/harness/judge/formats/formats.hpp"

namespace frugal::harness {

std::string render_check(const Judgement& judgement, VerdictFormat format) {
  switch (format) {
    case VerdictFormat::text:
      return to_text(judgement);
    case VerdictFormat::markdown:
      return to_markdown(judgement);
    case VerdictFormat::json:
      return to_json_text(judgement);
    case VerdictFormat::junit:
      return to_junit(judgement);
    case VerdictFormat::github:
      return to_github(judgement);
  }
  return "";
}

}  // namespace frugal::harness
