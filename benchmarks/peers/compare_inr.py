#!/usr/bin/env python3
"""Training steps of workload `inr`, ours and PyTorch's or JAX's, side by side on the same cores or the same GPU.

The structures are those of the plan paper_enrp, as the program reads it. For each, both sides train the same steps in
turn, sample after sample, and the medians are compared. Ours is the program itself, a cell a sample, and its time is the
stage `train`; the peer's networks live on between samples, after a warm-up. Each side runs alone while it is timed. On a
CPU the peak of fused multiply-adds, of the same threads, is measured before each structure, and what the record says of
the FLOPs of that stage, the optimiser's included, is set beside it.

The peers: PyTorch `eager`, with its forward pass `compiled`, and compiled with the whole step as a CUDA `graph`; JAX, its
step compiled by `jit`, and all steps of a sample in one `scan`. On a GPU in tf32 as well, which ours runs with operands of
that significand.

Prints a table, medians with the range of the samples in brackets; --out keeps every sample with versions and machine as
JSON. A peer that does not install or run is left out, with its reason, and the exit status is then 4.
"""
import argparse
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from side_by_side import Comparison, FrugalCell, Peers, parser_for, ratio, spread, versions_of
from summary import as_cell, row

# Steps of a sample on a CPU: about the same time each. On a GPU a thousand, in the pieces of ours.
STEPS = {"S0": 120, "S1": 240, "S2": 160, "S3": 200, "S4": 160, "SIREN": 12}
STEPS_ON_GPU = 1000
AXES = ("grid", "hidden_layers", "width")

# A fair PyTorch: waiting threads yield, freed memory is kept, the widest instructions are used.
ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
}


def structures_of_the_paper(frugal: pathlib.Path) -> dict[str, dict[str, int]]:
    """S0, S1, ... and the single SIREN, in the order of the plan, from what `frugal plan` prints of its cells."""
    plan = subprocess.run([frugal, "plan", "paper_enrp", "--set", "seeds=[1]"], capture_output=True, text=True)
    if plan.returncode not in (0, 4):  # 4: its picture is not here, and not needed
        sys.exit(plan.stderr)
    lines = [line.split() for line in plan.stdout.splitlines()]
    header = next(line for line in lines if line and line[0] == "id")
    cells = [dict(zip(header, line)) for line in lines[lines.index(header) + 1:] if len(line) == len(header)]
    structures = {}
    for number, cell in enumerate(cells):
        structure = {axis: int(cell[axis]) for axis in AXES}
        structures["SIREN" if structure["grid"] == 1 else f"S{number}"] = structure
    return structures


def plan_of(args: argparse.Namespace, structure: dict[str, int], steps: int, implementation: str, precision: str) -> str:
    params = ", ".join(f"{axis}: {value}" for axis, value in structure.items())
    return (f"schema: 1\nname: peer\nworkload: inr\nbackend: {args.backend}\ndataset: synthetic-photo\n"
            f"params: {{inr: {{{params}, steps: {steps}, implementation: {implementation}, precision: {precision}}}}}\n"
            f"limits: {{threads: {args.threads}}}\n")


MODES = {"eager": ("torch", "inr_torch.py", []), "compiled": ("torch", "inr_torch.py", ["--compile"]),
         "graph": ("torch", "inr_torch.py", ["--compile", "--graph"]), "jit": ("jax", "inr_jax.py", []),
         "scan": ("jax", "inr_jax.py", ["--scan"])}


def label_of(mode: str) -> str:
    return f"{'PyTorch' if MODES[mode][0] == 'torch' else 'JAX'}, {mode}"


def start_peer(peers: Peers, args: argparse.Namespace, structure: dict[str, int], picture: pathlib.Path, mode: str,
               precision: str) -> None:
    library, program, options = MODES[mode]
    if library == "jax" and args.backend == "cuda":
        library = "jax_cuda"
    shape = [word for axis in AXES for word in ("--" + axis.replace("_", "-"), structure[axis])]
    peers.start(mode, library, program,
                ["--image", picture, *shape, "--device", args.backend, "--precision", precision, *options])


def peak_gflops(args: argparse.Namespace) -> float | None:
    """Measured by our micro-benchmark, for all threads together."""
    if args.backend != "cpu":
        return None
    output = subprocess.run([args.build / "micro_inr", "--benchmark_filter=sine_cosine_pi"], check=True, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env={**os.environ, "OMP_NUM_THREADS": str(args.threads)}).stdout
    return float(re.search(rf"limits of {args.threads} threads?: .*?fp32 ([\d.]+)", output)[1])


