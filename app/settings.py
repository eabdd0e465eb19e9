"""Every limit and switch of a server in one table; each can be set as ``UNROLLED_NAME`` in the environment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.engine.limits import Limits

_ENGINE = Limits()
"""The engine's own defaults, so that a number stands in one place only."""


class Settings(BaseSettings):
    """The command line's options win over the environment, which wins over these defaults."""

    model_config = SettingsConfigDict(env_prefix="UNROLLED_", extra="forbid", frozen=True)

    # Where the server listens and who may speak to it.
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 allows this machine's own addresses.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    root_path: str = Field("", pattern=r"^(/[A-Za-z0-9._~-]+)*$", description="Sub-path under which a proxy shows this server.")
    hosts: list[str] = Field(
        default_factory=lambda: ["127.0.0.1", "localhost", "[::1]"], description="Host names that a request may name."
    )
    origins: list[str] = Field(
        default_factory=list, description="Further page origins that may use this server, as scheme://host:port (behind a proxy)."
    )

    # What computes.
    workers: int | None = Field(_ENGINE.workers, ge=1, le=256, description="Compute processes; unset: one per core but one.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where torch computes.")
    model: str | None = Field(None, description="The operator's own network for convolution/network, as FILE.py:FACTORY.")
    hub: str = Field("", description="Hugging Face image models that may be asked for: ids, ID or ID@REVISION, between commas.")
    hub_text: str = Field("", description="Hugging Face text models that may be asked for in attention/encoder, likewise.")
    runs_per_worker: int = Field(_ENGINE.runs_per_worker, ge=1, description="Unfinished, viewed runs of one worker; others queue.")
    max_queue: int = Field(_ENGINE.max_queue, ge=0, description="Runs that may wait; beyond it a start is answered with busy.")
    kept_runs: int = Field(_ENGINE.kept_runs, ge=1, description="Runs held in memory, finished ones included.")
    next_seconds: float = Field(_ENGINE.next_seconds, gt=0, description="Deadline of one step, one scene, one explanation.")
    worker_memory_mb: int = Field(_ENGINE.worker_memory_mb, ge=0, description="Data limit of a worker process on Linux; 0: none.")

    # What is kept and sent.
    ring_frames: int = Field(_ENGINE.ring_frames, ge=1, description="Sent frames kept per run.")
    ring_bytes: int = Field(_ENGINE.ring_bytes, ge=2**20, description="Bytes of sent frames kept per run.")
    message_bytes: int = Field(_ENGINE.message_bytes, ge=2**16, le=4 * 2**20, description="Largest binary message.")
    credits: int = Field(_ENGINE.credits, ge=1, description="Unacknowledged messages of one viewer.")
    linger_seconds: float = Field(_ENGINE.linger_seconds, ge=0, description="How long a run without a viewer is kept.")
    send_seconds: float = Field(_ENGINE.send_seconds, gt=0, description="Deadline of every send.")

    # What one page may ask for.
    max_connections: int = Field(_ENGINE.max_connections, ge=1, description="Open sockets; beyond it close code 1013.")
    runs_per_connection: int = Field(_ENGINE.runs_per_connection, ge=1, description="Unfinished runs of one page.")
    viewers_per_connection: int = Field(_ENGINE.viewers_per_connection, ge=1, description="Runs that one page views.")
    messages_per_second: int = Field(_ENGINE.messages_per_second, ge=1, description="A page that sends faster is read slower.")
    max_malformed: int = Field(_ENGINE.max_malformed, ge=1, description="Malformed messages before close code 1008.")

    # Pictures that people bring.
    images: str = Field("", description="Folder that keeps uploaded pictures; unset: one that goes with the server.")
    images_mb: int = Field(512, ge=16, description="Megabytes of kept pictures; those not used for longest go first.")
    image_bytes: int = Field(16 * 2**20, ge=2**10, le=16 * 2**20, description="Largest file of a picture.")
    images_in_flight: int = Field(64, ge=16, description="Megabytes of pictures that are being received, all together.")
    image_seconds: float = Field(20.0, gt=0, description="Deadline of receiving a picture, and of reading it.")
