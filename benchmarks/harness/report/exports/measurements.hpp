// Every figure of every cell, one a line: what the exporters for other tools are made from.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// The mean over the seeds of a cell that ended well, of a metric or a time.
struct Measurement {
  const Run* run = nullptr;
  std::string workload;
  std::string backend;
  std::string cell;    ///< "ml-1m keep_fraction=0.1"
  std::string id;      ///< of one cell of it
  std::string metric;  ///< name, "time.train", "time.total"
  std::string unit;    ///< "" for a ratio
  std::string help;    ///< one line; may be empty
  MetricDescriptor::Direction direction = MetricDescriptor::Direction::informative;
  double mean = 0;
  std::optional<double> half_width{};  ///< of the 95% interval
  int n = 0;                           ///< seeds

  /// "inr.cpu synthetic-photo grid=1": what tells its cell from all others of the run.
  std::string cell_name() const { return workload + "." + backend + (cell.empty() ? "" : " ") + cell; }
};

/// In the order of the records; within a cell metrics, then stages, then the total. Times taken beside other work are
/// left out.
std::vector<Measurement> measurements_of(std::span<const Run> runs);

}  // namespace frugal::harness
