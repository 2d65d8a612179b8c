#!/usr/bin/env python3
"""Is one recommender better than another, user by user? A paired test over the users of two exported cells.

  examples/compare_users.py RUN/artifacts/ID/export RUN/artifacts/ID/export [--ranking full] [--metric ndcg@10]

Prints the mean of both, their difference with a 95 % interval by the bootstrap (users drawn with replacement), and the share
of random swaps between the two models, user by user, that give a difference at least as large (a randomisation test, two
sided; Smucker, Allan & Carterette 2007). Both cells must have held out the same items: the same data set, split and seed.
"""
import argparse
import math
import pathlib
import random
import sys


def held_out(folder):
    """The held-out items of each user, out of qrels.trec."""
    wanted = {}
    for line in (folder / "qrels.trec").read_text().splitlines():
        user, _, item, _ = line.split()
        wanted.setdefault(user, set()).add(item)
    return wanted


def places(folder, ranking, wanted):
    """The 0-based places of each user's held-out items, those that the file ranks."""
    found = {user: [] for user in wanted}
    for line in (folder / f"run_{ranking}.trec").read_text().splitlines():
        user, _, item, rank, _, _ = line.split()
        if item in wanted[user]:
            found[user].append(int(rank) - 1)
    return found


def ndcg(at, count, k):
    gain = sum(1 / math.log2(place + 2) for place in at if place < k)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(k, count)))


def hit(at, count, k):
    return float(any(place < k for place in at))


def recall(at, count, k):
    return sum(place < k for place in at) / min(k, count)


METRICS = {"ndcg": ndcg, "hr": hit, "recall": recall}


def by_user(folder, ranking, metric, wanted):
    name, _, k = metric.partition("@")
    found = places(folder, ranking, wanted)
    return [METRICS[name](found[user], len(items), int(k)) for user, items in sorted(wanted.items())]


def compare(a, b, draws=2000, seed=1):
    """Mean difference b - a, its bootstrap interval, and the randomisation test's p. a, b: a value for each user."""
    generator = random.Random(seed)
    differences = [y - x for x, y in zip(a, b)]
    n = len(differences)
    mean = math.fsum(differences) / n
    means = sorted(math.fsum(generator.choices(differences, k=n)) / n for _ in range(draws))
    interval = means[int(0.025 * len(means))], means[int(0.975 * len(means))]
    moved = [abs(d) for d in differences if d != 0]
    beyond = 1  # the swap of nobody
    for _ in range(draws):
        signs = generator.getrandbits(len(moved) or 1)
        swapped = math.fsum(size if signs >> k & 1 else -size for k, size in enumerate(moved)) / n
        beyond += abs(swapped) >= abs(mean) * (1 - 1e-12)
    return mean, interval, beyond / (draws + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("a", type=pathlib.Path)
    parser.add_argument("b", type=pathlib.Path)
    parser.add_argument("--ranking", default="full", help="full, neg=99, ...: the file run_RANKING.trec (default: full)")
    parser.add_argument("--metric", default="ndcg@10", help="ndcg@K, hr@K or recall@K, K at most 100 (default: ndcg@10)")
    asked = parser.parse_args()
    name, at, k = asked.metric.partition("@")
    if name not in METRICS or not at or not k.isdigit() or not 1 <= int(k) <= 100:
        parser.error(f"no metric {asked.metric}: ndcg@K, hr@K or recall@K, K from 1 to 100")
    for folder in (asked.a, asked.b):
        for file in ("qrels.trec", f"run_{asked.ranking}.trec"):
            if not (folder / file).exists():
                parser.error(f"{folder} has no {file}; run the plan with --set export=true")
    wanted = held_out(asked.a)
    if wanted != held_out(asked.b):
        sys.exit(f"{asked.a} and {asked.b} did not hold out the same items: take cells of one data set, split and seed")
    a, b = (by_user(folder, asked.ranking, asked.metric, wanted) for folder in (asked.a, asked.b))
    mean, (low, high), p = compare(a, b)
    print(f"{asked.metric}[{asked.ranking}] over {len(a)} users")
    print(f"  a           {math.fsum(a) / len(a):.4f}")
    print(f"  b           {math.fsum(b) / len(b):.4f}")
    print(f"  b - a       {mean:+.4f}, 95 % interval {low:+.4f} to {high:+.4f} (bootstrap)")
    print(f"  p           {p:.4f} (randomisation, two sided)")


if __name__ == "__main__":
    main()
