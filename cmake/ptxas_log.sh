#!/usr/bin/env bash
# ptxas_log.sh COMPILER... -o OBJECT ...: compiles, and keeps in OBJECT.ptxas what ptxas said of each kernel
# (ci/ptxas_budget.py reads it). A launcher of the CUDA compiler, before any other, so that a cached answer is kept too.
set -uo pipefail
object=
for ((i = 1; i < $#; ++i)); do
  if [[ "${!i}" == -o ]]; then
    next=$((i + 1))
    object=${!next}
  fi
done
[[ -n "$object" ]] || exec "$@"
"$@" 2>"$object.ptxas"
status=$?
grep -vE '^(ptxas info|    [0-9]+ bytes stack frame)' "$object.ptxas" >&2
exit "$status"
