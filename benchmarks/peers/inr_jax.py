"""The training step of workload `inr` in JAX, on a CPU or a GPU: jitted, or all steps of a call in one scan.

The model, the start and the data are those of inr_torch.py (inr_peer.py): one batched product a layer,
sin(30 z), a linear last layer, mean squared error over everything, one full-batch Adam update a step.

As a program it is one side of compare_inr.py: side_by_side.py says how they talk; its figure is the last loss.
"""
import os

from inr_peer import OMEGA0, initial, parser_of, tiles_of
from side_by_side import serve

RATE, BETA1, BETA2, EPSILON = 1e-4, 0.9, 0.999, 1e-8


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--scan", action="store_true", help="all steps of a call in one lax.scan")
    args = parser.parse_args()

    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # the device is shared with the other side
    os.environ.setdefault("JAX_PLATFORMS", args.device)
    if args.device == "cpu":  # XLA has as many threads as processors, and no option for fewer
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:args.threads])
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

    def step(state, _=None):
        layers, first, second, steps = state
        loss, gradient = jax.value_and_grad(loss_of)(layers)
        steps = steps + 1
        first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, gradient)
        second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, gradient)
        layers = jax.tree.map(
            lambda w, m, v: w - RATE * (m / (1 - BETA1**steps)) / (jnp.sqrt(v / (1 - BETA2**steps)) + EPSILON),
            layers, first, second)
        return (layers, first, second, steps), loss

    def compile_for(count: int):
        """The function of the state that trains `count` steps and returns the new state and the last loss."""
        if args.scan:
            def run(state):
                state, losses = jax.lax.scan(step, state, None, length=count)
                return state, losses[-1]

            return jax.jit(run).lower(state).compile()
        one = jax.jit(step, donate_argnums=0).lower(state).compile()

        def repeat(state):
            for _ in range(count):
                state, loss = one(state)
            return state, loss

        return repeat

    # Zeros of their own for either moment: a donated buffer belongs to one of them.
    state = (parameters, jax.tree.map(jnp.zeros_like, parameters), jax.tree.map(jnp.zeros_like, parameters), jnp.float32(0))
    compiled = {}

    def prepare(count: int) -> None:
        if count not in compiled:
            compiled[count] = compile_for(count)

    def train(count: int):
        nonlocal state
        state, loss = compiled[count](state)
        return jax.block_until_ready(loss)

    serve(f"JAX {jax.__version__} {jax.devices()[0].device_kind}", train, prepare=prepare)


if __name__ == "__main__":
    main()
