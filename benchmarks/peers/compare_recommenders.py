#!/usr/bin/env python3
"""Training steps of the two-tower network and of DLRM, ours and PyTorch's, side by side on the same cores or
the same GPU; DLRM also with the tables of FBGEMM.

Both sides train in turn, sample after sample, and the medians are compared. Ours are the programs micro_two_tower and
micro_dlrm (on a GPU: micro_gpu), a process a sample, whose time leaves out set-up and a warm-up; the peers (two_tower_torch.py,
dlrm_torch.py) live on between samples, after a warm-up. Each side runs alone while it is timed.

Shapes: two-tower of MovieLens-1M, 64-128-64, 4 negatives, Adam; DLRM of Meta's benchmark, whose peers take 13 GB of memory
together. PyTorch takes what its user would choose from: its fastest row counts. `unique` runs its towers once per distinct
id, as ours do; `whole` over the whole tables; `compiled` compiles the forward pass by Inductor (DLRM: of the layers; sparse
gradients cannot be compiled); `graph` has the whole step in a CUDA graph. FBGEMM has the tables in one operator that steps
in its backward pass, and a PyTorch of its own version.

Prints a table, medians with the range of the samples in brackets; --out keeps every sample with versions and machine as
JSON. A peer that does not install or run is left out, with its reason, and the exit status is then 4.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from side_by_side import Comparison, FrugalCell, Peers, parser_for, ratio, spread, versions_of
from summary import as_cell, row

# A fair PyTorch: waiting threads yield, freed memory is kept, large tables lie in huge pages (as ours do).
ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "THP_MEM_ALLOC_ENABLE": "1",
}

WARM_UP = 5  # steps: shapes that change from step to step are compiled twice

# Our program and benchmark; the peer's program, its steps of a sample, and the ways it can be run.
CASES = {
    "two-tower, trainable, batch 1024": (
        "micro_two_tower", "two_tower_step/batch:1024/trainable:1/real_time", "two_tower_torch.py",
        ["--batch", "1024"], 60,
        {"dense Adam": [], "SparseAdam": ["--tables", "sparse"], "dense Adam, unique": ["--rows", "unique"],
         "dense Adam, compiled": ["--compile"], "dense Adam, unique, compiled": ["--rows", "unique", "--compile"]}),
    "two-tower, frozen, batch 8192": (
        "micro_two_tower", "two_tower_step/batch:8192/trainable:0/real_time", "two_tower_torch.py",
        ["--batch", "8192", "--frozen"], 15, {"eager": [], "unique": ["--rows", "unique"], "compiled": ["--compile"],
                                         "unique, compiled": ["--rows", "unique", "--compile"]}),
    "DLRM of Meta's benchmark": (
        "micro_dlrm", "dlrm_meta_step/real_time", "dlrm_torch.py", [], 3,
        {"row-wise Adagrad": [], "SGD on the tables": ["--tables", "sgd"], "row-wise Adagrad, compiled": ["--compile"],
         "FBGEMM": ["--tables", "fbgemm"], "FBGEMM, compiled": ["--tables", "fbgemm", "--compile"]}),
}
CASES_ON_GPU = {
    "two-tower, trainable, batch 1024": (
        "micro_gpu", "two_tower_step/1024/1/real_time", "two_tower_torch.py",
        ["--batch", "1024", "--device", "cuda", "--graph"], 500, {"graph": [], "graph, tf32": ["--precision", "tf32"]}),
    "two-tower, frozen, batch 8192": (
        "micro_gpu", "two_tower_step/8192/0/real_time", "two_tower_torch.py",
        ["--batch", "8192", "--frozen", "--rows", "whole", "--device", "cuda", "--graph"], 500,
        {"graph, whole": [], "graph, whole, tf32": ["--precision", "tf32"]}),
    "DLRM, one id a table, tf32": (
        "micro_gpu", "dlrm_step/1/tf32/real_time", "dlrm_torch.py",
        ["--device", "cuda", "--precision", "tf32", "--longest-bag", "1"], 50,
        {"row-wise Adagrad": [], "SGD on the tables": ["--tables", "sgd"]}),
    "DLRM of Meta's benchmark, tf32": (
        "micro_gpu", "dlrm_step/99/tf32/real_time", "dlrm_torch.py", ["--device", "cuda", "--precision", "tf32"], 20,
        {"row-wise Adagrad": [], "SGD on the tables": ["--tables", "sgd"]}),
}


def ours(program: pathlib.Path, benchmark: str, threads: int) -> float:
    """Milliseconds of a step: one run of the micro-benchmark."""
    output = subprocess.run([program, f"--benchmark_filter=^{benchmark}$", "--benchmark_format=json"], check=True,
                            capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": str(threads)}).stdout
    result = json.loads(output)["benchmarks"][0]
    return result["us/step"] / 1e3 if "us/step" in result else result["real_time"]


def cases_of(args: argparse.Namespace) -> dict:
    return CASES if args.backend == "cpu" else CASES_ON_GPU


def this_run(args: argparse.Namespace) -> dict:
    """Machine and build, from a cell of a moment: the micro-benchmarks do not say them."""
    plan = (f"schema: 1\nname: peer\nworkload: inr\nbackend: {args.backend}\ndataset: synthetic-photo\n"
            f"params: {{inr: {{grid: 32, hidden_layers: 1, width: 8, steps: 1}}}}\nlimits: {{threads: {args.threads}}}\n")
    with tempfile.TemporaryDirectory() as folder:
        cell = FrugalCell(str(args.build / "frugal"), plan, pathlib.Path(folder) / "ours")
        cell.sample("train")
        return cell.run()


def compare(name: str, args: argparse.Namespace) -> dict:
    """All samples of one case."""
    program, benchmark, torch_program, common, steps, ways = cases_of(args)[name]
    mine = []
    with Peers(ENVIRONMENT, args.threads) as peers:
        for way, extra in ways.items():
            peers.start(way, "fbgemm" if "fbgemm" in extra else "torch", torch_program, common + extra)
        peers.warm_up(WARM_UP)
        for _ in range(args.samples):
            mine.append(ours(args.build / program, benchmark, args.threads))
            peers.sample(steps)
    theirs = {way: [1e3 * seconds / steps for seconds in samples] for way, samples in peers.seconds.items()}
    return {"case": name, "ms": {"ours": mine, **theirs}, "peers": peers.versions, "left_out": peers.left_out}


def rows_of(result: dict, ways: dict) -> list[dict]:
    """For the table of all comparisons."""
    return [row("recommenders", result["case"], "ms/step", result["ms"]["ours"],
                way if way.startswith("FBGEMM") else f"PyTorch, {way}", result["peers"].get(way, ""), result["ms"].get(way),
                result["left_out"].get(way, "")) for way in ways]


def main() -> int:
    parser = parser_for(__doc__)
    parser.add_argument("--backend", default="cpu", choices=("cpu", "cuda"), help="ours, and the device of PyTorch")
    parser.add_argument("--cases", default="", help="only those whose name contains this")
    args = parser.parse_args()

    comparison = Comparison(args, ENVIRONMENT, run=this_run(args))
    print("| step | ours [ms] | PyTorch | [ms] | ratio |\n|---|---:|---|---:|---:|", flush=True)
    for name, case in cases_of(args).items():
        if args.cases not in name:
            continue
        result = compare(name, args)
        comparison.add(result, rows_of(result, case[-1]))
        mine = result["ms"]["ours"]
        for way in case[-1]:
            theirs = result["ms"].get(way)
            print(f"| {name} | {spread(mine)} | {way} | "
                  + (f"{spread(theirs)} | {ratio(theirs, mine)} |" if theirs else
                     f"- | left out: {as_cell(result['left_out'][way])} |"), flush=True)
    print(f"\nn = {args.samples} alternating samples, {args.threads} threads, {versions_of(comparison.results)}.")
    return comparison.finish()


if __name__ == "__main__":
    sys.exit(main())
