#!/usr/bin/env python3
"""Kills runs at random moments, fills their disk and takes their folder away, and checks that nothing that was finished
is lost or runs twice.

    torture.py PROGRAM [KILLS] [SEED]     PROGRAM: fake_frugal, whose workload `trouble` sleeps on demand

A round is a plan of 20 cells of 50 ms. The program, the child that runs a cell, or both get SIGKILL at a random moment,
and the same command is given again, until it ends by itself. After each kill
  - every whole line of cells.jsonl that was seen is still there, and every cell that was reported has its line;
  - run.json is whole as soon as a cell has a line, and no process of the killed program lives on.
The command that goes on gets the lock of the folder, and knows exactly the cells that are done. At the end of a round
each cell ended well exactly once, and the folder holds the record and nothing else.

Prints what it counted; exit code 1 when something was lost, ran twice, lives on or lies about.
"""
import collections
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CELLS = 20
PLAN = f"""schema: 1
name: torture
workload: trouble
backend: cpu
dataset: toy
params: {{trouble: {{act: sleep, seconds: 0.05}}}}
seeds: [{", ".join(str(seed) for seed in range(1, CELLS + 1))}]
limits: {{threads: 1}}
"""
QUICK = ["--set", "params.trouble.seconds=0"]
MARK = ("FRUGAL_TORTURE", str(os.getpid()))  # in the environment of every process that is started here
FAULTS = ["cells lost", "cells twice", "processes left alive", "locks left", "broken run.json", "files left behind"]

counts = collections.Counter()
stories = []


def fault(kind, story):
    counts[kind] += 1
    stories.append(f"{kind}: {story}")


def expect(right, story):
    if not right:
        fault("other", story)


class Run:
    """A run folder, the command that fills it, and what was seen of its record."""

    def __init__(self, program, folder, more=()):
        folder.mkdir(exist_ok=True)
        self.out = folder / "out"
        self.log = folder / "log.txt"
        self.seen = b""  # whole lines
        (folder / "torture.yaml").write_text(PLAN)
        self.command = [str(program), "run", str(folder / "torture.yaml"), "--out", str(self.out), *more]

    def start(self, more=(), **options):
        with open(self.log, "wb") as log:
            return subprocess.Popen(
                self.command + list(more), stdout=log, stderr=log, env=dict(os.environ, **dict([MARK])), **options
            )

    def finish(self, more=(), **options):
        """Runs the command to its end; its exit code."""
        return self.start(more, **options).wait(timeout=120)

    def said(self):
        return self.log.read_text(errors="replace")

    def records(self):
        return [json.loads(line) for line in self.seen.splitlines()]

    def done(self):
        return collections.Counter(record["seed"] for record in self.records() if record["status"] == "ok")

    def look(self):
        """Checks what holds at any moment between two commands."""
        before = self.seen
        cells = self.out / "cells.jsonl"
        text = cells.read_bytes() if cells.exists() else b""
        self.seen = text[: text.rfind(b"\n") + 1]
        if not self.seen.startswith(before):
            fault("cells lost", f"{self.out}: lines that were there have gone")
        recorded = {record["seed"] for record in self.records()}
        for seed in re.findall(r"\bseed=(\d+) (?:ok|failed|oom|timeout) ", self.said()):
            if int(seed) not in recorded:
                fault("cells lost", f"{self.out}: seed {seed} was reported and has no line")
        for seed, times in self.done().items():
            if times > 1:
                fault("cells twice", f"{self.out}: seed {seed} ended well {times} times")
        if recorded:
            try:
                json.loads((self.out / "run.json").read_text())
            except (OSError, ValueError) as error:
                fault("broken run.json", f"{self.out}: {error}")

    def check_start(self, done_before):
        """What a command said of the cells that were done when it began; a killed one may have said nothing yet."""
        if "another frugal" in self.said():
            fault("locks left", f"{self.out}: {self.said()}")
        found = re.search(r"going on: (\d+) of", self.said())
        if found and int(found.group(1)) != done_before:
            fault("cells lost", f"{self.out}: {done_before} cells were done, {found.group(1)} are known")

    def check_end(self):
        self.look()
        missing = set(range(1, CELLS + 1)) - set(self.done())
        if missing:
            fault("cells lost", f"{self.out}: no good record of the seeds {sorted(missing)}")
        left = {entry.name for entry in self.out.iterdir()} - {"cells.jsonl", "run.json"}
        if left:
            fault("files left behind", f"{self.out}: {sorted(left)}")
        counts["finished cells"] += len(self.done())


def children_of(process):
    try:
        text = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    except OSError:
        text = ""
    return [int(pid) for pid in text.split()]


