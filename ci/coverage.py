#!/usr/bin/env python3
"""The table of ci/coverage.sh, from what gcovr writes as JSON.

ci/coverage.py LINES.json MISSING.txt

A branch counts where the source decides something: on a line with if, for, while, switch, ?, && or ||, or that goes on from
one that ends in && or ||. All others are the compiler's: every call that may throw is two branches for it, and every
object that a throw would destroy some more, on lines where nothing is decided. On lines that count, the two branches of a
call that may throw are left out as well: gcov marks one as "throw", and the other is "nothing was thrown".
"""
import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DECISION = re.compile(r"\b(?:if|for|while|switch)\b|\?|&&|\|\|")


def code_of(text):
    """The lines of a source without its strings, characters and comments: what is left of them is as long."""
    pattern = r'R"(\w*)\((?:.|\n)*?\)\1"|"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])'|//[^\n]*|/\*(?:.|\n)*?\*/"
    return re.sub(pattern, lambda found: re.sub(r"[^\n]", " ", found.group()), text).split("\n")


def decisions_of(name):
    """Numbers of the lines where the source decides something."""
    numbers = set()
    goes_on = False
    for number, line in enumerate(code_of((ROOT / name).read_text(encoding="utf-8")), 1):
        if goes_on or DECISION.search(line):
            numbers.add(number)
        if line.strip():
            goes_on = line.rstrip().endswith(("&&", "||"))
    return numbers


def without_calls(branches):
    """Of one line in gcov's order: the two branches of a call stand side by side."""
    own = []
    at = 0
    while at < len(branches):
        pair = branches[at:at + 2]
        if any(branch["throw"] for branch in pair) and not (pair[0]["throw"] and pair[-1]["throw"]):
            at += 2
        else:
            if not branches[at]["throw"]:
                own.append(branches[at])
            at += 1
    return own


def main(lines_file, missing_file):
    rooms = collections.defaultdict(collections.Counter)
    missing = []
    for file in json.loads(pathlib.Path(lines_file).read_text(encoding="utf-8"))["files"]:
        name = file["file"]
        decisions = decisions_of(name)
        source = (ROOT / name).read_text(encoding="utf-8").split("\n")
        counts = collections.Counter()
        for line in file["lines"]:
            if line["gcovr/noncode"]:
                continue
            number = line["line_number"]
            branches = without_calls(line["branches"]) if number in decisions else []
            taken = sum(branch["count"] > 0 for branch in branches)
            counts.update(lines=1, run=line["count"] > 0, branches=len(branches), taken=taken)
            if line["count"] == 0 or taken < len(branches):
                what = f"{taken} of {len(branches)}" if line["count"] else "not run"
                missing.append(f"{name}:{number}: {what}: {source[number - 1].strip()}\n")
        for room in {"/".join(name.split("/")[:-1][:3]), "all"}:
            rooms[room].update(counts)
    pathlib.Path(missing_file).write_text("".join(missing), encoding="utf-8")

    def share(part, whole):
        return f"{100 * part / whole:6.1f} %" if whole else f"{'-':>8}"

    print(f"{'folder':<40} {'lines':>7} {'run':>8} {'branches':>9} {'taken':>8}")
    for room in sorted(rooms.keys() - {"all"}) + ["all"]:
        of = rooms[room]
        print(f"{room:<40} {of['lines']:>7} {share(of['run'], of['lines'])} {of['branches']:>9} "
              f"{share(of['taken'], of['branches'])}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