def compare(name: str, structure: dict[str, int], precision: str, args: argparse.Namespace) -> dict:
    """All samples of one structure."""
    steps = STEPS[name] if args.backend == "cpu" else STEPS_ON_GPU
    peak = peak_gflops(args)
    with tempfile.TemporaryDirectory() as folder:
        ours = {implementation: FrugalCell(str(args.build / "frugal"),
                                           plan_of(args, structure, steps, implementation, precision),
                                           pathlib.Path(folder) / implementation)
                for implementation in args.implementations}
        for side in ours.values():
            side.sample("train")  # warm-up
        picture = next(next(iter(ours.values())).out.glob("**/original.png"))
        samples = {implementation: [] for implementation in ours}
        quality = {}  # after as many steps on either side, within the five of a warm-up
        with Peers(ENVIRONMENT, args.threads) as peers:
            for mode in args.modes:
                start_peer(peers, args, structure, picture, mode, precision)
            losses = peers.warm_up(steps if args.backend == "cuda" else 5)
            for _ in range(args.samples):
                for implementation, side in ours.items():
                    seconds, record = side.sample("train")
                    samples[implementation].append(seconds)
                    quality[implementation] = record["metrics"]["psnr[enrp]"]
                    gflop = next(s["flops"] for s in record["stages"] if s["name"] == "train") / steps / 1e9
                peers.sample(steps)
            if args.backend == "cpu":
                losses = {mode: figures[0] for mode, figures in peers.figures.items()}
            for mode in peers.seconds:
                quality[mode] = -10 * math.log10(losses[mode])
        return {"structure": name, "precision": precision, "steps": steps, "gflop": gflop, "peak_gflops": peak,
                "seconds": {**samples, **peers.seconds}, "psnr_enrp": quality, "peers": peers.versions,
                "left_out": peers.left_out, "implementation": record["implementation"],
                "run": next(iter(ours.values())).run()}


def rows_of(result: dict, per_step: dict[str, list[float]], args: argparse.Namespace) -> list[dict]:
    """For the table of all comparisons, of one implementation of ours and each mode of the peers."""
    rows = []
    for implementation in args.implementations:
        for mode in args.modes:
            quality = {"of": "PSNR", "ours": result["psnr_enrp"][implementation], "theirs": result["psnr_enrp"].get(mode)}
            rows.append(row("inr", f"{result['structure']}, {result['precision']}, {implementation}", "us/step",
                            per_step[implementation], label_of(mode), result["peers"].get(mode, ""), per_step.get(mode),
                            result["left_out"].get(mode, ""), quality if mode in per_step else None))
    return rows


def main() -> int:
    parser = parser_for(__doc__)
    parser.add_argument("--backend", default="cpu", choices=("cpu", "cuda"), help="ours, and the device of the peers")
    parser.add_argument("--structures", default=",".join(STEPS))
    parser.add_argument("--implementations", help="ours; default: fused on a CPU, auto on a GPU")
    parser.add_argument("--precisions", help="default: fp32 on a CPU, fp32 and tf32 on a GPU")
    parser.add_argument("--modes", help="of the peers; default: eager, compiled, jit, scan on a CPU, graph and scan on a GPU")
    args = parser.parse_args()
    on_gpu = args.backend == "cuda"
    args.implementations = (args.implementations or ("auto" if on_gpu else "fused")).split(",")
    args.modes = (args.modes or ("graph,scan" if on_gpu else "eager,compiled,jit,scan")).split(",")
    precisions = (args.precisions or ("fp32,tf32" if on_gpu else "fp32")).split(",")

    structures = structures_of_the_paper(args.build / "frugal")
    comparison = Comparison(args, ENVIRONMENT)
    print("| structure | precision | ours | [us/step] | share of peak | peer | [us/step] | ratio |")
    print("|---|---|---|---:|---:|---|---:|---:|", flush=True)
    for name in args.structures.split(","):
        for precision in precisions:
            result = compare(name, structures[name], precision, args)
            per_step = {side: [1e6 * value / result["steps"] for value in values]
                        for side, values in result["seconds"].items()}
            comparison.add(result, rows_of(result, per_step, args))
            for implementation in args.implementations:
                ours = per_step[implementation]
                share = "-"
                if result["peak_gflops"]:
                    share = f"{100 * result['gflop'] / (statistics.median(ours) * 1e-6) / result['peak_gflops']:.0f}%"
                for mode in args.modes:
                    theirs = (f"{spread(per_step[mode])} | {ratio(per_step[mode], ours)}" if mode in per_step else
                              f"- | left out: {as_cell(result['left_out'][mode])}")
                    print(f"| {name} | {precision} | {implementation} | {spread(ours)} | {share} | {label_of(mode)} | {theirs} |",
                          flush=True)
    print(f"\nn = {args.samples} alternating samples, {args.threads} threads, {versions_of(comparison.results)}; "
          "PSNR (ENRP) after the steps of one sample: "
          + ", ".join(f"{r['structure']} {r['precision']} " + " / ".join(f"{side} {v:.1f}" for side, v in r["psnr_enrp"].items())
                      for r in comparison.results)
          + ".")
    return comparison.finish()


if __name__ == "__main__":
    sys.exit(main())
