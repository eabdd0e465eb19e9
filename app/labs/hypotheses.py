"""The tree of a beam search as frames tell it, depth by depth, and a hypothesis opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.labs.contract import Equation, Explanation, Frame, Message, Plain, Reference, Target, Term, UserError

if TYPE_CHECKING:
    from app.nn.decoding import Beam


def tree_depth(tree: Beam | None) -> int:
    """How many tokens the longest hypothesis has."""
    return max((node.depth for node in tree.nodes), default=0) if tree else 0


def tree_note(tree: Beam | None, t: int) -> dict[str, Plain]:
    """``tree``: the nodes of depth t; at the last depth ``best``: the search's texts, best first, with their scores."""
    if tree is None:
        return {}
    note: dict[str, Plain] = {
        "tree": [
            {
                "index": index,
                "parent": node.parent,
                "token": node.token,
                "log_p": node.log_p,
                "before": tree.nodes[node.parent].log_p if node.parent >= 0 else 0.0,
                "score": tree.score(index),
                "kept": node.kept,
                "ended": node.ended,
            }
            for index, node in enumerate(tree.nodes)
            if node.depth == t
        ]
    }
    if t == tree_depth(tree):
        note["best"] = [[index, tree.score(index)] for index in tree.best]
    return note


def hypothesis(frame: Frame, target: Target, vocabulary: Any, width: int, length_penalty: float) -> Explanation:
    """log p of a hypothesis out of its parent's, and its score. Raises UserError for one that the step has not."""
    nodes = frame.note.get("tree")
    if not isinstance(nodes, list):
        raise UserError(Message("hypothesis.error.no_tree"))
    index = target.get("index", nodes[0]["index"] if nodes else 0)  # type: ignore[index, call-overload]
    found: Any = next((node for node in nodes if node["index"] == index and not isinstance(index, bool)), None)  # type: ignore[index, call-overload]
    if found is None:
        raise UserError(Message("hypothesis.error.no_node", {"got": str(index)}))
    t = int(frame.note["at"])  # type: ignore[arg-type]
    before, own = float(found["before"]), float(found["log_p"])
    token = shown(vocabulary[found["token"]])
    past = Term(f"L_{{{t - 1}}}", before, Message("hypothesis.term.parent"))
    step = Term(rf"\ln p_{{{t}}}", own - before, Message("hypothesis.term.step", {"token": token}))
    total = Equation(
        rf"L_{{{t}}} = L_{{{t - 1}}} + \ln p_{{{t}}}", r"\num{a} + (\num{b})", before + step.value, {"a": past, "b": step}
    )
    alpha = Term(r"\alpha", length_penalty)
    score = Equation(
        rf"L_{{{t}}} / {t}^{{\alpha}}",
        rf"\num{{l}} / {t}^{{\num{{a}}}}",
        total.value / t**alpha.value,
        {"l": Term(f"L_{{{t}}}", total.value), "a": alpha},
    )
    title = Message("hypothesis.title", {"token": token, "step": t})
    remark = Message(f"hypothesis.remark.{'kept' if found['kept'] else 'dropped'}", {"width": width})
    reference = Reference("app.nn.decoding.beam", float(found["score"]), abs(score.value - float(found["score"])))
    return Explanation(title, target, [total, score], score.value, reference, [remark], {"index": int(found["index"])})


def shown(token: str) -> str:
    """A token with the page's signs for those that are not seen."""
    return {" ": "␣", "<pad>": "·", "<bos>": "▸", "<eos>": "■"}.get(token, token)
