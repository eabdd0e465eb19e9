"""What a page sees of its runs, through real worker processes."""

import asyncio
import time

import numpy as np
import pytest

from app.engine import Limits
from app.wire import messages as wire
from app.wire.frames import unpack
from engine import experiments
from engine.conftest import Home, Page, same


def test_every_frame_comes_once_and_in_order_with_the_scene_first_and_done_last(home: Home, page: Page) -> None:
    async def work() -> None:
        page.start(steps=300, seed=3)
        event = await page.until_state("done")
        assert event.computed == 300
        assert page.seqs() == list(range(301))
        assert list(dict.fromkeys(kind for kind in page.order if kind != "frames")) == ["running", "scene", "done"]
        assert page.order[-1] == "done"
        assert page.scenes[0].notes[0] == {"title": "walk"}
        direct = list(experiments.run(experiments.Walk(steps=300, seed=3)))
        assert all(same(a, b) for a, b in zip(direct, page.frames(), strict=True))

    home.do(work())


def test_the_reply_to_start_tells_the_whole_run(home: Home, page: Page) -> None:
    async def work() -> None:
        reply = page.ask("start", experiment="test/walk", params={"steps": 7})
        assert (reply.ok, reply.state, reply.length, reply.experiment) == (True, "running", 7, "test/walk")
        assert reply.params == experiments.Walk(steps=7).model_dump(mode="json")
        assert reply.owner

    home.do(work())


def test_without_acknowledgements_three_messages_come_and_the_engine_waits(home: Home, page: Page) -> None:
    async def work() -> None:
        page.acks = False
        run = page.start(steps=100_000)
        await page.until(lambda: len(page.blocks) == 3)
        await asyncio.sleep(0.3)
        assert len(page.blocks) == 3
        computed = home.engine.runs[run].computed
        assert computed < 64 * (3 + 5)
        await asyncio.sleep(0.2)
        assert home.engine.runs[run].computed == computed
        page.ask("ack", run=run, seq=page.seqs()[-1])
        await page.until(lambda: len(page.blocks) == 6)
        assert page.seqs() == list(range(len(page.seqs())))

    home.do(work())


def test_a_paused_run_steps_one_by_one_and_goes_on(home: Home, page: Page) -> None:
    async def work() -> None:
        run = page.start(steps=50, paused=True)
        assert (await page.until_state("paused")).computed == 0
        assert page.seqs() == [0]
        for n in (1, 2):
            assert page.ask("step", run=run, n=n).ok
            await page.until(lambda: page.events[-1].state == "running")
            await page.until_state("paused")
        assert page.seqs() == [0, 1, 2, 3]
        page.ask("resume", run=run)
        await page.until_state("done")
        assert page.seqs() == list(range(51))

    home.do(work())


def test_pause_stops_where_the_worker_is_and_nothing_is_lost(home: Home, page: Page) -> None:
    async def work() -> None:
        run = page.start(steps=400, pause=0.001)
        await page.until(lambda: len(page.seqs()) > 20)
        assert page.ask("step", run=run, n=1).error.id == "server.not-paused"
        assert page.ask("pause", run=run).state == "paused"
        await asyncio.sleep(0.2)
        seen = page.seqs()
        assert len(seen) < 300
        await asyncio.sleep(0.2)
        assert page.seqs() == seen
        assert page.events[-1].state == "paused"
        assert page.events[-1].computed == seen[-1]
        page.ask("step", run=run, n=5)
        await page.until(lambda: page.seqs()[: len(seen) + 5][-1] == seen[-1] + 5)

    home.do(work())


def test_cancel_stops_at_once_and_twice_is_fine(home: Home, page: Page) -> None:
    async def work() -> None:
        run = page.start(steps=1_000_000)
        await page.until(lambda: len(page.blocks) > 5)
        assert page.ask("cancel", run=run).state == "cancelled"
        count, start = len(page.blocks), time.monotonic()
        await page.until_state("cancelled")
        assert time.monotonic() - start < 1
        await asyncio.sleep(0.3)
        assert len(page.blocks) <= count + 1
        assert page.ask("cancel", run=run).ok
        assert home.engine.runner.health()["workers"][0]["runs"] == 0

    home.do(work())


def test_a_done_run_that_is_cancelled_leaves_its_worker_and_still_answers(home: Home, page: Page) -> None:
    async def work() -> None:
        def held() -> int:
            return len(home.engine.runner.workers[0].orders)

        run = page.start(steps=20)
        await page.until_state("done")
        assert held() == 1
        assert page.ask("cancel", run=run).state == "done"
        assert held() == 0
        reply, _ = await page.question("explain", run=run, seq=3, target={"kind": "difference", "index": 1})
        assert reply.ok
        assert held() == 1

    home.do(work())


