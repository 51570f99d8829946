"""Parts of a site that its middleware keeps for some: ``if (pathname.startsWith('/admin') && !session.isAdmin) redirect('/login')``."""

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.entry_styles.wiring import Declared, Wiring
from tillproof.commerce.names import written
from tillproof.flow.asked import branches, own_side
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import FunctionV, Seq, constant, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

# Files that a framework runs before every request: Next.js, SvelteKit, Astro.
_RUN_BEFORE = re.compile(r"(middleware|proxy|hooks\.server)\.[jt]s")
_PATH = re.compile(r"(^|\.)(path_?name|path)$", re.IGNORECASE)
_REFUSES = re.compile(r"(redirect|rewrite|deny|forbid|unauthori[sz]ed|error|not_?found)\w*", re.IGNORECASE)
_STATUS = ("401", "403", "404")
_OF_STAFF = re.compile(r"admin|staff|role|operator|superuser", re.IGNORECASE)
_DEEPEST = 3


class Area(NamedTuple):
    """The routes of a unit that begin so are only for staff; ``because`` says where others are turned away."""

    unit: str
    begins: str
    because: tuple[str, int, str]


def areas(wiring: Wiring) -> list[Area]:
    """All of them, in order of file."""
    out: list[Area] = []
    for file in wiring.program.indices:
        run = _run(wiring, file) if _RUN_BEFORE.fullmatch(posixpath.basename(file)) else []
        if run and any(b"pathname" in text for text in _texts(wiring, file, run)):
            unit = wiring.program.unit(file)
            out += [area for fn in run for area in _in(wiring, fn, unit)]
    return out


def area_of(found: list[Area], one: Declared, unit: str) -> Area | None:
    """The part in which a route lies."""
    route = one.route or ""
    return next((a for a in found if a.unit == unit and (route == a.begins or route.startswith(a.begins.rstrip("/") + "/"))), None)


def _texts(wiring: Wiring, file: str, run: list[Fn]) -> Iterator[bytes]:
    """The text of a file and of the functions elsewhere that it may call."""
    yield wiring.program.sources[file]
    for fn in run:
        function = wiring.program.function(fn)
        if function is not None and fn.file != file:
            yield wiring.program.sources[fn.file][function.start : function.end]


def _run(wiring: Wiring, file: str) -> list[Fn]:
    """The functions of a file, and those that they call."""
    program = wiring.program
    found = dict.fromkeys(Fn(file, n) for n in range(len(program.indices[file].functions)))
    waiting = [(fn, 0) for fn in (Fn(file, TOP), *found)]
    while waiting:
        fn, depth = waiting.pop()
        body = program.body(fn)
        for i, op in enumerate(body.op):
            callee = body.args(i)[0] if op == Op.CALL and depth < _DEEPEST else -1
            if callee < 0 or body.op[callee] not in (Op.NAME, Op.FIELD):
                continue
            for option in options(wiring.evaluator.value(fn, callee)):
                if isinstance(option, FunctionV) and option.fn not in found:
                    found[option.fn] = None
                    waiting.append((option.fn, depth + 1))
    return list(found)


def _in(wiring: Wiring, fn: Fn, unit: str) -> Iterator[Area]:
    """The parts that a function keeps for staff: what is done only for an address that begins so asks who it is, and turns some away."""
    body, defuse = wiring.program.body(fn), wiring.evaluator.defuse(fn)
    for i, op in enumerate(body.op):
        for begins in _asked(wiring, fn, i) if op == Op.CALL else ():
            for branch, truth in branches(body, defuse, i):
                own = own_side(body, defuse, branch, truth) or frozenset()
                rows = list(body.rows(own))
                refusal = next((r for r in rows if _turns_away(body, r)), None)
                if refusal is not None and any(_speaks_of_staff(body, r) for r in rows):
                    yield Area(unit, begins, (fn.file, body.line[refusal], f"only staff may see {begins}: others are turned away"))
                    break


def _asked(wiring: Wiring, fn: Fn, i: int) -> list[str]:
    """The beginnings of addresses for one of which a call asks: ``path.startsWith('/admin')``, or ``some`` of a list of them."""
    body = wiring.program.body(fn)
    callee, given = body.call(i)
    if body.op[callee] != Op.FIELD or not given:
        return []
    holder = body.args(callee)[0]
    if body.name(callee) == "startsWith" and _PATH.search(written(wiring.program, fn, holder)):
        found = [wiring.evaluator.value(fn, given[0][1])]
    elif body.name(callee) == "some" and body.op[given[0][1]] == Op.FUNCTION:
        asks = wiring.program.body(Fn(fn.file, body.args(given[0][1])[0]))
        listed = (
            options(wiring.evaluator.value(fn, holder))
            if any(asks.called(n) == "startsWith" for n, o in enumerate(asks.op) if o == Op.CALL)
            else ()
        )
        found = [item for one in listed if isinstance(one, Seq) for item in one.items]
    else:
        return []
    return [text for value in found if (text := constant(value)) and text.startswith("/")]


def _speaks_of_staff(body: Body, i: int) -> bool:
    """Whether a name or a word other than an address says who belongs to the shop."""
    named = body.op[i] in (Op.NAME, Op.FIELD, Op.STORE) or (body.op[i] == Op.CONST and "/" not in body.name(i))
    return named and _OF_STAFF.search(body.name(i)) is not None


def _turns_away(body: Body, i: int) -> bool:
    if body.op[i] == Op.CONST:
        return body.name(i) in _STATUS
    return body.op[i] in (Op.CALL, Op.NEW) and _REFUSES.fullmatch(body.called(i)) is not None
