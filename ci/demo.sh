#!/usr/bin/env bash
# Installs what is missing, builds, runs the main job on the embedded default plan, and prints the tables.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ci/setup.sh
# The CUDA back end takes as long to compile as all the rest, so only where something here can run it.
cuda=OFF
if nvidia-smi --list-gpus >/dev/null 2>&1; then cuda=AUTO; fi
cmake --preset release --log-level=WARNING -DCMAKE_UNITY_BUILD=ON -DFRUGAL_CUDA="$cuda" >/dev/null
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
