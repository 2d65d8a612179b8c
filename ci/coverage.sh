#!/usr/bin/env bash
# How much of the sources the tests run: a table of lines and branches, folder by folder (build/coverage/). Branches that
# only an exception takes do not count. Slow: nothing is optimised.
#   ci/coverage.sh [CTEST_ARGUMENT...]      e.g. -R harness; default: all tests
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh --coverage
cmake --preset ci -B build/coverage --log-level=WARNING -DFRUGAL_CUDA=OFF -DFRUGAL_MICRO=OFF \
  -DCMAKE_CXX_FLAGS="--coverage -fprofile-update=atomic" -DCMAKE_CXX_FLAGS_RELEASE=-O0
cmake --build build/coverage
find build/coverage -name '*.gcda' -delete
ctest --test-dir build/coverage -j "$(nproc)" --timeout 600 --output-on-failure "$@"
gcovr --root . --object-directory build/coverage --filter 'impl/' --filter 'datasets/' --filter 'benchmarks/' \
  --exclude-directories '.*/CompilerId.*' --exclude-throw-branches --exclude-unreachable-branches \
  --json-summary build/coverage/summary.json build/coverage
python3 - build/coverage/summary.json <<'PYTHON'
import collections
import json
import sys

rooms = collections.defaultdict(collections.Counter)
for file in json.load(open(sys.argv[1], encoding="utf-8"))["files"]:
    folders = file["filename"].split("/")[:-1]
    for room in {"/".join(folders[:3]), "all"}:
        rooms[room].update({key: file[key] for key in ("line_covered", "line_total", "branch_covered", "branch_total")})


def share(room, what):
    total = rooms[room][what + "_total"]
    return f"{100 * rooms[room][what + '_covered'] / total:6.1f} %" if total else f"{'-':>8}"


print(f"{'folder':<40} {'lines':>7} {'run':>8} {'branches':>9} {'taken':>8}")
for room in sorted(rooms.keys() - {"all"}) + ["all"]:
    print(f"{room:<40} {rooms[room]['line_total']:>7} {share(room, 'line')} {rooms[room]['branch_total']:>9} {share(room, 'branch')}")
PYTHON
