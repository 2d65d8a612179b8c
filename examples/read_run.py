"""What the scripts beside this one read of a run's folder."""
import json
import pathlib


def provenance(folder: pathlib.Path) -> dict:
    """run.json: name, plan, build, machine, start."""
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def finished_cells(folder: pathlib.Path) -> list:
    """The records of the cells that ended well; of two records of one cell the later counts."""
    records = {}
    for line in (folder / "cells.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        records[record["id"]] = record
    return [record for record in records.values() if record["status"] == "ok"]


def flat(values: dict, above: str = ""):
    """{"inr": {"width": 4}} as pairs inr.width, 4."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{key}.")
        else:
            yield above + key, value
