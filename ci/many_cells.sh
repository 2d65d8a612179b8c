#!/usr/bin/env bash
# 10,000 cells of 10 ms on 8 local workers with a kill -9 every second: many_cells.py says what is checked and measured.
#   ci/many_cells.sh [CELLS [WORKERS [SEED]]]      default: 10000 8
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh
cmake --preset ci --log-level=WARNING >/dev/null
cmake --build --preset ci --target fake_frugal
exec python3 ci/many_cells.py build/ci/fake_frugal "$@"
