#!/usr/bin/env python3
"""Reads what frugal wrote as the tool it was written for does: check_consumers.py READER FILE

Exit 77 when that tool is not installed. All of them come from PyPI:
prometheus_client, jsonschema, junitparser, rocrate, check-jsonschema.
"""
import importlib
import json
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


READERS = {reader.__name__: reader for reader in (openmetrics, bencher, junit, capsule, workflows)}

if __name__ == "__main__":
    READERS[sys.argv[1]](pathlib.Path(sys.argv[2]))
