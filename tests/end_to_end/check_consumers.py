#!/usr/bin/env python3
"""Reads what frugal wrote as the tool it was written for does: check_consumers.py READER FILE

Exit 77 when that tool is not installed. `ci/setup.sh --consumers` installs all of them, from PyPI: consumers.txt.
"""
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def need(module):
    try:
        return importlib.import_module(module)
    except ImportError as error:
        print(f"not checked: {error}", file=sys.stderr)
        sys.exit(77)


def openmetrics(file):
    parser = need("prometheus_client.openmetrics.parser")
    families = list(parser.text_string_to_metric_families(file.read_text(encoding="utf-8")))
    assert any(family.name == "frugal_time_total_seconds" and family.unit == "seconds" for family in families)
    assert all(sample.labels["backend"] for family in families for sample in family.samples)


def bencher(file):
    jsonschema = need("jsonschema")
    metric = {"type": "object", "required": ["value"], "additionalProperties": False,
              "properties": {name: {"type": "number"} for name in ("value", "lower_value", "upper_value")}}
    benchmark = {"type": "object", "minProperties": 1, "additionalProperties": metric,
                 "propertyNames": {"minLength": 1, "maxLength": 64}}
    schema = {"type": "object", "minProperties": 1, "additionalProperties": benchmark,
              "propertyNames": {"minLength": 1, "maxLength": 1024}}
    jsonschema.validate(json.loads(file.read_text(encoding="utf-8")), schema)


def junit(file):
    junitparser = need("junitparser")
    suites = list(junitparser.JUnitXml.fromfile(str(file)))
    assert len(suites) == 1 and suites[0].tests == len(list(suites[0])) > 0
    assert suites[0].timestamp and suites[0].hostname
    assert {"machine", "build"} <= {item.name for item in suites[0].properties()}
    assert abs(suites[0].time - sum(case.time for case in suites[0])) < 0.01


def capsule(folder):
    crate = need("rocrate.rocrate").ROCrate(str(folder))
    assert {"run.json", "cells.jsonl", "plan.yaml"} == {entity.id for entity in crate.data_entities}
    run = crate.get("#run")
    assert crate.mainEntity.id == "plan.yaml" and run["instrument"].id == "plan.yaml"
    assert {entity.id for entity in run["result"]} == {"run.json", "cells.jsonl"}
    assert all((folder / entity.id).exists() for entity in crate.data_entities)


def croissant(file):
    mlcroissant = need("mlcroissant")
    metadata = mlcroissant.Dataset(jsonld=json.loads(file.read_text(encoding="utf-8"))).metadata
    assert not metadata.ctx.issues.errors, metadata.ctx.issues.report()
    assert metadata.name == "ml-25m" and len(metadata.distribution) == 2
    assert [field.name for field in metadata.record_sets[0].fields] == ["user", "item", "rating", "time"]


def mlflow(run):
    client = need("mlflow").MlflowClient
    script = pathlib.Path(__file__).resolve().parents[2] / "examples/to_mlflow.py"
    with tempfile.TemporaryDirectory() as folder:
        store = f"file:{folder}"
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"  # a database, the default, takes the whole of MLflow
        for expected in ("4 cells", "0 cells"):  # twice: nothing is logged again
            said = subprocess.run([sys.executable, script, run], env={**os.environ, "MLFLOW_TRACKING_URI": store},
                                  text=True, capture_output=True, check=True)
            assert expected in said.stdout, said.stdout
        logged = client(store).search_runs([client(store).get_experiment_by_name("toy").experiment_id])
        scores = {one.data.metrics["score"] for one in logged}
        records = [json.loads(line) for line in (run / "cells.jsonl").read_text(encoding="utf-8").splitlines()]
        assert scores == {record["metrics"]["score"] for record in records}
        assert {one.data.params["fake.n"] for one in logged} == {"1", "2"}


def mllog(run):
    parse_file = need("mlperf_logging.compliance_checker.mlp_parser").parse_file
    script = pathlib.Path(__file__).resolve().parents[2] / "examples/to_mllog.py"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, script, run, folder], check=True, capture_output=True)
        records = [json.loads(line) for line in (run / "cells.jsonl").read_text(encoding="utf-8").splitlines()]
        assert len(records) == 4
        for record in records:
            lines, errors = parse_file(f"{folder}/{record['id']}.txt", ruleset="5.1.0")
            assert not errors, errors
            values = {line.key: line.value["value"] for line in lines}
            at = {line.key: line.timestamp for line in lines}
            assert values["submission_benchmark"] == "fake" and values["seed"] == record["seed"]
            assert values["fake.n"] == record["params"]["fake"]["n"] and values["score"] == record["metrics"]["score"]
            trained = next(stage["wall_s"][-1] for stage in record["stages"] if stage["name"] == "train")
            assert abs(at["run_stop"] - at["run_start"] - 1000 * trained) <= 1, "milliseconds, rounded at both ends"
            assert at["init_start"] <= at["init_stop"] == at["run_start"] and at["run_stop"] <= at["eval_stop"]


def workflows(page):
    need("check_jsonschema")
    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    schemas = {"vendor.github-workflows": [], "vendor.gitlab-ci": ["--data-transform", "gitlab-ci"]}
    assert len(blocks) == len(schemas), "one for each server"
    for (schema, options), block in zip(schemas.items(), blocks):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(block)
            file.flush()
            subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *options, file.name],
                           check=True)


READERS = {reader.__name__: reader for reader in (openmetrics, bencher, junit, capsule, croissant, mlflow, mllog, workflows)}

if __name__ == "__main__":
    READERS[sys.argv[1]](pathlib.Path(sys.argv[2]))
