"""A training step of the two-tower network in PyTorch, as a user would tune it on a CPU or a GPU.

Embedding tables of MovieLens-1M's size, towers 64-128-64 with ReLU, binary cross-entropy on a positive and 4 uniform
negatives, Adam. With --rows each the user tower runs once a positive and the item tower once an example; unique runs each
once per distinct id (torch.unique), whole over the whole tables. Trained tables: --tables dense gives them the fused Adam
of the layers (every row moves in every step), sparse gives them sparse gradients and SparseAdam (rows of the step move,
as ours). Frozen tables are plain tensors.

As a program it is one side of compare_recommenders.py: side_by_side.py says how they talk; its figure is the last loss.
"""
import argparse

import torch
from torch.nn import functional

from torch_steps import as_graph, serve_steps

USERS, ITEMS, DIM, INTERACTIONS = 6040, 3706, 64, 994169


class TwoTower(torch.nn.Module):
    def __init__(self, trainable: bool, sparse: bool, rows: str):
        super().__init__()
        self.rows = rows
        self.tables = torch.nn.ModuleList()
        for count in (USERS, ITEMS):
            table = torch.nn.Embedding(count, DIM, sparse=sparse)
            torch.nn.init.normal_(table.weight, std=0.1)
            table.weight.requires_grad_(trainable)
            self.tables.append(table)
        self.towers = torch.nn.ModuleList(
            torch.nn.Sequential(torch.nn.Linear(DIM, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64)) for _ in range(2))

    def side(self, which: int, ids: torch.Tensor) -> torch.Tensor:
        if self.rows == "each":
            return self.towers[which](self.tables[which](ids))
        if self.rows == "whole":
            return functional.embedding(ids, self.towers[which](self.tables[which].weight))
        distinct, row = torch.unique(ids, return_inverse=True)
        return functional.embedding(row, self.towers[which](self.tables[which](distinct)))

    def forward(self, users: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        """users [batch], items [batch, 1 + negatives] -> logits [batch, 1 + negatives]."""
        u = self.side(0, users)
        v = self.side(1, items.reshape(-1)).reshape(*items.shape, -1)
        return torch.bmm(v, u.unsqueeze(2)).squeeze(2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--negatives", type=int, default=4)
    parser.add_argument("--frozen", action="store_true")
    parser.add_argument("--tables", choices=["dense", "sparse"], default="dense")
    parser.add_argument("--rows", choices=["each", "unique", "whole"], default="each")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "tf32"), help="of products on a GPU")
    parser.add_argument("--graph", action="store_true", help="the whole step as a CUDA graph")
    parser.add_argument("--compile", action="store_true", help="torch.compile the forward pass")
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()

    torch.manual_seed(1)
    torch.set_num_threads(args.threads)
    torch.set_default_device(args.device)
    torch.backends.cuda.matmul.allow_tf32 = args.precision == "tf32"
    sparse = args.tables == "sparse" and not args.frozen
    model = TwoTower(not args.frozen, sparse, args.rows)
    optimizers = [torch.optim.Adam([p for p in (model.towers if sparse else model).parameters() if p.requires_grad],
                                   lr=1e-3, fused=True, capturable=args.graph)]
    if sparse:
        optimizers.append(torch.optim.SparseAdam(model.tables.parameters(), lr=1e-3))
    forward = torch.compile(model) if args.compile else model

    all_users = torch.randint(USERS, (INTERACTIONS,))
    all_items = (torch.rand(INTERACTIONS).square() * ITEMS).long()  # with a head, as in a catalogue
    labels = torch.zeros(args.batch, 1 + args.negatives)
    labels[:, 0] = 1
    order = torch.randperm(INTERACTIONS)
    batch = torch.arange(args.batch)
    at = torch.zeros(1, dtype=torch.long)  # a tensor: a graph replays with another value

    def step() -> torch.Tensor:
        now = order[(at + batch) % INTERACTIONS]
        at.add_(args.batch)
        items = torch.empty(args.batch, 1 + args.negatives, dtype=torch.long).random_(ITEMS)
        items[:, 0] = all_items[now]
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss = functional.binary_cross_entropy_with_logits(forward(all_users[now], items), labels)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        return loss

    serve_steps(as_graph(step) if args.graph else step, args.device)


if __name__ == "__main__":
    main()
