#!/usr/bin/env bash
# `frugal submit` on a real Slurm: its own munged, slurmctld and two slurmd on this machine, in a temporary folder, all
# gone at the end. Kills a node daemon with its tasks, and a task; cancels; lets a time limit pass; and checks that no cell
# is lost or done twice, and that the merged run is that of one `frugal run` to the bit, times aside; and trains one model by
# ranks on two nodes.
#   ci/slurm.sh [PROGRAM]      default: build/ci/frugal
# Installs slurm-wlm and munge where they are missing. Where that cannot be, or without root: says why, and exits 0.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=$(realpath "${1:-build/ci/frugal}")
[[ -x $program ]] || { echo "ci/slurm.sh: no program $program" >&2; exit 4; }
skip() { echo "slurm: skipped: $*"; exit 0; }
((EUID == 0)) || skip "not root, and munged runs as the user munge"
ci/setup.sh --slurm || skip "slurm-wlm and munge cannot be installed here"

work=$(mktemp -d)
chmod 755 "$work"
export SLURM_CONF=$work/slurm.conf
follower=
# of_slurm NAME VALUE: the processes of this Slurm whose environment has the variable.
of_slurm() {
  { grep -lzxsF "SLURM_CONF=$work/slurm.conf" /proc/[0-9]*/environ || true; } |
    { xargs -r grep -lzxsF "$1=$2" || true; } | cut -d/ -f3
}
# Of a process; nothing when it has just ended, which is no failure.
parent_of() { awk '/^PPid/ { print $2 }' "/proc/$1/status" 2>/dev/null || true; }
name_of() { cat "/proc/$1/comm" 2>/dev/null || true; }

stop() {
  local code=$? pid daemons
  set +e
  ((code == 0)) || { echo "slurm: failed; the last that was said:" >&2; tail -n 20 "$work"/*.txt "$work"/slurmctld.log >&2; }
  if [[ -n $follower ]]; then kill -9 "$follower" 2>/dev/null; fi
  scancel --user=root --quiet 2>/dev/null
  for _ in {1..50}; do [[ -n $(squeue --noheader 2>/dev/null) ]] || break; sleep 0.1; done
  daemons=$(cat "$work"/*.pid "$work/munge/pid" 2>/dev/null)
  for pid in $daemons; do kill "$pid" 2>/dev/null; done
  sleep 0.5
  for pid in $(of_slurm SLURM_CONF "$work/slurm.conf"); do
    [[ $pid == "$$" ]] || kill -9 "$pid" 2>/dev/null
  done
  rm -rf "$work"
}
trap stop EXIT

start_node() { slurmd -N "$1" -L "$work/slurmd-$1.log"; }

start_slurm() {
  local host
  host=$(hostname -s)
  mkdir "$work/munge" "$work/state"
  dd if=/dev/urandom of="$work/munge/key" bs=64 count=1 status=none
  chmod 600 "$work/munge/key"
  chown -R munge: "$work/munge"
  runuser -u munge -- munged --force --key-file="$work/munge/key" --socket="$work/munge/socket" \
    --pid-file="$work/munge/pid" --log-file="$work/munge/log" --seed-file="$work/munge/seed"
  cat >"$SLURM_CONF" <<END
ClusterName=frugal
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket,cred_expire=5
StateSaveLocation=$work/state
SlurmctldPidFile=$work/slurmctld.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdPidFile=$work/slurmd-%n.pid
SlurmdSpoolDir=$work/spool-%n
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SlurmdTimeout=5
KillWait=5
ReturnToService=2
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=16821 CPUs=2 RealMemory=100
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=16822 CPUs=2 RealMemory=100
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
END
  slurmctld
  start_node n1
  start_node n2
  for _ in {1..100}; do
    [[ $(sinfo --noheader --format=%T) != idle ]] || return 0
    sleep 0.2
  done
  echo "slurm: the nodes do not come up: $(sinfo)" >&2
  return 1
}

frugal() { (cd "$work" && "$program" "$@"); }
# submit NAME CODE ARGUMENTS...: the exit code that it must end with; what it said is in NAME.txt.
submit() {
  local name=$1 expected=$2 code=0
  shift 2
  frugal submit "$@" >"$work/$name.txt" 2>&1 || code=$?
  ((code == expected)) || { echo "slurm: $name: exit code $code, not $expected" >&2; return 1; }
}
# begin NAME ARGUMENTS...: in the background; returns when two more cells are done.
begin() {
  local name=$1 before
  shift
  before=$(cells "$name")
  # In the background a shell leaves Ctrl-C ignored.
  (cd "$work" && exec python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$program" submit "$@" >"$work/$name.txt" 2>&1) &
  follower=$!
  await $((before + 2)) "$name"
}
cells() { { cat "$work/$1"/shards/*/cells.jsonl 2>/dev/null || true; } | wc -l; }
await() {
  for _ in {1..600}; do
    (($(cells "$2") < $1)) || return 0
    sleep 0.1
  done
  echo "slurm: $2: no $1 cells after a minute" >&2
  return 1
}
# ended NAME CODE: of what begin() began.
ended() {
  local code=0
  wait "$follower" || code=$?
  follower=
  ((code == $2)) || { echo "slurm: $1: exit code $code, not $2" >&2; return 1; }
}
said() { grep -q -- "$2" "$work/$1.txt" || { echo "slurm: $1 does not say: $2" >&2; return 1; }; }

