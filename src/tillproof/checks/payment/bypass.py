"""How a proof can be got round: the branch that skips it, the result that nobody reads, the exception that is swallowed.

What lets a message past is asked of the walk itself. Every edge that leads round the proof, in the function that makes it and in its
callers,
is a suspect. With all suspects but one taken for proven, an effect that is still reached unproven was reached by that one.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Literal, NamedTuple

from tillproof.checks.payment.required_options import never_missing
from tillproof.checks.payment.sender import unproven_acts
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.pretended import is_tried_out, names_pretence, shut_in_production
from tillproof.commerce.proof import Proven, SenderPolicy
from tillproof.flow.facts import Condition
from tillproof.flow.paths import Walk
from tillproof.flow.program import Fn
from tillproof.flow.proofs import Assumed, Happening, Outcome
from tillproof.flow.values import Const, Ctx, FunctionV, Member, Result, Value, leaves, options
from tillproof.ir.body import EDGE_FALSE, EDGE_RAISE, EDGE_TRUE, Body
from tillproof.ir.ops import Op

Chooser = Literal["sender", "configuration"]
_MOST = 24
_NESTED = 6


class Bypass(NamedTuple):
    """A way round. ``guard``: the branch or call that lets past; ``line``: where it stands; ``way``: the first line of the side that
    goes on without the proof; ``act``: what is then done unproven; ``also``: where the other ways
    round are; ``ctx``: that of ``fn``. ``elsewhere``: ``fn`` may be called in place of the function that proves, and proves nothing.
    ``shut``: it is open only where a setting is missing without which nothing starts."""

    kind: Literal["skipped", "swallowed", "ignored", "elsewhere"]
    fn: Fn
    line: int
    way: int
    guard: int
    chooser: Chooser
    act: Happening
    also: tuple[tuple[str, int], ...] = ()
    ctx: Ctx | None = None
    shut: bool = False


class _Level(NamedTuple):
    """A function on the way to the proof, and the instruction in it by which the way goes on (the proof itself in the last)."""

    fn: Fn
    instr: int
    ctx: Ctx | None


class _Suspect(NamedTuple):
    """An edge (function, block, kind, target) round the proof, or after a branch on what it ``answers``; ``outside``: the levels
    further out."""

    level: _Level
    edge: tuple[Fn, int, int, int]
    outside: frozenset[_Level]
    answers: bool


def find_bypass(model: Model, handler: Handler, proofs: list[Proven]) -> Bypass | None:
    """The way by which a message gets past the proofs that exist, the sender's own choice first; None when none of them is on the way."""
    chains = [list(_levels(proof)) for proof in proofs]
    levels = list(dict.fromkeys(level for chain in chains for level in chain))
    suspects = [s for chain in chains for n in range(len(chain)) for s in _suspects(model, chain[n], frozenset(chain[n + 1 :]), levels)][
        :_MOST
    ]
    suspects = list({s.edge: s for s in suspects}.values())
    acts_assuming = cache(lambda assumed: unproven_acts(model, model.handlers.supposing(handler, assumed)))
    found: list[Bypass] = []
    for suspect in suspects:
        calls = _calls(level for level in levels if level not in suspect.outside)
        edges = frozenset(s.edge for s in suspects if s.level not in suspect.outside)
        if acts_assuming(Assumed(edges, calls)):
            continue  # what this function says is lost further out
        acts = acts_assuming(Assumed(edges - {suspect.edge}, calls))
        if acts and not _tried_out(model, suspect, acts[0]):
            found.append(_past(model, suspect, acts[0])._replace(shut=_never_missing(model, suspect)))
    if found:
        worst = min(found, key=lambda way: (way.shut, way.chooser != "sender", for_trial(model, way)))
        places = dict.fromkeys((way.fn.file, way.line) for way in found if not way.shut)
        return worst._replace(also=tuple(place for place in places if place != (worst.fn.file, worst.line)))
    edges = frozenset(s.edge for s in suspects if not s.answers)
    acts, left = acts_assuming(Assumed(edges)), acts_assuming(Assumed(edges, _calls(levels)))
    if not acts or left:
        return None
    level = _ignored(model, chains[0], edges)
    line = model.program.body(level.fn).line[level.instr]
    other = _unproving(model, level, edges)
    if other is not None:
        begins = declared.line if (declared := model.program.function(other)) is not None else 1
        return Bypass("elsewhere", other, begins, line, 0, "sender", acts[0], ((level.fn.file, line),))
    return Bypass("ignored", level.fn, line, line, level.instr, "sender", acts[0])


def _unproving(model: Model, level: _Level, edges: frozenset[tuple[Fn, int, int, int]]) -> Fn | None:
    """One of several methods that a call may land in, each for a payment system of its own, that proves nothing where another does:
    ``strategies.get(provider).verify(body, headers)``."""
    body = model.program.body(level.fn)
    callee = body.args(level.instr)[0] if body.op[level.instr] == Op.CALL else -1
    found = [o for o in options(model.evaluator.value(level.fn, callee, level.ctx)) if isinstance(o, FunctionV)] if callee >= 0 else []
    walk = Walk(model.program, model.evaluator, SenderPolicy(model, frozenset()), assumed=Assumed(edges))
    proving = {o.fn: _proves(walk, o.fn, model.evaluator.context(o, level.fn, level.instr, level.ctx)) for o in found}
    return next((fn for fn, proves in proving.items() if not proves), None) if any(proving.values()) else None


