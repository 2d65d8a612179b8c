// From records to tables: select, group, aggregate over seeds, round. Alters no result and knows no verdict.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/report/table.hpp"
#include "benchmarks/harness/report/table_spec.hpp"

namespace frugal::harness {

/// `frugal report RUN`: the embedded specs that the runs' plans name (Plan::tables), or else all of them, made into
/// tables; those that have something to show.
std::vector<Table> default_tables(std::span<const Run> runs, const Workloads& workloads = {});

/// Of an embedded spec: a run made by an older program lacks the metrics that were added since. Their columns, and the
/// plots of these, go.
void leave_out_unknown(TableSpec& spec, std::span<const Run> runs);
/// Throws UserError, with its place, for a parameter that no cell of the spec's workload has.
void require_known_params(const TableSpec& spec, std::span<const Run> runs);

/// The cells that the spec selects, aggregated over seeds. Cells that differ in anything but their seed are never
/// averaged: whatever tells two rows apart becomes a column, also when the spec forgot it; so do machine with threads,
/// and commit with build type.
/// The caption tells the settings that all of them share and that are not the defaults of `workloads`.
/// Throws UserError when the spec selects no cell, or names a metric that no run declares.
Table make_table(const TableSpec& spec, std::span<const Run> runs, const Workloads& workloads = {});

}  // namespace frugal::harness
