"""Functions that take a provider's message and to which no route is seen: registered in a way that no pack knows, or outside the tree."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.reach import header, written_keys
from tillproof.commerce.recognition import HOOK, caller, signs_of
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import FunctionV, Instance
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_REQUESTS = ("req", "request", "_request")
_HANDED = {"python": (), "javascript": ("res", "response", "reply", "resp", "_response", "_res")}
_UP = 4  # callers above the function that reads the signature
_NEAR = 4
_FIELDS = 3
_ITSELF = ("this", "$this", "self")
_TELLING = 2  # words of a method's name: `handle` is everybody's


def unrouted(model: "Model") -> Iterator[Entry]:
    """An entry for each function that reads a signature header or the fields of an instant notification, or calls a verifier, asks which
    event it is, and is reached by no entry; and for each that is named as a webhook is, takes a request, and shows whose messages it takes.

    The outermost caller stands for it. A library of verifiers asks for no event, so it is none.
    """
    seen: set[Fn] = set()
    reached: set[Fn] | None = None
    for file in model.operations.candidates():
        for fn in model.program.all_functions(file):
            if fn.number == TOP or not ((named := _is_named_so(model, fn)) or _takes_messages(model, fn)):
                continue
            if reached is None:
                reached = {f for entry in model.entries for f in model.handlers.closure(entry).functions}
            outer = _outermost(model, fn, reached)
            if outer is None or outer in seen:
                continue
            seen.add(outer)
            entry = standing_for(model, outer)
            if _handles_events(model, entry) or (named and outer == fn and _is_somebodys(model, entry)):
                yield entry


def _handles_events(model: "Model", entry: Entry) -> bool:
    """Whether an entry, or what it calls, asks which event it is told of; or what came of the payment by the name that an instant
    notification has for that, where nothing is asked outside, whose answer has the same names."""
    near = [fn for fn, depth in model.handlers.closure(entry).functions.items() if depth <= _NEAR]
    if any(model.reach.event_names & model.reach.compared(fn) for fn in near):
        return True
    outcomes = {o for p in model.knowledge.providers.values() for i in p.inbound if i.kind == "ipn" for o in i.outcome if "_" in snake(o)}
    return any(outcomes & model.vocabulary.tokens(fn) for fn in near) and not any(_asks_outside(model, fn) for fn in near)


def _asks_outside(model: "Model", fn: Fn) -> bool:
    """Whether a function sends a request itself."""
    return any(op == Op.CALL and model.recogniser.is_("http", fn, i) is not None for i, op in enumerate(model.program.body(fn).op))


def _is_somebodys(model: "Model", entry: Entry) -> bool:
    """Whether what an entry reads shows whose messages it takes."""
    return caller(model, signs_of(model, entry, model.handlers.closure(entry))) is not None


def _is_named_so(model: "Model", fn: Fn) -> bool:
    """Whether a function is called as a webhook is and takes a request, with what answers it where the language hands that over."""
    answers = _HANDED.get(model.program.language(fn.file))
    if answers is None or HOOK.search(model.program.name(fn)) is None:
        return False
    given = [p.name for p in model.program.body(fn).params if p.name not in ("self", "cls")]
    return bool(given) and given[0] in _REQUESTS and (not answers or (len(given) > 1 and given[1] in answers))


def _takes_messages(model: "Model", fn: Fn) -> bool:
    """Whether a function itself names a header that carries a proof, or several fields of one provider's instant notifications, or calls a
    provider's verifier."""
    said = model.vocabulary.tokens(fn)
    if any(own & said and len(fields & said) >= _FIELDS for fields, own in model.handlers.notified):
        return True
    tokens = {t.lower() for t in said}
    if not tokens & model.handlers.proving_words:
        return False
    body = model.program.body(fn)
    keys = written_keys(body)
    named = (header(body.name(i).strip("'\"")) for i, op in enumerate(body.op) if op == Op.CONST and i not in keys)
    if any(name in model.handlers.proving_headers for name in named):
        return True
    return any(op == Op.CALL and model.recogniser.verifier(fn, i) is not None for i, op in enumerate(body.op))


def _outermost(model: "Model", fn: Fn, reached: set[Fn]) -> Fn | None:
    """The last of the callers above a function; None when some entry reaches it, or the file's own level calls it."""
    here = fn
    for _ in range(_UP):
        if here in reached:
            return None
        above = [c for c, _, _ in model.callers.of(here) if c != here]
        around = model.program.parent(here)
        if around is not None and around.number != TOP and not above:
            above = [around]
        if not above and (spelt := _calling_by_name(model, here)):
            if not reached.isdisjoint(spelt):
                return None  # an entry calls it on an object of which the class is not known
            above = spelt
        if not above:
            return here
        here = above[0]
        if here.number == TOP:
            return None
    return here if here not in reached else None


def _calling_by_name(model: "Model", fn: Fn) -> list[Fn]:
    """The functions that call a method of that name on something, where the name says enough: ``$paypal->generate_tickets()``."""
    program, name = model.program, model.program.name(fn)
    if program.owner(fn) is None or len([w for w in snake(name).split("_") if w]) < _TELLING:
        return []
    files = (f for f in program.mentioning(name) if program.language(f) == program.language(fn.file))
    found = (c for file in files for c in program.functions_calling_name(file, name))
    return [
        c
        for c in found
        if c != fn
        and not _has_its_own(model, c, name)
        and any(_calls_on_something(program.body(c), i, name) for i in range(len(program.body(c).op)))
    ]


def _has_its_own(model: "Model", caller: Fn, name: str) -> bool:
    """Whether a caller's own class has a method of that name, which is the one that it calls on itself, and calls it on nothing else."""
    owner, body = model.program.method_class(caller), model.program.body(caller)
    if owner is None or model.evaluator.scope.method(owner, name) is None:
        return False
    on = [body.args(body.args(i)[0])[0] for i in range(len(body.op)) if _calls_on_something(body, i, name)]
    return all(body.op[o] == Op.NAME and body.name(o) in _ITSELF for o in on)


def _calls_on_something(body: Body, i: int, name: str) -> bool:
    return body.op[i] == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.name(body.args(i)[0]) == name


def standing_for(model: "Model", fn: Fn) -> Entry:
    """An entry at a function to which no route is seen."""
    function = model.program.function(fn)
    place = (fn.file, function.line if function else 1)
    owner = model.program.owner(fn)
    target = FunctionV(place, fn, None, Instance(place, owner) if owner else None)
    return Entry(target, None, ("ANY",), "", "unrouted", (), "public", None, place, "No route to it is seen.")
