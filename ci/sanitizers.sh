#!/usr/bin/env bash
# Builds and tests under AddressSanitizer + UndefinedBehaviorSanitizer; with --thread, under ThreadSanitizer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=asan
[[ "${1:-}" == --thread ]] && preset=tsan
ci/setup.sh
cmake --preset "$preset" --log-level=WARNING -DFRUGAL_MICRO=OFF -DCMAKE_UNITY_BUILD=ON
cmake --build --preset "$preset"
ctest --preset "$preset" -j "$(nproc)"