def _proves(walk: Walk, fn: Fn, ctx: Ctx | None) -> bool:
    """Whether a function makes the proof on some way through it."""
    return any(outcome.proven for outcome in walk.run(fn, ctx).outcomes)


def _tried_out(model: Model, suspect: _Suspect, act: Happening) -> bool:
    """Whether the way past is open only where the shop is configured to have no payment system, and shut in production."""
    (fn, instr, ctx), (_, number, _, target) = suspect.level, suspect.edge
    body = model.program.body(fn)
    last = body.blocks[number].end - 1
    if body.op[last] != Op.BRANCH or not any(names_pretence(model, fn, i, ctx) for i in asked(body, body.args(last)[0])):
        return False
    chain = act.ctx.chain() if act.ctx else ()
    goal = act.instr if act.fn == fn else next((c.call for c in chain if c.caller == fn), instr)
    return shut_in_production(model, fn, target, model.evaluator.defuse(fn).block_of[goal], ctx)


def _never_missing(model: Model, suspect: _Suspect) -> bool:
    """Whether the way past is open only where a setting is missing without which nothing starts."""
    fn, number, kind, _ = suspect.edge
    body = model.program.body(fn)
    last = body.blocks[number].end - 1
    if kind not in (EDGE_TRUE, EDGE_FALSE) or body.op[last] != Op.BRANCH:
        return False
    return never_missing(model, fn, body.args(last)[0], kind == EDGE_TRUE, suspect.level.ctx)


def for_trial(model: Model, way: Bypass) -> bool:
    """Whether a way past is open only while whoever writes the program tries it out."""
    body = model.program.body(way.fn)
    if way.kind != "skipped" or body.op[way.guard] != Op.BRANCH:
        return False
    before = (f.instr for f in model.effects.facts(way.fn).at(way.guard) if isinstance(f, Condition) and f.truth)
    return any(is_tried_out(model, way.fn, one) for i in (body.args(way.guard)[0], *before) for one in asked(body, i))


def _calls(levels: Iterable[_Level]) -> frozenset[tuple[Fn, int]]:
    return frozenset((level.fn, level.instr) for level in levels)


def _levels(proof: Proven) -> Iterator[_Level]:
    yield _Level(proof.fn, proof.instr, proof.ctx)
    for ctx in proof.ctx.chain() if proof.ctx else ():
        if ctx.call >= 0:
            yield _Level(ctx.caller, ctx.call, ctx.parent)


def _suspects(model: Model, level: _Level, outside: frozenset[_Level], levels: list[_Level]) -> Iterator[_Suspect]:
    """Edges that leave the way to the proof: the other side of a branch before it, the handler of an exception. One that goes the way to
    another proof, as for the messages of another sender, is none: what leads round that one is its own suspect."""
    body = model.program.body(level.fn)
    block_of = model.evaluator.defuse(level.fn).block_of
    home = block_of[level.instr]
    others = {block_of[other.instr] for other in levels if other.fn == level.fn} - {home}
    for number, block in enumerate(body.blocks):
        if not _reaches(body, number, home):
            continue
        for kind, target in block.next:
            side = kind in (EDGE_TRUE, EDGE_FALSE) and block.end > block.start and body.op[block.end - 1] == Op.BRANCH
            if side and number == home and not any(_comes_from(model, level, i) for i in asked(body, body.args(block.end - 1)[0])):
                continue  # a question of its own, asked when the proof is made
            if any(_reaches(body, target, other, number) for other in others):
                continue
            if (side and not _reaches(body, target, home, number)) or (kind == EDGE_RAISE and not _reaches(body, target, home)):
                yield _Suspect(level, (level.fn, number, kind, target), outside, side and number == home)


def _reaches(body: Body, start: int, wanted: int, avoid: int = -1) -> bool:
    """Whether a way leads from one block to another (each reaches itself), not through ``avoid``."""
    seen = {start}
    stack = [start]
    while stack:
        here = stack.pop()
        if here == wanted and here != avoid:
            return True
        for _, target in body.blocks[here].next:
            if target not in seen and target != avoid:
                seen.add(target)
                stack.append(target)
    return False


def _comes_from(model: Model, level: _Level, i: int) -> bool:
    """Whether a condition is what the level's call answers, directly, through a variable or by comparing it."""
    body = model.program.body(level.fn)
    waiting, seen = [i], 0
    while waiting and seen < 20:
        seen += 1
        here = waiting.pop()
        if here == level.instr:
            return True
        op, args = body.op[here], body.args(here)
        if op == Op.NAME:
            waiting += model.evaluator.defuse(level.fn).reaching(here, body.name(here)).stores
        elif op in (Op.STORE, Op.CAST, Op.UNARY):
            waiting.append(args[1])
        elif op in (Op.AWAIT, Op.FIELD, Op.INDEX):
            waiting.append(args[0])
        elif op == Op.BINARY:
            waiting += args[1:3]
    return False


