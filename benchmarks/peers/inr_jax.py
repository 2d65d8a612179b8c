"""The training step of workload `inr` in JAX, jitted, with all steps of a call in one scan on the device.

The model, the start and the data are those of inr_torch.py (inr_peer.py): one batched product a layer,
sin(30 z), a linear last layer, mean squared error over everything, one full-batch Adam update a step.

As a program it is one side of compare_inr.py: side_by_side.py says how they talk; its figure is the last loss.
"""
import functools
import os

from inr_peer import OMEGA0, initial, parser_of, tiles_of
from side_by_side import serve

RATE, BETA1, BETA2, EPSILON = 1e-4, 0.9, 0.999, 1e-8


def main() -> None:
    args = parser_of(__doc__).parse_args()

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
