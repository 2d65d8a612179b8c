#!/usr/bin/env bash
# Runs every example by the command in its first line, in build/examples, and checks the exit code: 0, or what the line
# says. What it prints stays there as NAME.txt, its records below results/local.
#   ci/examples.sh [PROGRAM]      default: build/ci/frugal
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=$(realpath "${1:-build/ci/frugal}")
[[ -x "$program" ]] || { echo "ci/examples.sh: no program $program" >&2; exit 4; }
rm -rf build/examples && mkdir -p build/examples/bin
ln -s "$program" build/examples/bin/frugal
cd build/examples
ln -s ../../examples examples
export PATH=$PWD/bin:$PATH

failed=0
for example in examples/*.yaml; do
  name=$(basename "$example" .yaml)
  if ! [[ "$(head -n 1 "$example")" =~ ^'# '(frugal\ [^\(]*[^\ \(])(\ +\(exit\ code\ ([0-9]+)\))?$ ]]; then
    echo "example $name: its first line is no command" >&2
    failed=1
    continue
  fi
  command=${BASH_REMATCH[1]}
  expected=${BASH_REMATCH[3]:-0}
  begin=$SECONDS
  code=0
  bash -c "$command" >"$name.txt" 2>&1 </dev/null || code=$?
  if ((code == expected)); then
    echo "example $name: ok, $((SECONDS - begin)) s"
  else
    echo "example $name: exit code $code, not $expected: $command" >&2
    tail -n 20 "$name.txt" >&2
    failed=1
  fi
done
exit "$failed"
