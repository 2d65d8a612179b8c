// Records and plans that the tests of record/ and run/ share.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "benchmarks/harness/record/record.hpp"
#include "tests/harness/fake_workload.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal::harness::fixtures {

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline Cell fake_cell(int n = 3, std::uint64_t seed = 1, const std::string& backend = "cpu") {
  Cell cell;
  cell.workload = "fake";
  cell.backend = backend;
  cell.dataset = {{"name", "toy"}};
  cell.params = {{"fake", {{"n", n}, {"rate", 0.5}, {"layers", {64, 32}}}}};
  cell.seed = seed;
  return cell;
}

inline CellRecord fake_record(int n = 3, std::uint64_t seed = 1) {
  CellRecord record;
  record.cell = fake_cell(n, seed);
  record.id = record.cell.id();
  record.implementation = "fake:cpu";
  record.metrics = {{"score", 0.1}, {"loss", 0.9}};
  record.stages = {{"train", {0.25, 0.5}, 6, 8}};
  return record;
}

inline Provenance fake_provenance() {
  Provenance provenance;
  provenance.name = "toy";
  provenance.plan = {{"file", "toy.yaml"}, {"threads", {{"toy", 2}}}};
  provenance.build = {{"commit", "0123456789abcdef"}, {"dirty", false}, {"diff", ""}, {"type", "Release"}};
  provenance.machine = {{"cpu", "Test CPU"}, {"cores", 2}};
  provenance.started = "2025-01-31T12:00:00Z";
  provenance.command = {"frugal", "run", "toy.yaml"};
  provenance.metrics = FakeWorkload().metrics();
  provenance.clocks = {{"fake", "inside: nothing"}};
  provenance.determinism = {{"toy", "bitwise"}};
  return provenance;
}

/// What a UserError thrown by `act` says; empty when none was thrown.
template <class Act>
std::string user_error_of(Act&& act) {
  try {
    act();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace frugal::harness::fixtures
