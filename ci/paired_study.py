#!/usr/bin/env python3
"""How often `frugal check --paired` errs: the operating curve of docs/checks.md, measured.

ci/paired_study.py PROGRAM [--count N] [--load] [--out FILE]

N more comparisons of a program with itself, and N with a planted slowdown of 5% (the same cell with 5% more training
steps), in turns: one takes a minute or two, so a study is done in several sittings. With --load a busy process runs on
every core half of the time, in spells of up to two seconds. Adds one line of JSON a comparison to FILE: what was planted,
the exit code and the verdict, machine and commit, the load. Prints the counts over all lines of FILE, with exact 95%
intervals (Clopper and Pearson); --count 0 only prints.
"""
import argparse
import collections
import datetime
import json
import math
import multiprocessing
import os
import pathlib
import random
import subprocess
import tempfile
import time

STEPS = 1500
PLANTED = 1575


def burn(seed: int) -> None:
    """Busy half of the time."""
    source = random.Random(seed)
    while True:
        spell = source.uniform(0.2, 2.0)
        end = time.monotonic() + spell
        while time.monotonic() < end:
            pass
        time.sleep(source.uniform(0.2, 2.0))


def origin(folder: pathlib.Path) -> dict:
    """Machine and commit, as the last program that ran says; a comparison that was refused has run none."""
    runs = sorted(folder.glob("new/*/run.json"))
    if not runs:
        return {}
    run = json.loads(runs[0].read_text())
    build, machine = run["build"], run["machine"]
    return {"machine": f"{machine['cpu']}, family {machine['cpu_family']}, model {machine['cpu_model']}, {machine['cores']} cores",
            "commit": build["commit"][:7] + (" with changes" if build["dirty"] else "")}


def compare(program: str, folder: pathlib.Path, steps: int) -> dict:
    setting = [part for text in ("params.inr.grid=2", "params.inr.width=32", "seeds=[1]", "measure.repeats=1",
                                 f"params.inr.steps={STEPS}") for part in ("--set", text)]
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    start = time.monotonic()
    result = subprocess.run([program, "check", "--paired", program, program, "--plan", "smoke", "--out", folder, *setting,
                             "--set-new", f"params.inr.steps={steps}"], capture_output=True, text=True)
    verdict = result.stdout.splitlines()[-2] if result.stdout else result.stderr.strip()
    return {"date": date, "planted": steps / STEPS - 1, "exit": result.returncode, "verdict": verdict,
            "said": result.stderr.splitlines()[-1:], "seconds": round(time.monotonic() - start, 1),
            "load_average": round(os.getloadavg()[0], 2), **origin(folder)}


def at_most(k: int, n: int, p: float) -> float:
    """P(X <= k) of n draws, each with probability p."""
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


def interval(k: int, n: int, error: float = 0.05) -> tuple[float, float]:
    """Of the probability behind k of n."""
    def where(holds) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if holds(middle) else (low, middle)
        return low
    lower = 0.0 if k == 0 else where(lambda p: 1 - at_most(k - 1, n, p) < error / 2)
    upper = 1.0 if k == n else where(lambda p: at_most(k, n, p) > error / 2)
    return lower, upper


def print_counts(rows: list[dict]) -> None:
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row.get("machine", "unknown machine"), row.get("commit", "unknown commit"), row["load"], row["planted"]].append(row)
    for (machine, commit, load, planted), group in sorted(groups.items()):
        print(f"{machine}, commit {commit}, {'with' if load else 'without'} load, planted {100 * planted:.0f}%: {len(group)} comparisons")
        for verdict, count in sorted(collections.Counter(row["verdict"] for row in group).items()):
            lower, upper = interval(count, len(group))
            print(f"  {count:4} {verdict}: {100 * count / len(group):.1f}% [{100 * lower:.1f}, {100 * upper:.1f}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--load", action="store_true")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("results/local/paired_study.jsonl"))
    arguments = parser.parse_args()
    program = str(arguments.program.resolve())
    burners = [multiprocessing.Process(target=burn, args=(core,), daemon=True)
               for core in range(len(os.sched_getaffinity(0)) if arguments.load and arguments.count > 0 else 0)]
    for burner in burners:
        burner.start()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with open(arguments.out, "a", encoding="utf-8") as out, tempfile.TemporaryDirectory() as scratch:
        for i in range(arguments.count):
            for steps in (STEPS, PLANTED):
                row = {"load": arguments.load, **compare(program, pathlib.Path(scratch) / f"{i}-{steps}", steps)}
                out.write(json.dumps(row) + "\n")
                out.flush()
    print_counts([json.loads(line) for line in arguments.out.read_text().splitlines()])


if __name__ == "__main__":
    main()
