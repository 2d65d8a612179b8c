#!/usr/bin/env bash
# Ours beside PyTorch, on the same cores, in one run: installs the peer into .deps/peers, builds, compares.
# Arguments go to benchmarks/peers/compare_inr.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ci/setup.sh
[ -x .deps/peers/bin/python ] || python3 -m venv .deps/peers
.deps/peers/bin/pip install --quiet --requirement benchmarks/peers/requirements.txt
cmake --preset release --log-level=WARNING
cmake --build --preset release --target frugal
exec .deps/peers/bin/python benchmarks/peers/compare_inr.py "$@"
