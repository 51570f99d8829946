"""Columns that Laravel's models take over from a request whole: ``Order::create($request->validated())``.

What is handed over says which keys may be there: the rules by which a request was checked, the keys that were picked, or anything at all.
What the model says of itself, ``$fillable`` and ``$guarded``, decides which of them it takes over. What our own code sets beside that,
before it or after it, is not the sender's.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.lexicon import snake
from tillproof.commerce.removed_keys import spelt
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import (
    Choice,
    ClassV,
    Const,
    Ctx,
    External,
    Instance,
    Member,
    Result,
    Seq,
    Value,
    before_writes,
    constant,
    names,
    options,
    pattern,
)  # fmt: skip
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_WHOLE = ("all", "input", "post", "toArray", "json", "request")
_REGARDLESS = ("forceCreate", "forceFill", "insert", "insertGetId")
_SETS = ("update", "fill", "forceFill", "updateQuietly", "create", "forceCreate")
_ADDS = ("merge", "replace", "set", "add")
_VALIDATORS = ("Validator.make", "validator")
_HOOKS = ("boot", "booted")
_KEPT_OUT = ("prohibited", "exclude", "missing")
_DEEPEST = 4
_FILLING = ("create", "update", "updateOrCreate", "firstOrCreate", "fill", "updateOrFail")
"""What fills a model only with what it lists as fillable."""


class _Keys(NamedTuple):
    """The keys that a request may bring: those that are ``named``, or any at all (None) but those that are ``barred``."""

    named: frozenset[str] | None
    barred: frozenset[str] = frozenset()

    def but(self, more: Iterable[str]) -> "_Keys":
        return self._replace(barred=self.barred | frozenset(more))


def mass_assigned(model: "Model", entity: str, fn: Fn, i: int, ctx: Ctx | None, gone: frozenset[str]) -> dict[str, Value]:
    """The columns of a model that a call sets to whatever the request says, each with the piece of the request. ``gone``: the keys that
    were taken out of what is handed over."""
    found: dict[str, Value] = {}
    given = [model.evaluator.value(fn, a, ctx) for _, a in model.program.body(fn).call(i)[1]]
    shapes = [shape(model.evaluator, value) for value in given]
    brought = [(v, keys) for got in shapes for v in got.open if (keys := _keys(model, v, 0)) is not None]
    if not brought:
        return found
    cls = _model_class(model, entity, fn, i, ctx)
    ours = gone | {key for got in shapes for key in got.must} | _set_beside(model, fn, i, ctx) | _set_by_hooks(model, cls)
    takes = None if model.program.body(fn).called(i) in _REGARDLESS else _taken_over(model, cls)
    for value, keys in brought:
        named = takes if keys.named is None else keys.named if takes is None else [k for k in takes if k in keys.named]
        for name in named or ():
            if name not in ours and name not in keys.barred:
                found.setdefault(name, Member(value.at, value, name))
    return found


def _keys(model: "Model", value: Value, depth: int) -> _Keys | None:
    """The keys of a request's body that a value may hold; None where it is no such body."""
    if isinstance(value, Choice):
        return next((k for o in value.options if (k := _keys(model, o, depth + 1)) is not None), None) if depth < _DEEPEST else None
    if not isinstance(value, Result) or value.instr < 0 or depth > _DEEPEST or not isinstance(value.callee, (Member, External)):
        return None
    called = value.callee.name.rpartition(".")[2]
    given = [v for _, v in model.evaluator.arguments(value)]
    base = value.callee.base if isinstance(value.callee, Member) else None
    if called in ("validate", "validateWithBag"):
        rules = [keys for v in given[:2] if (keys := _rule_keys(model, v))]
        return _Keys(rules[0]) if rules else None
    if called in ("validated", "safe") and not given:
        return _checked(model, base)
    within = _keys(model, base, depth + 1) if base is not None else None  # `$request->safe()->only([…])`
    if called == "merge" and within is not None:
        return within.but(k for v in given for k in shape(model.evaluator, v).must)
    if called in _WHOLE and not given and within is not None:
        return within
    if called in ("only", "except"):
        if within is None and ((sent := model.requests.source(value)) is None or sent.kind != "body"):
            return None
        told = _texts(given)
        if called == "except":
            return (within or _Keys(None)).but(told)
        return _Keys(frozenset(told) if within is None or within.named is None else within.named & frozenset(told))
    return _Keys(None) if called in _WHOLE and not given and _is_body(model, value) else None


def _is_body(model: "Model", value: Value) -> bool:
    found = model.requests.source(value)
    return found is not None and found.kind == "body" and found.key is None


def _texts(given: list[Value]) -> list[str]:
    flat = [item for v in given for item in (v.items if isinstance(v, Seq) else (v,))]
    return [text for v in flat if (text := constant(v)) is not None]


def _checked(model: "Model", base: Value | None) -> _Keys | None:
    """The keys of what a form request or a validator has checked: those that it has rules for."""
    for option in options(base) if base is not None else ():
        if isinstance(option, Result) and option.instr >= 0 and any(n.endswith(_VALIDATORS) for n in names(option.callee)):
            rules = _rule_keys(model, model.evaluator.argument(option, 1))
            return _Keys(rules) if rules else None
        cls = option.cls if isinstance(option, Instance) else None
        method = model.evaluator.scope.method(cls, "rules") if cls is not None else None
        if cls is not None and method is not None:
            body = model.program.body(method)
            ends = [body.args(n)[0] for n, op in enumerate(body.op) if op == Op.RETURN and body.args(n)[0] >= 0]
            found = frozenset[str]().union(*(_rule_keys(model, model.evaluator.value(method, end)) for end in ends))
            return _Keys(found, frozenset(_merged_in(model, cls))) if found else None
    return None


