#!/usr/bin/env bash
# Both instruction sets of the cpu back end on any processor with AVX2: the tests of impl/ that depend on them, with the
# kernels of AVX-512, AVX-512 BF16 and AMX compiled for AVX2 (functions stand for instructions: tests/emulate/avx512.hpp),
# and with those of AVX2. Where the processor has AVX-512, the emulated kernels are held against the native ones, bit for
# bit. Prints how many tests ran with each set; exit code 1 when one fails. About 5 minutes on two cores, so not part of
# ci/test.sh.
#   ci/emulate.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh --emulate
cmake --preset emulate --log-level=WARNING >/dev/null
cmake --build --preset emulate

export OMP_WAIT_POLICY=passive
failed=0
# run NAME TESTS [VARIABLE=VALUE]: TESTS, and those that name no set of kernels but run the one that the back end chooses.
run() {
  local log=build/emulate/$1.log
  env "${@:3}" build/emulate/test_impl \
    --gtest_filter="$2:Backends/*/cpu:*Cpu*:InrFused*:*InrBf16*:MfThreads.*:Ranks.*" >"$log" 2>&1 || failed=1
  count() { grep -c "^\[$1\].* ms)\$" "$log" || true; }
  printf '%-16s %4s tests passed, %s failed, %s skipped: %s\n' "$1" \
    "$(count '       OK ')" "$(count '  FAILED  ')" "$(count '  SKIPPED ')" "$log"
  grep '^\[  FAILED  \].* ms)$' "$log" || true
}
run avx512-emulated '*avx512:Emulated*'
run avx2 '*avx2' FRUGAL_ISA=avx2
# Or all of it would have run other kernels, and nobody would see.
if ! grep -q '^\[       OK \] EmulatedBuild.RunsTheKernelsOfAvx512 ' build/emulate/avx512-emulated.log; then
  echo "ci/emulate.sh: the back end did not run the emulated kernels" >&2
  failed=1
fi
exit "$failed"
