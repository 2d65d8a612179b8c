#!/usr/bin/env bash
# Ours beside PyTorch, on the same cores, in one run: installs the peer into .deps/peers, builds, compares.
# First argument: inr (default) or recommenders; the others go to benchmarks/peers/compare_<it>.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ci/setup.sh
[ -x .deps/peers/bin/python ] || python3 -m venv .deps/peers
.deps/peers/bin/pip install --quiet --requirement benchmarks/peers/requirements.txt
cmake --preset release --log-level=WARNING
what=inr
if [ "${1:-}" = inr ] || [ "${1:-}" = recommenders ]; then
  what=$1
  shift
fi
cmake --build --preset release --target frugal micro_two_tower micro_dlrm
exec .deps/peers/bin/python "benchmarks/peers/compare_$what.py" "$@"
