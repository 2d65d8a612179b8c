#!/usr/bin/env python3
"""Logs a run of frugal to MLflow, by MLflow's own client: examples/to_mlflow.py RUN [--experiment NAME]

Each cell becomes a run of the experiment (default: the plan's name): its parameters, its metrics, the median time of each
stage in seconds, and as tags the cell's id, machine and commit. Where it goes is what MLFLOW_TRACKING_URI says. A cell that is there
already, by its id and commit, is left out, so that the command may be repeated. Needs: pip install mlflow-skinny.
"""
import argparse
import pathlib
import re
import statistics

import mlflow

from read_run import finished_cells, flat, provenance


def allowed(name):
    """MLflow's names have no brackets: hr@10[neg=99] becomes hr_10.neg_99."""
    return re.sub(r"[^\w. /-]", "_", name.replace("[", ".").rstrip("]"))


def log_cell(record, origin):
    with mlflow.start_run(run_name=record["id"]):
        mlflow.set_tags({"frugal.id": record["id"], "frugal.commit": origin["build"]["commit"], "frugal.plan": origin["name"],
                         "frugal.machine": origin["machine"].get("cpu", "unknown")})
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
    origin = provenance(arguments.run)
    experiment = mlflow.set_experiment(arguments.experiment or origin["name"])
    known = {(run.data.tags.get("frugal.id"), run.data.tags.get("frugal.commit"))
             for run in mlflow.search_runs([experiment.experiment_id], output_format="list")}
    new = [record for record in finished_cells(arguments.run) if (record["id"], origin["build"]["commit"]) not in known]
    for record in new:
        log_cell(record, origin)
    print(f"{len(new)} cells logged to the experiment {experiment.name}")


if __name__ == "__main__":
    main()
