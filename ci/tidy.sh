#!/usr/bin/env bash
# clang-tidy over the sources of a configured build (default build/dev); slow, so not part of ci/test.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh --lint
build=${1:-build/dev}
[[ -f "$build/compile_commands.json" ]] || cmake --preset "$(basename "$build")" --log-level=WARNING -DFRUGAL_CUDA=OFF
cmake --build "$build" --target frugal # generated headers
git ls-files 'benchmarks/*.cpp' 'impl/*.cpp' 'datasets/*.cpp' |
  xargs -P "$(nproc)" -n 4 clang-tidy -p "$build" --quiet --warnings-as-errors='*'
