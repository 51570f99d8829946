"""The way from an entry point to an effect, as evidence, and the line on it that has to change."""

import re

from tillproof.checks.ruling import Evidence
from tillproof.commerce.arrivals import Arrival
from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.thin_routes import only_hands_on
from tillproof.commerce.touches import text_of, words_of
from tillproof.commerce.transitions import KNOWN_STATES, Transition
from tillproof.contract import StepKind
from tillproof.flow.left_open import lent_to
from tillproof.flow.program import Fn, Program
from tillproof.flow.proofs import Happening
from tillproof.flow.values import Const, External, FunctionV, Seq, constant, options
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Provider

_MOST = 8
_TOLD = ("mail", "event")
_SAME = ("==", "===", "in")
_OTHER = ("!=", "!==", "not in")
_ROUTED = 80  # lines of a procedure before its function: the shape of its input
_PROCEDURE = re.compile(r"\s*(?:export\s+const\s+)?(\w+)\s*[:=]\s*(?:\w+\.)?\w*[pP]rocedure\b")
_OF_A_MESSAGE = re.compile(r"\w[._:/ -]\w")
"""What names a kind of message and could not be a state of ours: `charge.success`, not `paid`."""


def entry_line(model: Model, entry: Entry) -> tuple[str, int]:
    """Where an entry point stands: a method that several classes inherit at the class on whose objects it is called."""
    if (cls := lent_to(model.program, entry.target)) is not None:
        return cls.file, model.program.cls(cls).line
    function = model.program.function(entry.target.fn)
    return entry.target.fn.file, function.line if function else 1


def handler_place(model: Model, handler: Handler) -> tuple[str, int]:
    """Where a handler stands: where its entry point does; a page without functions at its first call to the provider, or at its top."""
    if lent_to(model.program, handler.entry.target) is not None:
        return entry_line(model, handler.entry)
    return handler.entry.target.fn.file, handler_line(model, handler)


def handler_line(model: Model, handler: Handler) -> int:
    """The line of a handler's function; of a page without functions that of its first call to the provider, or its top."""
    function = model.program.function(handler.entry.target.fn)
    if function is not None:
        return function.line
    places = [(fn, i) for fn, i, _ in (*handler.closure.verifiers, *handler.closure.operations) if fn == handler.entry.target.fn]
    body = model.program.body(handler.entry.target.fn)
    return min((body.line[i] for _, i in places), default=1)


def called(model: Model, entry: Entry) -> str:
    """An entry point's name for people: its route, else its function."""
    route = entry.route if entry.route != "/" else None  # what a platform runs on every page is told by its name
    return route or _procedure(model, entry.target.fn) or model.program.qualified(entry.target.fn)


def _procedure(model: Model, fn: Fn) -> str:
    """What a procedure is called whose function has no name, by the key under which a router has it: ``order.create``."""
    function = model.program.function(fn)
    if function is None or model.program.name(fn) or model.program.language(fn.file) != "javascript":
        return ""
    lines = model.program.sources[fn.file].decode("utf-8", "replace").splitlines()
    above = lines[max(0, function.line - _ROUTED) : function.line]
    found = next((m for line in reversed(above) if (m := _PROCEDURE.match(line)) is not None), None)
    return f"{fn.file.rpartition('/')[2].partition('.')[0]}.{found[1]}" if found is not None else ""


def named_after(entry: Entry, provider: Provider) -> bool:
    """Whether an entry point bears a provider's name, in its route or in the path of its file."""
    return provider.id in f"{entry.route or ''} {entry.target.fn.file}".lower()


def passed(model: Model, act: Happening, before: tuple[Fn, int]) -> list[Evidence]:
    """The calls by which an entry point comes to what happens, but for the line that was told already."""
    calls = [Place(c.caller, c.call, c.parent) for c in reversed(list(act.ctx.chain()) if act.ctx else []) if c.call >= 0]
    return [_calling(model, place) for place in calls[-_MOST:] if (place.fn, place.instr) != before]


