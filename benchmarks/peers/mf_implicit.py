"""Implicit alternating least squares by the library `implicit`, exact as ours: use_cg=False, float32.

As a program it is one side of compare_mf.py: side_by_side.py says how they talk. Each time it fits a new model from random
factors; the seconds are those of fit(), the matrix is read before, and its figure is HR@10 on the given candidates, ties
against the held-out item.
"""
import argparse
import pathlib

import implicit
import numpy
import scipy.sparse
from implicit.cpu.als import AlternatingLeastSquares

from side_by_side import serve


def read_pairs(path: pathlib.Path) -> numpy.ndarray:
    """[n, 2]: user, item."""
    return numpy.loadtxt(path, dtype=numpy.int64, usecols=(0, 1), ndmin=2)


def read_candidates(path: pathlib.Path) -> numpy.ndarray:
    """[users, negatives] of the NCF format: (user,item), then the negatives."""
    with open(path) as lines:
        return numpy.array([[int(word) for word in line.split("\t")[1:]] for line in lines])


def hit_rate(model: AlternatingLeastSquares, held_out: numpy.ndarray, candidates: numpy.ndarray) -> float:
    users = model.user_factors[held_out[:, 0]]
    positive = numpy.einsum("uk,uk->u", users, model.item_factors[held_out[:, 1]])
    negative = numpy.einsum("uk,unk->un", users, model.item_factors[candidates])
    return float(numpy.mean(numpy.sum(negative >= positive[:, None], axis=1) < 10))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder of ml-1m.{train,test}.rating and test.negative")
    parser.add_argument("--dim", type=int, required=True)
    parser.add_argument("--regularization", type=float, required=True, help="implicit's")
    parser.add_argument("--confidence", type=float, required=True, help="of a seen pair; of all others it is 1")
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()

    train = read_pairs(args.data / "ml-1m.train.rating")
    held_out = read_pairs(args.data / "ml-1m.test.rating")
    candidates = read_candidates(args.data / "ml-1m.test.negative")
    shape = [max(train[:, side].max(), held_out[:, side].max()) + 1 for side in (0, 1)]
    shape[1] = max(shape[1], candidates.max() + 1)
    confidence = numpy.full(len(train), args.confidence, dtype=numpy.float32)
    matrix = scipy.sparse.csr_matrix((confidence, (train[:, 0], train[:, 1])), shape=shape)

    def fit(iterations: int) -> AlternatingLeastSquares:
        model = AlternatingLeastSquares(factors=args.dim, regularization=args.regularization, alpha=1.0,
                                        dtype=numpy.float32, use_native=True, use_cg=False, iterations=iterations,
                                        num_threads=args.threads, random_state=1)
        model.fit(matrix, show_progress=False)
        return model

    serve(f"implicit {implicit.__version__}, numpy {numpy.__version__}", fit,
          lambda model: hit_rate(model, held_out, candidates))


if __name__ == "__main__":
    main()
