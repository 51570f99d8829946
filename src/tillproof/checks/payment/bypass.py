"""How a proof can be got round: the branch that skips it, the result that nobody reads, the exception that is swallowed."""

from typing import Literal, NamedTuple

from tillproof.commerce.model import Model
from tillproof.commerce.proof import Proven
from tillproof.flow.program import Fn
from tillproof.flow.values import Value, leaves
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import Op

Chooser = Literal["sender", "configuration", "unknown"]


class Bypass(NamedTuple):
    """A way round. ``guard``: the branch instruction, if one chooses; ``line``: the first line of the way that skips the proof."""

    kind: Literal["skipped", "swallowed", "ignored", "late"]
    fn: Fn
    line: int
    guard: int | None
    chooser: Chooser


def find_bypass(model: Model, proof: Proven) -> Bypass:
    """The way by which a request gets past a proof that exists."""
    body = model.program.body(proof.fn)
    block_of = model.evaluator.defuse(proof.fn).block_of
    home = block_of[proof.instr]
    swallowed = _swallowed(body, home)
    if swallowed is not None:
        return Bypass("swallowed", proof.fn, swallowed, None, "sender")
    ways = []
    for number, block in enumerate(body.blocks):
        if block.end <= block.start or body.op[block.end - 1] != Op.BRANCH or number == home:
            continue
        sides = {kind: target for kind, target in block.next if kind in (EDGE_TRUE, EDGE_FALSE)}
        if len(sides) < 2:
            continue
        reaching = {kind: _reaches(body, target, home) for kind, target in sides.items()}
        if reaching[EDGE_TRUE] == reaching[EDGE_FALSE]:
            continue
        other = sides[EDGE_FALSE if reaching[EDGE_TRUE] else EDGE_TRUE]
        if not _goes_on(model, proof.fn, body, other, home):
            continue
        line = _first_line(body, other, home) or body.line[block.end - 1]
        chooser = _chooser(model, proof, body.args(block.end - 1)[0])
        ways.append(Bypass("skipped", proof.fn, line, block.end - 1, chooser))
    if ways:
        return next((w for w in ways if w.chooser == "sender"), ways[0])
    if proof.how in ("boolean", "equality", "search", "answer"):
        return Bypass("ignored", proof.fn, body.line[proof.instr], None, "sender")
    return Bypass("late", proof.fn, body.line[proof.instr], None, "unknown")


def _reaches(body: Body, start: int, wanted: int, avoid: int = -1) -> bool:
    seen = {start}
    stack = [start]
    while stack:
        here = stack.pop()
        if here == wanted:
            return True
        for _, target in body.blocks[here].next:
            if target not in seen and target != avoid:
                seen.add(target)
                stack.append(target)
    return False


def _goes_on(model: Model, fn: Fn, body: Body, start: int, home: int) -> bool:
    """Whether the way round does something: it is not just an answer and out."""
    seen = {start}
    stack = [start]
    steps = 0
    while stack:
        here = stack.pop()
        block = body.blocks[here]
        ends = block.end > block.start and body.op[block.end - 1] in (Op.RAISE,)
        if not ends:
            steps += sum(body.op[i] in (Op.STORE, Op.BRANCH, Op.SET_FIELD) for i in range(block.start, block.end))
            if any(body.op[i] == Op.RETURN and body.args(i)[0] >= 0 for i in range(block.start, block.end)) and here != start:
                steps += 1
        for kind, target in block.next:
            if target not in seen and target != home and kind != EDGE_RAISE:
                seen.add(target)
                stack.append(target)
    return steps > 0


def _first_line(body: Body, start: int, home: int) -> int | None:
    """The first line of the side that skips, when it has code of its own; None when it falls through to what follows both."""
    block = body.blocks[start]
    shared = _reaches(body, home, start)
    if shared or block.end <= block.start:
        return None
    return min(body.line[i] for i in range(block.start, block.end))


def _swallowed(body: Body, home: int) -> int | None:
    """The line of a handler that goes on after the proof has failed."""
    for kind, target in body.blocks[home].next:
        if kind != EDGE_RAISE:
            continue
        seen = {target}
        stack = [target]
        while stack:
            here = stack.pop()
            block = body.blocks[here]
            for k, t in block.next:
                if k != EDGE_RAISE and t not in seen:
                    seen.add(t)
                    stack.append(t)
        after = _after(body, home)
        if seen & after:
            caught = [i for b in sorted(seen) for i in range(body.blocks[b].start, body.blocks[b].end) if body.op[i] == Op.CAUGHT]
            return body.line[caught[0]] if caught else None
    return None


def _after(body: Body, home: int) -> set[int]:
    """Blocks that the proof's success leads to."""
    seen: set[int] = set()
    stack = [t for k, t in body.blocks[home].next if k != EDGE_RAISE]
    while stack:
        here = stack.pop()
        if here not in seen:
            seen.add(here)
            stack += [t for k, t in body.blocks[here].next if k != EDGE_RAISE]
    return {b for b in seen if body.blocks[b].end > body.blocks[b].start}


def _chooser(model: Model, proof: Proven, condition: int) -> Chooser:
    """Who decides whether the proof is made: the sender, by what he sends, or our own configuration."""
    value: Value = model.evaluator.value(proof.fn, condition, proof.ctx)
    if model.requests.sources_in(value, 40):
        return "sender"
    for leaf in (value, *leaves(value, 80)):
        if model.requests.source(leaf) is not None:
            return "sender"
    return "configuration"