def _calling(model: Model, place: Place, written: frozenset[str] = frozenset()) -> Evidence:
    """A call on the way: where it names the state that is written further on, it is there that somebody decides on it."""
    body = model.program.body(place.fn)
    given = [v for _, v in body.call(place.instr)[1]] if body.op[place.instr] == Op.CALL else []
    given += [v for row in given if body.op[row] == Op.RECORD for v in body.args(row)[1::2]]
    words = (_word(model, place, v) for v in given)
    state = next((w for w in words if w and (w in written or any(model.words.has(kind, w) for kind in KNOWN_STATES))), None)
    return step(model, place, "calls") if state is None else step(model, place, f"calls with `{state}`", "sink")


def _word(model: Model, place: Place, i: int) -> str:
    """A word that stands there itself, or a member of an enumeration: ``OrderStatus.PAID``."""
    body = model.program.body(place.fn)
    if (const := body.const(i)) is not None:
        return const[1].strip("'\"") if const[0] == Kind.STRING else ""
    value = model.evaluator.value(place.fn, i, place.ctx) if body.op[i] == Op.FIELD else None
    return (text_of(value) or "") if isinstance(value, (Const, External)) else ""


def source(model: Model, entry: Entry, what: str) -> Evidence:
    """The entry point as the beginning of the evidence."""
    file, line = entry_line(model, entry)
    return Evidence(file, line, what, "source")


def step(model: Model, place: Place, note: str, kind: StepKind = "step") -> Evidence:
    """Evidence at a place."""
    body = model.program.body(place.fn)
    return Evidence(place.fn.file, body.line[place.instr], note, kind)


def anchor(model: Model, effect: Effect, provider: Provider | None = None) -> Place:
    """Where a guard has to go: from the first code that speaks of the provider on, the innermost place before a function that others call
    too, or before a job that only tells somebody and has no state to ask. A bus is shared, and not what it leads to; nor is the code that
    tells the kinds of a message apart, which an operator's second attempt goes through as well, what it does for one of them."""
    way = list(reversed(effect.way))
    first = next((n for n, p in enumerate(way) if provider is not None and model.recogniser.mentions(provider, p.fn.file)), 0)
    if provider is not None:
        own = (n for n, p in enumerate(way) if n > first and (_for_some_messages(model, provider, p) or _from_table(model, way[n - 1], p)))
        first = max(own, default=first)
    best = way[first]
    for place in way[first + 1 :]:
        if model.handovers.hands_on(place.fn, place.instr):
            continue
        if (
            not _only_here(model, place.fn)
            or _writes_what_it_is_told(model, effect, place)
            or (effect.kind in _TOLD and _is_queued(model, best, place.fn))
        ):
            break
        best = place
    return best


def _writes_what_it_is_told(model: Model, effect: Effect, place: Place) -> bool:
    """Whether a function is one of a general store, which writes whatever fields it is handed, into rows of any kind or with a state
    that its caller has chosen: ``update(id, changes)`` of a base class, ``changeOrder(id, { status: 'paid' })``; or makes a row of nothing
    but what it is handed: ``create(self, validated_data)`` of a serializer."""
    if place != effect.place or effect.touch is None or place.ctx is None:
        return False
    alone, told = model.records.touch(place.fn, place.instr, None), effect.touch.fields
    if alone is not None and alone.kind == "create" and not alone.fields:
        return True
    if alone is None or alone.fields.keys() >= told.keys():
        return False
    chosen = (
        n for n, v in told.items() if n not in alone.fields and any(isinstance(o, (Const, External)) for o in (options(v) if v else ()))
    )
    return alone.entity != effect.touch.entity or any(model.words.says_state(n) for n in chosen)


