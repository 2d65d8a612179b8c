#!/usr/bin/env bash
# Ours beside what a user would pick instead, on the same cores, in one run: installs the peer into .deps/peers, builds,
# compares.
#   ci/peers.sh inr [ARGUMENTS of benchmarks/peers/compare_inr.py]    coordinate networks, PyTorch
#   ci/peers.sh mf  [ARGUMENTS of benchmarks/peers/compare_mf.py]     implicit ALS, the library `implicit`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
  inr) requirements=requirements.txt ;;
  mf) requirements=requirements_mf.txt ;;
  *) echo "usage: ci/peers.sh inr|mf [ARGUMENTS]" >&2; exit 2 ;;
esac
workload=$1
shift
ci/setup.sh
[ -x .deps/peers/bin/python ] || python3 -m venv .deps/peers
.deps/peers/bin/pip install --quiet --requirement "benchmarks/peers/$requirements"
cmake --preset release --log-level=WARNING
cmake --build --preset release --target frugal
exec .deps/peers/bin/python "benchmarks/peers/compare_$workload.py" "$@"