@pytest.mark.parametrize("to", [0, 1000, 1900])
def test_seeking_back_sends_the_same_frames_from_the_ring_or_a_replay(home: Home, page: Page, to: int) -> None:
    async def work() -> None:
        run = page.start(steps=2000, size=64)
        await page.until_state("done")
        before = page.frames()[to:]
        page.forget()
        assert page.ask("seek", run=run, step=to).ok
        await page.until(lambda: page.seqs() and page.seqs()[-1] == 2000)
        assert page.seqs() == list(range(to, 2001))
        assert all(same(a, b) for a, b in zip(before, page.frames(), strict=True))

    home.do(work())


def test_seeking_ahead_skips_and_says_so(home: Home, page: Page) -> None:
    async def work() -> None:
        run = page.start(steps=500, paused=True)
        await page.until_state("paused")
        page.ask("seek", run=run, step=400)
        await page.until_state("paused")
        await page.until(lambda: page.seqs()[-1] == 400)
        assert page.seqs() == [0, 400]
        assert [1, 399] in [event.gap for event in page.events]
        reply = page.ask("seek", run=run, step=501)
        assert (reply.ok, reply.error.id) == (False, "server.no-such-frame")

    home.do(work())


def test_a_run_whose_worker_is_not_ready_yet_says_what_it_waits_for(home: Home, page: Page) -> None:
    async def work() -> None:
        page.start(steps=1)
        await page.until_state("done")  # it is ready now
        page.forget()
        (worker,) = home.engine.runner.workers
        ready, worker.device = worker.device, None
        page.start(steps=1)
        worker.device = ready
        await page.until_state("done")
        assert page.events[0].progress == {"done": 0, "total": 0, "stage": {"id": "server.loading", "values": {}}}
        assert page.events[-1].progress is None
        page.forget()
        page.start(steps=1)
        await page.until_state("done")
        assert not any(event.progress for event in page.events)

    home.do(work())


def test_a_replay_tells_its_progress(home: Home, page: Page) -> None:
    async def work() -> None:
        run = page.start(steps=700, pause=0.0005)
        await page.until_state("done")
        page.forget()
        page.ask("seek", run=run, step=400)
        await page.until(lambda: page.blocks)
        told = [event.progress for event in page.events if event.progress]
        assert told[0]["total"] == 400
        assert told[0]["stage"]["id"] == "server.catching-up"

    home.do(work())


def test_live_mode_takes_the_newest_and_tells_the_gap(home: Home, page: Page) -> None:
    async def work() -> None:
        page.acks = False
        run = page.start(steps=20_000, mode="live")
        await page.until(lambda: len(page.blocks) == 3)
        while home.engine.runs[run].state != "done":
            await asyncio.sleep(0.05)
        page.acks = True
        page.ask("ack", run=run, seq=page.seqs()[-1])
        await page.until_state("done")
        seqs = page.seqs()
        assert seqs[-1] == 20_000
        assert len(page.blocks) == 4
        assert page.events[-1].gap or page.events[-2].gap
        gap = next(event.gap for event in page.events[::-1] if event.gap)
        assert not set(range(gap[0], gap[1] + 1)) & set(page.blocks[-1].steps)

    home.do(work())


def test_a_second_viewer_sees_the_same_run_and_only_the_owner_controls_it(home: Home, page: Page) -> None:
    async def work() -> None:
        other = home.page()
        reply = page.ask("start", experiment="test/walk", params={"steps": 3000})
        await page.until(lambda: len(page.blocks) > 3)
        assert other.ask("pause", run=reply.run).error.id == "server.unknown-run"
        seen = other.ask("attach", run=reply.run)
        assert (seen.ok, seen.length, seen.experiment) == (True, 3000, "test/walk")
        refused = other.ask("pause", run=reply.run)
        assert (refused.ok, refused.error.id) == (False, "server.not-owner")
        assert other.ask("attach", run=reply.run, owner="guess").error.id == "server.not-owner"
        assert other.ask("attach", run=reply.run, owner=reply.owner).ok
        await asyncio.gather(page.until_state("done"), other.until_state("done"))
        assert page.events[-1].viewers == 2
        assert page.seqs() == list(range(3001))
        assert sorted(set(other.seqs())) == list(range(3001))
        other.leave()

    home.do(work())


