"""The peer's side where the peer is PyTorch: its version, a step that is repeated, and a step as a CUDA graph."""
import importlib.metadata
from typing import Callable

import torch

from side_by_side import serve


def as_graph(step: Callable[[], torch.Tensor]) -> Callable[[], torch.Tensor]:
    """The whole step, update included, recorded once as a CUDA graph. The step must allocate its gradients anew."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(4):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()

    def replay() -> torch.Tensor:
        graph.replay()
        return loss

    return replay


def serve_steps(step: Callable[[], torch.Tensor], device: str = "cpu", packages: tuple[str, ...] = ()) -> None:
    """step() trains once and returns the loss, which is the other figure of side_by_side.py. `packages` are what it uses
    beside PyTorch."""
    on_gpu = device == "cuda"

    def train(steps: int) -> torch.Tensor:
        for _ in range(steps):
            loss = step()
        if on_gpu:
            torch.cuda.synchronize()
        return loss.detach()

    capability = torch.cuda.get_device_name() if on_gpu else torch.backends.cpu.get_cpu_capability()
    versions = [f"PyTorch {torch.__version__} {capability}"]
    serve(", ".join(versions + [f"{name} {importlib.metadata.version(name)}" for name in packages]), train)
