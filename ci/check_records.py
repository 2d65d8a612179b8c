#!/usr/bin/python3
"""Checks records against results/schema: ci/check_records.py [--program FRUGAL] [FOLDER...]

A run is a folder with run.json and cells.jsonl; all runs in and below each FOLDER are checked, by default those that are
committed. With a program also what `frugal report --format json` says of each, where a built-in table shows it. Prints
each thing that is wrong; exit 1 if there is any, or if a FOLDER has no run. Of the system's Python, which has the system's
jsonschema (ci/setup.sh --records).
"""
import argparse
import copy
import json
import pathlib
import subprocess
import sys

from jsonschema import Draft202012Validator

ROOT = pathlib.Path(__file__).resolve().parent.parent


def load_schema(name: str) -> Draft202012Validator:
    schema = json.loads((ROOT / "results/schema" / name).read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


RUN = load_schema("run.schema.json")
CELL = load_schema("cells.schema.json")
TABLES = load_schema("tables.schema.json")
NO_TABLE = "no built-in table has anything to show of this run"


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def problems(text: str, schema: Draft202012Validator) -> list[str]:
    """What is wrong with one document."""
    try:
        document = json.loads(text, parse_constant=refuse_constant)
    except ValueError as error:
        return [str(error)]
    return [f"{error.json_path}: {error.message[:200]}" for error in schema.iter_errors(document)]


def run_problems(run: pathlib.Path) -> tuple[int, list[str]]:
    """The number of cells, and what is wrong, with its place."""
    found = [f"{run}/run.json: {problem}" for problem in problems((run / "run.json").read_text(), RUN)]
    if not (run / "cells.jsonl").exists():
        return 0, [*found, f"{run}: no cells.jsonl"]
    lines = (run / "cells.jsonl").read_text().splitlines()
    for number, line in enumerate(lines, 1):
        found += [f"{run}/cells.jsonl:{number}: {problem}" for problem in problems(line, CELL)]
    return len(lines), found


def table_problems(program: str, run: pathlib.Path) -> list[str]:
    """What is wrong with the tables of a run."""
    said = subprocess.run([program, "report", run, "--format", "json"], capture_output=True, text=True)
    if said.returncode != 0:
        return [] if NO_TABLE in said.stderr else [f"{run}: frugal report: {said.stderr.strip()}"]
    found = problems(said.stdout, TABLES)
    if not found:
        for table in json.loads(said.stdout)["tables"]:
            if any(len(row["entries"]) != len(table["columns"]) for row in table["rows"]):
                found.append(f"table {table['name']}: a row has not one entry a column")
    return [f"{run}: frugal report --format json: {problem}" for problem in found]


def self_test() -> None:
    """The schemas must be able to refuse, and must know what no committed run has."""
    run = json.loads((ROOT / "results/baselines/smoke-avx2/run.json").read_text())
    cell = json.loads((ROOT / "results/baselines/smoke-avx2/cells.jsonl").read_text().splitlines()[0])

    def changed(good: dict, path: list, value) -> str:
        copied = copy.deepcopy(good)
        place = copied
        for key in path[:-1]:
            place = place[key]
        if value == "missing":
            del place[path[-1]]
        else:
            place[path[-1]] = value
        return json.dumps(copied)

    assert not problems(json.dumps(run), RUN) and not problems(json.dumps(cell), CELL), "the baseline is refused"
    for path, value in [(["surprise"], 1), (["metrics", "auc"], None), (["metrics", "auc"], float("nan")),
                        (["seed"], "missing"), (["seed"], -1), (["id"], "0123"), (["status"], "fine"),
                        (["params", "other"], {}), (["stages", 0, "wall_s"], [-1.0]), (["stages", 0, "wall"], 1)]:
        assert problems(changed(cell, path, value), CELL), f"a cell is not refused: {path} {value}"
    name = next(iter(run["determinism"]))
    for level in ("free", "bitwise (declared)", "repeatable: 0.01 (declared)", "repeatable: 1e-05 (checked)"):
        assert not problems(changed(run, ["determinism", name], level), RUN), f"a run is refused: {level}"
    for path, value in [(["surprise"], 1), (["build", "commit"], "missing"), (["machine", "cores"], 0),
                        (["plan", "sha256"], "0123"), (["determinism", name], "repeatable"),
                        (["metrics", 0, "direction"], "up"), (["started"], "today")]:
        assert problems(changed(run, path, value), RUN), f"a run is not refused: {path} {value}"

    entry = {"text": "0.70 ± 0.01", "value": 0.7, "half_width": 0.01, "draws": [0.69, 0.71]}
    tables = {"schema": 1, "tables": [
        {"name": "t", "title": "T", "columns": [{"title": "HR", "name": "hr@10", "kind": "figure", "better": "higher"}],
         "rows": [{"run": "r", "n": 2, "machine": "m", "commit": "c", "entries": [entry]}], "notes": [], "caption": []}]}
    assert not problems(json.dumps(tables), TABLES), "a table is refused"
    row = ["tables", 0, "rows", 0]
    for path, value in [(["surprise"], 1), (["tables", 0, "columns", 0, "kind"], "both"), ([*row, "n"], -1),
                        ([*row, "entries", 0, "value"], None), ([*row, "entries", 0, "text"], "missing"),
                        ([*row, "entries", 0, "draws"], []), ([*row, "machine"], "missing")]:
        assert problems(changed(tables, path, value), TABLES), f"tables are not refused: {path} {value}"


def main() -> int:
    self_test()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help="a build of frugal")
    parser.add_argument("folder", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    folders = arguments.folder
    found, runs, cells = [], 0, 0
    for folder in folders or [ROOT / "results/published", ROOT / "results/baselines"]:
        here = sorted(path.parent for path in folder.rglob("run.json"))
        if not here:
            found.append(f"{folder}: no run")
        for run in here:
            count, wrong = run_problems(run)
            runs, cells, found = runs + 1, cells + count, found + wrong
            if arguments.program:
                found += table_problems(arguments.program, run)
    print("\n".join(found) if found else f"records: ok ({runs} runs, {cells} cells)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
