"""What the comparisons share: a peer that lives on between samples, a cell of ours, and the file of all samples.

A peer's program prints "ready VERSION" and then answers lines "train COUNT" on stdin, each with the seconds that took
and one more figure (a loss, a quality). What it trains is kept between lines, so only training is timed.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
from typing import Any, Callable

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build/release"


class Peer:
    """The comparison's side: a program of this folder, kept running."""

    def __init__(self, program: str, arguments: list, environment: dict[str, str], threads: int):
        command = [sys.executable, str(HERE / program), "--threads", str(threads), *map(str, arguments)]
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, **environment, "OMP_NUM_THREADS": str(threads)})
        self.version = self.process.stdout.readline().strip().removeprefix("ready ")

    def train(self, count: int) -> tuple[float, float]:
        """Seconds, and the other figure."""
        try:
            self.process.stdin.write(f"train {count}\n")
            self.process.stdin.flush()
            seconds, figure = map(float, self.process.stdout.readline().split())
        except (BrokenPipeError, ValueError):
            sys.exit(f"{self.process.args[1]} ended; its messages are above")
        return seconds, figure

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def serve(version: str, train: Callable[[int], Any], figure: Callable[[Any], float] = float,
          prepare: Callable[[int], None] = lambda count: None) -> None:
    """The peer's side. The clock runs over train(count), after prepare(count), which may compile; figure() then makes
    the other figure of its result."""
    print(f"ready {version}", flush=True)
    for line in sys.stdin:
        count = int(line.removeprefix("train "))
        prepare(count)
        start = time.perf_counter()
        result = train(count)
        seconds = time.perf_counter() - start
        print(f"{seconds} {figure(result)}", flush=True)


class FrugalCell:
    """`frugal run` of a plan of one cell, a process a sample."""

    def __init__(self, frugal: str, plan: str, folder: pathlib.Path, arguments: tuple[str, ...] = ()):
        folder.mkdir()
        self.frugal, self.folder, self.arguments, self.samples = frugal, folder, arguments, 0
        self.plan = folder / "plan.yaml"
        self.plan.write_text(plan)

    def sample(self, stage: str) -> tuple[float, dict]:
        """Seconds of the stage, and the record."""
        self.out = self.folder / str(self.samples)
        self.samples += 1
        subprocess.run([self.frugal, "run", str(self.plan), "--out", str(self.out), *self.arguments], check=True,
                       capture_output=True)
        record = json.loads((self.out / "cells.jsonl").read_text().splitlines()[0])
        if record["status"] != "ok":
            sys.exit(f"frugal failed: {record['error']}")
        return next(s["wall_s"][0] for s in record["stages"] if s["name"] == stage), record

    def run(self) -> dict:
        """Machine and build of the last sample."""
        run = json.loads((self.out / "run.json").read_text())
        return {key: run[key] for key in ("build", "machine", "started")}


def parser_for(documentation: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=BUILD, help="where our programs lie")
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=pathlib.Path, help="file for the samples")
    return parser


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def ratio(theirs: list[float], ours: list[float]) -> str:
    """Of the medians, and the range of the ratios of samples taken one after the other."""
    pairs = [t / o for t, o in zip(theirs, ours)]
    return f"{statistics.median(theirs) / statistics.median(ours):.2f} ({min(pairs):.2f} to {max(pairs):.2f})"


def write_samples(out: pathlib.Path | None, document: dict) -> None:
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps({"schema": 1, **document}, indent=1) + "\n")
