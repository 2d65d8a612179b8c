"""Implicit alternating least squares by the library `implicit`, in float32: each row solved exactly (cholesky), or by three
steps of conjugate gradients (cg), which is its default.

With the weight w0 of all pairs, a penalty r and targets 1, our problem is that of `implicit` with confidence 1 + 1/w0 and
penalty r (1 + w0) / w0, up to the scale of the factors.

As a program it is one side of compare_mf.py: side_by_side.py says how they talk. Each time it fits a new model from random
factors; the seconds are those of fit(), the matrix is read before, and its figure is HR@10.
"""
import implicit
import numpy
from implicit.cpu.als import AlternatingLeastSquares

from mf_peer import Data, parser_of
from side_by_side import serve


def main() -> None:
    args = parser_of(__doc__, ["cholesky", "cg"]).parse_args()
    weight = args.unobserved_weight
    data = Data(args.data)
    matrix = data.matrix * numpy.float32(1 + 1 / weight)  # of all others it is 1

    def fit(iterations: int) -> AlternatingLeastSquares:
        model = AlternatingLeastSquares(factors=args.dim, regularization=args.regularization * (1 + weight) / weight,
                                        alpha=1.0, dtype=numpy.float32, use_native=True, use_cg=args.solver == "cg",
                                        iterations=iterations, num_threads=args.threads, random_state=1)
        model.fit(matrix, show_progress=False)
        return model

    serve(f"implicit {implicit.__version__}, numpy {numpy.__version__}", fit,
          lambda model: data.hit_rate(model.user_factors, model.item_factors))


if __name__ == "__main__":
    main()
