"""A session: what one connection views and owns, and the one reply to each of its requests."""

from __future__ import annotations

import secrets
from typing import Any

from app import labs
from app.engine.engine import Engine
from app.engine.failures import beside, failure
from app.engine.runner import Failed, Question
from app.engine.runs import Run
from app.engine.viewer import Viewer
from app.labs.contract import Message, UserError
from app.wire import messages as wire

OWNERS = (wire.Pause, wire.Resume, wire.Step, wire.Speed, wire.Cancel)
Asked = wire.Explain | wire.TensorSlice | wire.Script


class Session:
    """``viewers`` by run id; ``fresh`` are those whose messages nobody reads yet."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.viewers: dict[str, Viewer] = {}
        self.fresh: list[Viewer] = []

    def close(self) -> None:
        """The connection is gone: its runs linger."""
        for viewer in self.viewers.values():
            viewer.run.detach(viewer)
        self.viewers.clear()

    def answer(self, request: wire.Request) -> wire.Reply:
        """The reply to every request but those in :data:`Asked`."""
        try:
            return self._answer(request)
        except (UserError, Failed) as error:
            return refusal(request.id, error)

    async def ask(self, request: Asked) -> tuple[wire.Reply, bytes | None]:
        """The reply to a question and the binary message that goes before it."""
        try:
            run = self._viewed(request.run).run
            if isinstance(request, wire.Explain):
                answer = await run.ask(Question("explain", request.seq, {"target": request.target}))
                return _reply(request, run, explanation=answer), None
            if isinstance(request, wire.Script):
                return _reply(request, run, script=await run.ask(Question("script"))), None
            values = {"name": request.name, "slice": request.slice, "id": request.id}
            return _reply(request, run), await run.ask(Question("tensor", request.seq, values))
        except (UserError, Failed) as error:
            return refusal(request.id, error), None

    def _answer(self, request: wire.Request) -> wire.Reply:
        if isinstance(request, wire.Start):
            return self._start(request)
        if isinstance(request, wire.Attach):
            return self._attach(request)
        viewer = self._viewed(request.run)
        run = viewer.run
        if isinstance(request, OWNERS) and not viewer.owner:
            raise UserError(Message("server.not-owner"))
        if isinstance(request, wire.Ack):
            viewer.acknowledge(request.seq)
        elif isinstance(request, wire.Pause):
            run.pause()
        elif isinstance(request, wire.Resume):
            run.resume()
        elif isinstance(request, wire.Step):
            if not run.steps():
                raise UserError(Message("server.not-paused", {"state": run.state}))
            run.step(request.n)
        elif isinstance(request, wire.Speed):
            run.speed(request.steps_per_second)
        elif isinstance(request, wire.Cancel):
            run.cancel()
        elif isinstance(request, wire.Seek):
            self._seek(viewer, request.step)
        return _reply(request, run)

    def _start(self, request: wire.Start) -> wire.Reply:
        engine, limits = self._engine, self._engine.limits
        params = labs.params_from(request.experiment, request.params)
        if request.replaces and (old := self.viewers.get(request.replaces)):
            if not old.owner:
                raise UserError(Message("server.not-owner"))
            self._leave(old)
            old.run.cancel()
            if not old.run.viewers:
                engine.drop(old.run)
        owned = sum(v.owner and not v.run.ended() for v in self.viewers.values())
        if owned >= limits.runs_per_connection:
            raise UserError(Message("server.too-many-runs", {"most": limits.runs_per_connection}))
        self._room_for_viewer()
        run = engine.start(params, skip=request.skip, paused=request.paused)
        self._view(Viewer(run, request.skip, request.mode, request.ack, owner=True))
        return _reply(request, run, owner=run.owner, length=run.length, params=dict(run.params), experiment=run.experiment)

    def _attach(self, request: wire.Attach) -> wire.Reply:
        run = self._engine.runs.get(request.run)
        if run is None:
            raise UserError(Message("server.unknown-run"))
        if request.owner is not None and not secrets.compare_digest(request.owner.encode(), run.owner.encode()):
            raise UserError(Message("server.not-owner"))
        before = self.viewers.get(run.id)
        if before is None:
            self._room_for_viewer()
        else:
            self._leave(before)
        owner = request.owner is not None or (before is not None and before.owner)
        # Frames that were never computed cannot be on the page: it goes on where the run is.
        seq = min(request.seq, run.computed)
        self._view(Viewer(run, seq, request.mode, request.ack, owner))
        return _reply(request, run, length=run.length, params=dict(run.params), experiment=run.experiment)

    def _seek(self, viewer: Viewer, seq: int) -> None:
        run = viewer.run
        last = run.computed if run.ended() else run.length
        if last is not None and seq > last:
            raise UserError(Message("server.no-such-frame", {"seq": seq, "last": last}))
        if seq > run.computed and run.steps():
            if not viewer.owner:
                raise UserError(Message("server.not-owner"))
            run.advance(seq)
        viewer.seek(seq)
        run.refill()

    def _viewed(self, run: str) -> Viewer:
        viewer = self.viewers.get(run)
        if viewer is None or viewer.run.gone:
            raise UserError(Message("server.unknown-run"))
        return viewer

    def _room_for_viewer(self) -> None:
        for viewer in [v for v in self.viewers.values() if v.run.gone]:
            self._leave(viewer)
        most = self._engine.limits.viewers_per_connection
        ended = [v for v in self.viewers.values() if v.run.ended()]
        if len(self.viewers) >= most and ended:
            self._leave(ended[0])
        if len(self.viewers) >= most:
            raise UserError(Message("server.too-many-runs", {"most": most}))

    def _view(self, viewer: Viewer) -> None:
        self.viewers[viewer.run.id] = viewer
        self.fresh.append(viewer)
        viewer.run.attach(viewer)
        self._engine.admit(viewer.run)

    def _leave(self, viewer: Viewer) -> None:
        self.viewers.pop(viewer.run.id, None)
        viewer.run.detach(viewer)


def refusal(id: int, error: UserError | Failed) -> wire.Reply:
    """The reply that says why not."""
    told = failure(error)
    bad = [(told.path, told.error)] if told.path else []
    if isinstance(error, labs.ParamsError):
        bad = [(path, message.as_json()) for path, message in error.errors]
    return wire.Reply(id=id, ok=False, error=wire.MessageJson(**told.error), fields=beside(bad))


def _reply(request: wire.Request, run: Run, **values: Any) -> wire.Reply:
    return wire.Reply(id=request.id, ok=True, run=run.id, state=run.state, **values)
