"""The same race on a GPU: it streams, and gives the same bytes each time."""

from __future__ import annotations

import pytest

from app.engine import Limits
from engine.conftest import Home, same


@pytest.mark.gpu
def test_a_race_streams_from_a_gpu() -> None:
    home = Home(Limits(workers=1, device="cuda"))

    async def work() -> None:
        taken = []
        for _ in range(2):
            page = home.page()
            assert page.ask("start", experiment="optimizer/race", params={"steps": 100}).ok
            await page.until_state("done")
            assert page.seqs() == list(range(101))
            taken.append(page.frames())
        assert home.engine.runner.health()["workers"][0]["device"] == "cuda:0"
        assert all(same(a, b) for a, b in zip(*taken, strict=True))

    try:
        home.do(work())
    finally:
        home.close()
