#!/usr/bin/env bash
# Ours beside what a user would pick instead, on the same cores or the same GPU, in one run: installs the peer into
# .deps/peers, builds, compares.
#   ci/peers.sh inr           coordinate networks, PyTorch; on a GPU also JAX
#   ci/peers.sh recommenders  two-tower and DLRM steps, PyTorch
#   ci/peers.sh mf            implicit ALS, the library `implicit`
#   ci/peers.sh all           these, one after the other
# Further arguments go to benchmarks/peers/compare_<word>.py; --backend cuda measures on a GPU (all: inr, recommenders).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

workload=${1:-}
shift || true
backend=cpu
[[ " $* " != *" --backend cuda "* ]] || backend=cuda
case $workload/$backend in
  inr/* | recommenders/*) workloads=("$workload") ;;
  mf/cpu) workloads=(mf) ;;
  all/cpu) workloads=(inr recommenders mf) ;;
  all/cuda) workloads=(inr recommenders) ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac

ci/setup.sh --peers
python=.deps/peers/bin/python
[ -x "$python" ] || python3 -m venv .deps/peers
preset=release
targets=(frugal micro_inr micro_two_tower micro_dlrm)
if [[ $backend == cuda ]]; then
  preset=cuda
  targets=(frugal micro_gpu)
fi
cmake --preset "$preset" --log-level=WARNING
cmake --build --preset "$preset" --target "${targets[@]}"
for workload in "${workloads[@]}"; do
  requirements=requirements.txt
  [[ $workload != mf ]] || requirements=requirements_mf.txt
  [[ $backend != cuda ]] || requirements=requirements_cuda.txt
  .deps/peers/bin/pip install --quiet --requirement "benchmarks/peers/$requirements"
  "$python" "benchmarks/peers/compare_$workload.py" --build "build/$preset" "$@"
done
