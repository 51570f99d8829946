"""What a panel that is built in PHP does when a button of its is pressed: ``Action::make('ship')->action(fn (Order $record) => …)``."""

from collections.abc import Iterator

from tillproof.commerce.entry_styles.arguments import Arguments
from tillproof.commerce.entry_styles.callables import php_callables
from tillproof.commerce.entry_styles.hooks import registering_calls
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, plain_names
from tillproof.commerce.names import fits
from tillproof.flow.program import Fn
from tillproof.flow.values import Member, Result
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Framework, Routes

_LONGEST = 20
_OFFERED = ("visible", "hidden", "disabled", "authorize")


def declared(wiring: Wiring) -> Iterator[Declared]:
    """The functions that the buttons of a unit's panels are handed."""
    for frameworks, files in wiring.active.files():
        for framework in frameworks:
            for routes in framework.routes:
                buttons = routes.style == "call" and not routes.path and all(name.startswith(".") for name in routes.names)
                if framework.language == "php" and buttons and routes.receivers:
                    yield from _pressed(wiring, framework, routes, files)


def _pressed(wiring: Wiring, framework: Framework, routes: Routes, files: list[str]) -> Iterator[Declared]:
    for fn, i in registering_calls(wiring, routes.names, files):
        if not _of_button(wiring, routes, fn, i) or _judged(wiring, fn, i):
            continue
        place = (fn.file, wiring.program.body(fn).line[i])
        for value in Arguments(wiring.evaluator, fn, i).first(routes.handler):
            for target, guards in php_callables(wiring, value, fn):
                yield Declared(target, None, routes.without_methods, framework.id, "call", place, guards, routes.role, routes.note)


def _judged(wiring: Wiring, fn: Fn, i: int) -> bool:
    """Whether a function says for which records the button may be pressed, ``->visible(fn (Order $record) => $record->isPaid())``: it is
    asked again before anything is done."""
    body, defuse = wiring.program.body(fn), wiring.evaluator.defuse(fn)
    last = i
    for _ in range(_LONGEST):
        members = [u for u in defuse.uses(last) if body.op[u] == Op.FIELD and body.args(u)[0] == last]
        last = next((c for m in members for c in defuse.uses(m) if body.op[c] == Op.CALL and body.args(c)[0] == m), last)
    while last >= 0 and body.op[last] == Op.CALL and body.op[body.args(last)[0]] == Op.FIELD:
        if body.called(last) in _OFFERED and any(body.op[v] == Op.FUNCTION for _, v in body.call(last)[1]):
            return True
        last = body.args(body.args(last)[0])[0]
    return False


def _of_button(wiring: Wiring, routes: Routes, fn: Fn, i: int) -> bool:
    """Whether a call stands in the chain that makes a button."""
    body = wiring.program.body(fn)
    callee = body.args(i)[0]
    value = wiring.evaluator.value(fn, body.args(callee)[0]) if body.op[callee] == Op.FIELD else None
    for _ in range(_LONGEST):
        if value is None:
            return False
        if any(fits(made, name) for made in routes.receivers for name in plain_names(value)):
            return True
        value = value.callee.base if isinstance(value, Result) and isinstance(value.callee, Member) else None
    return False
