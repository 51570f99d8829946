"""Columns of a model of Laravel's that a call fills with what was sent: ``$order->update($request->all())``, of those that it may fill."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import ClassV, Const, Ctx, Instance, Member, Record, Result, Seq, Value, constant, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_FILLS = ("update", "fill", "forceFill", "create", "updateOrCreate", "updateQuietly", "updateOrFail")
_FILLABLE = re.compile(r"\$fillable\s*=\s*\[([^\]]*)\]")
_UNGUARDED = re.compile(r"\$guarded\s*=\s*\[\s*\]")
_WORD = re.compile(r"['\"](\w+)['\"]")
_WHOLE = ("all", "input", "post", "toArray")
_PICKS = ("only", "validate", "safe", "validated", "validateWithBag")
_RULES = "rules"


def filled_by_sender(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> list[str]:
    """The columns that the model's class lets be filled and the request brings; those of its rules alone, where it is validated."""
    body = model.program.body(fn)
    callee, arguments = body.call(i)
    if model.program.language(fn.file) != "php" or body.op[callee] != Op.FIELD or body.name(callee) not in _FILLS:
        return []
    classes = [o.cls for o in options(model.evaluator.value(fn, body.args(callee)[0], ctx)) if isinstance(o, (ClassV, Instance))]
    for _, row in arguments:
        for option in options(model.evaluator.value(fn, row, ctx)):
            brought = _brought(model, option)
            if brought is None:
                continue
            allowed = _allowed(model, classes[0]) if classes else frozenset[str]()
            if brought:
                return [name for name in brought if allowed is None or name in allowed]
            return sorted(allowed or ())
    return []


def _brought(model: "Model", value: Value) -> list[str] | None:
    """The names that a request brings: an empty list when it may be any; None when a value is no request's."""
    if not isinstance(value, Result) or not isinstance(value.callee, Member) or value.instr < 0:
        return None
    name, base = value.callee.name, value.callee.base
    found = model.requests.source(value)
    if found is None or found.kind != "body" or found.key is not None:
        return None
    given = [o for _, v in model.evaluator.arguments(value) for o in options(v)]
    if name in _WHOLE and not given:
        return []
    if name in _PICKS:
        return [k for o in given for k in _listed(o)] or _by_rules(model, base) or None
    return None


def _listed(value: Value) -> list[str]:
    """The names in a list, in the keys of rules, or one alone."""
    if isinstance(value, Record):
        return [k if k is not None and not k.isdigit() else constant(v) or "" for k, v in value.entries]
    if isinstance(value, Seq):
        return [text for item in value.items if (text := constant(item))]
    return [text] if (text := constant(value)) and isinstance(value, Const) else []


def _by_rules(model: "Model", request: Value) -> list[str]:
    """The names that a form request has rules for."""
    kinds = (o.cls for o in options(request) if isinstance(o, Instance))
    methods = [rules for cls in kinds if (rules := model.evaluator.scope.method(cls, _RULES)) is not None]
    ends = [(fn, i) for fn in methods for i, op in enumerate(model.program.body(fn).op) if op == Op.RETURN]
    given = (model.evaluator.value(fn, model.program.body(fn).args(i)[0]) for fn, i in ends)
    return [name for value in given for o in options(value) for name in _listed(o)]


def _allowed(model: "Model", cls: ClassId) -> frozenset[str] | None:
    """The columns that a model lets be filled that way; None for all of them."""
    for one in model.evaluator.scope.lineage(cls):
        text = model.program.class_text(one).decode("utf-8", "replace")
        if (listed := _FILLABLE.search(text)) is not None:
            return frozenset(_WORD.findall(listed[1]))
        if _UNGUARDED.search(text):
            return None
    return frozenset()