def test_who_follows_and_does_not_read_holds_nobody_up_and_misses_nothing(home: Home, page: Page) -> None:
    async def work() -> None:
        other = home.page()
        other.acks = False
        run = page.start(steps=5000)
        other.ask("attach", run=run)
        await page.until_state("done")
        assert len(other.seqs()) < 400
        other.acks = True
        other.ask("ack", run=run, seq=other.seqs()[-1])
        await other.until_state("done")
        assert other.seqs() == list(range(5001))
        assert all(same(a, b) for a, b in zip(page.frames(), other.frames(), strict=True))
        other.leave()

    home.do(work())


def test_starting_again_with_skip_gives_the_bytes_that_were_missed(home: Home, page: Page) -> None:
    async def work() -> None:
        first = page.start(steps=300)
        await page.until_state("done")
        whole = page.frames()
        page.forget()
        page.start(steps=300, skip=170, replaces=first)
        await page.until_state("done")
        assert page.seqs() == list(range(171, 301))
        assert all(same(a, b) for a, b in zip(whole[171:], page.frames(), strict=True))
        page.forget()
        page.start(steps=300, skip=300)
        assert (await page.until_state("done")).computed == 300
        assert page.seqs() == []

    home.do(work())


def test_without_a_viewer_nothing_is_computed_and_coming_back_goes_on(home: Home, page: Page) -> None:
    async def work() -> None:
        page.start(steps=20_000, pause=0.0005)
        await page.until(lambda: len(page.seqs()) > 50)
        (run,) = home.engine.runs.values()
        page.leave()
        await asyncio.sleep(0.1)
        computed = run.computed
        await asyncio.sleep(0.3)
        assert run.computed == computed
        again = home.page()
        assert again.ask("attach", run=run.id, seq=page.seqs()[-1], owner=run.owner).ok
        await again.until(lambda: len(again.seqs()) > 100)
        assert again.seqs()[0] == page.seqs()[-1] + 1
        again.leave()
        await asyncio.sleep(2.0)
        assert run.id not in home.engine.runs
        assert again.ask("attach", run=run.id).error.id == "server.unknown-run"

    home.do(work())


def test_bad_params_are_told_by_field_and_nothing_is_replaced(home: Home, page: Page) -> None:
    async def work() -> None:
        run = page.start(steps=1_000_000)
        reply = page.ask("start", experiment="test/walk", params={"steps": -1, "colour": 3}, replaces=run)
        assert not reply.ok
        assert {tuple(f.path) for f in reply.fields} == {("steps",), ("colour",)}
        assert home.engine.runs[run].state == "running"
        assert page.ask("start", experiment="test/none", params={}).error.id == "error.experiment"

    home.do(work())


def test_a_drag_leaves_one_run(home: Home, page: Page) -> None:
    async def work() -> None:
        run = page.start(steps=100_000)
        for seed in range(40):
            run = page.start(steps=100_000, seed=seed, replaces=run)
        await page.until(lambda: page.blocks and page.blocks[-1].run == run)
        assert list(home.engine.runs) == [run]

    home.do(work())


def test_a_page_owns_so_many_runs_and_no_more(home: Home, page: Page) -> None:
    async def work() -> None:
        for _ in range(4):
            page.start(steps=1_000_000)
        reply = page.ask("start", experiment="test/walk", params={})
        assert (reply.error.id, reply.error.values) == ("server.too-many-runs", {"most": 4})

    home.do(work())


def test_explanations_are_the_same_from_memory_and_from_a_replay(home: Home, page: Page) -> None:
    async def work() -> None:
        target = {"kind": "difference", "index": 1}
        run = page.start(steps=3000)
        await page.until_state("done")
        frames = page.frames()
        for seq in (2999, 5, 6, 3000):
            reply, _ = await page.question("explain", run=run, seq=seq, target=target)
            now, before = (float(frames[s].tensors["position"][1]) for s in (seq, seq - 1))
            assert reply.explanation["result"] == now - before
            assert reply.explanation["equations"][0]["terms"]["a"]["value"] == now
        first, _ = await page.question("explain", run=run, seq=0, target=target)
        assert first.explanation["result"] == "NaN"
        bad, _ = await page.question("explain", run=run, seq=3, target={"kind": "moon"})
        assert (bad.ok, bad.error.id) == (False, "error.test")
        late, _ = await page.question("explain", run=run, seq=3001, target=target)
        assert late.error.id == "server.no-such-frame"
        script, _ = await page.question("script", run=run)
        assert script.script == "print(3000)"

    home.do(work())


