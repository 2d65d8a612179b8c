#!/usr/bin/env bash
# Both instruction sets of the cpu back end on any processor with AVX2: the tests of impl/ that depend on it, with the
# kernels of AVX-512 and AVX-512 BF16 compiled for AVX2 (functions stand for their instructions: tests/emulate/avx512.hpp),
# and with those of AVX2. Where the processor has AVX-512, the emulated kernels are held against the native ones, bit for
# bit. Prints how many tests ran with each; exit code 1 when one fails. X minutes on two cores, so not part of ci/test.sh.
#   ci/emulate.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh --emulate
cmake --preset emulate --log-level=WARNING >/dev/null
cmake --build --preset emulate

export OMP_WAIT_POLICY=passive
failed=0
# run NAME TESTS [VARIABLE=VALUE]: TESTS and those that ask for no set of kernels.
run() {
  local log=build/emulate/$1.log
  env "${@:3}" build/emulate/test_impl \
    --gtest_filter="$2:Backends/*/cpu:*Cpu*:InrFused*:MfThreads.*:Ranks.*" >"$log" 2>&1 || failed=1
  grep -E '^\[  FAILED  \] [^ ]+( |,|$)' "$log" | sort -u || true
  printf '%-16s %4s tests passed, %s failed, %s skipped (%s)\n' "$1" "$(grep -c '^\[       OK \]' "$log")" \
    "$(grep -c '^\[  FAILED  \].*ms)$' "$log")" "$(grep -c '^\[  SKIPPED \].*ms)$' "$log")" "$log"
}
run avx512-emulated '*avx512:Emulated*'
run avx2 '*avx2' FRUGAL_ISA=avx2
grep -q '^\[       OK \] EmulatedBuild.RunsTheKernelsOfAvx512' build/emulate/avx512-emulated.log || failed=1
exit "$failed"
