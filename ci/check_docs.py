#!/usr/bin/env python3
"""Checks every tracked .md file: relative links and anchors lead somewhere, and every ```yaml block that is a plan
(it has `schema: 1` and `workload:`) is YAML. Prints what is wrong; exit 1 if there is any.

ci/check_docs.py [--self-test]
"""
import functools
import pathlib
import re
import subprocess
import sys
import unicodedata

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def prose(text: str) -> str:
    """The text with its code blanked out, line by line."""
    text = BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings, and those written by hand."""
    found: set[str] = set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))
    bare = BLOCK.sub("", text)
    for heading in re.findall(r"^#{1,6} +(.*?)(?: #+)?$", bare, re.MULTILINE):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        kept = [c for c in heading if c in " -_" or unicodedata.category(c)[0] in "LN"]
        anchor = base = "".join(kept).replace(" ", "-")
        times = 0
        while anchor in found:
            times += 1
            anchor = f"{base}-{times}"
        found.add(anchor)
    return found


@functools.cache
def anchors_of(path: pathlib.Path) -> set[str]:
    return anchors(path.read_text(encoding="utf-8"))


def plan_blocks(text: str) -> list[tuple[int, str]]:
    """First line and text of each yaml block that is a plan."""
    return [(text.count("\n", 0, block.start(3)) + 1, block[3]) for block in BLOCK.finditer(text)
            if block[2] == "yaml" and re.search(r"\bschema: 1\b", block[3]) and re.search(r"\bworkload:", block[3])]


def problems(path: pathlib.Path, text: str) -> list[str]:
    found = []
    name = path.relative_to(ROOT)
    for number, line in enumerate(prose(text).splitlines(), 1):
        for target in LINK.findall(line):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            there = (path.parent / file).resolve() if file else path
            if file and not there.exists():
                found.append(f"{name}:{number}: nothing is at {target}")
            elif anchor and anchor not in (anchors_of(there) if file else anchors(text)):
                found.append(f"{name}:{number}: no heading makes the anchor of {target}")
    for number, block in plan_blocks(text):
        try:
            list(yaml.safe_load_all(block))
        except yaml.YAMLError as error:
            found.append(f"{name}:{number}: no YAML: {error}")
    return found


def self_test() -> None:
    text = ("# A *b* `c-d`: e\n[x](#a-b-c-d-e) [x](LICENSE) [x](https://a.b) `[x](none)`\n"
            "```yaml\nschema: 1\nworkload: inr\n```\n")
    assert problems(ROOT / "a.md", text) == [], problems(ROOT / "a.md", text)
    for wrong in ("[x](#c)", "![x](none.png)", "[x](README.md#none)", "```yaml\nschema: 1\nworkload: [\n```\n"):
        assert len(problems(ROOT / "a.md", wrong)) == 1, wrong


def main() -> None:
    self_test()
    if sys.argv[1:] == ["--self-test"]:
        return
    files = subprocess.run(["git", "ls-files", "-z", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True)
    found = [problem for name in files.stdout.split("\0") if name and (ROOT / name).is_file()
             for problem in problems(ROOT / name, (ROOT / name).read_text(encoding="utf-8"))]
    print("\n".join(found) if found else "docs: ok")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
