#!/usr/bin/env bash
# Runs the plan `smoke` and holds it against the committed baseline of this machine's instruction set: the gate that
# docs/ci.md builds on. Leaves build/gate/{run,baseline,junit.xml,comment.md}.
#   ci/gate.sh [PROGRAM]      default: build/ci/frugal
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=${1:-build/ci/frugal}
[[ -x "$program" ]] || { echo "ci/gate.sh: no program $program" >&2; exit 4; }
rm -f build/gate/{baseline,junit.xml,comment.md}  # those of the last commit are not this one's
run_code=0
"$program" run smoke --out build/gate/run --rerun all || run_code=$?
# A broken bound of the plan (1) and cells that failed (3) are for the report as well; all else stopped the run.
((run_code == 0 || run_code == 1 || run_code == 3)) || exit "$run_code"
isa=$(python3 -c 'import json; print(json.load(open("build/gate/run/run.json"))["machine"]["backends"]["cpu"]["instruction set"])')
baseline=results/baselines/smoke-$isa
[[ -d "$baseline" ]] || { echo "ci/gate.sh: there is no baseline for $isa (docs/checks.md says how to make one)" >&2; exit 4; }
echo "$baseline" >build/gate/baseline
"$program" check build/gate/run --baseline "$baseline" --format junit=build/gate/junit.xml --format md=build/gate/comment.md
exit "$run_code"
