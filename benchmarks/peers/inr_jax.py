"""The training step of workload `inr` in JAX, jitted, with all steps of a call in one scan on the device.

The model, the start and the data are those of inr_torch.py, of which it is the twin: one batched product a layer,
sin(30 z), a linear last layer, mean squared error over everything, one full-batch Adam update a step.

As a program it is one side of compare_inr.py: side_by_side.py says how they talk; its figure is the last loss.
"""
import argparse
import functools
import math
import os

import numpy as np
from PIL import Image

from side_by_side import serve

OMEGA0 = 30.0
RATE, BETA1, BETA2, EPSILON = 1e-4, 0.9, 0.999, 1e-8


def initial(grid: int, hidden_layers: int, width: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights [networks, in, out] and biases [networks, 1, out] of each layer, by SIREN's law."""
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", required=True, help="square picture, as frugal leaves it: original.png")
    parser.add_argument("--grid", type=int, required=True)
    parser.add_argument("--hidden-layers", type=int, required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "tf32"), help="of products on a GPU")
    args = parser.parse_args()

    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # the device is shared with the other side
    os.environ.setdefault("JAX_PLATFORMS", args.device)
    import jax
    from jax import numpy as jnp

    precision = jax.lax.Precision.HIGHEST if args.precision == "fp32" else jax.lax.Precision.DEFAULT
    x, targets = map(jnp.asarray, tiles_of(args.image, args.grid))
    parameters = jax.tree.map(jnp.asarray, initial(args.grid, args.hidden_layers, args.width))

    def loss_of(layers):
        h = x
        for weight, bias in layers[:-1]:
            h = jnp.sin(OMEGA0 * (jnp.matmul(h, weight, precision=precision) + bias))
        weight, bias = layers[-1]
        return jnp.square(jnp.matmul(h, weight, precision=precision) + bias - targets).mean()

    def step(state, _):
        layers, first, second, steps = state
        loss, gradient = jax.value_and_grad(loss_of)(layers)
        steps = steps + 1
        first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, gradient)
        second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, gradient)
        layers = jax.tree.map(
            lambda w, m, v: w - RATE * (m / (1 - BETA1**steps)) / (jnp.sqrt(v / (1 - BETA2**steps)) + EPSILON),
            layers, first, second)
        return (layers, first, second, steps), loss

    @functools.partial(jax.jit, static_argnames="count")
    def run(state, count: int):
        return jax.lax.scan(step, state, None, length=count)

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, zeros, zeros, jnp.float32(0))
    compiled = {}

    def prepare(count: int) -> None:
        if count not in compiled:
            compiled[count] = run.lower(state, count=count).compile()

    def train(count: int):
        nonlocal state
        state, losses = compiled[count](state)
        return jax.block_until_ready(losses[-1])

    serve(f"JAX {jax.__version__} {jax.devices()[0].device_kind}", train, prepare=prepare)


if __name__ == "__main__":
    main()
