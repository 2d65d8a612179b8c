#!/usr/bin/env python3
"""Writes a run of frugal as MLPerf logs, by MLCommons' own library: examples/to_mllog.py RUN OUT

A file OUT/ID.txt for each cell, of ":::MLLOG" lines: what it is (benchmark, seed, parameters), the intervals init, run and
eval, that is the stages before the training, the training, and those after it, and every metric under its own name. A record
has no time of day, so the clock of each file begins when the run began; the lengths are those of the last repeat. These are
logs in MLPerf's form, not submissions: no rules of a division were kept. Needs: pip install mlperf-logging.
"""
import argparse
import calendar
import logging
import pathlib
import time

from mlperf_logging.mllog import constants
from mlperf_logging.mllog.mllog import MLLogger

from read_run import finished_cells, flat, provenance

TRAINING = "train"
INTERVALS = ((constants.INIT_START, constants.INIT_STOP), (constants.RUN_START, constants.RUN_STOP),
             (constants.EVAL_START, constants.EVAL_STOP))


def interval_of(stages):
    """For each stage the index of its interval: before, in, or after the training. Without one all are in it."""
    names = [stage["name"] for stage in stages]
    if TRAINING not in names:
        return [1] * len(names)
    at = names.index(TRAINING)
    return [(i > at) + (i >= at) for i in range(len(names))]


def write_cell(logger, record, origin):
    began_ms = 1000 * calendar.timegm(time.strptime(origin["started"], "%Y-%m-%dT%H:%M:%SZ"))

    def event(key, value, ms=began_ms, metadata=None):
        logger.event(key=key, value=value, metadata=metadata, time_ms=round(ms))

    event(constants.SUBMISSION_BENCHMARK, record["workload"])
    event(constants.SUBMISSION_PLATFORM, origin["machine"].get("cpu", "unknown"))
    event(constants.SEED, record["seed"])
    event("frugal.commit", origin["build"]["commit"])
    event("frugal.implementation", record["implementation"])
    for name, value in [*flat(record["dataset"], "dataset."), *flat(record["params"])]:
        event(name, value)
    now_ms = began_ms
    intervals = interval_of(record["stages"])
    for i, (start, stop) in enumerate(INTERVALS):
        logger.start(key=start, time_ms=round(now_ms))
        for stage, interval in zip(record["stages"], intervals):
            if interval == i:
                now_ms += 1000 * stage["wall_s"][-1]
                event("stage", stage["name"], now_ms, {"seconds": stage["wall_s"], "flops": stage["flops"]})
        logger.end(key=stop, time_ms=round(now_ms), metadata={constants.STATUS: constants.SUCCESS} if i == 1 else None)
    for name, value in record["metrics"].items():
        event(name, value, now_ms)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    arguments = parser.parse_args()
    origin = provenance(arguments.run)
    arguments.out.mkdir(parents=True, exist_ok=True)
    records = finished_cells(arguments.run)
    for record in records:
        sink = logging.Logger(record["id"], logging.INFO)
        handler = logging.FileHandler(arguments.out / f"{record['id']}.txt", mode="w", encoding="utf-8")
        sink.addHandler(handler)
        write_cell(MLLogger(logger=sink, root_dir=str(pathlib.Path(__file__).parent)), record, origin)
        handler.close()
    print(f"{len(records)} cells written to {arguments.out}")


if __name__ == "__main__":
    main()
