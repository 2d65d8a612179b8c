#!/usr/bin/env bash
# Coverage-guided fuzzing of everything that reads what a user or a network wrote: libFuzzer with AddressSanitizer and
# UndefinedBehaviorSanitizer, from the inputs in tests/fuzz/corpus and the words in tests/fuzz/dictionaries. Prints one
# line a target; exit code 1 when one of them crashes, takes more than 5 s or more than 256 MB for an input. That input is
# kept in build/fuzz/found.
#   ci/fuzz.sh [TARGET...] [-- RUNS]     default: all targets, a million runs each
#   ci/fuzz.sh --merge [TARGET...]       adds what earlier runs found, minimised, to tests/fuzz/corpus
# What a run found is kept in build/fuzz/corpus, and the next one goes on from there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh --fuzz
cmake --preset fuzz --log-level=WARNING >/dev/null
cmake --build --preset fuzz

merge=
runs=1000000
targets=()
while (($#)); do
  case $1 in
    --merge) merge=yes ;;
    --) runs=${2:?usage: ci/fuzz.sh [TARGET...] -- RUNS} && shift ;;
    *) targets+=("$1") ;;
  esac
  shift
done
if ((${#targets[@]} == 0)); then
  for source in tests/fuzz/fuzz_*.cpp; do targets+=("$(basename "$source" .cpp | cut -c6-)"); done
fi

# Freed memory that is held back to find uses of it counts as used, so hold back less than the 256 MB that is usual.
export ASAN_OPTIONS=quarantine_size_mb=16:detect_leaks=1:allocator_may_return_null=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
[[ -d /dev/shm ]] && export TMPDIR=/dev/shm
found=build/fuzz/found
mkdir -p "$found"
failed=0
# Runs of one process: the limit is on the memory of an input, and libsndfile keeps 6 kB of every damaged Ogg file.
batch=200000
[[ -n "$merge" ]] || printf '%-12s %10s %8s %8s %12s  %s\n' target runs seconds runs/s 'peak memory' result
for target in "${targets[@]}"; do
  program=build/fuzz/fuzz_$target
  corpus=build/fuzz/corpus/$target
  log=build/fuzz/$target.log
  words=tests/fuzz/dictionaries/$target.dict
  mkdir -p "$corpus"
  if [[ -n "$merge" ]]; then
    # By lines reached alone: how often would keep thousands of inputs.
    "$program" -merge=1 -set_cover_merge=1 -use_counters=0 -max_len=4096 "tests/fuzz/corpus/$target" "$corpus" >"$log" 2>&1
    printf '%-12s %s\n' "$target" "$(du -sb --apparent-size "tests/fuzz/corpus/$target" | cut -f1) bytes"
    continue
  fi
  start=$EPOCHREALTIME
  result=ok
  dictionary=()
  [[ -f "$words" ]] && dictionary=(-dict="$words")
  : >"$log"
  for ((left = runs; left > 0; left -= batch)); do
    "$program" "${dictionary[@]}" -runs="$((left < batch ? left : batch))" -timeout=5 -rss_limit_mb=256 -malloc_limit_mb=256 \
      -max_len=4096 -print_final_stats=1 -artifact_prefix="$found/$target-" "$corpus" "tests/fuzz/corpus/$target" >>"$log" 2>&1 ||
      { result="FAILED: $log" && break; }
  done
  seconds=$(awk -v from="$start" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.0f", to - from }')
  values_of() { sed -n "s/^stat::$1: *//p" "$log"; }
  done=$(values_of number_of_executed_units | awk '{ sum += $1 } END { print sum }')
  printf '%-12s %10s %8s %8s %9s MB  %s\n' "$target" "${done:-?}" "$seconds" \
    "$((${done:-0} / (seconds > 0 ? seconds : 1)))" "$(values_of peak_rss_mb | sort -n | tail -n 1)" "$result"
  [[ "$result" == ok ]] || failed=1
done
exit "$failed"
