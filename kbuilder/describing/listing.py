"""A network's figures as text."""

from __future__ import annotations

import textwrap

from kbuilder.describing.network import Network, Row, times

WIDTH = 100
HEADINGS = ["layer", "kind", "output shape", "parameters", "multiply-adds", "receptive field"]


def as_text(network: Network) -> str:
    """The layers in aligned columns, then the totals; no line is longer than `WIDTH`."""
    cells = [HEADINGS, *(_cells(row) for row in network.rows)]
    if not any(isinstance(row.receptive_field, tuple) and max(row.receptive_field) > 1
               for row in network.rows):  # fmt: skip
        cells = [line[:-1] for line in cells]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rest = WIDTH - sum(widths[2:]) - 2 * (len(widths) - 1)
    if sum(widths[:2]) > rest:
        widths[0] = min(widths[0], max(rest - widths[1], rest // 2 - 2))
        widths[1] = min(widths[1], rest - widths[0])
    head, *lines = [_line(line, widths) for line in cells]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([head, rule, *lines, rule, *_totals(network)])


def _cells(row: Row) -> list[str]:
    field = row.receptive_field
    return [
        row.name,
        row.kind,
        f"({', '.join(map(str, row.shape))}{',' if len(row.shape) == 1 else ''})",
        "shared" if row.shared else f"{row.parameters:,}",
        "?" if row.multiply_adds is None else f"{row.multiply_adds:,}",
        times(field) if isinstance(field, tuple) else field or "",
    ]


def _line(cells: list[str], widths: list[int]) -> str:
    """Names to the left, figures to the right; a name that is too long loses its beginning."""
    shown = [
        text if len(text) <= width else f"…{text[1 - width :]}"
        for text, width in zip(cells, widths, strict=True)
    ]
    return "  ".join(
        text.ljust(width) if place < 3 else text.rjust(width)
        for place, (text, width) in enumerate(zip(shown, widths, strict=True))
    ).rstrip()


def _totals(network: Network) -> list[str]:
    total = network.trainable + network.fixed
    said = [
        f"parameters: {total:,} (trainable {network.trainable:,}, not trainable {network.fixed:,})",
        f"multiply-adds: {network.multiply_adds:,} for one example, forward",
        f"activations of a batch of {network.batch_size:,}: {_mebibytes(network.forward)} at once "
        f"forward, about {_mebibytes(network.training)} kept in training",
        *network.remarks,
    ]
    return [line for text in said for line in textwrap.wrap(text, WIDTH)]


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.{1 if size >= 2**20 else 3}f} MiB"
