"""What the comparisons share: peers that live on between samples, a cell of ours, and the file of all samples.

A peer's program prints "ready VERSION" and then answers lines "train COUNT" on stdin, each with the seconds that took
and one more figure (a loss, a quality). What it trains is kept between lines, so only training is timed. It runs in the
environment of its library, which ci/peers.sh makes in .deps/peers/LIBRARY, or else in that of the comparison.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, Callable

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build/release"
LIBRARIES = HERE.parents[1] / ".deps/peers"

SOME_LEFT_OUT = 4  # exit status: a peer did not install or ended; the tables say why


class PeerFailed(Exception):
    """Says why in a line."""


def reason_of(messages: str, status: int) -> str:
    """Why a program ended, in a line, of what it wrote to stderr: the last exception, or else the last line."""
    if status < 0:
        return f"ended by signal {-status}"
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    exceptions = [line for line in lines if re.match(r"[\w.]*(Error|Exception|NotFound|Exit)\b", line)]
    return (exceptions or lines or [f"ended with status {status}"])[-1]


class Peer:
    """The comparison's side: a program of this folder, kept running. Throws PeerFailed."""

    def __init__(self, library: str, program: str, arguments: list, environment: dict[str, str], threads: int,
                 libraries: pathlib.Path = LIBRARIES):
        home = libraries / library
        if (home / "reason").exists():
            raise PeerFailed(f"does not install: {(home / 'reason').read_text().strip()}")
        python = home / "bin/python"
        command = [str(python) if python.exists() else sys.executable, str(HERE / program), "--threads", str(threads),
                   *map(str, arguments)]
        self.messages = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.messages,
                                        env={**os.environ, **environment, "OMP_NUM_THREADS": str(threads)})
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            raise self.failure()
        self.version = line.strip().removeprefix("ready ")

    def train(self, count: int) -> tuple[float, float]:
        """Seconds, and the other figure."""
        try:
            self.process.stdin.write(f"train {count}\n")
            self.process.stdin.flush()
            seconds, figure = map(float, self.process.stdout.readline().split())
        except (BrokenPipeError, ValueError):
            raise self.failure() from None
        return seconds, figure

    def failure(self) -> PeerFailed:
        """Of a program that ended, or that does not say what it should; its messages go to stderr."""
        self.close()
        self.messages.seek(0)
        messages = self.messages.read()
        sys.stderr.write(messages)
        return PeerFailed(reason_of(messages, self.process.returncode))

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Peers:
    """The peers of one case, which train in turn. One that fails is left out from then on, with its reason."""

    def __init__(self, environment: dict[str, str], threads: int):
        self.environment, self.threads = environment, threads
        self.running: dict[str, Peer] = {}
        self.versions: dict[str, str] = {}
        self.seconds: dict[str, list[float]] = {}  # of each sample
        self.figures: dict[str, list[float]] = {}
        self.left_out: dict[str, str] = {}  # the reasons

    def start(self, name: str, library: str, program: str, arguments: list) -> None:
        with self.leaving_out(name):
            self.running[name] = Peer(library, program, arguments, self.environment, self.threads)
            self.versions[name] = self.running[name].version
            self.seconds[name], self.figures[name] = [], []

    def warm_up(self, count: int) -> dict[str, float]:
        """Trains without a sample; returns the other figure of each."""
        figures = {}
        for name, peer in list(self.running.items()):
            with self.leaving_out(name):
                figures[name] = peer.train(count)[1]
        return figures

    def sample(self, count: int) -> None:
        for name, peer in list(self.running.items()):
            with self.leaving_out(name):
                seconds, figure = peer.train(count)
                self.seconds[name].append(seconds)
                self.figures[name].append(figure)

    @contextlib.contextmanager
    def leaving_out(self, name: str):
        try:
            yield
        except PeerFailed as failure:
            self.left_out[name] = str(failure)
            for kept in (self.running, self.seconds, self.figures):
                kept.pop(name, None)
            print(f"{name} is left out: {failure}", file=sys.stderr)

    def __enter__(self) -> "Peers":
        return self

    def __exit__(self, *exception) -> None:
        for peer in self.running.values():
            peer.close()


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
        result = subprocess.run([self.frugal, "run", str(self.plan), "--out", str(self.out), *self.arguments],
                                capture_output=True, text=True)
        if result.returncode not in (0, 3):  # 3: the record says why
            sys.exit(f"frugal failed: {result.stderr}")
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


def versions_of(results: list[dict]) -> str:
    """Of the peers of all results, each once."""
    return ", ".join(dict.fromkeys(version for result in results for version in result["peers"].values()))


class Comparison:
    """The samples of all cases. Where a file is named, it is written after every case: one that is stopped keeps them."""

    def __init__(self, args: argparse.Namespace, environment: dict, **more):
        self.out, self.results, self.rows = args.out, [], []
        self.document = {"schema": 1, "complete": False, "threads": args.threads, "environment": environment, **more}

    def add(self, result: dict, rows: list[dict]) -> None:
        """A case, which may have the "run" of its samples, and its rows in the table of all comparisons."""
        self.document.setdefault("run", result.pop("run", None))
        self.results.append(result)
        self.rows += rows
        self._write()

    def finish(self) -> int:
        """All cases are there; the exit status."""
        self.document["complete"] = True
        self._write()
        return SOME_LEFT_OUT if any(row["reason"] for row in self.rows) else 0

    def _write(self) -> None:
        if not self.out:
            return
        self.out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.out.with_name(self.out.name + ".part")
        unfinished.write_text(json.dumps({**self.document, "results": self.results, "rows": self.rows}, indent=1) + "\n")
        unfinished.replace(self.out)
