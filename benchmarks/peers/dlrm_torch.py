"""A training step of DLRM at the shape of Meta's benchmark in PyTorch, as a user would tune it on a CPU or a GPU.

Batch 2048, 8 tables of 1M x 64, sums of 1 to --longest-bag ids a bag, 512 dense features, bottom 512-64, pairwise dots, top
1024-1024-1024-1, binary cross-entropy. Dense layers: fused Adagrad; --compile compiles all but the tables. Tables:
--tables rowwise is EmbeddingBag with row-wise Adagrad on the coalesced sparse gradient (what ours computes); sgd is the
cheapest rule that PyTorch has for sparse gradients, which it need not coalesce; fbgemm, on a CPU, is row-wise Adagrad in
the table-batched operator of FBGEMM.

As a program it is one side of compare_recommenders.py: side_by_side.py says how they talk; its figure is the last loss.
"""
import argparse

import torch
from torch.nn import functional

from dlrm_tables import FbgemmTables, TorchTables
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


class Layers(torch.nn.Module):
    """All of the model but its tables."""

    def __init__(self):
        super().__init__()
        self.bottom = mlp([DENSE, 512, DIM], relu_last=True)
        self.top = mlp([DIM + TABLES * (TABLES + 1) // 2, 1024, 1024, 1024, 1], relu_last=False)
        self.pairs = torch.tril_indices(TABLES + 1, TABLES + 1, offset=-1)

    def forward(self, dense: torch.Tensor, pooled: list[torch.Tensor]) -> torch.Tensor:
        x = self.bottom(dense)
        vectors = torch.stack([x] + pooled, dim=1)
        products = torch.bmm(vectors, vectors.transpose(1, 2))
        return self.top(torch.cat([x, products[:, self.pairs[0], self.pairs[1]]], dim=1)).squeeze(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", choices=["rowwise", "sgd", "fbgemm"], default="rowwise")
    parser.add_argument("--longest-bag", type=int, default=99)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "tf32"), help="of products on a GPU")
    parser.add_argument("--compile", action="store_true", help="torch.compile the forward pass of the layers")
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()

    torch.manual_seed(1)
    torch.set_num_threads(args.threads)
    torch.set_default_device(args.device)
    torch.backends.cuda.matmul.allow_tf32 = args.precision == "tf32"
    layers = Layers()
    optimizer = torch.optim.Adagrad(layers.parameters(), lr=RATE, eps=EPSILON,
                                    fused=args.device == "cpu")  # PyTorch has no fused Adagrad on a GPU
    if args.tables == "fbgemm":
        tables = FbgemmTables(TABLES, ROWS, DIM, RATE, EPSILON)
    else:
        tables = TorchTables(TABLES, ROWS, DIM, args.tables, RATE, EPSILON)
    forward = torch.compile(layers) if args.compile else layers

    batches = []
    for _ in range(4):
        bags = []
        for _ in range(TABLES):
            lengths = torch.randint(1, args.longest_bag + 1, (BATCH,))
            offsets = torch.cumsum(lengths, 0) - lengths
            bags.append((torch.randint(ROWS, (int(lengths.sum()),)), offsets))
        batches.append((torch.rand(BATCH, DENSE), tables.prepare(bags), torch.randint(2, (BATCH,)).float()))
    done = 0

    def step() -> torch.Tensor:
        nonlocal done
        dense, bags, labels = batches[done % len(batches)]
        done += 1
        optimizer.zero_grad(set_to_none=True)
        loss = functional.binary_cross_entropy_with_logits(forward(dense, tables.lookup(bags)), labels)
        loss.backward()
        optimizer.step()
        tables.step()
        return loss

    serve_steps(step, args.device, ("fbgemm-gpu-cpu",) if args.tables == "fbgemm" else ())


if __name__ == "__main__":
    main()
