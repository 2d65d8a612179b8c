#!/usr/bin/env bash
# How much of the sources the tests run: a table of lines and branches, folder by folder, and in build/coverage/missing.txt
# every line whose branches are not all taken. ci/coverage.py says which branches count. Slow: nothing is optimised.
#   ci/coverage.sh [CTEST_ARGUMENT...]      e.g. -R harness; default: all tests
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh --coverage --mpi
# Without assertions: what they refuse is a bug, and no test makes one.
cmake --preset ci -B build/coverage --log-level=WARNING -DFRUGAL_CUDA=OFF -DFRUGAL_MICRO=OFF \
  -DCMAKE_CXX_FLAGS="--coverage -fprofile-update=atomic" -DCMAKE_CXX_FLAGS_RELEASE="-O0 -DNDEBUG"
cmake --build build/coverage
find build/coverage -name '*.gcda' -delete
failed=0  # nothing is optimised, so a test may be too slow: the table is worth its having all the same
ctest --test-dir build/coverage -j "$(nproc)" --timeout 600 --output-on-failure "$@" || failed=1
gcovr --root . --object-directory build/coverage --filter 'impl/' --filter 'datasets/' --filter 'benchmarks/' \
  --exclude-directories '.*/CompilerId.*' --json build/coverage/lines.json build/coverage
python3 ci/coverage.py build/coverage/lines.json build/coverage/missing.txt
exit "$failed"
