"""The peer's side where the peer is PyTorch: its version, and a step that is repeated."""
from typing import Callable

import torch

from side_by_side import serve


def serve_steps(step: Callable[[], torch.Tensor], device: str = "cpu") -> None:
    """step() trains once and returns the loss, which is the other figure of side_by_side.py."""
    on_gpu = device == "cuda"

    def train(steps: int) -> torch.Tensor:
        for _ in range(steps):
            loss = step()
        if on_gpu:
            torch.cuda.synchronize()
        return loss.detach()

    capability = torch.cuda.get_device_name() if on_gpu else torch.backends.cpu.get_cpu_capability()
    serve(f"{torch.__version__} {capability}", train)
