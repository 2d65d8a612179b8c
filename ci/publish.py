#!/usr/bin/env python3
"""Makes a finished run a published one: ci/publish.py RUN [RUN...]

Copies the records of results/local/NAME (or any other folder) to results/published/NAME, takes the folders of this
machine out of the command, and prints the tables and plots of the copy beside it. Of a search it takes the
tables.md that `frugal search PLAN > RUN/tables.md` left: a report of all it tried says less. Refuses a run of a build
with local changes, or of a commit that is not in the history: nobody could repeat it. Of a folder in results/published
it prints the tables and plots anew.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FRUGAL = ROOT / "build/release/frugal"


def portable(command: list[str]) -> list[str]:
    """The command with DIR for the folder of the data, the program and the plan as a clone has them, and no --out."""
    words = []
    for before, word in zip([""] + command, command):
        if "--out" in (before, word):
            continue
        if before == "--data-dir":
            words.append("DIR")
        elif word.endswith(".yaml"):
            words.append(f"benchmarks/plans/{pathlib.Path(word).name}")
        else:
            words.append(word)
    return ["build/release/frugal", *words[1:]]


def copy_records(run: pathlib.Path, target: pathlib.Path) -> None:
    provenance = json.loads((run / "run.json").read_text())
    commit = provenance["build"]["commit"]
    if provenance["build"]["dirty"]:
        sys.exit(f"{run}: its build had local changes")
    if subprocess.run(["git", "merge-base", "--is-ancestor", commit, "HEAD"], cwd=ROOT).returncode != 0:
        sys.exit(f"{run}: its commit {commit} is not in the history of HEAD")
    provenance["command"] = portable(provenance["command"])
    provenance["plan"]["file"] = f"benchmarks/plans/{pathlib.Path(provenance['plan']['file']).name}"
    target.mkdir(parents=True, exist_ok=True)
    (target / "run.json").write_text(json.dumps(provenance, indent=2, ensure_ascii=False) + "\n")
    shutil.copy(run / "cells.jsonl", target)


def publish(run: pathlib.Path) -> None:
    target = ROOT / "results/published" / run.name
    if run != target:
        copy_records(run, target)
    print(target.relative_to(ROOT))
    if "search" in json.loads((target / "run.json").read_text())["command"][1:2]:
        if run != target:
            shutil.copy(run / "tables.md", target)
        return
    for form, name in (("md", "tables.md"), ("svg", "plots.svg")):
        output = subprocess.run([FRUGAL, "report", target, "--format", form], capture_output=True, text=True, cwd=ROOT)
        if output.returncode != 0:
            sys.exit(f"{target}: {output.stderr.strip()}")
        if output.stdout.strip():
            (target / name).write_text(output.stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="+", type=pathlib.Path, help="folder with run.json and cells.jsonl")
    for folder in parser.parse_args().run:
        if not (folder / "run.json").exists():
            parser.error(f"{folder} is no run: it has no run.json")
        publish(folder.resolve())
