"""Settings that an object is never made without: what checks them at the start refuses to go on where one is missing."""

from tillproof.commerce.conditions import Atom
from tillproof.commerce.effects import Held
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_AT_START = ("validateOptions", "constructor")
"""Medusa hands a provider's settings to the first before it makes one; the second makes every object."""
_FIELDS = 4


def never_missing(model: Model, fn: Fn, condition: int, truth: bool, ctx: Ctx | None) -> bool:
    """Whether a side of a branch is taken only where a setting of the object is missing, ``if (!this.options.secret)``, without which
    there is no such object: ``static validateOptions(options) { if (!options.secret) throw … }``."""
    cls = model.program.method_class(fn)
    missing = (a for a in model.conditions.of(fn, condition, truth, ctx) if isinstance(a, Atom) and a.truth is False and a.fn == fn)
    names = {name for a in missing if (name := _own_setting(model, fn, a.instr))}
    if cls is None or not names:
        return False
    methods = model.program.methods(cls)
    return any(names & _insisted_on(model, methods[name]) for name in _AT_START if name in methods)


def _own_setting(model: Model, fn: Fn, i: int) -> str:
    """The name of the field of the object itself, or of one of its fields, that is read, perhaps by way of a variable."""
    body = model.program.body(fn)
    if body.op[i] == Op.NAME:
        stores = model.evaluator.defuse(fn).reaching(i, body.name(i)).stores
        i = body.args(stores[0])[1] if len(stores) == 1 and body.op[stores[0]] == Op.STORE else i
    root = _root(body, i)
    return body.name(i) if root != i and body.op[root] == Op.NAME and body.name(root) == "this" else ""


def _root(body: Body, i: int) -> int:
    for _ in range(_FIELDS):
        if body.op[i] == Op.FIELD:
            i = body.args(i)[0]
    return i


def _insisted_on(model: Model, fn: Fn) -> set[str]:
    """The fields that are there on every way on which a function comes back."""
    body = model.program.body(fn)
    ends: list[set[str]] = []
    for _, facts in model.effects.facts(fn).ends():
        atoms = [a for f in facts for a in model.conditions.behind(Held(f, fn, None)) if isinstance(a, Atom)]
        ends.append({body.name(a.instr) for a in atoms if a.truth and a.fn == fn and body.op[a.instr] == Op.FIELD})
    return set[str].intersection(*ends) if ends else set()
