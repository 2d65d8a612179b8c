#!/usr/bin/env python3
"""Checks that includes point one way (the picture in README.md). Prints each wrong include; exit 1 if there is any.

ci/arrows.py [--self-test]
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# (files below this path, what they may include of ours). The longest matching prefix rules.
ARROWS = [
    ("impl/common/", ["impl/common/"]),
    ("impl/api/", ["impl/api/", "impl/common/"]),
    ("impl/reference/", ["impl/reference/", "impl/api/", "impl/common/"]),
    ("impl/cpu/", ["impl/cpu/", "impl/api/", "impl/common/"]),
    ("impl/cuda/", ["impl/cuda/", "impl/api/", "impl/common/"]),
    ("impl/equivalence/", ["impl/equivalence/", "impl/api/", "impl/common/"]),
    ("impl/registry.cpp", ["impl/"]),
    ("datasets/", ["datasets/", "impl/common/", "embedded_manifests.hpp"]),
    ("benchmarks/harness/", ["benchmarks/harness/", "impl/common/", "embedded_plans.hpp", "embedded_tables.hpp",
                             "frugal_version.hpp"]),
    ("benchmarks/harness/cli/", ["benchmarks/harness/", "datasets/", "impl/api/", "impl/equivalence/", "impl/common/",
                                 "embedded_plans.hpp", "embedded_tables.hpp", "frugal_version.hpp"]),
    ("benchmarks/workloads/", ["benchmarks/workloads/", "benchmarks/harness/workload.hpp", "datasets/", "impl/api/",
                               "impl/common/"]),
    ("benchmarks/micro/", ["impl/", "benchmarks/micro/"]),
    ("benchmarks/main.cpp", ["benchmarks/harness/cli/", "benchmarks/workloads/registry.hpp"]),
]

# Only these paths may include these outside headers.
VENDORS = [
    (r"(oneapi/dnnl|omp\.h|immintrin)", ["impl/cpu/", "benchmarks/micro/"]),
    (r"Eigen/", ["impl/reference/", "benchmarks/harness/search/"]),
    (r"(cuda|cublas|curand|nvml)", ["impl/cuda/"]),
    (r"yaml-cpp/", ["impl/common/document"]),
    (r"boost/program_options", ["benchmarks/harness/cli/"]),
    (r"openssl/", ["impl/common/sha256"]),
    (r"png\.h", ["datasets/"]),
    (r"sndfile", ["datasets/"]),
    (r"archive", ["datasets/"]),
]
# A model knows no clock.
FORBIDDEN = [(r"(chrono|ctime|sys/time\.h)", ["impl/", "benchmarks/workloads/"])]

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def problems(path: str, text: str) -> list[str]:
    """The wrong includes of one file; path is relative to the root."""
    found = []
    rule = max((r for r in ARROWS if path.startswith(r[0])), key=lambda r: len(r[0]), default=None)
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, header = match.groups()
        where = f"{path}:{number}: {header}"
        if quote == '"':
            if rule and not any(header.startswith(allowed) for allowed in rule[1]):
                found.append(f"{where}: {rule[0]} may only include {', '.join(rule[1])}")
            continue
        for pattern, allowed in VENDORS:
            if re.match(pattern, header) and not path.startswith(("tests/", *allowed)):
                found.append(f"{where}: only {', '.join(allowed)} may include this")
        for pattern, places in FORBIDDEN:
            if re.match(pattern, header) and path.startswith(tuple(places)):
                found.append(f"{where}: {', '.join(places)} know no clock")
    return found


def self_test() -> None:
    wrong = [("impl/cpu/a.cpp", '#include "impl/reference/backend.hpp"'),
             ("benchmarks/harness/run/a.cpp", '#include "impl/api/backend.hpp"'),
             ("benchmarks/workloads/inr/a.cpp", '#include "benchmarks/harness/record/record.hpp"'),
             ("datasets/a.cpp", '#include "benchmarks/harness/workload.hpp"'),
             ("impl/reference/a.cpp", "#include <omp.h>"),
             ("benchmarks/workloads/a.cpp", "#include <chrono>")]
    right = [("impl/cpu/a.cpp", '#include "impl/api/backend.hpp"\n#include <omp.h>'),
             ("benchmarks/harness/cli/a.cpp", '#include "impl/api/backend.hpp"'),
             ("benchmarks/workloads/a.cpp", '#include "benchmarks/harness/workload.hpp"')]
    for path, text in wrong:
        assert problems(path, text), f"not caught: {path}: {text}"
    for path, text in right:
        assert not problems(path, text), f"wrongly caught: {path}: {text}"


def main() -> int:
    self_test()
    if sys.argv[1:] == ["--self-test"]:
        return 0
    found = []
    for folder in ("benchmarks", "impl", "datasets"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".cu", ".cuh"):
                found += problems(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    print("\n".join(found) if found else "arrows: ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
