#!/usr/bin/env bash
# What a machine with a GPU is asked: checks, measures, and leaves records ready to publish. Less than 8 minutes.
#   ci/gpu.sh [STEP...]    test verify sanitize perf peers; default: all, in this order
# The programs come from build/gpu.tar.gz (ci/make_gpu_bundle.sh) where it is, or are built here. Records, logs and the
# comparison with peers: results/local/gpu/. A step that fails does not stop the others; exit 1 if one did, 4 without a
# device.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
steps=("$@")
[[ ${#steps[@]} -gt 0 ]] || steps=(test verify sanitize perf peers)
bin=$PWD/build/gpu
out=results/local/gpu
mkdir -p "$out"

if [[ -f build/gpu.tar.gz ]]; then
  tar -C build -xzf build/gpu.tar.gz
elif [[ ! -x $bin/frugal ]]; then
  ci/make_gpu_bundle.sh -DCMAKE_CUDA_ARCHITECTURES=native
fi
export LD_LIBRARY_PATH=$bin/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
"$bin/frugal" doctor | tee "$out/doctor.txt"
nvidia-smi --query-gpu=name,driver_version,clocks.sm,memory.used --format=csv,noheader || exit 4

# Four processes share the device.
tests() {
  local shard pids=() failed=0
  for shard in 0 1 2 3; do
    GTEST_TOTAL_SHARDS=4 GTEST_SHARD_INDEX=$shard "$bin/test_gpu" --gtest_brief=1 >"$out/test.$shard.log" 2>&1 &
    pids+=($!)
  done
  for shard in 0 1 2 3; do wait "${pids[$shard]}" || failed=1; done
  grep -hE '^\[ +(FAILED|PASSED) +\]|Failure$' "$out"/test.?.log || true
  return "$failed"
}

verify() {
  local failed=0
  "$bin/frugal" verify --backend cuda >"$out/verify.log" 2>&1 || failed=1
  tail -n 12 "$out/verify.log"
  return "$failed"
}

# Small shapes do: the tools look at every access, and racecheck at every pair of them, for which it gets fewer tests.
sanitize() {
  local tools=(memcheck racecheck initcheck synccheck) pids=() tool i tests failed=0
  for tool in "${tools[@]}"; do
    tests='*/cuda:*Shapes*:-*Equivalence*:*Learns*:*ManySteps*'
    [[ $tool == racecheck ]] && tests='*InrCudaShapes.ACheckpoint*:MfCuda*:RecommenderCuda*:RankingCuda*'
    timeout 150 compute-sanitizer --tool "$tool" --error-exitcode 9 "$bin/test_gpu" --gtest_brief=1 \
      --gtest_filter="$tests" >"$out/sanitize.$tool.log" 2>&1 &
    pids+=($!)
  done
  for i in "${!tools[@]}"; do
    if wait "${pids[$i]}"; then
      echo "${tools[$i]}: no errors"
    else
      failed=1
      echo "${tools[$i]}: failed, or was stopped after 150 s"
      tail -n 15 "$out/sanitize.${tools[$i]}.log"
    fi
  done
  return "$failed"
}

perf() {
  local name failed=0
  for name in perf_enrp perf_mf perf_recommenders; do # perf_mf_20m takes minutes to draw its data; micro_gpu has its steps
    "$bin/frugal" run "benchmarks/plans/$name.yaml" --set backend=cuda --out "$out/$name" --rerun all || failed=1
    "$bin/frugal" report "$out/$name" || failed=1
  done
  "$bin/micro_gpu" --benchmark_out="$out/micro_gpu.json" --benchmark_counters_tabular=true || failed=1
  return "$failed"
}

peers() {
  local which failed=0
  if ! python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
    echo "no PyTorch that sees the device: the peers are left out"
    return 0
  fi
  for which in inr recommenders; do
    python3 "benchmarks/peers/compare_$which.py" --build "$bin" --backend cuda --out "$out/peers_$which.json" || failed=1
  done
  return "$failed"
}

failed=0
for step in "${steps[@]}"; do
  start=$SECONDS
  case $step in
    test) tests || failed=1 ;;
    verify) verify || failed=1 ;;
    sanitize) sanitize || failed=1 ;;
    perf) perf || failed=1 ;;
    peers) peers || failed=1 ;;
    *) echo "ci/gpu.sh: no step '$step'" >&2; exit 2 ;;
  esac
  echo "== $step: $((SECONDS - start)) s"
done
exit "$failed"
