// The sentences without which a figure means nothing: n, interval, clock, data set, back end, machine, commit.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/report/aggregate.hpp"

namespace frugal::harness {

struct CaptionFacts {
  const TableSpec& spec;
  std::span<const Run> runs;
  const RowSet& set;
  bool times = false;      ///< does the table show any?
  std::string settings{};  ///< common_settings()
};

std::vector<std::string> make_caption(const CaptionFacts& facts);

/// How figures over n seeds, `which` (" (1, 2)", or nothing), are to be read.
std::string interval_sentence(std::size_t n, const std::string& which = "");

/// "Run smoke (2025-01-31T12:00:00Z): AMD EPYC 9454P, 2 cores, AVX-512; commit 2c4444e (Release, g++ 12.2.0)."
std::string run_sentence(const Run& run);

}  // namespace frugal::harness
