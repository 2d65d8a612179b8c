#!/usr/bin/env python3
"""Loads an export folder as another tool would, and prints what it found as JSON. The standard library is enough.

check_export.py FOLDER
"""
import array
import ast
import json
import math
import pathlib
import struct
import sys


def load_npy(path):
    """Shape and values of a little-endian float32 .npy file of version 1."""
    raw = path.read_bytes()
    assert raw[:8] == b"\x93NUMPY\x01\x00", path
    length, = struct.unpack("<H", raw[8:10])
    assert (10 + length) % 64 == 0, "the values are aligned"
    header = ast.literal_eval(raw[10:10 + length].decode())
    assert header["descr"] == "<f4" and not header["fortran_order"], path
    values = array.array("f", raw[10 + length:])
    assert len(values) == math.prod(header["shape"]), path
    return list(header["shape"]), values


def load_safetensors(path):
    """name -> shape and values; F32 only."""
    raw = path.read_bytes()
    length, = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F32"
        begin, end = entry["data_offsets"]
        tensors[name] = entry["shape"], array.array("f", raw[8 + length + begin:8 + length + end])
    return tensors


def load_ids(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "index\tid"
    rows = [line.split("\t") for line in lines[1:]]
    assert [int(index) for index, _ in rows] == list(range(len(rows)))
    return [name for _, name in rows]


def load_users(path):
    """Metric -> its mean over users."""
    header, *rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    assert header[0] == "user" and len({row[0] for row in rows}) == len(rows), "no user twice"
    return {name: math.fsum(float(row[k]) for row in rows) / len(rows) for k, name in enumerate(header) if k > 0}


def metrics_of(run, qrels):
    """HR@10, NDCG@10 and MRR as trec_eval computes them: by falling score, mean over users."""
    relevant = {}
    for line in qrels.read_text().splitlines():
        user, _, item, gain = line.split()
        assert gain == "1"
        relevant.setdefault(user, set()).add(item)
    ranked = {}
    for line in run.read_text().splitlines():
        user, q0, item, rank, score, _ = line.split()
        assert q0 == "Q0"
        # trec_eval keeps scores as float32.
        score, = struct.unpack("<f", struct.pack("<f", float(score)))
        ranked.setdefault(user, []).append((score, item, int(rank)))
    hits = gains = reciprocal = 0.0
    for user, wanted in relevant.items():
        rows = sorted(ranked[user], reverse=True)
        assert [rank for _, _, rank in rows] == list(range(1, len(rows) + 1)), "ranks and scores agree"
        assert len({item for _, item, _ in rows}) == len(rows), "no item twice"
        at = [place for place, (_, item, _) in enumerate(rows) if item in wanted]
        hits += any(place < 10 for place in at)
        best = sum(1 / math.log2(place + 2) for place in range(min(10, len(wanted))))
        gains += sum(1 / math.log2(place + 2) for place in at if place < 10) / best
        reciprocal += 1 / (at[0] + 1) if at else 0
    n = len(relevant)
    return {"hr@10": hits / n, "ndcg@10": gains / n, "mrr": reciprocal / n}


def main():
    folder = pathlib.Path(sys.argv[1])
    found = {"npy": {}, "safetensors": {}, "ids": {}, "runs": {}}
    tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        tensors[path.stem] = load_safetensors(path)
        found["safetensors"][path.stem] = {name: shape for name, (shape, _) in tensors[path.stem].items()}
    for path in sorted(folder.glob("*.npy")):
        shape, values = load_npy(path)
        found["npy"][path.stem] = {"shape": shape, "first": values[0], "last": values[-1]}
        same = [one[path.stem] for one in tensors.values() if path.stem in one]
        assert same and all(one == (shape, values) for one in same), f"{path} differs from the safetensors file"
    for path in sorted(folder.glob("*_ids.tsv")):
        found["ids"][path.stem] = load_ids(path)
    if (folder / "users.tsv").exists():
        found["users"] = load_users(folder / "users.tsv")
    for path in sorted(folder.glob("run_*.trec")):
        found["runs"][path.stem[len("run_"):]] = metrics_of(path, folder / "qrels.trec")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
