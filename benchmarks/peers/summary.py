#!/usr/bin/env python3
"""One table of what the comparisons measured: summary.py FOLDER WORKLOAD..., of the files FOLDER/WORKLOAD.json that
compare_<WORKLOAD>.py --out leaves. Prints the table and writes it as FOLDER/peers.md and, with machine and build, as
FOLDER/peers.json. A comparison without its file gets a row that says so.
"""
import json
import pathlib
import sys

from side_by_side import ratio, spread

COLUMNS = "| workload | case | ours | peer | version | ratio | quality, ours / peer | n |\n|---|---|---:|---|---|---:|---:|---:|"


def row(workload: str, case: str, unit: str, ours: list[float], peer: str, version: str = "",
        theirs: list[float] | None = None, reason: str = "", quality: dict | None = None) -> dict:
    """Of the table. Times are in `unit`, a sample each, taken in turn; `theirs` is None, and `reason` not empty, where the
    peer was left out. `quality` has the names of a measure, `ours` and `theirs`."""
    return {"workload": workload, "case": case, "unit": unit, "ours": ours, "peer": peer, "version": version,
            "theirs": theirs, "reason": reason, "quality": quality}


def as_cell(text: str) -> str:
    """Text within a table of Markdown."""
    return " ".join(text.split()).replace("|", "\\|")


def line_of(entry: dict) -> str:
    ours = f"{spread(entry['ours'])} {entry['unit']}" if entry["ours"] else "-"
    quality = entry["quality"]
    return "| " + " | ".join([
        entry["workload"], as_cell(entry["case"]), ours, as_cell(entry["peer"]), as_cell(entry["version"]) or "-",
        ratio(entry["theirs"], entry["ours"]) if entry["theirs"] else "left out: " + as_cell(entry["reason"]),
        f"{quality['of']} {quality['ours']:.4g} / {quality['theirs']:.4g}" if quality else "-",
        str(len(entry["theirs"] or []))]) + " |"


def summary_of(folder: pathlib.Path, workloads: list[str]) -> tuple[str, dict]:
    """As Markdown, and as a document."""
    runs, rows = {}, []
    for workload in workloads:
        path = folder / f"{workload}.json"
        comparison = json.loads(path.read_text()) if path.exists() else {}
        if comparison:
            runs[workload] = {"threads": comparison["threads"], **comparison["run"]}
            rows += comparison["rows"]
        if not comparison.get("complete", bool(comparison)):  # older ones do not say, and were written at their end
            rows.append(row(workload, "the others" if comparison else "all", "", [], "all",
                            reason="the comparison ended before its end"))
    lines = [COLUMNS, *map(line_of, rows), "",
             "Alternating samples, medians with their range in brackets; a ratio is the peer's time over ours."]
    of_conditions: dict[str, list[str]] = {}
    for workload, run in runs.items():
        of_conditions.setdefault(conditions_of(run), []).append(workload)
    for conditions, alike in of_conditions.items():
        lines.append(f"{'all' if len(of_conditions) == 1 else ', '.join(alike)}: {conditions}.")
    return "\n".join(lines) + "\n", {"schema": 1, "runs": runs, "rows": rows}


def conditions_of(run: dict) -> str:
    """What a comparison ran on, in words."""
    machine, build = run["machine"], run["build"]
    return (f"{run['threads']} threads, {machine['cpu']} ({', '.join(machine['isa'])}), {machine['os']}, {machine['kernel']}; "
            f"commit {build['commit'][:12]}{' and changes' if build['dirty'] else ''}, {build['compiler']}; "
            f"{run['started'][:10]}")


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    table, document = summary_of(folder, sys.argv[2:])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "peers.md").write_text(table)
    (folder / "peers.json").write_text(json.dumps(document, indent=1) + "\n")
    print(table, end="")


if __name__ == "__main__":
    main()
