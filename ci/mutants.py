#!/usr/bin/env python3
"""Puts each error of tests/mutants.tsv into a copy of the tree, and tells which of them the tests notice.

ci/mutants.py [WORD...]     only the rows that hold one of these words; default: all
ci/mutants.py --check       only whether the original text of each row stands where it says, once

A row (tabs between the columns): area, file, original text, wrong text, what it stands for, the tests that should notice
("harness:PlanExpand.*", several with spaces between), and for an error that nobody notices the reason why.
An original text that ends in ';' is a statement, any other one an expression; «» may mark the part that is replaced where
that part alone would not be unique. Blanks match any white space, so that layout does not matter. The copy chooses at
run time between right and wrong, by the number in FRUGAL_MUTANT: one build holds all errors.
"""
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests/mutants.tsv"
WORK = ROOT / "build/mutants"
TREE = WORK / "tree"
BUILD = TREE / "build/ci"
SWITCH_HEADER = WORK / "frugal_mutant.hpp"
LEAST_SHARE = 0.9
SWITCH = """
#include <cstdlib>
bool frugal_mutant(int number) noexcept {
  static const int active = [] {
    const char* const text = std::getenv("FRUGAL_MUTANT");
    return text ? std::atoi(text) : 0;
  }();
  return number == active;
}
"""

Mutant = collections.namedtuple("Mutant", "number area file original wrong what tests why line")
Result = collections.namedtuple("Result", "mutant noticed_by seconds")


def read_table(words):
    mutants = []
    for line, text in enumerate(TABLE.read_text(encoding="utf-8").splitlines(), 1):
        if not text or text.startswith("#"):
            continue
        cells = [cell.strip() for cell in text.split("\t")]
        if len(cells) not in (6, 7) or not all(cells[:6]):
            sys.exit(f"{TABLE}:{line}: a row has 6 or 7 columns, none of the first 6 empty")
        why = cells[6] if len(cells) == 7 else ""
        mutant = Mutant(len(mutants) + 1, *cells[:5], cells[5].split(), why, line)
        mutants.append(mutant)
    chosen = [one for one in mutants if not words or any(word in "\t".join(map(str, one)) for word in words)]
    if not chosen:
        sys.exit(f"{TABLE}: no row holds any of these words")
    return mutants, chosen


def pattern_of(text):
    """Of the text, any white space where it has some; group 1 is what is to be replaced."""
    before, target, after = re.fullmatch(r"(?s)(?:(.*)«)?(.*?)(?:»(.*))?", text).groups(default="")
    def part(piece):
        return r"\s+".join(re.escape(word) for word in re.split(r"\s+", piece))
    whole = part(before) + "(" + part(target) + ")" + part(after)
    text = before + target + after
    begin, end = (r"\b" if re.match(r"\w", letter) else "" for letter in (text[0], text[-1]))  # no part of a longer name
    return re.compile(begin + whole + end)


def is_balanced(text):
    """Does each bracket have its partner? What stands in quotes does not count."""
    open_ones = []
    for bracket in re.sub(r"'(\\.|[^'\\])'|\"(\\.|[^\"\\])*\"", "", text):
        if bracket in "([{":
            open_ones.append(bracket)
        elif bracket in ")]}" and (not open_ones or open_ones.pop() + bracket not in ("()", "[]", "{}")):
            return False
    return not open_ones


def place_of(mutant, text):
    target = re.sub(r"(?s).*«|».*", "", mutant.original)
    for what in (target, mutant.wrong):
        begun = re.match(r"(if|for|while|do|return|throw|break|continue)\b", what) and not what.endswith(";")
        if begun or not is_balanced(what):
            sys.exit(f"{TABLE}:{mutant.line}: neither a whole statement nor an expression: {what}")
    found = list(pattern_of(mutant.original).finditer(text))
    if len(found) != 1:
        sys.exit(f"{TABLE}:{mutant.line}: the original text stands {len(found)} times in {mutant.file}, not once: "
                 f"{mutant.original}")
    return found[0].span(1)


def choice(right, mutants):
    if right.endswith(";"):
        wrong = "".join(f"if (frugal_mutant({one.number})) {{ {one.wrong} }} else " for one in mutants)
        return f"{wrong}{{ {right} }}"
    wrong = "".join(f"frugal_mutant({one.number}) ? ({one.wrong}) : " for one in mutants)
    return f"({wrong}({right}))"


def with_choices(text, mutants):
    places = collections.defaultdict(list)
    for mutant in mutants:
        places[place_of(mutant, text)].append(mutant)
    spans = sorted(places)
    for (_, end), (begin, _) in zip(spans, spans[1:]):
        if begin < end:
            sys.exit(f"{TABLE}: two rows overlap in {mutants[0].file}, at: {text[begin:end]}")
    for begin, end in reversed(spans):
        text = text[:begin] + choice(text[begin:end], places[begin, end]) + text[end:]
    return text


def wrong_files(mutants):
    """Text, with its choices, of each file that a row names."""
    of_file = collections.defaultdict(list)
    for mutant in mutants:
        of_file[mutant.file].append(mutant)
    for name, own in of_file.items():
        if not (ROOT / name).is_file():
            sys.exit(f"{TABLE}:{own[0].line}: there is no file {name}")
    return {name: with_choices((ROOT / name).read_text(encoding="utf-8"), own) for name, own in of_file.items()}


