#!/usr/bin/env python3
"""Training steps of workload `inr`, ours and PyTorch's, side by side on the same cores or the same GPU.

For each structure both sides train the same steps in turn, sample after sample, and the medians are compared. Ours is
the program itself, a cell a sample, and its time is the stage `train`, set-up of the networks included; the peer's
networks live on between samples, after a warm-up. Each side runs alone while it is timed.

Prints a table; --out keeps every sample with versions and machine as JSON.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

# grid, hidden layers, width; steps of a sample; GFLOP of a step, forward and backward, on 128 x 128 pixels.
STRUCTURES = {
    "S0": (2, 5, 64, 120, 2.041),
    "S1": (4, 2, 64, 240, 0.833),
    "S2": (8, 1, 128, 160, 1.665),
    "S3": (16, 1, 128, 200, 1.665),
    "S4": (32, 1, 128, 160, 1.665),
    "SIREN": (1, 3, 256, 12, 19.436),
}

# A fair PyTorch: waiting threads yield, freed memory is kept, the widest instructions are used.
ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
}


class Ours:
    """`frugal run` of one cell a sample."""

    def __init__(self, args: argparse.Namespace, structure: tuple, implementation: str, folder: pathlib.Path):
        grid, hidden_layers, width, steps, _ = structure
        self.frugal, self.folder, self.samples = args.frugal, folder, 0
        self.plan = folder / "plan.yaml"
        self.plan.write_text(
            f"schema: 1\nname: peer\nworkload: inr\nbackend: {args.backend}\ndataset: synthetic-photo\n"
            f"params: {{inr: {{grid: {grid}, hidden_layers: {hidden_layers}, width: {width}, steps: {steps}, "
            f"implementation: {implementation}}}}}\nlimits: {{threads: {args.threads}}}\n")

    def sample(self) -> dict:
        """The record of one run."""
        out = self.folder / str(self.samples)
        self.samples += 1
        subprocess.run([self.frugal, "run", str(self.plan), "--out", str(out)], check=True, capture_output=True)
        record = json.loads((out / "cells.jsonl").read_text().splitlines()[0])
        if record["status"] != "ok":
            sys.exit(f"frugal failed: {record['error']}")
        self.run = json.loads((out / "run.json").read_text())
        self.picture = next(out.glob("**/original.png"))
        return record


class Peer:
    """inr_torch.py, kept running."""

    def __init__(self, args: argparse.Namespace, structure: tuple, picture: pathlib.Path, compiled: bool):
        grid, hidden_layers, width, _, _ = structure
        command = [sys.executable, str(HERE / "inr_torch.py"), "--image", str(picture), "--grid", str(grid),
                   "--hidden-layers", str(hidden_layers), "--width", str(width), "--threads", str(args.threads),
                   "--device", args.backend]
        self.process = subprocess.Popen(command + (["--compile"] if compiled else []), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, **ENVIRONMENT, "OMP_NUM_THREADS": str(args.threads)})
        self.version = self.process.stdout.readline().split()[1:]

    def train(self, steps: int) -> tuple[float, float]:
        """Seconds, and the last loss."""
        self.process.stdin.write(f"train {steps}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if len(answer) != 2:
            sys.exit("the PyTorch side ended; its messages are above")
        return float(answer[0]), float(answer[1])

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def seconds_of(record: dict) -> float:
    return next(stage["wall_s"][0] for stage in record["stages"] if stage["name"] == "train")


def compare(name: str, args: argparse.Namespace) -> dict:
    """All samples of one structure."""
    structure = STRUCTURES[name]
    steps = structure[3]
    with tempfile.TemporaryDirectory() as folder:
        ours = {}
        for implementation in args.implementations:
            (pathlib.Path(folder) / implementation).mkdir()
            ours[implementation] = Ours(args, structure, implementation, pathlib.Path(folder) / implementation)
        samples = {implementation: [] for implementation in ours}
        quality = {}
        for implementation, side in ours.items():
            side.sample()  # warm-up
        first = next(iter(ours.values()))
        peers = {mode: Peer(args, structure, first.picture, mode == "compiled") for mode in args.modes}
        for mode, peer in peers.items():
            peer.train(5)
            samples[mode] = []
        for _ in range(args.samples):
            for implementation, side in ours.items():
                record = side.sample()
                samples[implementation].append(seconds_of(record))
                quality[implementation] = record["metrics"]["psnr[enrp]"]
            for mode, peer in peers.items():
                seconds, loss = peer.train(steps)
                samples[mode].append(seconds)
                # After the first sample both sides have taken about the same steps from the same law.
                quality.setdefault(mode, -10 * math.log10(loss))
        for peer in peers.values():
            peer.close()
        return {"structure": name, "steps": steps, "gflop": structure[4], "seconds": samples, "psnr_enrp": quality,
                "torch": next(iter(peers.values())).version, "run": first.run}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frugal", default=str(HERE.parents[1] / "build/release/frugal"))
    parser.add_argument("--backend", default="cpu", choices=("cpu", "cuda"), help="ours, and PyTorch's device")
    parser.add_argument("--structures", default=",".join(STRUCTURES))
    parser.add_argument("--implementations", default="fused")
    parser.add_argument("--modes", default="eager", help="of PyTorch: eager, compiled; the faster one counts")
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--peak", type=float, help="GFLOP/s of the threads together, as `micro_inr` prints it: adds a column")
    parser.add_argument("--out", type=pathlib.Path, help="file for the samples")
    args = parser.parse_args()
    args.implementations = args.implementations.split(",")
    args.modes = args.modes.split(",")

    results = []
    print("| structure | ours | ours [ms/step] | PyTorch [ms/step] | ratio |" + (" share of peak |" if args.peak else ""))
    print("|---|---|---:|---:|---:|" + ("---:|" if args.peak else ""), flush=True)
    for name in args.structures.split(","):
        result = compare(name, args)
        results.append(result)
        per_step = {side: 1e3 * statistics.median(values) / result["steps"] for side, values in result["seconds"].items()}
        mode = min(args.modes, key=per_step.get)
        for implementation in args.implementations:
            ours = per_step[implementation]
            share = f" {100 * result['gflop'] / (ours * 1e-3) / args.peak:.0f}% |" if args.peak else ""
            print(f"| {name} | {implementation} | {ours:.2f} | {per_step[mode]:.2f} ({mode}) | "
                  f"{per_step[mode] / ours:.2f} |{share}", flush=True)
    machine = results[0]["run"]
    for result in results:
        del result["run"]
    print(f"\nMedian of n = {args.samples} alternating samples, {args.threads} threads, PyTorch {' '.join(results[0]['torch'])}; "
          f"PSNR (ENRP) after the first sample, ours and PyTorch's: "
          + ", ".join(f"{r['structure']} " + " / ".join(f"{v:.1f}" for v in r["psnr_enrp"].values()) for r in results) + ".")
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({"schema": 1, "threads": args.threads, "peak_gflops": args.peak,
                                        "environment": ENVIRONMENT, "run": machine, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
