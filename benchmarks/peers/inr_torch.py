"""The training step of workload `inr` in PyTorch, as a user would tune it on a CPU or a GPU.

All sub-networks at once: one batched product a layer (baddbmm over [networks, points, width]), sin(30 z), a linear last
layer, mean squared error over everything, one full-batch Adam update a step. Initial weights follow SIREN's law.

As a program it is one side of compare_inr.py: side_by_side.py says how they talk; its figure is the last loss.
"""
import torch

from inr_peer import OMEGA0, initial, parser_of, tiles_of
from torch_steps import as_graph, serve_steps


class Ensemble(torch.nn.Module):
    """grid x grid networks 2 -> width -> ... -> width -> 3."""

    def __init__(self, grid: int, hidden_layers: int, width: int):
        super().__init__()
        self.weights, self.biases = torch.nn.ParameterList(), torch.nn.ParameterList()
        for weight, bias in initial(grid, hidden_layers, width):
            self.weights.append(torch.nn.Parameter(torch.from_numpy(weight)))
            self.biases.append(torch.nn.Parameter(torch.from_numpy(bias)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [networks, points, 2] -> [networks, points, 3]."""
        for weight, bias in zip(self.weights[:-1], self.biases[:-1]):
            x = torch.sin(OMEGA0 * torch.baddbmm(bias, x, weight))
        return torch.baddbmm(self.biases[-1], x, self.weights[-1])


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--compile", action="store_true", help="torch.compile the forward pass")
    parser.add_argument("--graph", action="store_true", help="the whole step as a CUDA graph")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.backends.cuda.matmul.allow_tf32 = args.precision == "tf32"
    x, targets = (torch.from_numpy(values).to(args.device) for values in tiles_of(args.image, args.grid))
    model = Ensemble(args.grid, args.hidden_layers, args.width).to(args.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=True, capturable=args.graph)
    forward = torch.compile(model) if args.compile else model

    def step() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.mse_loss(forward(x), targets)
        loss.backward()
        optimizer.step()
        return loss

    serve_steps(as_graph(step) if args.graph else step, args.device)


if __name__ == "__main__":
    main()
