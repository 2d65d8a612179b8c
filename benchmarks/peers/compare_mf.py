#!/usr/bin/env python3
"""Implicit ALS, ours and that of the library `implicit`, side by side on the same cores.

Both fit the same data (MovieLens-1M in the NCF split, or a synthetic set of its size) for the same iterations in turn,
sample after sample, and the medians are compared. Each side runs alone while it is timed. Ours is the program itself, a
cell a sample, and its time is the stage `factorize`: initial factors and both index structures included. The peer's is
that of fit() on a matrix that is there already.

Equal: dimension, iterations, both sides solved exactly (no conjugate gradient), float32, threads, weights of seen and
unseen pairs, and the penalty: a constant one (frequency_scaling 0), the only one `implicit` has. With the weight w0 of
all pairs, a penalty r and targets 1, ours is the peer's problem with confidence 1 + 1/w0 and penalty r (1 + w0) / w0, up
to the scale of the factors. Different: the initial factors.

Prints a table; --out keeps every sample with versions and machine as JSON.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

UNOBSERVED_WEIGHT = 0.3
REGULARIZATION = 9.0  # about what frequency scaling gives a user of average history: .007 * (165 + .3 * 3706)

# The peer asks for it: its threads each call a BLAS of one.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


class Ours:
    """`frugal run` of one cell a sample."""

    def __init__(self, frugal: str, data: pathlib.Path, dim: int, iterations: int, threads: int, folder: pathlib.Path):
        self.frugal, self.data, self.folder, self.samples = frugal, data, folder, 0
        self.plan = folder / "plan.yaml"
        self.plan.write_text(
            "schema: 1\nname: peer\nworkload: cadc\nbackend: cpu\ndataset: ml-1m-ncf\nparams: {cadc: {model: mf, "
            f"mf: {{solver: ials, dim: {dim}, epochs: {iterations}, unobserved_weight: {UNOBSERVED_WEIGHT}, "
            f"regularization: {REGULARIZATION}, frequency_scaling: 0}}}}}}\nlimits: {{threads: {threads}}}\n")

    def sample(self) -> tuple[float, float]:
        """Seconds, and HR@10."""
        out = self.folder / str(self.samples)
        self.samples += 1
        subprocess.run([self.frugal, "run", str(self.plan), "--data-dir", str(self.data), "--out", str(out)], check=True,
                       capture_output=True)
        record = json.loads((out / "cells.jsonl").read_text().splitlines()[0])
        if record["status"] != "ok":
            sys.exit(f"frugal failed: {record['error']}")
        self.run = json.loads((out / "run.json").read_text())
        seconds = next(stage["wall_s"][0] for stage in record["stages"] if stage["name"] == "factorize")
        return seconds, record["metrics"]["hr@10[neg=99]"]


class Peer:
    """mf_implicit.py, kept running."""

    def __init__(self, data: pathlib.Path, dim: int, threads: int):
        command = [sys.executable, str(HERE / "mf_implicit.py"), "--data", str(data / "ml-1m"), "--dim", str(dim),
                   "--regularization", str(REGULARIZATION * (1 + UNOBSERVED_WEIGHT) / UNOBSERVED_WEIGHT),
                   "--confidence", str(1 + 1 / UNOBSERVED_WEIGHT), "--threads", str(threads)]
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, **ENVIRONMENT, "OMP_NUM_THREADS": str(threads)})
        self.version = self.process.stdout.readline().strip().removeprefix("ready ")

    def sample(self, iterations: int) -> tuple[float, float]:
        """Seconds, and HR@10."""
        self.process.stdin.write(f"train {iterations}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if len(answer) != 2:
            sys.exit("the side of `implicit` ended; its messages are above")
        return float(answer[0]), float(answer[1])

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def synthetic_data(frugal: str, folder: pathlib.Path) -> pathlib.Path:
    """A generated set of the size of MovieLens-1M under its file names; returns the data directory."""
    target = folder / "data" / "ml-1m"
    target.mkdir(parents=True)
    sizes = ["users=6040", "items=3706", "interactions=1000209"]
    subprocess.run([frugal, "data", "make", "synthetic-interactions", "--out", str(target / "ml-1m.train.rating")]
                   + [word for size in sizes for word in ("--param", size)], check=True, capture_output=True)
    return target.parent


def compare(dim: int, data: pathlib.Path, args: argparse.Namespace) -> dict:
    """All samples of one dimension."""
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(args.frugal, data, dim, args.iterations, args.threads, pathlib.Path(folder))
        peer = Peer(data, dim, args.threads)
        ours.sample(), peer.sample(1)  # warm-up
        samples = {"ours": [], "implicit": []}
        quality = {}
        for _ in range(args.samples):
            for side, (seconds, hit_rate) in (("ours", ours.sample()), ("implicit", peer.sample(args.iterations))):
                samples[side].append(seconds)
                quality[side] = hit_rate
        peer.close()
        return {"dim": dim, "iterations": args.iterations, "seconds": samples, "hr@10": quality, "peer": peer.version,
                "run": ours.run}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frugal", default=str(HERE.parents[1] / "build/release/frugal"))
    parser.add_argument("--data-dir", type=pathlib.Path, help="where ml-1m/ lies; without it the set is a synthetic one of its size")
    parser.add_argument("--dims", default="64")
    parser.add_argument("--iterations", type=int, default=12)
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=pathlib.Path, help="file for the samples")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        data = args.data_dir.resolve() if args.data_dir else synthetic_data(args.frugal, pathlib.Path(folder))
        results = []
        print("| dim | ours [ms/iteration] | implicit [ms/iteration] | ratio | HR@10, ours / implicit |")
        print("|---:|---:|---:|---:|---:|", flush=True)
        for dim in map(int, args.dims.split(",")):
            result = compare(dim, data, args)
            results.append(result)
            ours, peer = (1e3 * statistics.median(result["seconds"][side]) / args.iterations for side in ("ours", "implicit"))
            quality = result["hr@10"]
            print(f"| {dim} | {ours:.1f} | {peer:.1f} | {peer / ours:.2f} | {quality['ours']:.4f} / {quality['implicit']:.4f} |",
                  flush=True)
    machine = results[0]["run"]
    for result in results:
        del result["run"]
    name = "MovieLens-1M" if args.data_dir else "a synthetic set of the size of MovieLens-1M"
    print(f"\nMedian of n = {args.samples} alternating samples of {args.iterations} iterations, {args.threads} threads, "
          f"{results[0]['peer']}; {name}.")
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({"schema": 1, "threads": args.threads, "data": name, "environment": ENVIRONMENT,
                                        "run": machine, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
