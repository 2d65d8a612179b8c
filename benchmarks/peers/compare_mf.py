#!/usr/bin/env python3
"""Implicit ALS, ours and that of the libraries `implicit`, `irspack` and Spark, side by side on the same cores.

All fit the same data (MovieLens-1M in the NCF split, or a synthetic set of the size of MovieLens-1M or -20M) for the same
iterations in turn, sample after sample, and the medians are compared. Each side runs alone while it is timed. Ours is the
program itself, a cell a sample, and its time is the stage `factorize`: initial factors and both index structures included.
The peers' is that of a fit to a matrix that is there already.

Equal: the loss (mf_implicit.py, mf_irspack.py and mf_spark.py say how), dimension, iterations, float32, threads, and the
penalty: a constant one (frequency_scaling 0), the only one `implicit` has; Spark's is that of a row of average length. Ours
solves each row exactly, and so do the peers called Cholesky, and Spark; CG and iALS++ do less in an iteration, so look at
their quality. Different: the initial factors.

Prints a table, medians with the range of the samples in brackets; --out keeps every sample with versions and machine as
JSON. A peer that does not install or run is left out, with its reason, and the exit status is then 4.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

from side_by_side import Comparison, FrugalCell, Peers, parser_for, ratio, spread, versions_of
from summary import as_cell, row

UNOBSERVED_WEIGHT = 0.3
REGULARIZATION = 9.0  # about what frequency scaling gives a user of average history: .007 * (165 + .3 * 3706)

# `implicit` asks for it: its threads each call a BLAS of one.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

# Library, program and solver.
PEERS = {"implicit, Cholesky": ("implicit", "mf_implicit.py", "cholesky"), "implicit, CG": ("implicit", "mf_implicit.py", "cg"),
         "irspack, Cholesky": ("irspack", "mf_irspack.py", "cholesky"), "irspack, CG": ("irspack", "mf_irspack.py", "cg"),
         "irspack, iALS++": ("irspack", "mf_irspack.py", "ials++"), "Spark MLlib": ("spark", "mf_spark.py", "cholesky")}

SIZES = {"1m": (6040, 3706, 1000209), "20m": (138493, 26744, 20000263)}  # users, items, interactions of MovieLens


def plan_of(dim: int, iterations: int, threads: int) -> str:
    return ("schema: 1\nname: peer\nworkload: cadc\nbackend: cpu\ndataset: ml-1m-ncf\nparams: {cadc: {model: mf, "
            f"mf: {{solver: ials, dim: {dim}, epochs: {iterations}, unobserved_weight: {UNOBSERVED_WEIGHT}, "
            f"regularization: {REGULARIZATION}, frequency_scaling: 0}}}}}}\nlimits: {{threads: {threads}}}\n")


def synthetic_data(frugal: str, size: str, folder: pathlib.Path) -> pathlib.Path:
    """A generated set of that size under the file names of MovieLens-1M; returns the data directory."""
    target = folder / "data" / "ml-1m"
    target.mkdir(parents=True)
    sizes = [f"{name}={count}" for name, count in zip(("users", "items", "interactions"), SIZES[size])]
    subprocess.run([frugal, "data", "make", "synthetic-interactions", "--out", str(target / "ml-1m.train.rating")]
                   + [word for size in sizes for word in ("--param", size)], check=True, capture_output=True)
    return target.parent


def compare(dim: int, data: pathlib.Path, args: argparse.Namespace) -> dict:
    """All samples of one dimension."""
    with tempfile.TemporaryDirectory() as folder:
        ours = FrugalCell(str(args.build / "frugal"), plan_of(dim, args.iterations, args.threads),
                          pathlib.Path(folder) / "ours",
                          ("--data-dir", str(data), *([] if args.data_dir else ["--allow-modified-data"])))
        seconds, quality = [], {}
        with Peers(ENVIRONMENT, args.threads) as peers:
            for name, (library, program, solver) in PEERS.items():
                peers.start(name, library, program,
                            ["--data", data / "ml-1m", "--dim", dim, "--solver", solver, "--unobserved-weight",
                             UNOBSERVED_WEIGHT, "--regularization", REGULARIZATION])
            ours.sample("factorize"), peers.warm_up(1)
            for _ in range(args.samples):
                time, record = ours.sample("factorize")
                seconds.append(time)
                quality["ours"] = record["metrics"]["hr@10[neg=99]"]
                peers.sample(args.iterations)
        quality.update({name: figures[-1] for name, figures in peers.figures.items()})
        return {"dim": dim, "iterations": args.iterations, "seconds": {"ours": seconds, **peers.seconds}, "hr@10": quality,
                "peers": peers.versions, "left_out": peers.left_out, "run": ours.run()}


def rows_of(result: dict, per_iteration: dict[str, list[float]], data: str) -> list[dict]:
    """For the table of all comparisons."""
    rows = []
    for name in PEERS:
        quality = {"of": "HR@10", "ours": result["hr@10"]["ours"], "theirs": result["hr@10"].get(name)}
        rows.append(row("mf", f"iALS, d = {result['dim']}, {data}", "ms/iteration", per_iteration["ours"], name,
                        result["peers"].get(name, ""), per_iteration.get(name), result["left_out"].get(name, ""),
                        quality if name in per_iteration else None))
    return rows


def main() -> int:
    parser = parser_for(__doc__)
    parser.add_argument("--data-dir", type=pathlib.Path, help="where ml-1m/ lies; without it the set is a synthetic one")
    parser.add_argument("--size", choices=SIZES, default="1m", help="of the synthetic set: that of this MovieLens (20m: 9 GB)")
    parser.add_argument("--dims", default="64")
    parser.add_argument("--iterations", type=int, default=12)
    args = parser.parse_args()
    name_of_data = "MovieLens-1M" if args.data_dir else f"a synthetic set of the size of MovieLens-{args.size.upper()}"

    with tempfile.TemporaryDirectory() as folder:
        data = (args.data_dir.resolve() if args.data_dir else
                synthetic_data(str(args.build / "frugal"), args.size, pathlib.Path(folder)))
        comparison = Comparison(args, ENVIRONMENT, data=name_of_data)
        print("| dim | ours [ms/iteration] | peer | [ms/iteration] | ratio | HR@10, ours / peer |")
        print("|---:|---:|---|---:|---:|---:|", flush=True)
        for dim in map(int, args.dims.split(",")):
            result = compare(dim, data, args)
            per_iteration = {side: [1e3 * value / args.iterations for value in values]
                             for side, values in result["seconds"].items()}
            comparison.add(result, rows_of(result, per_iteration, name_of_data))
            ours, quality = per_iteration["ours"], result["hr@10"]
            for name in PEERS:
                theirs = per_iteration.get(name)
                print(f"| {dim} | {spread(ours)} | {name} | "
                      + (f"{spread(theirs)} | {ratio(theirs, ours)} | {quality['ours']:.4f} / {quality[name]:.4f} |" if theirs
                         else f"- | left out: {as_cell(result['left_out'][name])} | - |"), flush=True)
    print(f"\nn = {args.samples} alternating samples of {args.iterations} iterations, {args.threads} threads, "
          f"{versions_of(comparison.results)}; {name_of_data}.")
    return comparison.finish()


if __name__ == "__main__":
    sys.exit(main())