def _for_some_messages(model: Model, provider: Provider, place: Place) -> bool:
    """Whether a place is reached for messages of certain kinds alone: ``if event_type == "transfer.failed"``."""
    named = {e for inbound in provider.inbound for e in inbound.events if _OF_A_MESSAGE.search(e)}
    asked = flat([found for held in model.effects.held_at(place) for found in model.conditions.behind(held)])
    return any(_names_one(model, atom, named) for atom in asked)


def _from_table(model: Model, caller: Place, place: Place) -> bool:
    """Whether a place lies in a function that is one of several of which its caller takes one by the kind of the message:
    ``handlers[kind](data)``, and that nobody else calls."""
    body = model.program.body(caller.fn)
    if body.op[caller.instr] != Op.CALL or not _only_here(model, place.fn):
        return False
    taken = options(model.evaluator.value(caller.fn, body.args(caller.instr)[0], caller.ctx))
    return len({model.program.name(o.fn) for o in taken if isinstance(o, FunctionV)}) > 1


def _names_one(model: Model, atom: Atom, named: set[str]) -> bool:
    """Whether a condition that held says that something is one of these texts."""
    body = model.program.body(atom.fn)
    if body.op[atom.instr] != Op.BINARY or body.text(body.args(atom.instr)[0]) not in (_SAME if atom.truth else _OTHER):
        return False
    sides = (model.evaluator.value(atom.fn, side, atom.ctx) for side in body.args(atom.instr)[1:3])
    said = (item for side in sides for o in options(side) for item in (o.items if isinstance(o, Seq) else (o,)))
    return any(constant(item) in named for item in said)


def told_at(model: Model, act: Happening) -> tuple[Fn, int]:
    """Where a record is told what it then only notes: the call of a setter, not what stands in it."""
    owner = model.program.owner(act.fn)
    table = model.schema.table(owner) if owner is not None else None
    kept = table is not None and table.model == owner
    return (act.ctx.caller, act.ctx.call) if kept and act.ctx is not None and act.ctx.call >= 0 else (act.fn, act.instr)


def _is_queued(model: Model, caller: Place, fn: Fn) -> bool:
    """Whether a call hands work over that a function does later."""
    return any(handed.target.fn == fn for handed in model.handovers.targets(caller.fn, caller.instr, caller.ctx))


def _only_here(model: Model, fn: Fn) -> bool:
    """Whether a function is called from one place at most, or by entry points that are nothing but addresses of it."""
    function = model.program.function(fn)
    if function is None or not function.name:
        return True
    calls = model.callers.of(fn)
    return len(calls) <= 1 or all(only_hands_on(model, caller, call) for caller, call, _ in calls)


def steps(model: Model, effect: Effect, what: str) -> list[Evidence]:
    """The calls that lead to an effect, and the effect."""
    way = list(reversed(effect.way))
    fields = effect.touch.fields if effect.touch is not None else {}
    written = frozenset(t for n, v in fields.items() if model.words.says_state(n) for t in words_of(v))
    through = [_calling(model, p, written) for p in way[:-1]]
    if len(through) > _MOST:
        through = [*through[: _MOST // 2], *through[-_MOST // 2 :]]
    return [*through, step(model, way[-1], what, "sink")]


def too_little(model: Model, found: Transition | Arrival) -> list[Evidence]:
    """The conditions on the way that look at the present state and refuse too little."""
    places = dict.fromkeys((atom.fn, atom.instr) for atom in found.looked)
    return [
        step(model, Place(*place, None), "this looks at the present state, and lets it through when it is paid", "missing")
        for place in places
    ]


def extent(program: Program, fn: Fn, i: int) -> tuple[str, int, int]:
    """The lines over which an instruction stands, as a finding's anchor."""
    body = program.body(fn)
    return fn.file, body.line[i], body.end_line[i]


def lines(model: Model, place: Place) -> tuple[str, int, int]:
    """A place as a finding's anchor."""
    return extent(model.program, place.fn, place.instr)
