// The published schemas and the program must say the same. No validator is linked: a page of code covers the keywords
// that the two schemas use, and throws at any other.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

Json load_schema(const std::string& name) {
  std::ifstream stream(std::string(FRUGAL_SOURCE_DIR) + "/results/schema/" + name);
  return Json::parse(stream);
}

bool has_schema_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  throw std::runtime_error("unknown type " + type);
}

/// The path of the first value that does not fit, or "".
std::string schema_violation(const Json& value, const Json& schema, const std::string& path) {
  for (const auto& [keyword, rule] : schema.items()) {
    bool good = true;
    if (keyword == "$schema" || keyword == "title" || keyword == "description") {
      continue;
    } else if (keyword == "type") {
      good = has_schema_type(value, rule);
    } else if (keyword == "const") {
      good = value == rule;
    } else if (keyword == "enum") {
      good = std::ranges::find(rule, value) != rule.end();
    } else if (keyword == "pattern") {
      good = std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>()));
    } else if (keyword == "minLength") {
      good = value.get<std::string>().size() >= rule.get<std::size_t>();
    } else if (keyword == "minimum") {
      good = value.get<double>() >= rule.get<double>();
    } else if (keyword == "minProperties") {
      good = value.size() >= rule.get<std::size_t>();
    } else if (keyword == "maxProperties") {
      good = value.size() <= rule.get<std::size_t>();
    } else if (keyword == "required") {
      for (const Json& key : rule) good = good && value.contains(key.get<std::string>());
    } else if (keyword == "items") {
      for (const Json& item : value) {
        if (const std::string inner = schema_violation(item, rule, path + "[]"); !inner.empty()) return inner;
      }
    } else if (keyword == "properties" || keyword == "additionalProperties") {
      const Json known = schema.value("properties", Json::object());
      for (const auto& [key, member] : value.items()) {
        if (known.contains(key) != (keyword == "properties")) continue;
        if (rule == Json(false)) return path + "." + key;
        const Json& inner_schema = keyword == "properties" ? rule.at(key) : rule;
        if (const std::string inner = schema_violation(member, inner_schema, path + "." + key); !inner.empty()) {
          return inner;
        }
      }
    } else {
      throw std::runtime_error("unknown keyword " + keyword);
    }
    if (!good) return path + " (" + keyword + ")";
  }
  return "";
}

TEST(ReportSchema, ARecordIsValid) {
  CellRecord record = samples::sample_cell(0.1, 7, 0.5);
  record.status = Status::failed;
  record.error = "why";
  EXPECT_EQ(schema_violation(record.to_json(), load_schema("cells.schema.json"), "cell"), "");
}

TEST(ReportSchema, EveryStatusIsKnown) {
  const Json schema = load_schema("cells.schema.json");
  for (Status status : {Status::ok, Status::failed, Status::skipped, Status::timeout, Status::oom}) {
    EXPECT_EQ(schema_violation(to_string(status), schema.at("properties").at("status"), "status"), "");
  }
}

TEST(ReportSchema, WhatARecordMustNotHoldIsRefused) {
  const Json schema = load_schema("cells.schema.json");
  const Json good = samples::sample_cell(0.1, 7, 0.5).to_json();
  Json bad = good;
  bad["surprise"] = 1;
  EXPECT_EQ(schema_violation(bad, schema, "cell"), "cell.surprise");
  bad = good;
  bad["metrics"]["auc"] = nullptr;
  EXPECT_EQ(schema_violation(bad, schema, "cell"), "cell.metrics.auc (type)");
  bad = good;
  bad.erase("seed");
  EXPECT_EQ(schema_violation(bad, schema, "cell"), "cell (required)");
}

TEST(ReportSchema, AProvenanceIsValid) {
  Provenance provenance = samples::sample_run().provenance;
  provenance.plan = {{"file", "demo.yaml"},      {"sha256", std::string(64, '0')},
                     {"text", "schema: 1"},      {"overrides", Json::array()},
                     {"threads", {{"demo", 2}}}, {"measure", {{"demo", {{"warmup", 0}, {"repeats", 2}}}}}};
  provenance.build.update({{"version", "0.1.0"}, {"diff", ""}, {"flags", "-O3"}, {"libraries", {{"oneDNN", "3.2"}}}});
  provenance.machine.update({{"memory_gib", 24.0}, {"os", "Linux"}, {"kernel", "6"}, {"hostname_hash", "0123"}});
  for (const char* level :
       {"bitwise (checked)", "repeatable: 0.01 (declared)", "repeatable: 1e-05 (checked)", "free"}) {
    provenance.determinism = {{"demo", level}};
    EXPECT_EQ(schema_violation(provenance.to_json(), load_schema("run.schema.json"), "run"), "");
  }
  provenance.determinism = {{"demo", "repeatable"}};
  EXPECT_NE(schema_violation(provenance.to_json(), load_schema("run.schema.json"), "run"), "") << "without a band";
}

}  // namespace
}  // namespace frugal::harness
