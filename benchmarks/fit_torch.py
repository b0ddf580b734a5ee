"""The workloads of fit.py in eager PyTorch, a process of their own: two engines in one contend.

    python benchmarks/fit_torch.py NETWORK ROWS.npz BATCH_SIZE

Same layers, sizes and kind of optimizer; accuracy and loss are summed, the area under the curve,
which Keras adds for two classes, is not. For each number on stdin it takes one epoch, then so many
on the clock, and prints seconds: to the first step (null but once), wall and CPU of the latter.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn


class ConvNet(nn.Sequential):
    """Layers for images of bytes, (batch, channels, height, width)."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images.float() / 255)


class Block(nn.Module):
    """A residual block, whose shortcut leaves out pixels and adds channels of zeros."""

    def __init__(self, given: int, filters: int) -> None:
        super().__init__()
        self.strides, self.new = 1 + (filters > given), filters - given
        self.body = nn.Sequential(
            nn.Conv2d(given, filters, 3, self.strides, 1, bias=False),
            nn.BatchNorm2d(filters), nn.ReLU(inplace=True),
            nn.Conv2d(filters, filters, 3, 1, 1, bias=False), nn.BatchNorm2d(filters),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.body(x)
        if self.new:
            x = nn.functional.pad(x[..., :: self.strides, :: self.strides], (0,) * 5 + (self.new,))
        return torch.relu_(x + y)


class Reader(nn.Module):
    """An LSTM in both directions; the mean over the words that are not padding."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, 32, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(64, 1))

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        kept = (text != 0).unsqueeze(-1).float()  # (batch, time, 1)
        x = nn.functional.dropout(self.embedding(text), 0.7)
        x, _ = self.lstm(x)
        return self.head((x * kept).sum(1) / kept.sum(1).clamp(min=1))


def network(name: str, x: torch.Tensor) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A network, and its optimizer."""
    if name == "mlp":
        sizes = [x.shape[1], 256, 128]
        layers: list[nn.Module] = []
        for given, units in pairwise(sizes):
            layers += [nn.Linear(given, units), nn.ReLU(), nn.Dropout(0.5)]
        mlp = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))
        return mlp, torch.optim.AdamW(mlp.parameters(), 1e-3, weight_decay=0.01)
    if name == "lenet5":
        lenet = ConvNet(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 120, 5), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5),
            nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )  # fmt: skip
        return lenet, torch.optim.AdamW(lenet.parameters(), 2e-3, weight_decay=0.1)
    if name == "resnet20":
        filters = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
        blocks = [Block(*pair) for pair in pairwise(filters)]
        resnet = ConvNet(
            nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), *blocks,
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
        )  # fmt: skip
        options: dict[str, Any] = {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}
        return resnet, torch.optim.SGD(resnet.parameters(), 0.1, **options)
    reader = Reader(int(x.max()) + 1)
    return reader, torch.optim.Adam(reader.parameters(), 1e-3)


def main() -> None:
    name, path, batch_size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    rows = np.load(path)
    x, y = torch.from_numpy(rows["x"]), torch.from_numpy(rows["y"])
    if x.ndim == 4:
        x = x.permute(0, 3, 1, 2).contiguous()
    model, optimizer = network(name, x)
    objective = nn.CrossEntropyLoss() if y.shape[1] > 1 else nn.BCEWithLogitsLoss()
    first: float | None = None

    def epoch() -> tuple[float, float]:
        """One epoch; its summed loss, and its right answers."""
        nonlocal first
        total, right = torch.zeros(()), torch.zeros(())
        for some in torch.randperm(len(x)).split(batch_size):
            wanted = y[some]
            answers = model(x[some])
            loss = objective(answers, wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            first = first or time.perf_counter() - began
            with torch.no_grad():
                total += loss
                several = y.shape[1] > 1
                said = answers.argmax(1) if several else answers[:, 0] > 0
                right += (said == (wanted.argmax(1) if several else wanted[:, 0])).sum()
        return float(total), float(right)

    for epochs in map(int, sys.stdin):
        told, began = first, time.perf_counter()
        epoch()
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(epochs):
            epoch()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps([first if told is None else None, wall, cpu]), flush=True)


if __name__ == "__main__":
    main()
