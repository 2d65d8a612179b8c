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

Prints a table, medians with the range of the samples in brackets; --out keeps every sample with versions and machine as
JSON.
"""
import argparse
import pathlib
import subprocess
import tempfile

from side_by_side import FrugalCell, Peer, parser_for, ratio, spread, write_samples

UNOBSERVED_WEIGHT = 0.3
REGULARIZATION = 9.0  # about what frequency scaling gives a user of average history: .007 * (165 + .3 * 3706)

# The peer asks for it: its threads each call a BLAS of one.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def plan_of(dim: int, iterations: int, threads: int) -> str:
    return ("schema: 1\nname: peer\nworkload: cadc\nbackend: cpu\ndataset: ml-1m-ncf\nparams: {cadc: {model: mf, "
            f"mf: {{solver: ials, dim: {dim}, epochs: {iterations}, unobserved_weight: {UNOBSERVED_WEIGHT}, "
            f"regularization: {REGULARIZATION}, frequency_scaling: 0}}}}}}\nlimits: {{threads: {threads}}}\n")


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
        ours = FrugalCell(str(args.build / "frugal"), plan_of(dim, args.iterations, args.threads),
                          pathlib.Path(folder) / "ours", ("--data-dir", str(data)))
        peer = Peer("mf_implicit.py",
                    ["--data", data / "ml-1m", "--dim", dim, "--regularization",
                     REGULARIZATION * (1 + UNOBSERVED_WEIGHT) / UNOBSERVED_WEIGHT, "--confidence",
                     1 + 1 / UNOBSERVED_WEIGHT], ENVIRONMENT, args.threads)
        ours.sample("factorize"), peer.train(1)  # warm-up
        samples = {"ours": [], "implicit": []}
        quality = {}
        for _ in range(args.samples):
            seconds, record = ours.sample("factorize")
            samples["ours"].append(seconds)
            quality["ours"] = record["metrics"]["hr@10[neg=99]"]
            seconds, quality["implicit"] = peer.train(args.iterations)
            samples["implicit"].append(seconds)
        peer.close()
        return {"dim": dim, "iterations": args.iterations, "seconds": samples, "hr@10": quality, "peer": peer.version,
                "run": ours.run()}


def main() -> None:
    parser = parser_for(__doc__)
    parser.add_argument("--data-dir", type=pathlib.Path, help="where ml-1m/ lies; without it the set is a synthetic one of its size")
    parser.add_argument("--dims", default="64")
    parser.add_argument("--iterations", type=int, default=12)
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        data = (args.data_dir.resolve() if args.data_dir else
                synthetic_data(str(args.build / "frugal"), pathlib.Path(folder)))
        results = []
        print("| dim | ours [ms/iteration] | implicit [ms/iteration] | ratio | HR@10, ours / implicit |")
        print("|---:|---:|---:|---:|---:|", flush=True)
        for dim in map(int, args.dims.split(",")):
            result = compare(dim, data, args)
            results.append(result)
            ours, peer = ([1e3 * value / args.iterations for value in result["seconds"][side]]
                          for side in ("ours", "implicit"))
            quality = result["hr@10"]
            print(f"| {dim} | {spread(ours)} | {spread(peer)} | {ratio(peer, ours)} | "
                  f"{quality['ours']:.4f} / {quality['implicit']:.4f} |", flush=True)
    machine = results[0]["run"]
    for result in results:
        del result["run"]
    name = "MovieLens-1M" if args.data_dir else "a synthetic set of the size of MovieLens-1M"
    print(f"\nn = {args.samples} alternating samples of {args.iterations} iterations, {args.threads} threads, "
          f"{results[0]['peer']}; {name}.")
    write_samples(args.out, {"threads": args.threads, "data": name, "environment": ENVIRONMENT, "run": machine,
                             "results": results})


if __name__ == "__main__":
    main()
