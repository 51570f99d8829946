"""One address for the browser and for the system: what acts on a message, and then ends without a page where no browser sent it."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.flow.proofs import Happening
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SENDS_ON = re.compile(r"(do|call|make|safe|_)*redirect(_to_\w+|_(user|customer|shopper|buyer|browser|back|page|url))?")


def sends_on(name: str) -> bool:
    """Whether a function of ours is called as one that sends the browser on: ``$this->call_redirect($url)``."""
    return "edirect" in name and _SENDS_ON.fullmatch(snake(name)) is not None


def ends_plainly(model: "Model", entry: Entry, acts: list[Happening], shows: frozenset[str]) -> bool:
    """Whether a way leads from an act of an entry point to its end past every call that shows a page or sends the browser on: ``if ($type
    === 'redirect') { wp_redirect(…); } exit;``. An act behind a function that shows one is none."""
    fn = entry.target.fn
    body = model.program.body(fn)
    calls = ((i, body.called(i).rpartition(".")[2]) for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW))
    showing = {i for i, name in calls if name in shows or sends_on(name)}
    if not showing:
        return False
    showing.update(_pages_of_error(body))
    for act in acts:
        chain = [c for c in (act.ctx.chain() if act.ctx else ()) if c.call >= 0]
        behind = {act.fn, *(c.caller for c in chain)} - {fn}
        here = act.instr if act.fn == fn else next((c.call for c in chain if c.caller == fn), -1)
        if here >= 0 and all(shows.isdisjoint(model.vocabulary.tokens(f)) for f in behind) and _passes(body, here, showing):
            return True
    return False


def _pages_of_error(body: Body) -> Iterator[int]:
    """The calls of WordPress's that end a request with a page, where they say more to a person than a system would be told."""
    for i, op in enumerate(body.op):
        given = body.call(i)[1][:1] if op == Op.CALL and body.called(i) == "wp_die" else ()
        texts = (body.const(v) if body.op[v] != Op.CALL else next((body.const(a) for _, a in body.call(v)[1]), None) for _, v in given)
        if any(text is not None and " " in text[1] for text in texts):
            yield i


def _passes(body: Body, start: int, showing: set[int]) -> bool:
    """Whether the end of a body is reached from an instruction by none of these."""
    waiting = [(next(n for n, b in enumerate(body.blocks) if b.start <= start < b.end), start)]
    seen: set[int] = set()
    while waiting:
        number, first = waiting.pop()
        block = body.blocks[number]
        if any(first <= i < block.end for i in showing):
            continue
        onward = block.onward
        if not onward:
            return True
        for target in onward:
            if target not in seen:
                seen.add(target)
                waiting.append((target, body.blocks[target].start))
    return False
