#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/workloads/registry.hpp"

int main(int argc, char** argv) { return frugal::harness::run_program(argc, argv, frugal::workloads::all()); }
