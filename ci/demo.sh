#!/usr/bin/env bash
# Installs what is missing, builds, runs the main job on the embedded default plan, and prints the tables.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ci/setup.sh
cmake --preset release --log-level=WARNING -DCMAKE_UNITY_BUILD=ON >/dev/null
cmake --build --preset release --target frugal
frugal=build/release/frugal
out=results/local/demo
"$frugal" run demo --out "$out" --rerun all
"$frugal" report "$out"
for format in md tex csv html; do "$frugal" report "$out" --format "$format" --out "$out/tables.$format"; done

echo
echo "records: $out/run.json and $out/cells.jsonl"
echo "tables:  $out/tables.md, tables.tex, tables.csv, tables.html"
echo "images:  $out/artifacts/<cell id>/reconstruction.png (beside original.png)"