def test_tensor_slices_are_exact(home: Home, page: Page) -> None:
    async def work() -> None:
        run = page.start(steps=3, size=2_000_000)
        await page.until_state("done")
        assert page.blocks[0].tensors["position"].dtype == np.float32
        exact = list(experiments.run(experiments.Walk(steps=3, size=2_000_000)))[2].tensors["position"]
        error = np.abs(page.frames()[2].tensors["position"] - exact).max()
        assert 0 < error < 0.05  # it came quantised
        reply, data = await page.question("tensor", run=run, seq=2, name="position", slice=[[10, 1000]])
        assert reply.ok
        it = unpack(data, {})
        assert (it.kind, it.seq, it.id) == ("tensor", 2, reply.id)
        assert it.tensors["position"][0].tobytes() == exact[10:1000].tobytes()
        _, data = await page.question("tensor", run=run, seq=-1, name="axis", slice=[7])
        assert unpack(data, {}).tensors["axis"].tolist() == [7.0]
        for name, part, id in [
            ("position", [], "server.slice-too-large"),
            ("position", [[5, 2_000_001]], "server.bad-slice"),
            ("position", [-1], "server.bad-slice"),
            ("position", [1, 1], "server.bad-slice"),
            ("velocity", [], "server.no-such-tensor"),
        ]:
            reply, data = await page.question("tensor", run=run, seq=2, name=name, slice=part)
            assert (reply.ok, reply.error.id, data) == (False, id, None)

    home.do(work())


def test_an_error_of_the_experiment_fails_its_run_with_a_sentence(home: Home, page: Page) -> None:
    async def work() -> None:
        for then, id, fields in (("raise", "server.run-failed", []), ("tell", "error.test", [["at"]])):
            page.start(steps=10, at=5, then=then)
            event = await page.until_state("failed")
            assert event.error.id == id
            assert [(one.path, one.message) for one in event.fields] == [(path, event.error) for path in fields]
            assert page.seqs() == list(range(5))
            page.forget()

    home.do(work())


def test_layouts_may_change_with_every_frame(home: Home, page: Page) -> None:
    async def work() -> None:
        page.start(steps=40, grows=True)
        await page.until_state("done")
        assert [frame.tensors["seen"].shape for frame in page.frames()] == [(n,) for n in range(41)]

    home.do(work())


def test_speed_bounds_the_steps_a_second(home: Home, page: Page) -> None:
    async def work() -> None:
        run = page.start(steps=1_000_000, paused=True)
        page.ask("speed", run=run, steps_per_second=100)
        page.ask("resume", run=run)
        await asyncio.sleep(1.0)
        assert 60 <= len(page.seqs()) <= 130
        page.ask("speed", run=run, steps_per_second=0)
        await page.until(lambda: len(page.seqs()) > 1000)

    home.do(work())


def test_runs_beyond_the_room_queue_and_know_their_place() -> None:
    limits = Limits(workers=1, runs_per_worker=1, max_queue=2)
    home = Home(limits)

    async def work() -> None:
        pages = [home.page() for _ in range(4)]
        runs = [page.start(steps=1_000_000) for page in pages[:3]]
        await pages[2].until(lambda: pages[2].events)
        assert [home.engine.runs[run].state for run in runs] == ["running", "queued", "queued"]
        assert [page.events[-1].place for page in pages[1:3]] == [1, 2]
        early, _ = await pages[1].question("explain", run=runs[1], seq=0, target={})
        assert early.error.id == "server.no-such-frame"
        full = pages[3].ask("start", experiment="test/walk", params={})
        assert full.error.id == "server.busy"
        pages[0].ask("cancel", run=runs[0])
        await pages[1].until(lambda: pages[1].blocks)
        await pages[2].until(lambda: pages[2].events[-1].place == 1)
        pages[1].leave()  # a page that was closed frees its place
        await pages[2].until(lambda: pages[2].blocks)
        for page in pages:
            page.leave()

    try:
        home.do(work())
    finally:
        home.close()


def test_twenty_runs_share_a_worker_fairly(home: Home) -> None:
    async def work() -> None:
        pages = [home.page() for _ in range(20)]
        for page in pages:
            page.start(steps=1_000_000, pause=0.0005)
        await asyncio.sleep(1.5)
        counts = [len(page.seqs()) for page in pages]
        assert min(counts) > 0.4 * max(counts)
        assert isinstance(pages[0].events[0], wire.StateEvent)
        for page in pages:
            page.leave()
        for run in list(home.engine.runs.values()):
            home.engine.drop(run)

    home.do(work())
