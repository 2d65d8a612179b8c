#!/usr/bin/env bash
# Builds and tests under AddressSanitizer + UndefinedBehaviorSanitizer; with --thread, under ThreadSanitizer, without the
# tests of whole programs: those take hours under it, and their threads are those of the libraries.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=asan
tests=()
if [[ "${1:-}" == --thread ]]; then
  preset=tsan
  tests=(-LE end_to_end)
  ci/setup.sh --tsan
  # GCC's OpenMP lets threads meet by futexes of its own, which ThreadSanitizer cannot see. LLVM's has the same interface,
  # and Archer tells the sanitizer where its threads meet.
  archer=$(find /usr/lib/llvm-*/lib -name libarcher.so | sort -V | tail -n 1)
  mkdir -p build/tsan/openmp
  ln -sf "$(dirname "$archer")/libomp.so.5" build/tsan/openmp/libgomp.so.1
  export LD_LIBRARY_PATH=$PWD/build/tsan/openmp${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} OMP_TOOL_LIBRARIES=$archer
else
  ci/setup.sh
fi
cmake --preset "$preset" --log-level=WARNING -DFRUGAL_MICRO=OFF -DCMAKE_UNITY_BUILD=ON
cmake --build --preset "$preset"
ctest --preset "$preset" -j "$(nproc)" "${tests[@]}"
