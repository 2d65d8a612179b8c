#include "benchmarks/harness/cli/backend_facts.hpp"

#include <nlohmann/json.hpp>

#include "impl/api/backend.hpp"
#include "impl/common/spec_names.hpp"

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

DeviceReadings device_readings(const std::string& backend) {
  const Backend* found = find_backend(backend);
  return found == nullptr ? DeviceReadings{} : found->readings();
}

std::vector<Probe> device_probes(const std::string& backend, const std::string& precision) {
  const Backend* found = find_backend(backend);
  if (found == nullptr) return {};
  if (const Support support = found->available(); !support) throw UserError(support.reason);
  return found->probes(from_word(precision_names, "precision", precision, {}));
}

Job* join_job() {
  for (const Backend* backend : backends()) {
    if (!backend->available()) continue;
    if (Job* const job = backend->join_job()) return job;
  }
  return nullptr;
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