def living():
    """Processes that were started here and are no zombies."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            marked = "=".join(MARK).encode() in (folder / "environ").read_bytes().split(b"\0")
            if marked and (folder / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                found.append(int(folder.name))
        except OSError:
            pass  # it ended meanwhile, or is not ours
    return found


def check_nobody_lives():
    end = time.monotonic() + 2
    while living() and time.monotonic() < end:
        time.sleep(0.005)
    for pid in living():
        fault("processes left alive", f"process {pid}")
        os.kill(pid, signal.SIGKILL)


def kill(process, rng):
    """Kills the program, its child or both; whether the program was among them."""
    target = rng.choice(["program", "child", "both"])
    children = children_of(process)
    if not children:
        target = "program"
    victims = {"program": [process.pid], "child": children, "both": [process.pid, *children]}[target]
    rng.shuffle(victims)
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it ended by itself
    counts["kills of " + target] += 1
    return target != "child"


def one_round(run, kills, rng):
    done_before = 0
    process = run.start()
    while kills > 0:
        try:
            process.wait(timeout=rng.uniform(0, 0.5))
            break
        except subprocess.TimeoutExpired:
            pass
        kills -= 1
        if not kill(process, rng):
            continue
        process.wait()
        run.look()
        run.check_start(done_before)
        if rng.random() < 0.5:
            check_nobody_lives()  # else the command is given again at once
        done_before = len(run.done())
        process = run.start()
    code = process.wait(timeout=120)
    check_nobody_lives()
    while True:
        run.look()
        run.check_start(done_before)
        if code != 3:  # the cells whose child was killed are left
            break
        done_before = len(run.done())
        code = run.finish(["--rerun", "failed"])
    expect(code == 0, f"{run.out}: exit code {code}: {run.said()}")
    run.check_end()


def torture(program, folder, kills, rng):
    while kills > 0:
        counts["rounds"] += 1
        part = min(kills, rng.randint(3, 9))
        before = sum(counts[name] for name in counts if name.startswith("kills of"))
        run = Run(program, folder / f"round{counts['rounds']}")
        one_round(run, part, rng)
        kills -= sum(counts[name] for name in counts if name.startswith("kills of")) - before
        shutil.rmtree(run.out.parent)


def sizes(program, folder):
    """Of run.json and of cells.jsonl, when all is done."""
    run = Run(program, folder, QUICK)
    expect(run.finish() == 0, run.said())
    return [(run.out / name).stat().st_size for name in ("run.json", "cells.jsonl")]


def check_full(run, code, make_room):
    """A command that met a full disk: what it said, and that nothing is lost once there is room."""
    run.look()
    words = ("No space left on device", "File too large")
    expect(code == 4, f"full disk: exit code {code}, not 4: {run.said()}")
    expect(any(word in run.said() for word in words), f"full disk: unclear: {run.said()}")
    expect("internal error" not in run.said(), f"full disk: {run.said()}")
    done = len(run.done())
    expect(0 < done < CELLS, f"full disk: {done} cells were done")
    make_room()
    expect(run.finish() == 0, f"room again: {run.said()}")
    run.check_start(done)
    run.check_end()


def full_by_limit(program, folder):
    run_bytes, cells_bytes = sizes(program, folder / "sizes")
    limit = (run_bytes + cells_bytes) // 2
    expect(run_bytes < limit < cells_bytes, f"no limit between {run_bytes} and {cells_bytes} bytes")

    def bound():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    run = Run(program, folder / "limit", QUICK)
    check_full(run, run.finish(preexec_fn=bound), lambda: None)
    return f"ok (no file above {limit} bytes)"


def full_by_mount(program, folder):
    disk = folder / "disk"
    disk.mkdir()
    page = resource.getpagesize()
    pages = sum(-(-size // page) for size in sizes(program, folder / "pages")) - 1
    mount = ["mount", "-t", "tmpfs", "-o", f"size={pages * page}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
        return "skipped: mounting is not permitted here"
    try:
        run = Run(program, folder / "mount", QUICK)
        run.command[run.command.index(str(run.out))] = str(disk / "out")
        run.out = disk / "out"
        code = run.finish()
        check_full(run, code, lambda: subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True))
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    return f"ok (tmpfs of {pages * page} bytes)"


def read_only(program, folder):
    """Root may write anywhere, so it becomes nobody."""
    folder.chmod(0o755)
    place = folder / "read_only"
    place.mkdir()
    user = {}
    if os.geteuid() == 0:
        user = {"user": 65534, "group": 65534, "extra_groups": []}
        program = shutil.copy(program, place / "program")
        os.chown(place, 65534, 65534)
    run = Run(program, place, QUICK)
    expect(run.finish(["--only", "seed=1"], **user) == 0, f"read-only folder, before: {run.said()}")
    run.look()
    run.out.chmod(0o555)
    for file in run.out.iterdir():
        file.chmod(0o444)
    code = run.finish(**user)
    run.look()
    expect(code == 4, f"read-only folder: exit code {code}, not 4: {run.said()}")
    expect("Permission denied" in run.said() and str(run.out) in run.said(), f"read-only folder: {run.said()}")
    expect(len(run.done()) == 1, "read-only folder: a cell was lost")
    run.out.chmod(0o755)
    for file in run.out.iterdir():
        file.chmod(0o644)
    expect(run.finish(**user) == 0, f"writable again: {run.said()}")
    run.check_start(1)
    run.check_end()
    return "ok"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1]).resolve()
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 31)
    results = {}
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="frugal_torture_") as name:
        folder = pathlib.Path(name)
        torture(program, folder, kills, random.Random(seed))
        for what, act in (("file size limit", full_by_limit), ("full disk", full_by_mount), ("read-only folder", read_only)):
            faults_before = len(stories)
            result = act(program, folder)
            results[what] = result if len(stories) == faults_before else "FAILED"
    by_target = {name: counts["kills of " + name] for name in ("program", "child", "both")}
    print(f"{'kills':<22}{sum(by_target.values())} ({', '.join(f'{n} {name}' for name, n in by_target.items())})")
    print(f"{'rounds':<22}{counts['rounds']} of {CELLS} cells, seed {seed}, {time.monotonic() - start:.0f} s")
    for kind in ["finished cells", *FAULTS]:
        print(f"{kind:<22}{counts[kind]}")
    for what, result in results.items():
        print(f"{what:<22}{result}")
    for story in stories:
        print(story, file=sys.stderr)
    sys.exit(1 if stories else 0)


if __name__ == "__main__":
    main()
