"""Implicit alternating least squares by the library `irspack`, in float32: each row solved exactly (cholesky), by three
steps of conjugate gradients (cg), its default, or in blocks of features (ials++).

Its loss IALSPP is ours: alpha0 is the weight w0 of all pairs, and with nu = 0 the penalty is the same for each row. Blocks
have half the features, at most 64, its default: of 64 features a block of 64 would be all of them.

As a program it is one side of compare_mf.py: side_by_side.py says how they talk. Each time it fits a new model from random
factors, as learn() does but for the progress that it prints; the seconds are those of that, the matrix is read before, and
its figure is HR@10.
"""
import importlib.metadata

import numpy
from irspack import IALSRecommender

from mf_peer import Data, parser_of
from side_by_side import serve

SOLVERS = {"cholesky": "CHOLESKY", "cg": "CG", "ials++": "IALSPP"}


def main() -> None:
    args = parser_of(__doc__, list(SOLVERS)).parse_args()
    data = Data(args.data)

    def fit(iterations: int) -> IALSRecommender:
        model = IALSRecommender(data.matrix, n_components=args.dim, alpha0=args.unobserved_weight, reg=args.regularization,
                                nu=0.0, loss_type="IALSPP", solver_type=SOLVERS[args.solver],
                                ialspp_subspace_dimension=min(64, max(1, args.dim // 2)), random_seed=1,
                                n_threads=args.threads)
        model.start_learning()
        for _ in range(iterations):
            model.run_epoch()
        return model

    serve(f"irspack {importlib.metadata.version('irspack')}, numpy {numpy.__version__}", fit,
          lambda model: data.hit_rate(model.get_user_embedding(), model.get_item_embedding()))


if __name__ == "__main__":
    main()
