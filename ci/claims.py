#!/usr/bin/env python3
"""Does what README.md and results/README.md say still follow from the committed records?

  ci/claims.py                     every claim of results/claims.yaml: its words stand in the documents, and its figures are
                                   those of results/published
  ci/claims.py --rerun PROGRAM     runs the cells of claims again that took a minute or less, where their data are here, and
                                   holds the new figures, other than times, against the claims
Exit code 1: a claim does not hold. A claim of results/claims.yaml has

  words      as the documents have them, line breaks aside
  run        a folder of results/published, and the plan of that name
  cells      which cells: parameters and their values; a mean over all of these cells' seeds is what is claimed
  against    other cells: the claim is the change from these, seed by seed, in percent (or `difference: true`)
  metric     of a record, or time.STAGE, or time.total in seconds
  value      what the documents say; `within`: how far the records may be from it (default: half of its last digit). A new
             run, which may be on another processor, may be three standard errors of the seeds farther away
"""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "results/README.md", "results/REPORT.md")
LONGEST_S = 60


def value_at(record: dict, path: str):
    for key in path.split("."):
        record = record.get(key) if isinstance(record, dict) else None
    return record


def figure(record: dict, metric: str) -> float:
    if not metric.startswith("time."):
        return record["metrics"][metric]
    name = metric.removeprefix("time.")
    # As the tables have it: the median over the repeats, of the total that of the stages together.
    parts = [stage["wall_s"] for stage in record["stages"] if name in ("total", stage["name"]) and stage["wall_s"]]
    return statistics.median(sum(repeat) for repeat in zip(*parts))


def by_seed(records: list[dict], cells: dict, metric: str) -> dict[int, float]:
    """The figure of each seed. The conditions must leave one cell a seed."""
    chosen = [r for r in records if r["status"] == "ok" and all(value_at(r, k) == v for k, v in cells.items())]
    figures = {r["seed"]: figure(r, metric) for r in chosen}
    if not chosen:
        raise ValueError(f"no cell has {cells}")
    if len(figures) < len(chosen):
        raise ValueError(f"several cells have {cells}")
    return figures


def claimed_figures(records: list[dict], claim: dict) -> list[float]:
    """One a seed; their mean is what is claimed."""
    figures = by_seed(records, claim["cells"], claim["metric"])
    if "against" not in claim:
        return list(figures.values())
    base = by_seed(records, claim["against"], claim["metric"])
    seeds = sorted(figures.keys() & base.keys())
    if claim.get("difference"):
        return [figures[s] - base[s] for s in seeds]
    return [100 * (figures[s] / base[s] - 1) for s in seeds]


def standard_error(values: list[float]) -> float:
    return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


def seconds_of(records: list[dict], claim: dict) -> float:
    """How long its cells took."""
    parts = [claim["cells"], *([claim["against"]] if "against" in claim else [])]
    return sum(sum(by_seed(records, cells, "time.total").values()) for cells in parts)


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
        found = statistics.fmean(claimed_figures(records, claim))
    except (KeyError, ValueError) as error:
        return str(error)
    value = float(claim["value"])
    return "" if abs(found - value) <= within else f"{found:.6g}, and the claim is {claim['value']} +- {within:.2g}"


def run_again(program: pathlib.Path, claim: dict, scratch: pathlib.Path) -> list[dict] | None:
    """Records of the claim's cells, those it is held against too; None where their data are not here. A folder of `scratch`
    for each plan: a cell that another claim has run is done."""
    out = scratch / claim["run"]
    for cells in [claim["cells"], *([claim["against"]] if "against" in claim else [])]:
        # Records have what plans call limits.isa under `execution`.
        only = ",".join(f"{path.removeprefix('execution.')}={value if isinstance(value, str) else json.dumps(value)}"
                        for path, value in cells.items())
        done = subprocess.run([program, "run", claim["run"], "--out", out, "-q", *(["--only", only] if only else [])],
                              cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode == 4:
            return None
        if done.returncode:
            raise ValueError(done.stderr.strip())
    return read_records(out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rerun", metavar="PROGRAM", type=pathlib.Path)
    program = parser.parse_args().rerun
    documents = plain(" ".join((ROOT / name).read_text() for name in DOCUMENTS))
    claims = yaml.safe_load((ROOT / "results/claims.yaml").read_text())
    with tempfile.TemporaryDirectory() as scratch:
        return hold_all(claims, documents, program, pathlib.Path(scratch))


def hold_all(claims: list[dict], documents: str, program: pathlib.Path | None, scratch: pathlib.Path) -> int:
    """Exit code."""
    runs: dict[str, list[dict]] = {}
    failures = checked = skipped = 0
    for claim in claims:
        name = claim["run"]
        within = claim.get("within", half_digit(str(claim["value"])))
        if name not in runs:
            runs[name] = read_records(ROOT / "results/published" / name)
        if program:
            # A time is one machine's, and moves by a seventh within hours where that is a virtual one.
            if claim["metric"].startswith("time.") or seconds_of(runs[name], claim) > LONGEST_S:
                continue
            within += 3 * standard_error(claimed_figures(runs[name], claim))
            try:
                records = run_again(program.resolve(), claim, scratch)
                wrong = "" if records is None else hold(claim, records, within)
            except ValueError as error:
                records, wrong = [], str(error)
            if records is None:
                skipped += 1
                continue
            print(f"{name}: {claim['words']}: {'does not hold' if wrong else 'holds'}", flush=True)
        else:
            wrong = hold(claim, runs[name], within)
            if plain(claim["words"]) not in documents:
                wrong = f"these words stand in none of {', '.join(DOCUMENTS)}. " + wrong
        checked += 1
        if wrong:
            failures += 1
            print(f"{name}: {claim['words']}: {wrong}", file=sys.stderr)
    print(f"claims: {checked - failures} of {checked} hold" +
          (f"; {skipped} were not run again: their data are not here" if skipped else ""))
    return 1 if failures or not checked + skipped else 0


if __name__ == "__main__":
    sys.exit(main())
