#!/usr/bin/env python3
"""Runs what `frugal report --format mpl` writes, and holds `--format vega` against Vega-Lite's schema:
ci/check_figures.py FRUGAL [RUN...]

Each script must leave a PDF and a PNG of every figure, without a warning. The schema is that of the package altair.
Exit 77 where neither matplotlib nor altair is there: skipped.
"""
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
RUNS = ["paper_cadc_ml1m", "paper_enrp", "gpu_perf_recommenders"]
SKIPPED = 77


def report(frugal: str, run: pathlib.Path, form: str) -> str:
    return subprocess.run([frugal, "report", run, "--format", form], capture_output=True, text=True, check=True).stdout


def problems_of_script(script: str) -> list[str]:
    names = re.findall(r'^finish\(.*"([\w-]+)"\)$', script, re.M)
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True)
        if ran.returncode != 0 or not names:
            return [f"the script failed: {ran.stderr.strip()[-500:]}"]
        problems = re.findall(r".*: UserWarning: .*", ran.stderr)
        for name in names:
            for ending, magic in (("pdf", b"%PDF"), ("png", b"\x89PNG")):
                file = pathlib.Path(folder) / f"{name}.{ending}"
                if not file.exists() or not file.read_bytes().startswith(magic):
                    problems.append(f"no {file.name}")
        return problems


def vega_schema() -> dict | None:
    """Of the newest version that altair brings."""
    spec = importlib.util.find_spec("altair")
    files = sorted(pathlib.Path(spec.origin).parent.glob("vegalite/v*/schema/vega-lite-schema.json")) if spec else []
    return json.loads(files[-1].read_text()) if files else None


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    schema, has_matplotlib = vega_schema(), importlib.util.find_spec("matplotlib") is not None
    if not has_matplotlib and schema is None:
        print("ci/check_figures.py: neither matplotlib (ci/setup.sh --page) nor altair (PyPI) here, so nothing was run")
        return SKIPPED
    failed = False
    for run in map(pathlib.Path, sys.argv[2:] or [ROOT / "results/published" / name for name in RUNS]):
        problems = []
        if has_matplotlib:
            problems += problems_of_script(report(sys.argv[1], run, "mpl"))
        if schema is not None:
            import jsonschema
            errors = jsonschema.Draft7Validator(schema).iter_errors(json.loads(report(sys.argv[1], run, "vega")))
            problems += [f"Vega-Lite: {error.json_path}: {error.message[:200]}" for error in errors]
        for problem in problems:
            print(f"{run}: {problem}")
        failed = failed or bool(problems)
        print(f"figures of {run.name}: {'failed' if problems else 'ok'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
