#!/usr/bin/env bash
# Ours beside what a user would pick instead, on the same cores or the same GPU, in one run: installs the peers into
# .deps/peers, builds, compares, and makes one table of it all: build/peers/peers.md and peers.json, every sample in
# build/peers/WORKLOAD.json. A peer that does not install or run is named there with its reason; the exit status is then 4.
#   ci/peers.sh inr           coordinate networks: PyTorch (eager, compiled) and JAX
#   ci/peers.sh recommenders  two-tower and DLRM steps: PyTorch (eager, compiled), and FBGEMM for DLRM's tables
#   ci/peers.sh mf            implicit ALS: the libraries `implicit`, `irspack` and Spark; --size 20m: of MovieLens-20M's size
#   ci/peers.sh all           these, one after the other
# Further arguments go to benchmarks/peers/compare_<word>.py; --backend cuda measures on a GPU (all: inr, recommenders).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

workload=${1:-}
shift || true
backend=cpu
[[ " $* " != *" --backend cuda "* ]] || backend=cuda
[[ " $* " != *" --out"[=\ ]* ]] || usage # it is here that says where samples go
case $workload/$backend in
  inr/* | recommenders/*) workloads=("$workload") ;;
  mf/cpu) workloads=(mf) ;;
  all/cpu) workloads=(inr recommenders mf) ;;
  all/cuda) workloads=(inr recommenders) ;;
  *) usage ;;
esac

libraries_of() {
  case $1/$backend in
    inr/cpu) echo torch jax ;;
    inr/cuda) echo torch jax_cuda ;;
    recommenders/cpu) echo torch fbgemm ;;
    recommenders/cuda) echo torch ;;
    mf/*) echo implicit irspack spark ;;
  esac
}

# provide LIBRARY: in an environment of its own, for FBGEMM needs another PyTorch than the newest. Where it does not install
# the reason stays there, for the comparison to name.
provide() {
  local home=.deps/peers/$1
  rm -f "$home/reason"
  [ -x "$home/bin/python" ] || python3 -m venv "$home"
  if ! "$home/bin/pip" install --quiet --disable-pip-version-check --requirement "benchmarks/peers/requirements/$1.txt" \
    2>"$home/pip.log"; then
    { grep '^ERROR' "$home/pip.log" || cat "$home/pip.log"; } | tail -n 1 >"$home/reason"
    echo "ci/peers.sh: $1 does not install: $(cat "$home/reason")" >&2
  fi
}

ci/setup.sh --peers
for workload in "${workloads[@]}"; do
  for library in $(libraries_of "$workload"); do provide "$library"; done
done
preset=release
targets=(frugal micro_inr micro_two_tower micro_dlrm)
if [[ $backend == cuda ]]; then
  preset=cuda
  targets=(frugal micro_gpu)
fi
cmake --preset "$preset" --log-level=WARNING
cmake --build --preset "$preset" --target "${targets[@]}"

out=build/peers
mkdir -p "$out"
exit_status=0
for workload in "${workloads[@]}"; do
  rm -f "$out/$workload.json"
  status=0
  python3 "benchmarks/peers/compare_$workload.py" --build "build/$preset" --out "$out/$workload.json" "$@" || status=$?
  case $status in
    0) ;;
    4) [ $exit_status -ne 0 ] || exit_status=4 ;; # a peer was left out
    *) exit_status=1 ;;
  esac
done
echo
python3 benchmarks/peers/summary.py "$out" "${workloads[@]}"
echo "ci/peers.sh: $out/peers.md, $out/peers.json" >&2
exit "$exit_status"
