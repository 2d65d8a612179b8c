#!/usr/bin/env python3
"""How often `frugal check --paired` errs: the operating curve of docs/checks.md, measured.

ci/paired_study.py PROGRAM [--count N] [--load] [--out FILE]

N comparisons of a program with itself, and N with a planted slowdown of 5% (the same cell with 5% more training steps),
in turns. With --load a busy process runs on every core half of the time, in spells of up to two seconds. Writes one
line of JSON a comparison: what was planted, the exit code and the verdict; prints the counts.
"""
import argparse
import json
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


def compare(program: str, folder: pathlib.Path, steps: int) -> dict:
    setting = [part for text in ("params.inr.grid=2", "params.inr.width=32", "seeds=[1]", "measure.repeats=1",
                                 f"params.inr.steps={STEPS}") for part in ("--set", text)]
    start = time.monotonic()
    result = subprocess.run([program, "check", "--paired", program, program, "--plan", "smoke", "--out", folder, *setting,
                             "--set-new", f"params.inr.steps={steps}"], capture_output=True, text=True)
    verdict = result.stdout.splitlines()[-2] if result.stdout else result.stderr.strip()
    return {"planted": steps / STEPS - 1, "exit": result.returncode, "verdict": verdict,
            "said": result.stderr.splitlines()[-1:], "seconds": round(time.monotonic() - start, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--load", action="store_true")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("results/local/paired_study.jsonl"))
    arguments = parser.parse_args()
    program = str(arguments.program.resolve())
    burners = [multiprocessing.Process(target=burn, args=(core,), daemon=True)
               for core in range(len(os.sched_getaffinity(0)) if arguments.load else 0)]
    for burner in burners:
        burner.start()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    counts: dict = {}
    with open(arguments.out, "w", encoding="utf-8") as out, tempfile.TemporaryDirectory() as scratch:
        for i in range(arguments.count):
            for steps in (STEPS, PLANTED):
                row = {"load": arguments.load, **compare(program, pathlib.Path(scratch) / f"{i}-{steps}", steps)}
                out.write(json.dumps(row) + "\n")
                out.flush()
                key = (f"{100 * row['planted']:.0f}%", row["verdict"])
                counts[key] = counts.get(key, 0) + 1
    for (planted, verdict), count in sorted(counts.items()):
        print(f"planted {planted}: {count} x {verdict}")


if __name__ == "__main__":
    main()
