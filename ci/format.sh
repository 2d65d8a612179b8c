#!/usr/bin/env bash
# Checks the layout of all sources; with --fix, mends it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh --lint
clang_format=.deps/clang-format/clang-format # the same version for everyone
mapfile -t files < <(git ls-files '*.cpp' '*.hpp' '*.cu' '*.cuh')
if [[ "${1:-}" == --fix ]]; then
  "$clang_format" -i "${files[@]}"
else
  "$clang_format" --dry-run -Werror "${files[@]}"
fi
