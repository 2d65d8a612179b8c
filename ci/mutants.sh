#!/usr/bin/env bash
# Do the tests notice a wrong line? Puts every error of tests/mutants.tsv into a copy of the tree (build/mutants/), builds
# it once, and runs the tests with one error at a time. Exit code 1: fewer than 90% are noticed, or one that is not has
# no explanation.
#   ci/mutants.sh [WORD...]      only the rows that hold one of these words; default: all
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh --mpi
exec nice python3 ci/mutants.py "$@"
