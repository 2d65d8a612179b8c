#!/usr/bin/env bash
# Training by several ranks of Open MPI on this machine: with 1, 2, 3 and 4 of them, each model's metrics, losses and
# weights are those of the cpu back end to the bit; what other ranks left is gone on with; a rank that is killed is named,
# and the next cell runs.
#   ci/mpi.sh [PROGRAM]      default: build/ci/frugal
# Builds nothing. Where the program was built without MPI, or cannot run it: says so, and exits 0.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=$(realpath "${1:-build/ci/frugal}")
[[ -x $program ]] || { echo "ci/mpi.sh: no program $program" >&2; exit 4; }
facts=$("$program" doctor)
if grep -q '^ *mpi  *cannot run' <<<"$facts"; then echo "mpi: skipped: $(grep '^ *mpi  *cannot run' <<<"$facts")"; exit 0; fi

work=$(mktemp -d)
export FRUGAL_MPI_WORK=$work  # marks what is ours among the processes
runner=
stop() {
  local code=$?
  set +e
  ((code == 0)) || { echo "mpi: failed; the last that was said:" >&2; tail -n 20 "$work"/*.txt >&2; }
  if [[ -n $runner ]]; then kill "$runner" 2>/dev/null; fi
  rm -rf "$work"
}
trap stop EXIT

# frugal NAME CODE ARGUMENTS...: the exit code that it must end with; what it said is in NAME.txt.
frugal() {
  local name=$1 expected=$2 code=0
  shift 2
  (cd "$work" && "$program" "$@" >"$name.txt" 2>&1) || code=$?
  ((code == expected)) || { echo "mpi: $name: exit code $code, not $expected" >&2; return 1; }
}

# A file that the ranks read in parts, its lines in no order of the users, with repeated pairs and equal times.
awk 'BEGIN { print "user,item,rating,time"
  for (k = 0; k < 30000; ++k) { u = k * 37 % 1009; r = int(k / 1009)
    printf "user-%d,%d,%d,%d\n", u, (u * 31 + r % 27 * 17) % 700, 1 + k * 7 % 5, 881250949 + int(k / 7) % 50 } }' >"$work/own.csv"

cat >"$work/models.yaml" <<'END'
{schema: 1, name: ials, workload: cadc, backend: cpu, limits: {threads: 1}, determinism: bitwise,
 dataset: {name: synthetic-interactions, users: 1500, items: 700, interactions: 40000},
 params: {cadc: {model: mf, save_weights: true, mf: {solver: ials, epochs: 3, dim: 20}}}}
---
{schema: 1, name: sgd, workload: cadc, backend: cpu, limits: {threads: 1}, determinism: bitwise,
 dataset: {name: synthetic-interactions, users: 1500, items: 700, interactions: 40000},
 params: {cadc: {model: mf, save_weights: true, mf: {solver: logistic_sgd, epochs: 4, dim: 12}}}}
---
{schema: 1, name: own, workload: cadc, backend: cpu, limits: {threads: 1}, determinism: bitwise,
 dataset: {name: file, path: own.csv, min_rating: 2, negative_sampling: popularity},
 params: {cadc: {keep_fraction: 0.3, sampling: stratified, save_weights: true, mf: {solver: logistic_sgd, epochs: 2, dim: 12},
                 tower: {layers: [16], batch: 512, epochs: 3, patience: 2}}}}
---
{schema: 1, name: inr, workload: inr, backend: cpu, dataset: synthetic-photo, limits: {threads: 1}, determinism: bitwise,
 params: {inr: {size: 48, steps: 60, hidden_layers: 1, width: 16, grid: 3, last_layer: solved, save_weights: true}}}
---
{schema: 1, name: points, workload: inr, backend: cpu, dataset: synthetic-photo, limits: {threads: 1}, determinism: bitwise,
 params: {inr: {size: 72, steps: 40, hidden_layers: 1, width: 24, save_weights: true}}}
---
{schema: 1, name: towers, workload: cadc, backend: cpu, limits: {threads: 1}, determinism: bitwise,
 dataset: {name: synthetic-interactions, users: 1500, items: 700, interactions: 40000},
 params: {cadc: {keep_fraction: 0.2, save_weights: true, mf: {solver: ials, epochs: 2, dim: 20},
                 tower: {layers: [32, 16], batch: 512, epochs: 2}}}}
---
{schema: 1, name: trainable, workload: cadc, backend: cpu, limits: {threads: 1}, determinism: bitwise,
 dataset: {name: synthetic-interactions, users: 1500, items: 700, interactions: 40000},
 params: {cadc: {keep_fraction: 0.1, save_weights: true, embedding_init: random, embedding_trainable: true, mf: {dim: 20},
                 tower: {layers: [16], batch: 512, epochs: 1, loss: batch_softmax}}}}
---
{schema: 1, name: clicks, workload: dlrm, backend: cpu, limits: {threads: 1}, determinism: bitwise,
 dataset: {name: synthetic-clicks, examples: 4000, test_examples: 500, rows: 50}, params: {dlrm: {save_weights: true}}}
END
frugal cpu 0 run models.yaml --out cpu
for ranks in 1 2 3 4; do
  frugal "ranks$ranks" 0 run models.yaml --out "ranks$ranks" --set backend=mpi --set "limits.ranks=$ranks"
done

# What differs between two runs, of the same cells but for the back end.
cat >"$work/same.py" <<'END'
import json
import pathlib
import sys

def cells(folder):
    found = {}
    lines = map(json.loads, (folder / "cells.jsonl").read_text().splitlines())
    for record in {record["id"]: record for record in lines}.values():  # of several with one id the last
        if record["status"] != "ok":
            sys.exit(f"mpi: {folder.name}: {record['error']}")
        weights = (folder / "artifacts" / record["id"] / "weights.safetensors").read_bytes()
        metrics = {k: v for k, v in record["metrics"].items() if k != "memory.peak" and not k.startswith("seconds[")}
        found[json.dumps([record["dataset"], record["params"], record["seed"]])] = (metrics, record["curves"], weights, record)
    return found

expected, found = (cells(pathlib.Path(name)) for name in sys.argv[1:3])
ranks = int(sys.argv[3])
if not expected or expected.keys() != found.keys():
    sys.exit("mpi: not the same cells")
for cell, (metrics, curves, weights, record) in found.items():
    for what, ours, theirs in zip(("metrics", "losses", "weights"), (metrics, curves, weights), expected[cell]):
        if ours != theirs:
            sys.exit(f"mpi: {ranks} ranks: other {what} than the cpu back end: {cell}")
    if record.get("ranks", 1) != ranks or len(record.get("hosts", [0])) != ranks:
        sys.exit(f"mpi: the record does not say {ranks} ranks: {record}")
print(f"mpi: {ranks} ranks: {len(found)} models, metrics, losses and weights to the bit")
END
for ranks in 1 2 3 4; do python3 "$work/same.py" "$work/cpu" "$work/ranks$ranks" "$ranks"; done

# What two ranks left, three go on with: as one process would.
weights=$(python3 -c 'import json, sys
print(next(r["id"] for r in map(json.loads, open(sys.argv[1])) if r["params"]["cadc"]["mf"]["solver"] == "ials"))' "$work/ranks2/cells.jsonl")
sed -n '1,/^---/p' "$work/models.yaml" | grep -v '^---' >"$work/on.yaml"
frugal on_cpu 0 run on.yaml --out on_cpu --set "params.cadc.initial_weights=ranks2/artifacts/$weights/weights.safetensors"
frugal on_mpi 0 run on.yaml --out on_mpi --set "params.cadc.initial_weights=ranks2/artifacts/$weights/weights.safetensors" \
  --set backend=mpi --set limits.ranks=3
python3 "$work/same.py" "$work/on_cpu" "$work/on_mpi" 3

# Ranks that no model can have are refused before anything runs.
frugal refused 2 run models.yaml --out nowhere --set limits.ranks=2
grep -q "limits.ranks 2: the back end 'cpu' computes in one process" "$work/refused.txt"

# ranks_of NUMBER: processes of our job that are this rank.
ranks_of() {
  local folder variables
  for folder in /proc/[0-9]*; do
    variables=$({ tr '\0' '\n' <"$folder/environ"; } 2>/dev/null) || continue
    # No `&&` as the last word: its answer for the last process of all would be that of this function, and end the script.
    if grep -qx "FRUGAL_MPI_WORK=$work" <<<"$variables" && grep -qx "OMPI_COMM_WORLD_RANK=$1" <<<"$variables"; then
      echo "${folder#/proc/}"
    fi
  done
}

# kill_rank_2 NAME TRAINS ARGUMENTS...: begins a run, kills a rank as soon as TRAINS is true, and waits for its end.
kill_rank_2() {
  local name=$1 trains=$2 code=0 victim=
  shift 2
  (cd "$work" && exec "$program" run "$@" >"$name.txt" 2>&1) &
  runner=$!
  for _ in {1..300}; do
    victim=$(ranks_of 2)
    if [[ -n $victim ]] && "$trains"; then break; fi
    sleep 0.1
  done
  [[ -n $victim ]] || { echo "mpi: no rank 2 after half a minute" >&2; return 1; }
  kill -9 "$victim"
  wait "$runner" || code=$?
  runner=
  ((code == 3)) || { echo "mpi: exit code $code after a rank was killed, not 3" >&2; return 1; }
}

# A rank is killed in the first of two cells; the second one, whose steps are few, runs.
cat >"$work/killed.yaml" <<'END'
{schema: 1, name: killed, workload: inr, backend: mpi, dataset: synthetic-photo, limits: {ranks: 3, threads: 1},
 params: {inr: {size: 48, hidden_layers: 1, width: 16, grid: 3, patience: 100000000}}, matrix: {params.inr.steps: [20000000, 20]}}
END
trains() { sleep 2; }
kill_rank_2 killed trains killed.yaml --out killed
python3 - "$work/killed" <<'END'
import json
import pathlib
import re
import sys

lost, good = map(json.loads, (pathlib.Path(sys.argv[1]) / "cells.jsonl").read_text().splitlines())
if lost["status"] != "failed" or not re.fullmatch(r"rank 2 on \S+: exited on signal 9 \(Killed\), in stage train", lost["error"]):
    sys.exit(f"mpi: of a killed rank the record says: {lost['status']}: {lost['error']}")
if good["status"] != "ok":
    sys.exit(f"mpi: the cell after it: {good['error']}")
print(f"mpi: {lost['error']}; the next cell ran")
END
# A rank is killed in the middle of a training. Fewer ranks go on from its checkpoint, and it ends as if nobody had.
cat >"$work/long.yaml" <<'END'
{schema: 1, name: long, workload: cadc, backend: cpu, limits: {threads: 1, checkpoint_s: 0.2}, determinism: bitwise,
 dataset: {name: synthetic-interactions, users: 1500, items: 700, interactions: 40000},
 params: {cadc: {model: mf, save_weights: true, mf: {solver: logistic_sgd, epochs: 300, dim: 12}}}}
END
frugal long_cpu 0 run long.yaml --out long_cpu
has_checkpoint() { compgen -G "$work/long/checkpoints/*/*/factorize.safetensors" >/dev/null; }
kill_rank_2 long has_checkpoint long.yaml --out long --set backend=mpi --set limits.ranks=3
frugal long_on 0 run long.yaml --out long --set backend=mpi --set limits.ranks=2 --rerun failed
grep -q 'goes on from its checkpoint' "$work/long_on.txt"
grep -q '"taken_up":{"factorize":' "$work/long/cells.jsonl"
python3 "$work/same.py" "$work/long_cpu" "$work/long" 2
for rank in 0 1 2; do
  [[ -z $(ranks_of "$rank") ]] || { echo "mpi: rank $rank is still there" >&2; exit 1; }
done
echo "mpi: ok, $SECONDS s, $(mpirun --version | head -n 1)"