def _rule_keys(model: "Model", rules: Value | None) -> frozenset[str]:
    """The keys that rules let pass: those of the first level, without the ones that nobody may send."""
    if rules is None or isinstance(rules, Const):
        return frozenset()
    got = shape(model.evaluator, rules)
    told = {**got.may, **got.must}
    return frozenset(k for k, rule in told.items() if "." not in k and "*" not in k and not _refuses(rule))


def _refuses(rule: Value) -> bool:
    """Whether a rule lets nobody send the field: ``'prohibited'``."""
    parts = rule.items if isinstance(rule, Seq) else (rule,)
    return any(word in _KEPT_OUT for part in parts for word in pattern(part).strip("'\"").split("|"))


def _merged_in(model: "Model", cls: ClassId) -> Iterator[str]:
    """The keys that a form request sets itself before it checks: ``$this->merge(['total' => …])``."""
    for method in model.program.methods(cls).values():
        yield from _added(model, method, len(model.program.body(method).op))


def _added(model: "Model", fn: Fn, before: int) -> Iterator[str]:
    """The keys that a function puts into a request before an instruction."""
    body = model.program.body(fn)
    for i in range(before):
        callee = body.args(i)[0] if body.op[i] == Op.CALL else -1
        if callee >= 0 and body.op[callee] == Op.FIELD and body.name(callee) in _ADDS:
            yield from (k for _, a in body.call(i)[1] for k in shape(model.evaluator, model.evaluator.value(fn, a)).must)
        elif body.op[i] in (Op.SET_FIELD, Op.SET_INDEX) and "request" in spelt(body, body.args(i)[0]).lower():
            key = body.args(i)[1] if body.op[i] == Op.SET_INDEX else -1
            named = body.const(key) if key >= 0 else None
            yield from [named[1]] if named is not None else [body.name(i)] if body.op[i] == Op.SET_FIELD else []


def _set_beside(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> set[str]:
    """The fields that our own code sets: in the request before, or on the record after."""
    ways = [(fn, i), *((link.caller, link.call) for link in ctx.chain() if link.call >= 0)] if ctx is not None else [(fn, i)]
    found = {key for at, before in ways for key in _added(model, at, before)}
    body = model.program.body(fn)
    for later in range(i + 1, len(body.op)):
        if body.op[later] == Op.SET_FIELD:
            found.add(body.name(later))
        elif body.op[later] == Op.CALL and body.called(later) in _SETS:
            found.update(k for _, a in body.call(later)[1] for k in shape(model.evaluator, model.evaluator.value(fn, a, ctx)).must)
    return found


def _model_class(model: "Model", entity: str, fn: Fn, i: int, ctx: Ctx | None) -> ClassId | None:
    """The class of the record: what the call stands on or makes, or the one that is called like the record."""
    body = model.program.body(fn)
    callee = body.args(i)[0]
    on = callee if body.op[i] == Op.NEW or body.op[callee] != Op.FIELD else body.args(callee)[0]
    for option in options(before_writes(model.evaluator.value(fn, on, ctx))):
        if isinstance(option, (ClassV, Instance)) and model.evaluator.scope.foreign_bases(option.cls):
            return option.cls
    table = model.schema.table(entity, fn.file)
    return table.model if table is not None else None


def leaves_out(model: "Model", fn: Fn, i: int, name: str) -> bool:
    """Whether a call of Eloquent's drops a field without a word: the model lists what such calls may fill, and that is not among it."""
    body = model.program.body(fn)
    if model.program.language(fn.file) != "php" or body.op[i] != Op.CALL or body.called(i) not in _FILLING:
        return False
    touch = model.records.touch(fn, i, None)
    cls = _model_class(model, touch.entity, fn, i, None) if touch is not None else None
    fillable = _declared(model, cls, "fillable") if cls is not None else None
    return bool(fillable) and name not in (fillable or ())


def _taken_over(model: "Model", cls: ClassId | None) -> list[str] | None:
    """The columns that a model takes over from a record; None where nothing here says."""
    if cls is None:
        return None
    fillable = _declared(model, cls, "fillable")
    if fillable is not None:
        return fillable
    guarded = _declared(model, cls, "guarded")
    table = model.schema.table(cls) if guarded is not None else None
    return [c.name for c in table.columns.values() if c.name not in (guarded or ())] if table is not None and table.columns else None


def _declared(model: "Model", cls: ClassId, name: str) -> list[str] | None:
    at = (cls.file, model.program.cls(cls).line)
    held = [o for o in options(model.evaluator.member(Instance(at, cls), name, at)) if isinstance(o, Seq)]
    return _texts([item for o in held for item in o.items]) if held else None


def _set_by_hooks(model: "Model", cls: ClassId | None) -> set[str]:
    """The fields that a model or its observer sets whenever it is stored, and those that pass a setter of its own."""
    if cls is None:
        return set()
    program = model.program
    methods = program.methods(cls)
    found = {snake(n.removeprefix("set").removesuffix("Attribute")) for n in methods if n.startswith("set") and n.endswith("Attribute")}
    observers = [m for o in program.classes_by_name.get(f"{program.cls(cls).name}Observer", ()) for m in program.methods(o).values()]
    for outer in (*(methods[name] for name in _HOOKS if name in methods), *observers):
        declared = program.function(outer)
        inside = [
            Fn(outer.file, n)
            for n, f in enumerate(program.indices[outer.file].functions)
            if declared is not None and declared.line <= f.line <= declared.end_line
        ]
        for fn in inside:
            body = program.body(fn)
            found |= {body.name(i) for i, op in enumerate(body.op) if op == Op.SET_FIELD}
    return found
