"""A training step of DLRM at the shape of Meta's benchmark in PyTorch, as a user would tune it on a CPU or a GPU.

Batch 2048, 8 tables of 1M x 64 as EmbeddingBag(mode sum, sparse gradients) with 1 to --longest-bag ids a bag, 512 dense features,
bottom 512-64, pairwise dots, top 1024-1024-1024-1, binary cross-entropy. Dense layers: fused Adagrad. Tables:
--tables rowwise is row-wise Adagrad on the coalesced sparse gradient (what ours computes); sgd is the cheapest rule
that PyTorch has for sparse gradients, which it need not coalesce.

As a program it is one side of compare_recommenders.py: side_by_side.py says how they talk; its figure is the last loss.
"""
import argparse

import torch
from torch.nn import functional

from torch_steps import serve_steps

BATCH, TABLES, ROWS, DIM, DENSE = 2048, 8, 1_000_000, 64, 512
RATE, EPSILON = 0.01, 1e-8


def mlp(sizes: list[int], relu_last: bool) -> torch.nn.Sequential:
    layers = []
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        layers.append(torch.nn.Linear(inputs, outputs))
        if relu_last or i + 2 < len(sizes):
            layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers)


class Dlrm(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.tables = torch.nn.ModuleList()
        for _ in range(TABLES):
            weight = torch.empty(ROWS, DIM).uniform_(-ROWS**-0.5, ROWS**-0.5)
            self.tables.append(torch.nn.EmbeddingBag(ROWS, DIM, _weight=weight, mode="sum", sparse=True))
        self.bottom = mlp([DENSE, 512, DIM], relu_last=True)
        self.top = mlp([DIM + TABLES * (TABLES + 1) // 2, 1024, 1024, 1024, 1], relu_last=False)
        self.pairs = torch.tril_indices(TABLES + 1, TABLES + 1, offset=-1)

    def forward(self, dense: torch.Tensor, bags: list) -> torch.Tensor:
        x = self.bottom(dense)
        vectors = torch.stack([x] + [table(ids, offsets) for table, (ids, offsets) in zip(self.tables, bags)], dim=1)
        products = torch.bmm(vectors, vectors.transpose(1, 2))
        return self.top(torch.cat([x, products[:, self.pairs[0], self.pairs[1]]], dim=1)).squeeze(1)


class RowWiseAdagrad:
    """One sum of squares a row: s += mean of g^2, w -= rate g / (sqrt(s) + eps)."""

    def __init__(self, tables):
        self.weights = [table.weight for table in tables]
        self.squares = [torch.zeros(weight.shape[0]) for weight in self.weights]

    @torch.no_grad()
    def step(self) -> None:
        for weight, squares in zip(self.weights, self.squares):
            gradient = weight.grad.coalesce()
            rows, values = gradient.indices()[0], gradient.values()
            squares.index_add_(0, rows, values.square().mean(1))
            weight.index_add_(0, rows, values / (squares[rows].sqrt() + EPSILON).unsqueeze(1), alpha=-RATE)
            weight.grad = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", choices=["rowwise", "sgd"], default="rowwise")
    parser.add_argument("--longest-bag", type=int, default=99)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "tf32"), help="of products on a GPU")
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()

    torch.manual_seed(1)
    torch.set_num_threads(args.threads)
    torch.set_default_device(args.device)
    torch.backends.cuda.matmul.allow_tf32 = args.precision == "tf32"
    model = Dlrm()
    layers = torch.optim.Adagrad([*model.bottom.parameters(), *model.top.parameters()], lr=RATE, eps=EPSILON,
                                 fused=args.device == "cpu")  # PyTorch has no fused Adagrad on a GPU
    tables = (RowWiseAdagrad(model.tables) if args.tables == "rowwise" else
              torch.optim.SGD(model.tables.parameters(), lr=RATE, foreach=False))

    batches = []
    for _ in range(4):
        bags = []
        for _ in range(TABLES):
            lengths = torch.randint(1, args.longest_bag + 1, (BATCH,))
            offsets = torch.cumsum(lengths, 0) - lengths
            bags.append((torch.randint(ROWS, (int(lengths.sum()),)), offsets))
        batches.append((torch.rand(BATCH, DENSE), bags, torch.randint(2, (BATCH,)).float()))
    done = 0

    def step() -> torch.Tensor:
        nonlocal done
        dense, bags, labels = batches[done % len(batches)]
        done += 1
        layers.zero_grad(set_to_none=True)
        for table in model.tables:
            table.weight.grad = None
        loss = functional.binary_cross_entropy_with_logits(model(dense, bags), labels)
        loss.backward()
        layers.step()
        tables.step()
        return loss

    serve_steps(step, args.device)


if __name__ == "__main__":
    main()
