"""Writes docs/protocol.md from the code's own models: ``python -m app.wire.protocol > docs/protocol.md``."""

from __future__ import annotations

import inspect
import json
from typing import Any, get_args

from pydantic import BaseModel

from app.wire import blocks, messages

INTRO = """\
# The protocol of /ws

Written by `python -m app.wire.protocol` from `app/wire`; do not edit. A test compares the two.

One WebSocket a page. Text messages carry JSON both ways; binary messages carry a run's numbers to the page.
A request is at most 64 KiB. Each is answered by exactly one `reply` with its `id`; an `ack` with id 0 is not
answered. A message that cannot be read is answered with `ok` false and its id where one can be found, else 0.
After a `start` or `attach` the order is: the reply, the run's scene (binary), then blocks of frames (binary) and
`state` events. A run's `done` is told after its last frame was sent.

**Runs and viewers.** A run is not a connection: it has viewers, each with its own place and its own flow control. Who
started it owns it and may `pause`, `resume`, `step`, `speed` and `cancel` it; another connection does with the token that
the reply to `start` named. When the last viewer leaves, computing stops at once and the run is kept for a minute.

**Flow.** A viewer has at most 3 unacknowledged messages (fewer when they are large). In mode `every` no frame is missed and the
engine waits for the run's owner; viewers that fall behind are served from a replay. In mode `live` the newest block wins and the
seqs left out are told as `gap`.

**Resuming.** After a lost connection `attach` with the last seq sends everything after it. Where the run is gone
(`server.unknown-run`) `start` with the same params and `skip` sends everything after `skip`: a run is a pure function of its
params, so the bytes are the same.

**Numbers.** JSON has no NaN: in an `explanation` they are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.

**Close codes.** 1008 policy (too many malformed messages), 1009 too big, 1012 the server restarts, 1013 busy (too many
connections).
"""

COMMON = """\
Every request has `type`, `id` (an integer from 0, echoed in its reply) and, but for `start`, `run` (the id that the reply to
`start` named). Unknown fields are refused.
"""


def document() -> str:
    """The whole page as Markdown."""
    requests = get_args(get_args(messages.Request)[0])
    parts = [INTRO, "## Requests\n", COMMON]
    parts += [_model(model, ("type", "id", "run")) for model in requests]
    parts += ["## What a page hears\n", _model(messages.Reply, ("type",)), _model(messages.StateEvent, ("type",))]
    parts += [_model(messages.FieldErrorJson), _model(messages.MessageJson), _binary()]
    return "\n".join(parts)


def _model(model: type[BaseModel], hidden: tuple[str, ...] = ()) -> str:
    schema = model.model_json_schema()
    kind = schema["properties"].get("type", {}).get("const")
    rows = [_row(name, field, schema) for name, field in schema["properties"].items() if name not in hidden]
    title = f"### `{kind}`" if kind else f"### {model.__name__}"
    head = ["| field | type | default | |", "|---|---|---|---|"]
    about = inspect.cleandoc(model.__doc__ or "").replace("``", "`")
    return "\n".join([title, "", about, "", *head, *rows, ""] if rows else [title, "", about, ""])


def _row(name: str, field: dict[str, Any], schema: dict[str, Any]) -> str:
    empty: object = {} if field.get("type") == "object" else []
    default = "required" if name in schema.get("required", ()) else f"`{json.dumps(field.get('default', empty))}`"
    return f"| `{name}` | {_type(field)} | {default} | {field.get('description', '')} |"


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"].rsplit("/", 1)[1])
    if "anyOf" in field:
        return " or ".join(_type(option) for option in field["anyOf"])
    if "enum" in field:
        return " or ".join(f'"{value}"' for value in field["enum"])
    kind = str(field.get("type", "any"))
    if kind == "array":
        inner = field.get("prefixItems") or [field.get("items", {})]
        return f"[{', '.join(_type(item) for item in inner)}{'' if 'prefixItems' in field else ', ...'}]{_bounds(field)}"
    return kind + _bounds(field)


def _bounds(field: dict[str, Any]) -> str:
    words = {
        "minimum": "at least",
        "maximum": "at most",
        "minLength": "characters at least",
        "maxLength": "characters at most",
        "maxItems": "items at most",
        "pattern": "like",
    }
    told = [f"{word} {_code(field[key])}" for key, word in words.items() if key in field and "prefixItems" not in field]
    return f" ({', '.join(told)})" if told else ""


def _code(value: Any) -> str:
    return f"`{value}`" if isinstance(value, str) else str(value)


def _binary() -> str:
    example = {
        "kind": "frames",
        "run": "r-1",
        "seq": 128,
        "count": 64,
        "steps": [128, 1],
        "notes": {"3": {"event": "switch"}},
        "layout": 7,
        "tensors": [{"name": "position", "dtype": "f4", "shape": [8, 2]}],
    }
    fields = [
        ("kind", "`scene`, `frames` or `tensor`"),
        ("run", "the run's id"),
        ("seq", "the first frame's index in its run; -1 for a scene"),
        ("count", "frames in the block; 1 for a scene and a tensor"),
        ("steps", "[first step, stride], or `{list: [...]}` where they are not even"),
        ("notes", "offset in the block to the frame's note; frames without one are left out"),
        ("layout", "an id, unique in the run and the same when the run is computed again"),
        ("tensors", f"the layout, only when this viewer has not had it; dtypes are {', '.join(f'`{d}`' for d in blocks.DTYPES)}"),
        ("id", "kind `tensor` only: the request it answers"),
    ]
    table = "\n".join(["| header | |", "|---|---|", *(f"| `{name}` | {text} |" for name, text in fields)])
    text = inspect.cleandoc(blocks.__doc__ or "").replace("::\n", ":\n").replace("``", "`")
    limit = f"A message is at most {blocks.MESSAGE_BYTES // 2**20} MB. A block has at most {blocks.BLOCK_FRAMES} frames."
    quantised = (
        "The buffer of a tensor with `quantised` begins with `count` pairs of float32 (low, step), then come its bytes.\n"
        "A tensor with `omitted` has no buffer; its shape and dtype are the true ones."
    )
    return "\n".join(
        [
            "## Binary messages\n",
            _rewrapped(text),
            "",
            limit,
            "",
            quantised,
            "",
            table,
            "",
            "```json",
            json.dumps(example),
            "```",
            "",
        ]
    )


def _rewrapped(text: str) -> str:
    """A docstring as Markdown: references to Python become code."""
    return text.replace(":func:`with_layout`", "the web process")


if __name__ == "__main__":
    print(document(), end="")
