#!/usr/bin/env bash
# What a machine with a GPU is asked: builds without registries, checks, measures, and leaves the records.
#   ci/gpu.sh [BUNDLE]     default: build/gpu_bundle.tar.gz (ci/make_gpu_bundle.sh), or what the system has
#   FRUGAL_STEPS="build test sanitize perf peer"     the steps to take, for a machine that is lent by the minute
# Records: results/local/gpu/<plan>/, ready for results/published/. Exit 4: no nvcc or no device.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bundle=${1:-build/gpu_bundle.tar.gz}
build=build/gpu
out=results/local/gpu
steps=" ${FRUGAL_STEPS:-build test sanitize perf peer} "
wants() { [[ "$steps" == *" $1 "* ]]; }

if wants build; then
  command -v nvcc >/dev/null || { echo "ci/gpu.sh: nvcc is not on PATH" >&2; exit 4; }
  options=(-DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON -DFRUGAL_CUDA=ON -DFRUGAL_ONEDNN=OFF -DFRUGAL_MICRO=OFF)
  if [[ -f "$bundle" ]]; then
    prefix=$PWD/.deps/gpu
    rm -rf "$prefix" && mkdir -p "$prefix"
    tar -C "$prefix" -xzf "$bundle"
    lib=$(dirname "$(find "$prefix/lib" -name 'libfmt.so*' | head -n 1)")
    # RPATH rather than RUNPATH: it also serves what the libraries themselves need.
    options+=("-DCMAKE_PREFIX_PATH=$prefix" "-DCMAKE_LIBRARY_ARCHITECTURE=$(basename "$lib")"
      "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags -Wl,-rpath,$lib -Wl,-rpath-link,$lib")
  fi
  if command -v ninja >/dev/null; then options+=(-G Ninja); fi
  cmake -S . -B "$build" --log-level=WARNING "${options[@]}"
  cmake --build "$build" -j "$(nproc)" --target frugal test_gpu test_cuda_on_cpu
  python3 ci/ptxas_budget.py "$build"
fi

frugal=$build/frugal
"$frugal" doctor | tee "$build/doctor.txt"

if wants test; then
  ctest --test-dir "$build" --output-on-failure -L 'gpu|cuda_on_cpu' -j 4
  "$frugal" verify --backend cuda --failures
fi

if wants sanitize; then
  # Small shapes do: the tools look at every access. Exit code of the tool's own, so that a finding is an error.
  for tool in memcheck racecheck initcheck synccheck; do
    echo "compute-sanitizer $tool"
    compute-sanitizer --tool "$tool" --error-exitcode 9 "$build/test_gpu" --gtest_brief=1 \
      --gtest_filter='*/cuda:*Shapes*:-*Equivalence*:*Learns*:*ManySteps*'
  done
fi

if wants perf; then
  for plan in benchmarks/plans/perf_*.yaml; do
    "$frugal" run "$plan" --set backend=cuda --out "$out/$(basename "$plan" .yaml)" --rerun all
    "$frugal" report "$out/$(basename "$plan" .yaml)"
  done
fi

if wants peer; then
  if python3 -c 'import torch, PIL; assert torch.cuda.is_available()' 2>/dev/null; then
    python3 benchmarks/peers/compare_inr.py --build "$build" --backend cuda \
      --implementations auto --out "$out/peer_inr.json"
  else
    echo "ci/gpu.sh: no PyTorch that sees the device: the peer is left out" >&2
  fi
fi
