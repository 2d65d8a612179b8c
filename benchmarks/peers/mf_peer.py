"""What the peers of implicit ALS have in common: their arguments, the data, and the quality of what they fit."""
import argparse
import pathlib

import numpy
import scipy.sparse


def parser_of(documentation: str, solvers: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder of ml-1m.{train,test}.rating and test.negative")
    parser.add_argument("--dim", type=int, required=True)
    parser.add_argument("--solver", choices=solvers, required=True)
    parser.add_argument("--unobserved-weight", type=float, required=True, help="w0: of all pairs, with the target 0")
    parser.add_argument("--regularization", type=float, required=True, help="of each row, times its squared length")
    parser.add_argument("--threads", type=int, required=True)
    return parser


class Data:
    """Of the NCF format."""

    def __init__(self, folder: pathlib.Path):
        train = self.read_pairs(folder / "ml-1m.train.rating")
        self.held_out = self.read_pairs(folder / "ml-1m.test.rating")
        with open(folder / "ml-1m.test.negative") as lines:  # (user,item), then the negatives
            self.candidates = numpy.array([[int(word) for word in line.split("\t")[1:]] for line in lines])
        shape = [max(train[:, side].max(), self.held_out[:, side].max()) + 1 for side in (0, 1)]
        shape[1] = max(shape[1], self.candidates.max() + 1)
        self.matrix = scipy.sparse.csr_matrix((numpy.ones(len(train), numpy.float32), (train[:, 0], train[:, 1])),
                                              shape=shape)

    @staticmethod
    def read_pairs(path: pathlib.Path) -> numpy.ndarray:
        """[n, 2]: user, item."""
        return numpy.loadtxt(path, dtype=numpy.int64, usecols=(0, 1), ndmin=2)

    def hit_rate(self, users: numpy.ndarray, items: numpy.ndarray) -> float:
        """HR@10 of factors [rows, dim] on the given candidates, ties against the held-out item."""
        tested = users[self.held_out[:, 0]]
        positive = numpy.einsum("uk,uk->u", tested, items[self.held_out[:, 1]])
        negative = numpy.einsum("uk,unk->un", tested, items[self.candidates])
        return float(numpy.mean(numpy.sum(negative >= positive[:, None], axis=1) < 10))
