#!/usr/bin/env python3
"""Does what README.md and results/README.md say still follow from the committed records?

  ci/claims.py                     every claim of results/claims.yaml: its words stand in the documents, and its figures are
                                   those of results/published
  ci/claims.py --rerun PROGRAM     runs the plans of a minute or less again, where their data are here, and holds the new
                                   figures against the claims
Exit code 1: a claim does not hold. A claim of results/claims.yaml has

  words      as the documents have them, line breaks aside
  run        a folder of results/published, and the plan of that name
  cells      which cells: parameters and their values; a mean over all of these cells' seeds is what is claimed
  against    other cells: the claim is the change from these, seed by seed, in percent (or `difference: true`)
  metric     of a record, or time.STAGE, or time.total in seconds
  value      what the documents say; `within`: how far the records may be from it (default: half of its last digit), and
  rerun      how far a new run may be, and after how many `minutes`; without it the claim is not run again
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "results/README.md")


def value_at(record: dict, path: str):
    for key in path.split("."):
        record = record.get(key) if isinstance(record, dict) else None
    return record


def figure(record: dict, metric: str) -> float:
    if not metric.startswith("time."):
        return record["metrics"][metric]
    name = metric.removeprefix("time.")
    return sum(sorted(stage["wall_s"])[len(stage["wall_s"]) // 2] for stage in record["stages"]
               if name in ("total", stage["name"]))


def by_seed(records: list[dict], cells: dict, metric: str) -> dict[int, float]:
    """The figure of each seed. The conditions must leave one cell a seed."""
    chosen = [r for r in records if r["status"] == "ok" and all(value_at(r, k) == v for k, v in cells.items())]
    figures = {r["seed"]: figure(r, metric) for r in chosen}
    if not chosen:
        raise ValueError(f"no cell has {cells}")
    if len(figures) < len(chosen):
        raise ValueError(f"several cells have {cells}")
    return figures


def mean(values) -> float:
    values = list(values)
    return sum(values) / len(values)


def claimed_figure(records: list[dict], claim: dict) -> float:
    figures = by_seed(records, claim["cells"], claim["metric"])
    if "against" not in claim:
        return mean(figures.values())
    base = by_seed(records, claim["against"], claim["metric"])
    seeds = sorted(figures.keys() & base.keys())
    if claim.get("difference"):
        return mean(figures[s] - base[s] for s in seeds)
    return mean(100 * (figures[s] / base[s] - 1) for s in seeds)


def half_digit(value: str) -> float:
    return 0.5 * 10 ** -len(value.partition(".")[2]) * 1.0001


def read_records(folder: pathlib.Path) -> list[dict]:
    records = {}
    for line in (folder / "cells.jsonl").read_text().splitlines():
        record = json.loads(line)
        records[record["id"]] = record  # of several lines with one id the last counts
    return list(records.values())


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def hold(claim: dict, records: list[dict], within: float) -> str:
    """Empty when the claim holds, else what is wrong."""
    try:
        found = claimed_figure(records, claim)
    except (KeyError, ValueError) as error:
        return str(error)
    value = float(claim["value"])
    return "" if abs(found - value) <= within else f"{found:.6g}, and the claim is {claim['value']} +- {within:.2g}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rerun", metavar="PROGRAM", type=pathlib.Path)
    program = parser.parse_args().rerun
    documents = plain(" ".join((ROOT / name).read_text() for name in DOCUMENTS))
    claims = yaml.safe_load((ROOT / "results/claims.yaml").read_text())
    runs: dict[str, list[dict] | None] = {}
    failures = checked = 0
    with tempfile.TemporaryDirectory() as scratch:
        for claim in claims:
            name = claim["run"]
            if program:
                if claim.get("minutes", 99) > 1:
                    continue
                if name not in runs:
                    done = subprocess.run([program, "run", name, "--out", f"{scratch}/{name}", "-q"], cwd=ROOT)
                    runs[name] = read_records(pathlib.Path(scratch) / name) if done.returncode != 4 else None
                if runs[name] is None:
                    print(f"skipped, its data are not here: {claim['words']}")
                    continue
                wrong = hold(claim, runs[name], claim["rerun"])
            else:
                if name not in runs:
                    runs[name] = read_records(ROOT / "results/published" / name)
                wrong = hold(claim, runs[name], claim.get("within", half_digit(str(claim["value"]))))
                if plain(claim["words"]) not in documents:
                    wrong = f"these words stand in none of {', '.join(DOCUMENTS)}. " + wrong
            checked += 1
            if wrong:
                failures += 1
                print(f"{name}: {claim['words']}: {wrong}", file=sys.stderr)
    print(f"claims: {checked - failures} of {checked} hold")
    return 1 if failures or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
