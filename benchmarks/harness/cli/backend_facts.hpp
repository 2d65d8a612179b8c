// What the back ends say of themselves, as JSON for the record: the harness itself sees no back end.
#pragma once
#include "benchmarks/harness/workload.hpp"
#include "impl/common/device_readings.hpp"
#include "impl/common/job.hpp"
#include "impl/common/probe.hpp"

namespace frugal::harness {

/// {name: {fact: value}} of those that can run here; {name: {"unavailable": reason}} of the others.
Json backend_facts();

/// What the sensors of its device say now; nothing of one that there is not.
DeviceReadings device_readings(const std::string& backend);

/// What to time for the limits of a back end's device, in a precision; nothing of one that there is not. Throws
/// UserError where it cannot run.
std::vector<Probe> device_probes(const std::string& backend, const std::string& precision);

/// Joins the job that this process was started in (mpirun); null where there is none.
Job* join_job();

/// {library: version}, of the back ends that can run here.
Json library_versions();

}  // namespace frugal::harness
