#!/usr/bin/env python3
"""The table of ci/coverage.sh, from what gcovr writes as JSON.

ci/coverage.py LINES.json MISSING.txt

A branch counts where the source decides something: two for each if, for, while, ?, && and || of a line, and one more pair
for the last operand of && or || that no if follows; all of a switch. All others are the compiler's. Every call that may
throw is two branches for it, of which gcov marks one as "throw"; and every object that a throw would destroy is one or two
pairs more, which stand behind the line's own and are hardly ever executed: so of what is left, the pairs that were executed
count first.
"""
import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHOICE = re.compile(r"\b(?:if|for|while)\b|\?")
OPERATOR = re.compile(r"&&|\|\|")
SWITCH = re.compile(r"\bswitch\b")


def code_of(text):
    """The lines of a source without its strings, characters and comments: what is left of them is as long."""
    pattern = r'R"(\w*)\((?:.|\n)*?\)\1"|"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])'|//[^\n]*|/\*(?:.|\n)*?\*/"
    return re.sub(pattern, lambda found: re.sub(r"[^\n]", " ", found.group()), text).split("\n")


def decisions_of(name):
    """How many conditions the lines of a source test, by number; none of the others."""
    conditions = {}
    goes_on = False
    for number, line in enumerate(code_of((ROOT / name).read_text(encoding="utf-8")), 1):
        choices, operators = len(CHOICE.findall(line)), len(OPERATOR.findall(line))
        if SWITCH.search(line):
            conditions[number] = 1000
        elif choices or operators or goes_on:
            conditions[number] = choices + operators + (not choices)
        if line.strip():
            goes_on = line.rstrip().endswith(("&&", "||"))
    return conditions


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


def own_branches(branches, conditions):
    """Those of so many conditions, two each."""
    left = without_calls(branches)
    pairs = [left[at:at + 2] for at in range(0, len(left), 2)]
    pairs.sort(key=lambda pair: all(branch["count"] == 0 for branch in pair))  # stable: gcov's order within each half
    return [branch for pair in pairs[:conditions] for branch in pair]


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
            branches = own_branches(line["branches"], decisions.get(number, 0))
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
