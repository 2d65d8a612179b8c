#!/usr/bin/env python3
"""Training steps of workload `inr`, ours and PyTorch's or JAX's, side by side on the same cores or the same GPU.

The structures are those of the plan paper_enrp, as the program reads it. For each, both sides train the same steps in
turn, sample after sample, and the medians are compared. Ours is the program itself, a cell a sample, and its time is the
stage `train`; the peer's networks live on between samples, after a warm-up. Each side runs alone while it is timed. On a
CPU the peak of fused multiply-adds, of the same threads, is measured before each structure, and what the record says of
the FLOPs of that stage, the optimiser's included, is set beside it.

The peers: PyTorch `eager`, with its forward pass `compiled`, and compiled with the whole step as a CUDA `graph`; `jax`,
jitted, all steps of a sample in one scan. On a GPU in tf32 as well, which ours runs with operands of that significand.

Prints a table, medians with the range of the samples in brackets; --out keeps every sample with versions and machine as
JSON.
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

from side_by_side import FrugalCell, Peer, parser_for, ratio, spread, write_samples

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


def peer_of(args: argparse.Namespace, structure: dict[str, int], picture: pathlib.Path, mode: str, precision: str) -> Peer:
    shape = [word for axis in AXES for word in ("--" + axis.replace("_", "-"), structure[axis])]
    options = {"compiled": ["--compile"], "graph": ["--compile", "--graph"]}.get(mode, [])
    return Peer("inr_jax.py" if mode == "jax" else "inr_torch.py",
                ["--image", picture, *shape, "--device", args.backend, "--precision", precision, *options],
                ENVIRONMENT, args.threads)


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
        peers = {mode: peer_of(args, structure, picture, mode, precision) for mode in args.modes}
        samples = {side: [] for side in [*ours, *peers]}
        quality, quality_of_peers = {}, {}  # after as many steps on either side, within the five of a warm-up
        for mode, peer in peers.items():
            if args.backend == "cuda":
                quality_of_peers[mode] = -10 * math.log10(peer.train(steps)[1])
            else:
                peer.train(5)
        for _ in range(args.samples):
            for implementation, side in ours.items():
                seconds, record = side.sample("train")
                samples[implementation].append(seconds)
                quality[implementation] = record["metrics"]["psnr[enrp]"]
                gflop = next(s["flops"] for s in record["stages"] if s["name"] == "train") / steps / 1e9
            for mode, peer in peers.items():
                seconds, loss = peer.train(steps)
                samples[mode].append(seconds)
                quality_of_peers.setdefault(mode, -10 * math.log10(loss))
        for peer in peers.values():
            peer.close()
        return {"structure": name, "precision": precision, "steps": steps, "gflop": gflop, "peak_gflops": peak,
                "seconds": samples, "psnr_enrp": {**quality, **quality_of_peers}, "peers": [peer.version for peer in peers.values()],
                "implementation": record["implementation"], "run": next(iter(ours.values())).run()}


def main() -> None:
    parser = parser_for(__doc__)
    parser.add_argument("--backend", default="cpu", choices=("cpu", "cuda"), help="ours, and the device of the peers")
    parser.add_argument("--structures", default=",".join(STEPS))
    parser.add_argument("--implementations", help="ours; default: fused on a CPU, auto on a GPU")
    parser.add_argument("--precisions", help="default: fp32 on a CPU, fp32 and tf32 on a GPU")
    parser.add_argument("--modes", help="of the peers; default: eager and compiled on a CPU, graph and jax on a GPU")
    args = parser.parse_args()
    on_gpu = args.backend == "cuda"
    args.implementations = (args.implementations or ("auto" if on_gpu else "fused")).split(",")
    args.modes = (args.modes or ("graph,jax" if on_gpu else "eager,compiled")).split(",")
    precisions = (args.precisions or ("fp32,tf32" if on_gpu else "fp32")).split(",")

    structures = structures_of_the_paper(args.build / "frugal")
    results = []
    print("| structure | precision | ours | [us/step] | share of peak | peer | [us/step] | ratio |")
    print("|---|---|---|---:|---:|---|---:|---:|", flush=True)
    for name in args.structures.split(","):
        for precision in precisions:
            result = compare(name, structures[name], precision, args)
            results.append(result)
            per_step = {side: [1e6 * value / result["steps"] for value in values]
                        for side, values in result["seconds"].items()}
            for implementation in args.implementations:
                ours = per_step[implementation]
                share = "-"
                if result["peak_gflops"]:
                    share = f"{100 * result['gflop'] / (statistics.median(ours) * 1e-6) / result['peak_gflops']:.0f}%"
                for mode in args.modes:
                    print(f"| {name} | {precision} | {implementation} | {spread(ours)} | {share} | {mode} | "
                          f"{spread(per_step[mode])} | {ratio(per_step[mode], ours)} |", flush=True)
    machine = results[0]["run"]
    for result in results:
        del result["run"]
    print(f"\nn = {args.samples} alternating samples, {args.threads} threads, {', '.join(results[0]['peers'])}; "
          "PSNR (ENRP) after the steps of one sample, ours and the peers': "
          + ", ".join(f"{r['structure']} {r['precision']} " + " / ".join(f"{v:.1f}" for v in r["psnr_enrp"].values())
                      for r in results)
          + ".")
    write_samples(args.out, {"threads": args.threads, "environment": ENVIRONMENT, "run": machine, "results": results})


if __name__ == "__main__":
    main()
