// The whole program over workloads that are fast, and that fail in every way on demand.
#include "benchmarks/harness/cli/cli.hpp"
#include "tests/end_to_end/program/trouble_workload.hpp"
#include "tests/harness/fake_workload.hpp"
#include "tests/harness/hill_workload.hpp"

int main(int argc, char** argv) {
  const frugal::harness::FakeWorkload fake;
  const frugal::harness::TroubleWorkload trouble;
  const frugal::harness::HillWorkload hill;
  return frugal::harness::run_program(argc, argv, {&fake, &trouble, &hill});
}
