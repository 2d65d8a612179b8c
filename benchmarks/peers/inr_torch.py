"""The training step of workload `inr` in PyTorch, as a user would tune it on a CPU or a GPU.

All sub-networks at once: one batched product a layer (baddbmm over [networks, points, width]), sin(30 z), a linear last
layer, mean squared error over everything, one full-batch Adam update a step. Initial weights follow SIREN's law.

As a program it is one side of compare_inr.py: side_by_side.py says how they talk; its figure is the last loss.
"""
import argparse
import math

import torch
from PIL import Image

from torch_steps import as_graph, serve_steps

OMEGA0 = 30.0


class Ensemble(torch.nn.Module):
    """grid x grid networks 2 -> width -> ... -> width -> 3."""

    def __init__(self, grid: int, hidden_layers: int, width: int):
        super().__init__()
        networks = grid * grid
        sizes = [2] + [width] * (hidden_layers + 1) + [3]
        self.weights = torch.nn.ParameterList()
        self.biases = torch.nn.ParameterList()
        for layer, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
            bound = 1 / inputs if layer == 0 else math.sqrt(6 / inputs) / OMEGA0
            bias_bound = 1 / math.sqrt(inputs if grid <= 2 else inputs * outputs)
            self.weights.append(torch.nn.Parameter(torch.empty(networks, inputs, outputs).uniform_(-bound, bound)))
            self.biases.append(torch.nn.Parameter(torch.empty(networks, 1, outputs).uniform_(-bias_bound, bias_bound)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [networks, points, 2] -> [networks, points, 3]."""
        for weight, bias in zip(self.weights[:-1], self.biases[:-1]):
            x = torch.sin(OMEGA0 * torch.baddbmm(bias, x, weight))
        return torch.baddbmm(self.biases[-1], x, self.weights[-1])


def tiles_of(path: str, grid: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Coordinates [networks, points, 2] and targets [networks, points, 3] of a square picture, values in [-1, 1]."""
    image = Image.open(path).convert("RGB")
    side = image.width
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).reshape(side, side, 3)
    tile = side // grid
    values = pixels.float() / 127.5 - 1
    targets = values.reshape(grid, tile, grid, tile, 3).permute(0, 2, 1, 3, 4).reshape(grid * grid, tile * tile, 3)
    line = torch.linspace(-1, 1, tile)
    local = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1).reshape(1, tile * tile, 2)
    return local.expand(grid * grid, -1, -1).contiguous(), targets.contiguous()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", required=True, help="square picture, as frugal leaves it: original.png")
    parser.add_argument("--grid", type=int, required=True)
    parser.add_argument("--hidden-layers", type=int, required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "tf32"), help="of products on a GPU")
    parser.add_argument("--compile", action="store_true", help="torch.compile the forward pass")
    parser.add_argument("--graph", action="store_true", help="the whole step as a CUDA graph")
    args = parser.parse_args()

    torch.manual_seed(1)
    torch.set_num_threads(args.threads)
    torch.backends.cuda.matmul.allow_tf32 = args.precision == "tf32"
    x, targets = tiles_of(args.image, args.grid)
    x, targets = x.to(args.device), targets.to(args.device)
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
