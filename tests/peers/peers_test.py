#!/usr/bin/env python3
"""The parts of benchmarks/peers that need no library: peers that train, fail and are left out, and the table of all."""
import argparse
import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

PEERS = pathlib.Path(__file__).resolve().parents[2] / "benchmarks/peers"
sys.path.insert(0, str(PEERS))

import compare_mf  # noqa: E402
from side_by_side import SOME_LEFT_OUT, FrugalCell, Peer, PeerFailed, Peers, Comparison, ratio, reason_of  # noqa: E402
from summary import line_of, row, summary_of  # noqa: E402

# A program that serves, the figure being the steps so far; it ends at the step that --fails names.
PROGRAM = f"""
import argparse, sys
sys.path.insert(0, {str(PEERS)!r})
from side_by_side import serve
parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int)
parser.add_argument("--fails", type=int, default=1000)
parser.add_argument("--needs", default="sys")
args = parser.parse_args()
__import__(args.needs)
done = 0
def train(count):
    global done
    done += count
    if done >= args.fails:
        print("about to end", file=sys.stderr)
        raise RuntimeError(f"no | step\\t{{args.fails}}")
    return done
serve("Fake 1.0", train)
"""


class Fixture(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.program = self.folder / "fake.py"
        self.program.write_text(PROGRAM)
        quiet = contextlib.redirect_stderr(io.StringIO())
        quiet.__enter__()
        self.addCleanup(quiet.__exit__, None, None, None)


class PeerTest(Fixture):
    def test_says_its_version_and_keeps_what_it_trained(self):
        peer = Peer("fake", self.program, [], {}, 1, self.folder)
        self.addCleanup(peer.close)
        self.assertEqual(peer.version, "Fake 1.0")
        self.assertEqual([peer.train(2)[1], peer.train(3)[1]], [2, 5])

    def test_without_its_library_says_what_is_missing(self):
        with self.assertRaisesRegex(PeerFailed, "^ModuleNotFoundError: No module named 'absent_library'$"):
            Peer("fake", self.program, ["--needs", "absent_library"], {}, 1, self.folder)

    def test_that_did_not_install_is_not_started(self):
        (self.folder / "fake").mkdir()
        (self.folder / "fake/reason").write_text("ERROR: no such version\n")
        with self.assertRaisesRegex(PeerFailed, "^does not install: ERROR: no such version$"):
            Peer("fake", self.folder / "absent.py", [], {}, 1, self.folder)

    def test_reason_is_the_last_exception_or_line_or_the_signal(self):
        self.assertEqual(reason_of("a.b.CompileError: g++\n\nSet X=1 for more\n", 1), "a.b.CompileError: g++")
        self.assertEqual(reason_of("first\nlast\n", 1), "last")
        self.assertEqual(reason_of("last\n", -9), "ended by signal 9")
        self.assertEqual(reason_of("", 3), "ended with status 3")


class PeersTest(Fixture):
    def test_one_that_fails_is_left_out_and_the_others_go_on(self):
        with Peers({}, 1) as peers:
            peers.start("whole", "fake", str(self.program), [])
            peers.start("ends", "fake", str(self.program), ["--fails", "7"])
            peers.start("never", "fake", str(self.program), ["--needs", "absent_library"])
            self.assertEqual(peers.warm_up(1), {"whole": 1, "ends": 1})
            for _ in range(3):
                peers.sample(4)
        self.assertEqual(peers.figures, {"whole": [5, 9, 13]})
        self.assertEqual(len(peers.seconds["whole"]), 3)
        self.assertNotIn("ends", peers.seconds)
        self.assertEqual(peers.left_out["ends"], "RuntimeError: no | step\t7")
        self.assertIn("absent_library", peers.left_out["never"])

    def test_ratio_is_of_the_medians_with_the_range_of_neighbours(self):
        self.assertEqual(ratio([2, 4, 9], [1, 2, 3]), "2.00 (2.00 to 3.00)")


class SummaryTest(Fixture):
    RUN = {"build": {"commit": "0123456789abcdef", "compiler": "g++ 12", "dirty": False}, "started": "2026-01-01T00:00:00Z",
           "machine": {"cpu": "Some CPU", "isa": ["avx2", "fma"], "os": "Some OS", "kernel": "6.1"}}

    def comparison(self, workload: str, run: dict | None = None) -> Comparison:
        args = argparse.Namespace(out=self.folder / f"{workload}.json", threads=2)
        return Comparison(args, {}, **({"run": run} if run else {}))

    def test_a_row_has_ratio_and_quality(self):
        entry = row("mf", "d = 64", "ms/iteration", [1.0, 2.0, 4.0], "irspack, CG", "irspack 1", [3.0, 6.0, 8.0],
                    quality={"of": "HR@10", "ours": 0.7228, "theirs": 0.7235})
        self.assertEqual(line_of(entry), "| mf | d = 64 | 2.00 (1.00 to 4.00) ms/iteration | irspack, CG | irspack 1 | "
                                         "3.00 (2.00 to 3.00) | HR@10 0.7228 / 0.7235 | 3 |")

    def test_a_peer_left_out_has_its_reason_in_one_cell(self):
        entry = row("inr", "S0", "us/step", [1.0], "JAX, jit", reason="no | such\nlibrary")
        self.assertEqual(line_of(entry), "| inr | S0 | 1.00 (1.00 to 1.00) us/step | JAX, jit | - | "
                                         "left out: no \\| such library | - | 0 |")

    def test_rows_of_all_comparisons_are_one_table_with_machine_and_commit(self):
        rows = [row("inr", "S0", "us/step", [1.0], "JAX, jit", "JAX 1", [2.0]),
                row("inr", "S0", "us/step", [1.0], "JAX, scan", reason="absent")]
        comparison = self.comparison("inr", self.RUN)
        comparison.add({}, rows)
        self.assertEqual(comparison.finish(), SOME_LEFT_OUT)
        table, document = summary_of(self.folder, ["inr", "mf"])
        lines = table.splitlines()
        self.assertEqual(len([line for line in lines if line.startswith("| inr ")]), 2)
        self.assertIn("| mf | all | - | all | - | left out: the comparison ended before its end | - | 0 |", lines)
        self.assertEqual(lines[-1],
                         "all: 2 threads, Some CPU (avx2, fma), Some OS, 6.1; commit 0123456789ab, g++ 12; 2026-01-01.")
        self.assertEqual(document["runs"]["inr"]["build"], self.RUN["build"])
        self.assertEqual([entry["peer"] for entry in document["rows"]], ["JAX, jit", "JAX, scan", "all"])
        json.dumps(document)

    def test_comparisons_of_different_commits_name_theirs(self):
        for workload, commit in (("inr", "0123456789abcdef"), ("mf", "fedcba9876543210")):
            run = {**self.RUN, "build": {**self.RUN["build"], "commit": commit}}
            self.comparison(workload, run).finish()
        lines = summary_of(self.folder, ["inr", "mf"])[0].splitlines()
        self.assertIn("commit 0123456789ab,", next(line for line in lines if line.startswith("inr: ")))
        self.assertIn("commit fedcba987654,", next(line for line in lines if line.startswith("mf: ")))

    def test_status_is_0_where_no_peer_is_left_out(self):
        comparison = Comparison(argparse.Namespace(out=None, threads=2), {})
        comparison.add({}, [row("inr", "S0", "us/step", [1.0], "JAX, jit", "JAX 1", [2.0])])
        self.assertEqual(comparison.finish(), 0)

    def test_a_comparison_that_is_stopped_keeps_the_cases_it_ended_and_says_so(self):
        comparison = self.comparison("inr")
        comparison.add({"case": "S0", "run": self.RUN}, [row("inr", "S0", "us/step", [1.0], "JAX, jit", "JAX 1", [2.0])])
        lines = summary_of(self.folder, ["inr"])[0].splitlines()
        self.assertIn("| inr | the others | - | all | - | left out: the comparison ended before its end | - | 0 |", lines)
        self.assertEqual(len([line for line in lines if line.startswith("| inr ")]), 2)
        comparison.add({"case": "S1", "run": self.RUN}, [row("inr", "S1", "us/step", [1.0], "JAX, jit", "JAX 1", [2.0])])
        comparison.finish()
        self.assertNotIn("left out", summary_of(self.folder, ["inr"])[0])
        self.assertEqual([result["case"] for result in json.loads((self.folder / "inr.json").read_text())["results"]],
                         ["S0", "S1"])
        self.assertEqual([file.name for file in self.folder.glob("inr*")], ["inr.json"])


class ComparisonTest(Fixture):
    def setUp(self):
        super().setUp()
        self.program = os.environ.get("FRUGAL_PROGRAM")
        if not self.program:
            self.skipTest("FRUGAL_PROGRAM does not name the program")

    def test_of_mf_fits_generated_data_without_any_peer(self):
        with mock.patch.dict(compare_mf.SIZES, {"1m": (50, 300, 1500)}), mock.patch.dict(compare_mf.PEERS, clear=True), \
                mock.patch.object(sys, "argv", ["compare_mf.py", "--build", str(pathlib.Path(self.program).parent), "--dims", "4",
                                                "--iterations", "1", "--samples", "2", "--threads", "1",
                                                "--out", str(self.folder / "mf.json")]), \
                contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(compare_mf.main(), 0)
        self.assertIn("a synthetic set of the size of MovieLens-1M", said.getvalue())
        document = json.loads((self.folder / "mf.json").read_text())
        self.assertEqual(len(document["results"][0]["seconds"]["ours"]), 2)

    def test_ends_with_what_the_program_said_when_it_refuses(self):
        cell = FrugalCell(self.program, "schema: 2\n", self.folder / "ours")
        with self.assertRaisesRegex(SystemExit, "frugal failed: .*schema"):
            cell.sample("train")


if __name__ == "__main__":
    unittest.main()
