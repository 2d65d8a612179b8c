#!/usr/bin/env bash
# Ours beside what a user would pick instead, on the same cores, in one run: installs the peer into .deps/peers, builds,
# compares.
#   ci/peers.sh inr           coordinate networks, PyTorch
#   ci/peers.sh recommenders  two-tower and DLRM steps, PyTorch
#   ci/peers.sh mf            implicit ALS, the library `implicit`
# Further arguments go to benchmarks/peers/compare_<word>.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
  inr | recommenders) requirements=requirements.txt ;;
  mf) requirements=requirements_mf.txt ;;
  *) echo "usage: ci/peers.sh inr|recommenders|mf [ARGUMENTS]" >&2; exit 2 ;;
esac
workload=$1
shift
ci/setup.sh
[ -x .deps/peers/bin/python ] || python3 -m venv .deps/peers
.deps/peers/bin/pip install --quiet --requirement "benchmarks/peers/$requirements"
cmake --preset release --log-level=WARNING
cmake --build --preset release --target frugal micro_inr micro_two_tower micro_dlrm
exec .deps/peers/bin/python "benchmarks/peers/compare_$workload.py" "$@"
