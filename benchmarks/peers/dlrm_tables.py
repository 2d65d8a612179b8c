"""Embedding tables of DLRM in PyTorch and in FBGEMM, each with its rule of training. Bags are drawn as ids and offsets of
each table; prepare() brings them into what lookup() takes, which returns the summed rows of each table, [batch, dim]."""
import torch


class TorchTables(torch.nn.Module):
    """An EmbeddingBag with sparse gradients a table. `rule` is "rowwise": one sum of squares a row, s += mean of g^2,
    w -= rate g / (sqrt(s) + eps), on the coalesced gradient; or "sgd"."""

    def __init__(self, tables: int, rows: int, dim: int, rule: str, rate: float, epsilon: float):
        super().__init__()
        self.tables = torch.nn.ModuleList()
        for _ in range(tables):
            weight = torch.empty(rows, dim).uniform_(-rows**-0.5, rows**-0.5)
            self.tables.append(torch.nn.EmbeddingBag(rows, dim, _weight=weight, mode="sum", sparse=True))
        self.weights = [table.weight for table in self.tables]
        self.rate, self.epsilon = rate, epsilon
        self.squares = [torch.zeros(rows) for _ in self.weights] if rule == "rowwise" else []
        self.sgd = torch.optim.SGD(self.weights, lr=rate, foreach=False) if rule == "sgd" else None

    def prepare(self, bags: list) -> list:
        return bags

    def lookup(self, bags: list) -> list[torch.Tensor]:
        return [table(ids, offsets) for table, (ids, offsets) in zip(self.tables, bags)]

    @torch.no_grad()
    def step(self) -> None:
        if self.sgd:
            self.sgd.step()
        for weight, squares in zip(self.weights, self.squares):
            gradient = weight.grad.coalesce()
            rows, values = gradient.indices()[0], gradient.values()
            squares.index_add_(0, rows, values.square().mean(1))
            weight.index_add_(0, rows, values / (squares[rows].sqrt() + self.epsilon).unsqueeze(1), alpha=-self.rate)
        for weight in self.weights:
            weight.grad = None


class FbgemmTables:
    """All tables in one operator on the CPU, whose backward pass is also the step: exact row-wise Adagrad."""

    def __init__(self, tables: int, rows: int, dim: int, rate: float, epsilon: float):
        from fbgemm_gpu.split_embedding_configs import EmbOptimType
        from fbgemm_gpu.split_table_batched_embeddings_ops_common import EmbeddingLocation
        from fbgemm_gpu.split_table_batched_embeddings_ops_training import (
            BoundsCheckMode, ComputeDevice, SplitTableBatchedEmbeddingBagsCodegen)

        self.operator = SplitTableBatchedEmbeddingBagsCodegen(
            [(rows, dim, EmbeddingLocation.HOST, ComputeDevice.CPU)] * tables,
            optimizer=EmbOptimType.EXACT_ROWWISE_ADAGRAD, learning_rate=rate, eps=epsilon,
            bounds_check_mode=BoundsCheckMode.NONE)
        for weight in self.operator.split_embedding_weights():
            weight.uniform_(-rows**-0.5, rows**-0.5)
        self.dim = dim

    def prepare(self, bags: list) -> tuple[torch.Tensor, torch.Tensor]:
        """One list of ids, and offsets [tables * batch + 1]."""
        ids = torch.cat([ids for ids, _ in bags])
        starts = torch.tensor([0] + [len(ids) for ids, _ in bags]).cumsum(0)
        offsets = torch.cat([offsets + start for (_, offsets), start in zip(bags, starts)] + [starts[-1:]])
        return ids, offsets

    def lookup(self, bags: tuple[torch.Tensor, torch.Tensor]) -> list[torch.Tensor]:
        return list(self.operator(*bags).split(self.dim, dim=1))

    def step(self) -> None:
        pass
