#!/usr/bin/env python3
"""Training steps of the two-tower network and of DLRM, ours and PyTorch's, side by side on the same cores or
the same GPU.

Both sides train in turn, sample after sample, and the medians are compared. Ours are the programs micro_two_tower and
micro_dlrm (on a GPU: micro_gpu), a process a sample, whose time leaves out set-up and a warm-up; the peers (two_tower_torch.py,
dlrm_torch.py) live on between samples, after a warm-up. Each side runs alone while it is timed.

Shapes: two-tower of MovieLens-1M, 64-128-64, 4 negatives, Adam; DLRM of Meta's benchmark. PyTorch takes what its user
would choose from: its fastest row counts. `unique` runs its towers once per distinct id, as ours do; `whole` over the
whole tables; `graph` has the whole step in a CUDA graph.

Prints a table, medians with the range of the samples in brackets; --out keeps every sample with versions as JSON.
"""
import argparse
import json
import os
import pathlib
import subprocess

from side_by_side import Peer, parser_for, ratio, spread, write_samples

# A fair PyTorch: waiting threads yield, freed memory is kept, large tables lie in huge pages (as ours do).
ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "THP_MEM_ALLOC_ENABLE": "1",
}

# Our program and benchmark; the peer's program, its steps of a sample, and the ways it can be run.
CASES = {
    "two-tower, trainable, batch 1024": (
        "micro_two_tower", "two_tower_step/batch:1024/trainable:1/real_time", "two_tower_torch.py",
        ["--batch", "1024"], 60,
        {"dense Adam": [], "SparseAdam": ["--tables", "sparse"], "dense Adam, unique": ["--rows", "unique"]}),
    "two-tower, frozen, batch 8192": (
        "micro_two_tower", "two_tower_step/batch:8192/trainable:0/real_time", "two_tower_torch.py",
        ["--batch", "8192", "--frozen"], 15, {"": [], "unique": ["--rows", "unique"]}),
    "DLRM of Meta's benchmark": (
        "micro_dlrm", "dlrm_meta_step/real_time", "dlrm_torch.py", [], 3,
        {"row-wise Adagrad": [], "SGD on the tables": ["--tables", "sgd"]}),
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


def compare(name: str, args: argparse.Namespace) -> dict:
    """All samples of one case."""
    program, benchmark, torch_program, common, steps, ways = cases_of(args)[name]
    peers = {way: Peer(torch_program, common + extra, ENVIRONMENT, args.threads) for way, extra in ways.items()}
    for peer in peers.values():
        peer.train(2)
    samples = {"ours": [], **{way: [] for way in ways}}
    for _ in range(args.samples):
        samples["ours"].append(ours(args.build / program, benchmark, args.threads))
        for way, peer in peers.items():
            samples[way].append(1e3 * peer.train(steps)[0] / steps)
    for peer in peers.values():
        peer.close()
    return {"case": name, "ms": samples, "torch": next(iter(peers.values())).version}


def main() -> None:
    parser = parser_for(__doc__)
    parser.add_argument("--backend", default="cpu", choices=("cpu", "cuda"), help="ours, and the device of PyTorch")
    parser.add_argument("--cases", default="", help="only those whose name contains this")
    args = parser.parse_args()

    results = []
    print("| step | ours [ms] | PyTorch | [ms] | ratio |\n|---|---:|---|---:|---:|", flush=True)
    for name, case in cases_of(args).items():
        if args.cases not in name:
            continue
        result = compare(name, args)
        results.append(result)
        mine = result["ms"]["ours"]
        for way in case[-1]:
            theirs = result["ms"][way]
            print(f"| {name} | {spread(mine)} | {way} | {spread(theirs)} | {ratio(theirs, mine)} |", flush=True)
    print(f"\nn = {args.samples} alternating samples, {args.threads} threads, PyTorch {results[0]['torch']}.")
    version = subprocess.run([args.build / "frugal", "--version"], check=True, capture_output=True, text=True).stdout
    write_samples(args.out, {"threads": args.threads, "environment": ENVIRONMENT, "build": version.strip(),
                             "results": results})


if __name__ == "__main__":
    main()
