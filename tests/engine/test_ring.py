"""The ring holds the newest consecutive blocks within its bounds."""

from hypothesis import given
from hypothesis import strategies as st

from app.engine.ring import Ring
from app.wire.blocks import Block, Layout

EMPTY = Layout(())


@given(st.lists(st.tuples(st.integers(1, 64), st.integers(1, 400)), min_size=1, max_size=60), st.integers(-1, 50))
def test_it_holds_the_newest_frames_and_finds_them(sizes: list[tuple[int, int]], after: int) -> None:
    ring, blocks, seq = Ring(after, 100, 1000), [], after + 1
    assert (ring.first, ring.last, ring.find(seq), ring.blocks_from(0)) == (seq, after, None, 0)
    for count, nbytes in sizes:
        blocks.append(Block(seq, count, EMPTY, bytes(nbytes)))
        ring.append(blocks[-1])
        seq += count
    held = [block for block in blocks if block.last >= ring.first]
    assert ring.newest() is blocks[-1]
    assert held == [block for block in blocks if ring.find(block.seq) is block]
    assert len(held) == 1 or (ring.last - ring.first + 1 <= 100 and ring.nbytes <= 1000)
    assert ring.nbytes == sum(len(block.message) for block in held)
    # Not one block fewer than the bounds allow.
    older = [block for block in blocks if block not in held]
    if older:
        assert ring.last - older[-1].seq + 1 > 100 or ring.nbytes + len(older[-1].message) > 1000
    for wanted in range(after - 2, seq + 3):
        found = ring.find(wanted)
        assert (found is not None) == (ring.first <= wanted <= ring.last)
        assert found is None or found.seq <= wanted <= found.last
        assert ring.blocks_from(wanted) == sum(block.last >= wanted for block in held)
