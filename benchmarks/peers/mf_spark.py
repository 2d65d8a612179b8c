"""Implicit alternating least squares by Spark MLlib (pyspark), local mode: each row solved exactly.

With the weight w0 of all pairs and targets 1, our problem is Spark's with alpha = 1/w0, up to the scale of the factors, but for
the penalty: Spark's grows with a row's number of interactions, so a row of average length gets ours.

As a program it is one side of compare_mf.py: side_by_side.py says how they talk. Each time it fits a new model from random
factors; the seconds are those of fit(), the interactions are cached before, and its figure is HR@10.
"""
import tempfile

import numpy
import pyspark
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame, SparkSession, functions

from mf_peer import Data, parser_of
from side_by_side import serve


def factors_of(frame: DataFrame, rows: int, dim: int) -> numpy.ndarray:
    """[rows, dim]; 0 of who has no interaction."""
    factors = numpy.zeros((rows, dim), numpy.float32)
    for row in frame.toLocalIterator():
        factors[row["id"]] = row["features"]
    return factors


def main() -> None:
    args = parser_of(__doc__, ["cholesky"]).parse_args()
    data = Data(args.data)
    users, items = data.matrix.shape
    average = 2 * data.matrix.nnz / (users + items)
    with tempfile.TemporaryDirectory() as scratch:
        session = (SparkSession.builder.master(f"local[{args.threads}]").config("spark.driver.memory", "10g")
                   .config("spark.ui.enabled", "false").config("spark.local.dir", scratch).getOrCreate())
        session.sparkContext.setLogLevel("ERROR")
        pairs = (session.read.csv(str(args.data / "ml-1m.train.rating"), sep="\t")
                 .select(functions.col("_c0").cast("int").alias("user"), functions.col("_c1").cast("int").alias("item"),
                         functions.lit(1.0).cast("float").alias("rating")).cache())
        pairs.count()  # now it is in memory

        def fit(iterations: int) -> ALSModel:
            weight = args.unobserved_weight
            return ALS(rank=args.dim, maxIter=iterations, implicitPrefs=True, alpha=1 / weight, seed=1, userCol="user",
                       itemCol="item", ratingCol="rating",
                       regParam=args.regularization * (1 + weight) / weight / average).fit(pairs)

        serve(f"Spark {pyspark.__version__}", fit,
              lambda model: data.hit_rate(factors_of(model.userFactors, users, args.dim),
                                          factors_of(model.itemFactors, items, args.dim)))
        session.stop()


if __name__ == "__main__":
    main()
