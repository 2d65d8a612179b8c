#!/usr/bin/env bash
# Installs what is missing, lints, builds with warnings as errors, runs the examples, checks all records against their
# schemas, passes the tests, trains with several ranks of Open MPI, and runs a sweep on a Slurm of its own where that can
# be installed. What CI runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ci/setup.sh --lint --records --docs --mpi --consumers
ci/lint.sh
cmake --preset ci --log-level=WARNING
cmake --build --preset ci
if grep -q '^CMAKE_CUDA_COMPILER:.*=/' build/ci/CMakeCache.txt; then python3 ci/ptxas_budget.py build/ci; fi
for isa in "" avx2; do ${isa:+env FRUGAL_ISA=$isa} ci/gate.sh build/ci/frugal; done  # the best here, and AVX2
ci/examples.sh build/ci/frugal
ci/docs.sh
ci/report.py build/ci/frugal
ci/check_records.py --program build/ci/frugal results/published results/baselines build/examples
ctest --preset ci -j "$(nproc)"
ci/mpi.sh build/ci/frugal
ci/slurm.sh build/ci/frugal
