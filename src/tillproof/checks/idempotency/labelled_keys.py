"""Keys that say who asks and not what is asked for: a web request and a message of the provider's that make the same thing send two keys,
and the provider makes it twice."""

from collections.abc import Iterator
from typing import NamedTuple

from tillproof.checks.idempotency.keys import Keyed, look
from tillproof.commerce.model import Model
from tillproof.commerce.operations import OperationSite
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Param, Record, Text, Value, options, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

_MAKES = ("payment.create", "subscription.create", "transfer.create", "payout.create", "refund.create")
_SAYS_WHO = ("customer", "metadata", "description", "receipt_email", "statement_descriptor")
"""Parts of a request that say for whom and why, and not what is to be made."""
_LEVELS = 3
_MOST = 40
_PIECES = 60


class Labelled(NamedTuple):
    """A call whose key takes a label from whoever asks. ``labels``: those that callers write down, with the calls."""

    site: OperationSite
    key: str
    param: Param
    labels: dict[str, tuple[Fn, int]]


def labelled(model: Model, places: list[list[Keyed]]) -> Iterator[Labelled]:
    """Each such call once. ``places``: the calls that owe a key."""
    seen: set[tuple[Fn, int]] = set()
    for place in places:
        for keyed in place:
            site = keyed.site
            if site.operation.op in _MAKES and (site.fn, site.instr) not in seen:
                seen.add((site.fn, site.instr))
                yield from _of(model, look(model, site, None))


def _of(model: Model, keyed: Keyed) -> Iterator[Labelled]:
    found, site = keyed.found, keyed.site
    if found is None or not isinstance(found.value, Text):
        return
    body = model.program.body(site.fn)
    named = {p.name: p for p in pieces([found.value], _PIECES) if isinstance(p, Param) and p.fn == site.fn}
    for label in named.values():
        others = set(named) - {label.name}
        if not others or _reads(body, label.name) != 1 or not _asks_alike(model, site, named):
            continue
        labels, different = _labels(model, site.fn, label)
        if len(labels) > 1 or (labels and different):
            yield Labelled(site, found.key, label, labels)


def _reads(body: Body, name: str) -> int:
    """How often a parameter is read: what is read in the key alone decides nothing else."""
    return sum(op == Op.NAME and body.name(i) == name for i, op in enumerate(body.op))


def _asks_alike(model: Model, site: OperationSite, named: dict[str, Param]) -> bool:
    """Whether all that is asked for hangs on what the key names as well: whoever hands over another sum asks for another payment."""
    for name, value in model.evaluator.given(site.fn, site.instr, None):
        asked = [(k or name, v) for o in options(value) for k, v in (o.entries if isinstance(o, Record) else [(name, o)])]
        made_of = (p for k, v in asked if k not in _SAYS_WHO for p in pieces([v], _PIECES, model.evaluator.made_of))
        if any(isinstance(p, Param) and p.fn == site.fn and p.name not in named for p in made_of):
            return False
    return True


def _labels(model: Model, fn: Fn, label: Param) -> tuple[dict[str, tuple[Fn, int]], bool]:
    """The labels that callers write down; and whether others hand over something that differs from time to time."""
    body = model.program.body(fn)
    taken = next((i for i, op in enumerate(body.op) if op == Op.PARAM and body.args(i)[0] == label.number), None)
    labels: dict[str, tuple[Fn, int]] = {}
    different = False
    contexts: list[Ctx] = [c for n in range(1, _LEVELS + 1) for c in model.callers.contexts(fn, n)][:_MOST] if taken is not None else []
    for ctx in contexts:
        for option in options(model.evaluator.value(fn, taken or 0, ctx)):
            if isinstance(option, Const) and option.kind == Kind.STRING:
                labels.setdefault(option.text.strip("'\"`"), (ctx.caller, ctx.call))
            else:
                different |= not isinstance(option, (Const, Param)) and _is_sure(option)
    return labels, different


def _is_sure(value: Value) -> bool:
    """Whether a value is known to be read from something: the id of a message."""
    return any(not isinstance(p, Const) for p in pieces([value], _PIECES))
