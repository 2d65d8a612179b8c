#!/usr/bin/env python3
"""Fills the tables of results/REPORT.md from the committed records.

  ci/report.py PROGRAM             says whether they are what PROGRAM prints of results/published; exit code 1 if not
  ci/report.py PROGRAM --update    writes them anew

A table stands between `<!-- frugal report results/published/RUN OPTIONS -->` and `<!-- end -->`; the first line is the
command that prints it.
"""
import argparse
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
REPORT = ROOT / "results/REPORT.md"
BLOCK = re.compile(r"(<!-- frugal (report [^\n]*?) -->\n).*?(<!-- end -->)", re.DOTALL)


def table_of(program: pathlib.Path, command: str) -> str:
    """As the command prints it, its heading as a line, and without what it says of columns that are not shown."""
    made = subprocess.run([program, *shlex.split(command), "--format", "md"], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    if made.returncode:
        sys.exit(f"frugal {command}: {made.stderr.strip()}")
    lines = [re.sub(r"^## (.*)", r"*\1*", line) for line in made.stdout.splitlines() if not line.startswith("Not shown: ")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def filled(text: str, program: pathlib.Path) -> str:
    return BLOCK.sub(lambda block: f"{block[1]}\n{table_of(program, block[2])}\n\n{block[3]}", text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    text = REPORT.read_text(encoding="utf-8")
    if not BLOCK.search(text):
        sys.exit(f"{REPORT}: no table is marked")
    made = filled(text, arguments.program.resolve())
    if arguments.update:
        REPORT.write_text(made, encoding="utf-8")
    elif made != text:
        sys.exit("results/REPORT.md: its tables are not those of the records; ci/report.py PROGRAM --update writes them")


if __name__ == "__main__":
    main()