def _past(model: Model, suspect: _Suspect, act: Happening) -> Bypass:
    level, (fn, number, kind, target) = suspect.level, suspect.edge
    body = model.program.body(fn)
    if kind == EDGE_RAISE:
        block = body.blocks[target]
        caught = next((i for i in range(block.start, block.end) if body.op[i] == Op.CAUGHT), block.start)
        return Bypass("swallowed", fn, body.line[caught], body.line[caught], caught, "sender", act)
    branch = body.blocks[number].end - 1
    others = [i for i in asked(body, body.args(branch)[0]) if not _comes_from(model, level, i)]
    if suspect.answers and not others:
        return Bypass("ignored", fn, body.line[branch], body.line[branch], branch, "sender", act)
    chooser: Chooser = "sender" if any(_sender_decides(model, level, i, kind == EDGE_TRUE) for i in others) else "configuration"
    return Bypass("skipped", fn, body.line[branch], _first_line(body, target) or body.line[branch], branch, chooser, act, ctx=level.ctx)


def _first_line(body: Body, start: int) -> int | None:
    """The first line of a side of a branch; None where it holds nothing."""
    while body.blocks[start].end <= body.blocks[start].start and len(body.blocks[start].next) == 1:
        start = body.blocks[start].next[0][1]
    block = body.blocks[start]
    return min(body.line[block.start : block.end], default=None)


def asked(body: Body, i: int) -> list[int]:
    """The single conditions that a condition is put together from."""
    op, args = body.op[i], body.args(i)
    if op == Op.UNARY:
        return asked(body, args[1])
    if op == Op.CHOICE:
        return [one for a in args[1:] for one in asked(body, a)]
    if op in (Op.AWAIT, Op.CAST):
        return asked(body, args[0 if op == Op.AWAIT else 1])
    return [i]


def _sender_decides(model: Model, level: _Level, i: int, truth: bool, depth: int = 0) -> bool:
    """Whether what was sent is enough to make a condition come out so, where a variable holds several put together, too: in
    ``skip = testing or header is None`` one side is enough, of conditions that must all hold each has to be the sender's."""
    body = model.program.body(level.fn)
    op, args = body.op[i], body.args(i)
    if op == Op.NAME and depth < _NESTED:
        stores = model.evaluator.defuse(level.fn).reaching(i, body.name(i)).stores
        if len(stores) == 1 and body.op[stores[0]] == Op.STORE:
            return _sender_decides(model, level, body.args(stores[0])[1], truth, depth + 1)
    if op == Op.UNARY and body.text(args[0]) in ("!", "not"):
        return _sender_decides(model, level, args[1], not truth, depth + 1)
    if op == Op.CHOICE and body.text(args[0]) in ("or", "and"):
        enough = any if body.text(args[0]) == ("or" if truth else "and") else all
        return enough(_sender_decides(model, level, side, truth, depth + 1) for side in args[1:])
    return _from_sender(model, level, i)


def _from_sender(model: Model, level: _Level, i: int) -> bool:
    """Whether a condition reads what was sent: the sender decides then, not our configuration."""
    body = model.program.body(level.fn)
    operands = body.args(i)[1:3] if body.op[i] == Op.BINARY else [i]  # what a comparison says is not made of what was sent
    waiting: list[Value] = [model.evaluator.value(level.fn, operand, level.ctx) for operand in operands]
    seen: set[int] = set()
    while waiting and len(seen) < 60:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if model.requests.source(value) is not None or model.requests.sources_in(value, 40):
            return True
        for leaf in (value, *leaves(value, 60)):
            if model.requests.source(leaf) is not None:
                return True
        for result in (value, *value.parts()):
            if isinstance(result, Result) and result.instr >= 0:
                waiting += [v for _, v in model.evaluator.arguments(result)]
                waiting += [result.callee.base] if isinstance(result.callee, Member) else []
    return False


def _ignored(model: Model, chain: list[_Level], edges: frozenset[tuple[Fn, int, int, int]]) -> _Level:
    """The call whose answer is lost: the functions below it tell, by what they return, whether the proof was made."""
    walk = Walk(model.program, model.evaluator, SenderPolicy(model, frozenset()), assumed=Assumed(edges))
    for level in chain[:-1]:
        returned = [o for o in walk.run(level.fn, level.ctx).outcomes if o.value is not None]
        proven, unproven = ({_told(o) for o in returned if o.proven is made} for made in (True, False))
        if not proven or proven & unproven:
            return level
    return chain[-1]


def _told(outcome: Outcome) -> str:
    """What a caller can tell an outcome by."""
    return outcome.value.text if isinstance(outcome.value, Const) else str(outcome.truth)
