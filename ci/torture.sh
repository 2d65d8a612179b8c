#!/usr/bin/env bash
# Kills runs at random moments, fills their disk, and checks that nothing finished is lost or runs twice: torture.py
# says what is checked. A short version is one of the tests.
#   ci/torture.sh [KILLS [SEED]]      default: 100
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh
cmake --preset ci --log-level=WARNING >/dev/null
cmake --build --preset ci --target fake_frugal
exec python3 ci/torture.py build/ci/fake_frugal "${1:-100}" "${@:2}"
