"""What every folder of tests shares: one real server for the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from serving import Server, serving

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=2000, deadline=None)
settings.load_profile("same")
"""The same inputs each time and no deadlines, so that red means a change; ``pytest --hypothesis-profile=explore`` looks further."""


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The session's server: ``.url``, ``.ws_url``, ``.pid``, ``.stop()`` (kill -9), ``.start()``, ``.restart()``, ``.log``.

    A test that stops it starts it again.
    """
    with serving("--workers", "1", "--device", "cpu") as running:
        yield running


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server for one test that means to break it."""
    with serving("--workers", "1", "--device", "cpu") as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need a GPU are skipped by name where there is none."""
    needing = [item for item in items if item.get_closest_marker("gpu")]
    if not needing:
        return
    import torch

    if not torch.cuda.is_available():
        for item in needing:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA GPU"))
