"""Probes: they are answered in time, also when the store hangs."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from http_api import serving
from raw_client import PATIENCE

from fakesmtp.server import engine_of
from fakesmtp.web import readiness

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_store_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/readyz` is 503 in time and asks the store once; `/livez` is 200; then both are 200."""
    answers, asked = Event(), []

    def hang(**options: object) -> None:
        asked.append(options)
        assert answers.wait(PATIENCE)

    monkeypatch.setattr(readiness, "LIMIT", 0.02)
    with serving(tmp_path) as api:
        monkeypatch.setattr(engine_of(api.smtp).archive.store, "page", hang)
        try:
            for _ in range(2):
                answer = api.get("/readyz")
                assert answer.status == 503
                assert answer.body == b"cannot read memory: it has not answered for 0.02 seconds"
            assert len(asked) == 1
            assert api.get("/livez").status == 200
        finally:
            answers.set()
        monkeypatch.setattr(readiness, "LIMIT", PATIENCE)
        assert api.get("/readyz").status == 200