def put(path, text):
    """Writes what has changed: an unchanged file is not compiled again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_bytes() != text:
        path.write_bytes(text)


def make_tree(mutants):
    wrong = wrong_files(mutants)
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split("\0")
    names = [name for name in listed if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink()]
    for name in names:
        put(TREE / name, wrong[name].encode() if name in wrong else (ROOT / name).read_bytes())
        (TREE / name).chmod((ROOT / name).stat().st_mode)  # the stand-ins of Slurm are programs
    put(TREE / "impl/base/frugal_mutant.cpp", SWITCH.encode())
    put(SWITCH_HEADER, b"bool frugal_mutant(int number) noexcept;\n")
    kept = set(names) | {"impl/base/frugal_mutant.cpp"}
    for path in TREE.rglob("*"):
        name = path.relative_to(TREE)
        if name.parts[0] not in ("build", ".deps") and path.is_file() and str(name) not in kept:
            path.unlink()
    if not (TREE / ".deps").exists():
        (TREE / ".deps").symlink_to((ROOT / ".deps").resolve())


def build(programs):
    configure = ["cmake", "--preset", "ci", "--log-level=WARNING", "-DFRUGAL_WARNINGS_AS_ERRORS=OFF", "-DFRUGAL_CUDA=OFF",
                 "-DFRUGAL_MICRO=OFF", "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG",
                 f"-DCMAKE_CXX_FLAGS=-w -include {SWITCH_HEADER}"]
    if shutil.which("ccache"):
        configure.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    for command in (configure, ["cmake", "--build", "--preset", "ci", "--target", *programs, "--", "-k", "0"]):
        done = subprocess.run(command, cwd=TREE, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-4000:]}")


def run(tests, number, limit):
    """Exit code of one program's tests, stopping at the first that fails, and seconds; "time" past the limit."""
    program, selection = tests.split(":", 1)
    environment = {**os.environ, "FRUGAL_MUTANT": str(number), "OMP_NUM_THREADS": "1"}
    start = time.monotonic()
    process = subprocess.Popen([BUILD / f"test_{program}", f"--gtest_filter={selection}", "--gtest_fail_fast",
                                "--gtest_brief=1"], cwd=BUILD, env=environment, start_new_session=True, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = process.communicate(timeout=limit)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        code = "time"
    return code, time.monotonic() - start, output


def noticed_by(output, code):
    failed = re.search(r"^\[  FAILED  \] (\S+?),? ", output + " ", re.M)
    return failed.group(1) if failed else "no end in time" if code == "time" else f"exit code {code}"


def test(mutant, usual):
    start = time.monotonic()
    for tests in sorted(mutant.tests, key=usual.get):
        code, _, output = run(tests, mutant.number, 15 + 5 * usual[tests])
        if code != 0:
            return Result(mutant, noticed_by(output, code), time.monotonic() - start)
    return Result(mutant, "", time.monotonic() - start)


def usual_times(mutants, pool):
    """Seconds of each selection of tests without an error; all must pass and none be empty."""
    selections = sorted({tests for mutant in mutants for tests in mutant.tests})
    usual = {}
    for tests, (code, seconds, output) in zip(selections, pool.map(lambda one: run(one, 0, 600), selections)):
        if code != 0 or re.search(r"\b0 tests", output):
            sys.exit(f"{tests}: does not pass without an error, or has no test\n{output[-4000:]}")
        usual[tests] = seconds
    return usual


def report(results, seconds):
    areas = list(dict.fromkeys(one.mutant.area for one in results))
    print(f"\n{'area':<14} {'errors':>7} {'noticed':>8} {'survived':>9}")
    for area in [*areas, "all"]:
        own = [one for one in results if area in (one.mutant.area, "all")]
        noticed = sum(bool(one.noticed_by) for one in own)
        print(f"{area:<14} {len(own):>7} {noticed:>8} {len(own) - noticed:>9}  {100 * noticed / len(own):5.1f} %")
    unexplained = 0
    for mutant in (one.mutant for one in results if not one.noticed_by):
        unexplained += not mutant.why
        print(f"\nsurvived: {mutant.file}: {mutant.what} (line {mutant.line})\n"
              f"  {mutant.original}\n  -> {mutant.wrong}\n  why: {mutant.why or 'NOT EXPLAINED'}")
    for one in results:
        if one.noticed_by and one.mutant.why:
            print(f"\nnoticed after all (line {one.mutant.line}), strike its explanation: {one.mutant.what}")
    share = sum(bool(one.noticed_by) for one in results) / len(results)
    print(f"\n{len(results)} errors, {100 * share:.1f} % noticed, in {seconds / 60:.1f} minutes")
    return 1 if unexplained or share < LEAST_SHARE else 0


def main():
    start = time.monotonic()
    if sys.argv[1:] == ["--check"]:
        wrong_files(read_table([])[0])
        return 0
    mutants, chosen = read_table(sys.argv[1:])
    make_tree(mutants)
    programs = sorted({"test_" + tests.split(":")[0] for mutant in mutants for tests in mutant.tests})
    build(programs)
    print(f"built in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    results = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        usual = usual_times(chosen, pool)
        for result in pool.map(lambda one: test(one, usual), chosen):
            results.append(result)
            print(f"{len(results):>4}/{len(chosen)} {result.seconds:6.1f} s  {result.mutant.what}: "
                  f"{result.noticed_by or 'SURVIVED'}", file=sys.stderr, flush=True)
    return report(results, time.monotonic() - start)


if __name__ == "__main__":
    sys.exit(main())
