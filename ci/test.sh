#!/usr/bin/env bash
# Installs what is missing, builds with warnings as errors, and passes the tests. What CI runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ci/setup.sh
python3 ci/arrows.py
cmake --preset ci --log-level=WARNING
cmake --build --preset ci
if grep -q '^CMAKE_CUDA_COMPILER:.*=/' build/ci/CMakeCache.txt; then python3 ci/ptxas_budget.py build/ci; fi
ctest --preset ci -j "$(nproc)"
