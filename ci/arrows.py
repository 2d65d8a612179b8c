#!/usr/bin/env python3
"""Checks that includes point one way (the picture in README.md). Prints each wrong include; exit 1 if there is any.

ci/arrows.py [--self-test]
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What a file below a path may include of ours; the longest matching path rules. Everything may include its own folder.
BASE = ["impl/base/"]
COMMON = ["impl/common/", *BASE]
API = ["impl/api/", *COMMON]
CPU = ["impl/cpu/*", "impl/cpu/kernels/", *API]
CUDA = ["impl/cuda/kernels/", "impl/cuda/device/", *API]
DATA = ["datasets/interactions/", "datasets/clicks/", "datasets/signal/", *COMMON]
WORKLOAD = ["benchmarks/harness/workload.hpp", *BASE]
PLAN = ["benchmarks/harness/plan/", *WORKLOAD]
RECORD = ["benchmarks/harness/record/", *PLAN]
STUDY = ["benchmarks/harness/study/", *RECORD]
SEARCH = ["benchmarks/harness/report/", "benchmarks/harness/run/", *STUDY]
ARROWS = {
    "impl/base/": [],
    "impl/common/": BASE,
    "impl/api/": COMMON,
    "impl/reference/": ["impl/reference/", *API],
    "impl/reference/inr/": API,
    "impl/reference/ranking/": API,
    "impl/reference/recommender/": ["impl/reference/*", "impl/reference/ranking/", *API],
    "impl/reference/mf/": ["impl/reference/*", "impl/reference/ranking/", *API],
    "impl/cpu/": ["impl/cpu/", *API],
    "impl/cpu/kernels/": COMMON,
    "impl/cpu/inr/": CPU,
    "impl/cpu/ranking/": CPU,
    "impl/cpu/recommender/": ["impl/cpu/ranking/", *CPU],
    "impl/cpu/mf/": ["impl/cpu/ranking/", *CPU],
    "impl/cuda/": ["impl/cuda/", *API],
    "impl/cuda/device/": API,
    "impl/cuda/kernels/": ["impl/cuda/device/", *API],
    "impl/cuda/inr/": CUDA,
    "impl/cuda/ranking/": CUDA,
    "impl/cuda/recommender/": ["impl/cuda/ranking/", *CUDA],
    "impl/cuda/mf/": ["impl/cuda/ranking/", *CUDA],
    "impl/mpi/": ["impl/mpi/", "impl/cpu/", *API],
    "impl/equivalence/": API,
    "impl/registry.cpp": ["impl/*/backend.hpp", *API],
    "datasets/interactions/": COMMON,
    "datasets/clicks/": ["datasets/interactions/", *COMMON],
    "datasets/signal/": COMMON,
    "datasets/formats/": DATA,
    "datasets/synthetic/": DATA,
    "datasets/catalog/": ["datasets/formats/", *BASE, "embedded_manifests.hpp"],
    "datasets/load/": ["datasets/", *COMMON],
    "benchmarks/harness/": WORKLOAD,
    "benchmarks/harness/workload.hpp": BASE,
    "benchmarks/harness/plan/": [*WORKLOAD, "embedded_plans.hpp", "embedded_tables.hpp"],
    "benchmarks/harness/record/": [*PLAN, "frugal_version.hpp"],
    "benchmarks/harness/run/": ["impl/common/device_readings.hpp", "impl/common/job.hpp", "impl/common/probe.hpp",
                               "benchmarks/harness/study/statistics.hpp", *RECORD],
    "benchmarks/harness/study/": RECORD,
    "benchmarks/harness/judge/": STUDY,
    "benchmarks/harness/report/": [*STUDY, "embedded_page.hpp", "embedded_tables.hpp"],
    "benchmarks/harness/compare/": ["benchmarks/harness/judge/", "benchmarks/harness/report/", *STUDY],
    "benchmarks/harness/search/": SEARCH,
    "benchmarks/harness/cli/": ["benchmarks/harness/", "datasets/", "impl/equivalence/", *API, "embedded_plans.hpp",
                                "embedded_tables.hpp", "frugal_version.hpp"],
    "benchmarks/workloads/": ["datasets/", *API, *WORKLOAD],
    "benchmarks/workloads/registry.cpp": ["benchmarks/workloads/"],
    "benchmarks/workloads/cadc/": ["benchmarks/workloads/shared/", "datasets/", *API, *WORKLOAD],
    "benchmarks/workloads/dlrm/": ["benchmarks/workloads/shared/", "datasets/", *API, *WORKLOAD],
    "benchmarks/workloads/inr/": ["benchmarks/workloads/shared/", "datasets/", *API, *WORKLOAD],
    "benchmarks/micro/": ["datasets/formats/", "impl/", "embedded_enrp.hpp"],
    "benchmarks/main.cpp": ["benchmarks/harness/cli/", "benchmarks/workloads/registry.hpp"],
}

# Only these paths may include these outside headers.
VENDORS = [
    (r"(oneapi/dnnl|omp\.h|immintrin)", ["impl/cpu/", "benchmarks/micro/"]),
    (r"mpi\.h", ["impl/mpi/open_mpi"]),
    (r"Eigen/", ["impl/reference/", "benchmarks/harness/search/", "benchmarks/workloads/"]),
    (r"(cuda|cublas|curand|nvml)", ["impl/cuda/"]),
    (r"yaml-cpp/", ["impl/base/document"]),
    (r"boost/program_options", ["benchmarks/harness/cli/"]),
    (r"openssl/", ["impl/base/sha256"]),
    (r"png\.h", ["datasets/formats/"]),
    (r"sndfile", ["datasets/formats/"]),
    (r"archive", ["datasets/catalog/", "datasets/formats/byte_stream"]),
]
# A model knows no clock. What counts the work of ranks reads their processors' time, for the harness.
FORBIDDEN = [(r"(chrono|ctime|sys/time\.h)", ["impl/", "benchmarks/workloads/"], ["impl/base/cpu_time.cpp"])]

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def allowed(header: str, pattern: str) -> bool:
    """A pattern is a folder ("impl/base/"), a file, or, with a star, files that lie right there ("impl/cpu/*")."""
    if "*" in pattern:
        return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]+"), header) is not None
    return header.startswith(pattern)


def problems(path: str, text: str) -> list[str]:
    """The wrong includes of one file; path is relative to the root."""
    found = []
    rule = max((r for r in ARROWS if path.startswith(r)), key=len, default=None)
    own = rule if rule and rule.endswith("/") else path.rpartition("/")[0] + "/"
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, header = match.groups()
        where = f"{path}:{number}: {header}"
        if quote == '"':
            if rule and not any(allowed(header, pattern) for pattern in [own, *ARROWS[rule]]):
                found.append(f"{where}: {rule} may only include itself, {', '.join(ARROWS[rule]) or 'nothing else'}")
            continue
        for pattern, places in VENDORS:
            if re.match(pattern, header) and not path.startswith(("tests/", *places)):
                found.append(f"{where}: only {', '.join(places)} may include this")
        for pattern, places, but in FORBIDDEN:
            if re.match(pattern, header) and path.startswith(tuple(places)) and path not in but:
                found.append(f"{where}: {', '.join(places)} know no clock")
    return found


def self_test() -> None:
    wrong = [("impl/cpu/a.cpp", '#include "impl/reference/backend.hpp"'),
             ("benchmarks/harness/run/a.cpp", '#include "impl/api/backend.hpp"'),
             ("benchmarks/workloads/inr/a.cpp", '#include "benchmarks/harness/record/record.hpp"'),
             ("datasets/load/a.cpp", '#include "benchmarks/harness/workload.hpp"'),
             ("datasets/interactions/a.cpp", '#include "datasets/formats/ratings.hpp"'),
             ("datasets/signal/a.cpp", '#include "datasets/catalog/manifest.hpp"'),
             ("datasets/formats/a.cpp", '#include "datasets/synthetic/photo.hpp"'),
             ("datasets/synthetic/a.cpp", '#include "datasets/formats/png.hpp"'),
             ("datasets/catalog/a.cpp", '#include "datasets/load/datasets.hpp"'),
             ("datasets/catalog/a.cpp", '#include "impl/common/specs.hpp"'),
             ("datasets/load/a.cpp", "#include <png.h>"),
             ("impl/base/a.cpp", '#include "impl/common/specs.hpp"'),
             ("impl/cpu/kernels/a.cpp", '#include "impl/cpu/matmul.hpp"'),
             ("impl/cpu/inr/a.cpp", '#include "impl/cpu/mf/sweep.hpp"'),
             ("impl/cuda/device/a.cpp", '#include "impl/cuda/kernels/warp.hpp"'),
             ("benchmarks/harness/run/a.cpp", '#include "benchmarks/harness/judge/judge.hpp"'),
             ("impl/reference/a.cpp", "#include <omp.h>"),
             ("benchmarks/workloads/a.cpp", "#include <chrono>")]
    right = [("impl/cpu/a.cpp", '#include "impl/api/backend.hpp"\n#include <omp.h>'),
             ("impl/cpu/inr/a.cpp", '#include "impl/cpu/matmul.hpp"\n#include "impl/cpu/kernels/isa.hpp"'),
             ("impl/registry.cpp", '#include "impl/cpu/backend.hpp"'),
             ("datasets/formats/a.cpp", '#include "datasets/clicks/clicks.hpp"\n#include <png.h>'),
             ("datasets/load/a.cpp", '#include "datasets/catalog/manifest.hpp"\n#include "datasets/synthetic/photo.hpp"'),
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
