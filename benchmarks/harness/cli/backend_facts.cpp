#include "benchmarks/harness/cli/backend_facts.hpp"

#include <nlohmann/json.hpp>

#include "impl/api/backend.hpp"

namespace frugal::harness {

Json backend_facts() {
  Json all = Json::object();
  for (const Backend* backend : backends()) {
    Json& facts = all[backend->name()] = Json::object();
    if (const Support support = backend->available(); !support) {
      facts["unavailable"] = support.reason;
      continue;
    }
    for (const auto& [fact, value] : backend->device()) facts[fact] = value;
  }
  return all;
}

Json library_versions() {
  Json libraries = Json::object();
  for (const Backend* backend : backends()) {
    if (!backend->available()) continue;
    for (const auto& [library, version] : backend->libraries()) libraries[library] = version;
  }
  return libraries;
}

}  // namespace frugal::harness