# same NAME: each cell of shards and merged run once, and the merged run that of one go, times aside.
same() {
  python3 - "$work/whole" "$work/$1" <<'END'
import collections
import json
import pathlib
import sys

def records(file):
    return [json.loads(line) for line in file.read_text().splitlines()]

def plain(record):
    record["metrics"] = {k: v for k, v in record["metrics"].items() if k != "memory.peak" and not k.startswith("seconds[")}
    record.pop("conditions", None)
    for stage in record["stages"]:
        stage.pop("wall_s")
        stage.pop("use", None)
    return json.dumps(record)

whole, merged = (pathlib.Path(name) for name in sys.argv[1:])
ran = collections.Counter(r["id"] for f in merged.glob("shards/*/cells.jsonl") for r in records(f) if r["status"] == "ok")
ids = [record["id"] for record in records(whole / "cells.jsonl")]
lost = [id for id in ids if id not in ran]
twice = [id for id, times in ran.items() if times > 1]
if lost or twice:
    sys.exit(f"slurm: {merged.name}: lost: {lost}, twice: {twice}")
if [plain(r) for r in records(whole / "cells.jsonl")] != [plain(r) for r in records(merged / "cells.jsonl")]:
    sys.exit(f"slurm: {merged.name}: not the run of one go to the bit")
print(f"slurm: {merged.name}: {len(ids)} cells, 0 lost, 0 twice, to the bit")
END
}

# once NAME CELLS: all are there, each once.
once() {
  python3 - "$work/$1" "$2" <<'END'
import collections
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
lines = [json.loads(line) for file in folder.glob("shards/*/cells.jsonl") for line in file.read_text().splitlines()]
ran = collections.Counter(record["id"] for record in lines if record["status"] == "ok")
merged = (folder / "cells.jsonl").read_text().count("\n")
if not len(ran) == sum(ran.values()) == merged == int(sys.argv[2]):
    sys.exit(f"slurm: {folder.name}: of {sys.argv[2]} cells {len(ran)} ran, {sum(ran.values())} times; {merged} are merged")
print(f"slurm: {folder.name}: {merged} cells, 0 lost, 0 twice")
END
}

start_slurm
cat >"$work/sweep.yaml" <<'END'
schema: 1
name: sweep
workload: inr
backend: cpu
dataset: synthetic-photo
params: {inr: {size: 48, steps: 4000, hidden_layers: 2}}
matrix: {params.inr.grid: [1, 2, 4], params.inr.width: [8, 16]}
seeds: [1, 2, 3, 4]
limits: {threads: 1}
determinism: bitwise
END
frugal run sweep.yaml --out whole >"$work/whole.txt" 2>&1

submit partition 2 sweep.yaml --engine slurm:4 --out nowhere --partition nowhere
said partition "partitions here: main"

# A node dies with all that runs on it, and on the other one a task is killed; the node comes back.
begin killed sweep.yaml --engine slurm:6 --max-parallel 4 --out killed
kill -9 "$(cat "$work/slurmd-n1.pid")"
for pid in $(of_slurm SLURMD_NODENAME n1); do
  parent=$(parent_of "$pid")
  if [[ $(name_of "$parent") == slurmstepd ]]; then kill -9 "$parent" || true; fi
  kill -9 "$pid" 2>/dev/null || true
done
for pid in $(of_slurm SLURMD_NODENAME n2); do
  [[ $(name_of "$(parent_of "$pid")") == slurmstepd ]] || continue
  kill -9 "$pid" 2>/dev/null || continue  # it has just ended
  break
done
sleep 8  # until the node is missed
start_node n1
ended killed 3
said killed "with cells to do ended on n2: FAILED (signal 9)"
submit killed 0 sweep.yaml --engine slurm --out killed
same killed

# Cancelled by us, then by scancel.
begin cancelled sweep.yaml --engine slurm:4 --out cancelled
frugal submit --cancel cancelled >"$work/cancel.txt" 2>&1
ended cancelled 3
begin cancelled sweep.yaml --engine slurm --out cancelled
scancel "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["slurm_job"])' "$work/cancelled/submit.json")"
ended cancelled 3
submit cancelled 0 sweep.yaml --engine slurm --out cancelled
same cancelled

# Ctrl-C of the follower leaves the tasks running; a second submission is refused; following again merges.
begin followed sweep.yaml --engine slurm:4 --out followed
kill -INT "$follower"
ended followed 130
submit second 2 sweep.yaml --engine slurm --out followed
said second "have not ended"
submit followed 0 --follow followed
same followed

# A limit of a minute, of which Slurm takes off what it likes for the signal before it.
submit late 3 sweep.yaml --engine slurm:2 --out late --time 1 --set params.inr.steps=300000 --set params.inr.patience=1000000 --set 'seeds=[1]'
submit late 0 sweep.yaml --engine slurm --out late --set params.inr.steps=300000 --set params.inr.patience=1000000 --set 'seeds=[1]'
once late 6

# The ranks of one cell, in an allocation of two nodes: mpirun asks Slurm for them.
if ! "$program" doctor 2>/dev/null | grep -q '^ *mpi  *cannot run'; then
  cat >"$work/train.yaml" <<'END'
{schema: 1, name: train, workload: cadc, backend: mpi, limits: {ranks: 3, threads: 1}, determinism: bitwise,
 dataset: {name: synthetic-interactions, users: 1500, items: 700, interactions: 40000},
 params: {cadc: {model: mf, mf: {solver: ials, epochs: 3, dim: 20}}}}
END
  sbatch --quiet --wait --nodes=2 --ntasks=2 --chdir="$work" --output="$work/train.txt" \
    --wrap "exec '$program' run train.yaml --out train"
  grep -q '"ranks":3' "$work/train/cells.jsonl" && grep -q '"status":"ok"' "$work/train/cells.jsonl"
  echo "slurm: train: 3 ranks in an allocation of two nodes"
fi
echo "slurm: ok, $SECONDS s, Slurm $(sbatch --version | cut -d ' ' -f 2)"
