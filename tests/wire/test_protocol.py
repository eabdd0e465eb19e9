"""docs/protocol.md says what the models say."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from app.wire import messages
from app.wire.protocol import document

DOCUMENT = Path(__file__).parents[2] / "docs" / "protocol.md"


def test_the_document_does_not_drift() -> None:
    assert DOCUMENT.read_text("utf-8") == document(), "run: python -m app.wire.protocol > docs/protocol.md"


def test_every_request_is_in_it() -> None:
    for model in get_args(get_args(messages.Request)[0]):
        assert f"### `{model.model_fields['type'].annotation.__args__[0]}`" in document()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"type": "fly", "id": 1}',
        '{"type": "pause", "id": 1}',
        '{"type": "pause", "id": -1, "run": "r-1"}',
        '{"type": "pause", "id": 1, "run": "../../etc"}',
        '{"type": "pause", "id": 1, "run": "r-1", "also": 2}',
        '{"type": "step", "id": 1, "run": "r-1", "n": 10001}',
        '{"type": "speed", "id": 1, "run": "r-1", "steps_per_second": NaN}',
        '{"type": "start", "id": 1, "experiment": "os/system/../x"}',
        '{"type": "tensor", "id": 1, "run": "r-1", "seq": 0, "name": "x", "slice": [1,1,1,1,1,1,1,1,1]}',
        "[" * 60_000,
    ],
)
def test_what_is_not_a_request_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        messages.REQUESTS.validate_json(text)
