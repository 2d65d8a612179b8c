"""What the peers of workload `inr` have in common: their arguments, the start and the data, as NumPy arrays."""
import argparse
import math

import numpy as np
from PIL import Image

OMEGA0 = 30.0


def parser_of(documentation: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", required=True, help="square picture, as frugal leaves it: original.png")
    parser.add_argument("--grid", type=int, required=True)
    parser.add_argument("--hidden-layers", type=int, required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "tf32"), help="of products on a GPU")
    return parser


def initial(grid: int, hidden_layers: int, width: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights [networks, in, out] and biases [networks, 1, out] of each layer, by SIREN's law, of the networks
    2 -> width -> ... -> width -> 3 of a grid."""
    random, networks = np.random.default_rng(1), grid * grid
    sizes = [2] + [width] * (hidden_layers + 1) + [3]
    layers = []
    for layer, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        bound = 1 / inputs if layer == 0 else math.sqrt(6 / inputs) / OMEGA0
        bias_bound = 1 / math.sqrt(inputs if grid <= 2 else inputs * outputs)
        layers.append((random.uniform(-bound, bound, (networks, inputs, outputs)).astype(np.float32),
                       random.uniform(-bias_bound, bias_bound, (networks, 1, outputs)).astype(np.float32)))
    return layers


def tiles_of(path: str, grid: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates [networks, points, 2] and targets [networks, points, 3] of a square picture, values in [-1, 1]."""
    values = np.asarray(Image.open(path).convert("RGB"), dtype=np.float32) / 127.5 - 1
    tile = len(values) // grid
    targets = values.reshape(grid, tile, grid, tile, 3).transpose(0, 2, 1, 3, 4).reshape(grid * grid, tile * tile, 3)
    line = np.linspace(-1, 1, tile, dtype=np.float32)
    local = np.stack(np.meshgrid(line, line, indexing="ij"), -1).reshape(1, tile * tile, 2)
    return np.broadcast_to(local, (grid * grid, tile * tile, 2)).copy(), targets
