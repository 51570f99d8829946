"""Records that a function of ours fills in for its caller: ``addShipping(params, order)``, ``fill_tax(payload)``, PHP's ``&$params``."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tillproof.flow.frames import Frame
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, FunctionV, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_HEAD = 400


class Lent(NamedTuple):
    """What a function writes into something that it was lent: the instruction of the value, in the context of that call."""

    fn: Fn
    ctx: Ctx
    value: int


def written_into(ev: "Evaluator", fn: Fn, i: int, name: str, ctx: Ctx | None) -> Iterator[Lent]:
    """What the calls before an instruction write into what a variable holds, whatever it was made of: ``add_entry($lines, $entry)``."""
    body = ev.program.body(fn)
    for call in range(i):
        if body.op[call] != Op.CALL:
            continue
        lent = [n for n, (_, a) in enumerate(body.call(call)[1]) if body.op[a] == Op.NAME and body.name(a) == name]
        for target in options(ev.value(fn, body.args(call)[0], ctx)) if lent else ():
            if not isinstance(target, FunctionV) or target.fn == fn:
                continue
            for number in lent:
                if written := _written_through(ev, target, number):
                    inner = ev.context(target, fn, call, ctx)
                    yield from (Lent(target.fn, inner, value) for _, _, value in written)


def filled(ev: "Evaluator", f: Frame, i: int, name: str) -> list[tuple[str | None, Value, bool]]:
    """What the calls before an instruction have written into the record that a variable holds, as an overlay has it."""
    out: list[tuple[str | None, Value, bool]] = []
    for call, number in f.flow.lent.get(name, ()):
        if call >= i:
            continue
        called = options(ev.at(f, f.body.args(call)[0]))
        always = len(called) == 1 and f.flow.block_of[call] in (0, f.flow.block_of[i])
        for target in (o for o in called if isinstance(o, FunctionV) and o.fn != f.fn):
            if not (writes := _written_through(ev, target, number)):
                continue
            flow, ctx = ev.defuse(target.fn), ev.context(target, f.fn, call, f.ctx)
            told = ((n, key, value) for n, key, value in writes if key is not None)
            out += [(key, ev.value(target.fn, value, ctx), always and flow.block_of[n] == 0) for n, key, value in told]
    return out


def _written_through(ev: "Evaluator", target: FunctionV, number: int) -> Sequence[tuple[int, str | None, int]]:
    """What a function writes into its argument of that number, where the caller sees it."""
    params = ev.program.body(target.fn).params
    at = number + (1 if target.this is not None and ev.is_python_method(target.fn) else 0)
    if at >= len(params) or not _writes_through(ev, target.fn, params[at].name):
        return ()
    return ev.defuse(target.fn).writes.get(params[at].name, ())


def _writes_through(ev: "Evaluator", fn: Fn, name: str) -> bool:
    """Whether what is written into a parameter is seen by the caller: PHP copies its arrays unless they are handed over by reference."""
    function = ev.program.function(fn)
    if function is None or ev.program.language(fn.file) != "php":
        return True
    head = ev.program.sources[fn.file][function.start : min(function.end, function.start + _HEAD)]
    return re.search(rb"&\s*\$" + re.escape(name.encode()) + rb"\b", head.partition(b"{")[0]) is not None
