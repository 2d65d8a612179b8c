#!/usr/bin/env bash
# clang-tidy; slow, so not part of ci/test.sh.
#   ci/tidy.sh [FILE...]      default: all sources
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh --tidy
build=build/dev
[[ -f "$build/compile_commands.json" ]] || cmake --preset dev --log-level=WARNING -DFRUGAL_CUDA=OFF
cmake --build "$build" --target frugal_version # the only generated header that configuring does not write
files=("$@")
if ((${#files[@]} == 0)); then # but for CUDA's language, and the loops that Google Benchmark wants
  mapfile -t files < <(git ls-files 'benchmarks/*.cpp' 'impl/*.cpp' 'datasets/*.cpp' ':!impl/cuda' ':!benchmarks/micro')
fi
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -n 4 \
  clang-tidy -p "$build" --quiet --warnings-as-errors='*' --extra-arg=-Wno-unknown-warning-option # g++'s own
