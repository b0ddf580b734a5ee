"""A server at its limit, for a while; `make soak` has ten minutes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from soak import soak


@pytest.mark.slow
def test_nothing_is_lost_wrong_or_kept_while_versions_come_and_clients_go(tmp_path: Path) -> None:
    report = soak(tmp_path, seconds=25, every=8)
    assert report.faults() == []
    assert report.good[200] > 500
    assert report.malformed[400] > 50
    assert report.malformed[404] > 10
    assert report.cut > 50
    assert report.versions[:3] == [1, 3, 5]
    _, said = report.said
    assert "version 2 is refused" in said
    assert "version 5 is served" in said
    assert report.growth(10) < 0.15
