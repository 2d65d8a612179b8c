#!/usr/bin/env python3
"""Checks what ptxas made of each kernel against ci/ptxas_budget.json: registers, spilled bytes, static shared memory.

ci/ptxas_budget.py BUILD [--update]

Reads the logs that a build leaves beside its CUDA objects (cmake/ptxas_log.sh); the worst of all architectures counts.
A kernel without a budget, a budget without a kernel, and a figure above its budget are errors. --update writes the
figures of this build as the budget. Exit 1 on an error; under another nvcc than the budget's, whose figures may differ,
they are only printed.
"""
import json
import pathlib
import re
import subprocess
import sys

BUDGET = pathlib.Path(__file__).with_name("ptxas_budget.json")
ENTRY = re.compile(r"Compiling entry function '(\w+)'")
SPILL = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers")
SHARED = re.compile(r"(\d+) bytes smem")


def readable(mangled: list[str]) -> dict[str, str]:
    """Mangled name -> "kernel" or "kernel<arguments>"."""
    lines = subprocess.run(["c++filt", *mangled], check=True, capture_output=True, text=True).stdout.splitlines()
    names = {}
    for name, line in zip(mangled, lines):
        line = line.replace("(anonymous namespace)::", "").replace("frugal::", "").replace("cuda::", "")
        line = re.sub(r"\([\w:]+\)(\d+)", r"\1", line)  # (Precision)1 -> 1
        head = line.split("(")[0].removeprefix("void ")
        base, _, arguments = head.partition("<")
        names[name] = base.split("::")[-1] + (f"<{arguments}" if arguments else "")
    return names


def figures(logs: list[pathlib.Path]) -> dict[str, dict[str, int]]:
    """Of each kernel, "file: kernel", the largest over the architectures."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for log in logs:
        kernel = None
        file = log.as_posix().partition("frugal_cuda.dir/")[2].partition(".")[0]  # "mf/ials"
        for line in log.read_text().splitlines():
            if match := ENTRY.search(line):
                kernel = found.setdefault((file, match[1]), {"registers": 0, "spill_bytes": 0, "shared_bytes": 0})
            if kernel is None:
                continue
            if match := SPILL.search(line):
                kernel["spill_bytes"] = max(kernel["spill_bytes"], int(match[1]), int(match[2]))
            if match := USED.search(line):
                kernel["registers"] = max(kernel["registers"], int(match[1]))
                shared = SHARED.search(line)
                kernel["shared_bytes"] = max(kernel["shared_bytes"], int(shared[1]) if shared else 0)
                kernel = None  # what follows is about functions that it calls
    names = readable([mangled for _, mangled in found])
    return dict(sorted((f"{file}: {names[mangled]}", value) for (file, mangled), value in found.items()))


def problems(found: dict, budget: dict) -> list[str]:
    text = [f"{kernel}: {found[kernel]} has no budget (--update)" for kernel in found.keys() - budget.keys()]
    text += [f"{kernel}: in the budget, but not in the build" for kernel in budget.keys() - found.keys()]
    for kernel in found.keys() & budget.keys():
        text += [f"{kernel}: {found[kernel][key]} {key}, budget {limit}" for key, limit in budget[kernel].items()
                 if found[kernel][key] > limit]
    return sorted(text)


def nvcc_release() -> str:
    text = subprocess.run(["nvcc", "--version"], check=True, capture_output=True, text=True).stdout
    return re.search(r"release ([\d.]+)", text)[1]


def main() -> int:
    build = pathlib.Path(sys.argv[1])
    logs = sorted(build.glob("impl/cuda/**/*.ptxas"))
    found = figures(logs)
    if not found:
        print(f"{build}: no kernel in the logs of ptxas; was it built with nvcc?", file=sys.stderr)
        return 1
    if sys.argv[2:] == ["--update"]:
        for value in found.values():  # registers are dealt out by eights, and another nvcc may take one more
            value["registers"] = min(255, -(-value["registers"] // 8) * 8)
        lines = ",\n".join(f"  {json.dumps(kernel)}: {json.dumps(value)}" for kernel, value in found.items())
        BUDGET.write_text(f'{{"nvcc": "{nvcc_release()}", "kernels": {{\n{lines}\n}}}}\n')
        return 0
    budget = json.loads(BUDGET.read_text())
    wrong = problems(found, budget["kernels"])
    print("\n".join(wrong) if wrong else f"ptxas: {len(found)} kernels within their budgets")
    if wrong and nvcc_release() != budget["nvcc"]:
        print(f"the budgets are those of nvcc {budget['nvcc']}, this is {nvcc_release()}: not an error")
        return 0
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
