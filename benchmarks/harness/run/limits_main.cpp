#include "benchmarks/harness/run/limits_main.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/run/cell_server.hpp"
#include "benchmarks/harness/run/child_messages.hpp"

namespace frugal::harness {
namespace {

double best_rate(const Probe& probe) {
  using ProbeClock = std::chrono::steady_clock;
  constexpr int runs = 10;
  double best = 0;
  for (int run = 0; run < runs; ++run) {
    const ProbeClock::time_point start = ProbeClock::now();
    probe.run();
    const std::chrono::duration<double> elapsed = ProbeClock::now() - start;
    best = std::max(best, probe.amount / elapsed.count());
  }
  return best;
}

double DeviceRates::*rate_of(Probe::Resource resource) {
  switch (resource) {
    case Probe::Resource::compute:
      return &DeviceRates::flops;
    case Probe::Resource::memory:
      return &DeviceRates::bytes;
    case Probe::Resource::l3:
      return &DeviceRates::l3;
    case Probe::Resource::l2:
      return &DeviceRates::l2;
    case Probe::Resource::l1:
      return &DeviceRates::l1;
    case Probe::Resource::sines:
      break;
  }
  return &DeviceRates::sines;
}

}  // namespace

DeviceRates best_rates(const std::vector<Probe>& probes) {
  DeviceRates rates;
  for (const Probe& probe : probes) rates.*rate_of(probe.resource) = best_rate(probe);
  return rates;
}

int limits_main(const ProbeSource& probes) {
  if (!serve_cells()) refuse_foreign_caller(limits_verb);
  const Json request = request_of_parent();
  CellMessage outcome;
  outcome.kind = CellMessage::Kind::outcome;
  const auto fail = [&](Failure failure, const std::string& error) {
    outcome.failure = failure;
    outcome.error = error;
  };
  try {
    const auto precision = request.at("precision").get<std::string>();
    outcome.limits = best_rates(probes(request.at("backend").get<std::string>(), precision));
    outcome.limits.precision = precision;
  } catch (const Json::exception&) {
    refuse_foreign_caller(limits_verb);
  } catch (const std::bad_alloc&) {
    fail(Failure::memory, "out of memory");
  } catch (const std::exception& error) {
    fail(Failure::other, error.what());
  }
  send_to_parent(outcome);
  return 0;
}

}  // namespace frugal::harness
