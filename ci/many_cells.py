#!/usr/bin/env python3
"""Many short cells, `frugal submit --engine local:N`, and a kill -9 every second: is anything lost or done twice, what does
a cell cost beside its work, and how much memory do merge and report take?

    many_cells.py PROGRAM [CELLS [WORKERS [SEED]]]     PROGRAM: fake_frugal, whose workload `trouble` sleeps 10 ms a cell

First a tenth of the cells in one process, undisturbed: the wall time of a cell beyond its 10 ms, plan and start included,
is the overhead. Then all of them by WORKERS processes, of which one, or the cell that it runs, is killed every second; a
submission that ends with cells to do is given again. Then the shards are merged and reported, and so is the tenth.

Prints what it counted and measured; exit code 1 when something was lost or ran twice, or memory grows with the cells.
Times are worth something only on a machine that does nothing else, with a processor a worker.
"""
import collections
import json
import os
import pathlib
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time

WORK_S = 0.01
TABLE = """schema: 1
title: many cells
workload: trouble
rows: [{key: params.trouble.n}]
columns: [{metric: score}, {stage: train}, {count: n}]
"""


def plan(cells):
    """Points of 10 seeds each."""
    return f"""schema: 1
name: many
workload: trouble
backend: cpu
dataset: toy
params: {{trouble: {{act: sleep, seconds: {WORK_S}}}}}
matrix: {{params.trouble.n: [{", ".join(str(n) for n in range(cells // 10))}]}}
seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
limits: {{threads: 1}}
"""


class Measured:
    """A command that has ended: exit code, output, seconds, the processors' seconds of all its processes, peak MiB."""

    def __init__(self, command, folder):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        with open(folder / "log.txt", "wb") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
            _, status, usage = os.wait4(process.pid, 0)
        self.wall_s = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.peak_mib = usage.ru_maxrss / 1024
        self.code = process.returncode = os.waitstatus_to_exitcode(status)
        self.said = (folder / "log.txt").read_text(errors="replace")


def require(measured, code=0):
    if measured.code != code:
        sys.exit(f"many_cells: exit code {measured.code}, not {code}: {measured.said[-2000:]}")
    return measured


def is_worker(pid):
    try:
        return b"--shard" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def children_of(pid):
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Killer(threading.Thread):
    """Every second a random worker of a submission or, one time in four, the cell that it runs."""

    def __init__(self, out, rng):
        super().__init__(daemon=True)
        self.out, self.rng = out, rng
        self.counts = collections.Counter()
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(1):
            try:
                processes = json.loads((self.out / "submit.json").read_text())["processes"]
            except (OSError, ValueError):
                continue  # not begun
            workers = [pid for pid in processes.values() if is_worker(pid)]
            if not workers:
                continue
            victim, what = self.rng.choice(workers), "workers"
            cells = children_of(victim)
            if cells and self.rng.random() < 0.25:
                victim, what = cells[0], "cells"
            try:
                os.kill(victim, signal.SIGKILL)
                self.counts[what] += 1
            except ProcessLookupError:
                pass


def records_of(files):
    for file in files:
        with open(file, encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = str(pathlib.Path(sys.argv[1]).resolve())
    cells = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    workers = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 31)
    with tempfile.TemporaryDirectory(prefix="frugal_many_cells_") as name:
        folder = pathlib.Path(name)
        (folder / "table.yaml").write_text(TABLE)
        (folder / "few.yaml").write_text(plan(cells // 10))
        (folder / "many.yaml").write_text(plan(cells))

        alone = require(Measured([program, "run", "few.yaml", "--out", "few"], folder))
        few = cells // 10

        submit = [program, "submit", "many.yaml", "--engine", f"local:{workers}", "--out", "many"]
        killer = Killer(folder / "many", random.Random(seed))
        killer.start()
        submissions, wall_s, cpu_s, again = 0, 0.0, 0.0, 0
        while True:
            one = Measured(submit, folder)
            submissions += 1
            wall_s += one.wall_s
            cpu_s += one.cpu_s
            again += one.said.count("started again")
            if one.code == 0:
                break
            require(one, 3)
            if "--rerun" not in submit and not re.search(r"still to do", one.said):
                submit += ["--rerun", "failed"]  # cells that were killed
        killer.over.set()
        killer.join()

        ran = collections.Counter(
            record["id"] for record in records_of((folder / "many/shards").glob("*/cells.jsonl")) if record["status"] == "ok"
        )
        merged = collections.Counter(record["id"] for record in records_of([folder / "many/cells.jsonl"]))
        lost = cells - len(ran) + cells - len(merged)
        twice = sum(times - 1 for times in [*ran.values(), *merged.values()])

        memory = {}
        for what, of, parts in (("few", few, ["few"]), ("many", cells, sorted(str(p) for p in (folder / "many/shards").iterdir()))):
            merge = require(Measured([program, "merge", "--mix", f"{what}_merged", *parts], folder))
            report = require(Measured([program, "report", f"{what}_merged", "--table", "table.yaml"], folder))
            memory[of] = (merge, report)

        print(f"cells                 {cells} of {1000 * WORK_S:.0f} ms, {workers} workers, {os.cpu_count()} processors, seed {seed}")
        print(f"kills                 {killer.counts['workers']} of workers, {killer.counts['cells']} of cells")
        print(f"submissions           {submissions}; workers started again: {again}")
        print(f"cells lost            {lost}")
        print(f"cells twice           {twice}")
        print(f"overhead a cell       {1000 * (alone.wall_s / few - WORK_S):.2f} ms (one process, {few} cells, undisturbed)")
        print(f"processor a cell      {1000 * alone.cpu_s / few:.2f} ms alone, {1000 * cpu_s / cells:.2f} ms with {workers} workers and kills")
        print(f"wall time             {wall_s:.1f} s; the cells' own work would take {cells * WORK_S / workers:.1f} s")
        for of, (merge, report) in memory.items():
            print(f"{of:>6} cells          merge {merge.peak_mib:.0f} MiB, {merge.wall_s:.2f} s; report {report.peak_mib:.0f} MiB, {report.wall_s:.2f} s")
        # A little more than nothing for ten times the cells, whatever they are: 20 MiB of 10,000.
        flat = max(4, cells * 20 / 10000)
        small, large = memory.values()
        grown = [what for what, a, b in zip(("merge", "report"), small, large) if b.peak_mib - a.peak_mib > flat]
        if grown:
            print(f"memory grows          of {' and '.join(grown)} by more than {flat:.0f} MiB for ten times the cells")
        sys.exit(1 if lost or twice or grown else 0)


if __name__ == "__main__":
    main()
