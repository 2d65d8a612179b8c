#!/usr/bin/env python3
"""Logs a run of frugal to MLflow, by MLflow's own client: examples/to_mlflow.py RUN [--experiment NAME]

Each cell becomes a run of the experiment (default: the plan's name): its parameters, its metrics, the median time of each
stage in seconds, and as tags the cell's id, machine and commit. Where it goes is what MLFLOW_TRACKING_URI says. A cell that is there
already, by its id and commit, is left out, so that the command may be repeated. Needs: pip install mlflow-skinny.
"""
import argparse
import json
import pathlib
import re
import statistics

import mlflow


def flat(values, above=""):
    """{"inr": {"width": 4}} as {"inr.width": 4}."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{key}.")
        else:
            yield above + key, value


def allowed(name):
    """MLflow's names have no brackets: hr@10[neg=99] becomes hr_10.neg_99."""
    return re.sub(r"[^\w. /-]", "_", name.replace("[", ".").rstrip("]"))


def log_cell(record, provenance):
    build = provenance["build"]
    with mlflow.start_run(run_name=record["id"]):
        mlflow.set_tags({"frugal.id": record["id"], "frugal.commit": build["commit"], "frugal.plan": provenance["name"],
                         "frugal.machine": provenance["machine"].get("cpu", "unknown")})
        mlflow.log_params({"workload": record["workload"], "backend": record["backend"], "seed": record["seed"],
                           **dict(flat(record["params"])), **dict(flat(record["dataset"], "dataset."))})
        mlflow.log_metrics({allowed(name): value for name, value in record["metrics"].items()})
        mlflow.log_metrics({f"time.{allowed(stage['name'])}": statistics.median(stage["wall_s"])
                            for stage in record["stages"]})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--experiment")
    arguments = parser.parse_args()
    provenance = json.loads((arguments.run / "run.json").read_text(encoding="utf-8"))
    experiment = mlflow.set_experiment(arguments.experiment or provenance["name"])
    known = {(run.data.tags.get("frugal.id"), run.data.tags.get("frugal.commit"))
             for run in mlflow.search_runs([experiment.experiment_id], output_format="list")}
    # Of two records of one cell the later counts.
    records = {}
    for line in (arguments.run / "cells.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        records[record["id"]] = record
    logged = 0
    for record in records.values():
        if record["status"] != "ok" or (record["id"], provenance["build"]["commit"]) in known:
            continue
        log_cell(record, provenance)
        logged += 1
    print(f"{logged} cells logged to the experiment {experiment.name}")


if __name__ == "__main__":
    main()
