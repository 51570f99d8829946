"""Views that make or change records by what they inherit from their framework alone, so that no line of ours writes what is sent: a
viewset of a model whose serializer lets ``status`` and ``total`` be sent, an ``UpdateView`` with ``fields = ["status"]``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.entities import entity
from tillproof.commerce.entry_styles.classes import members
from tillproof.commerce.entry_styles.defaults import Defaults
from tillproof.commerce.entry_styles.inherited import is_replaced, named_classes
from tillproof.commerce.names import fits
from tillproof.commerce.refusing_saves import class_refuses
from tillproof.commerce.whole_bodies import sendable
from tillproof.flow.facts import Condition
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import ClassV, Place, Seq, Value, constant, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Inherited, Role

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_CHANGES, _MAKES = "update", "create"
_GUARDS = ("permission_classes",)
_CHOOSES = "get_permissions"
_STAFF = re.compile(r"admin|staff|manager", re.IGNORECASE)
_METHODS = "http_method_names"
_TAKES = {_CHANGES: ("put", "patch"), _MAKES: ("post",)}
_ACTIONS = {_CHANGES: ("update", "partial_update", "PUT", "PATCH"), _MAKES: ("create", "POST")}
_ASKED = ("action", "method")
_LISTS = ("Meta.read_only_fields", "Meta.fields", "Meta.exclude", "fields")
_SAME = ("==", "in")


@dataclass(frozen=True, slots=True)
class PlainView:
    """``view``: the class, for a record of ``kind``; ``does``: whether it changes records or makes them; ``columns``: those that may be
    sent; ``role``: who may send them; ``listed``: where they are listed, in the view or in the class that ``fills`` the record."""

    view: ClassId
    kind: ClassId
    does: str
    columns: tuple[str, ...]
    role: Role
    fills: ClassId
    listed: Place


def plain_views(model: "Model") -> Iterator[PlainView]:
    """Every such view that something else in the program names, of orders, payments and the like."""
    program, wiring = model.program, model.wiring
    for frameworks, files in wiring.active.files():
        rules = [r for f in frameworks for r in f.inherited]
        for file in files if rules else ():
            for number, declared in enumerate(program.indices[file].classes):
                view = ClassId(file, number)
                bases = wiring.evaluator.scope.foreign_bases(view) if declared.bases else []
                if not bases or len(program.mentioning(declared.name)) < 2:
                    continue
                for does in (_CHANGES, _MAKES):
                    rule = next((r for r in rules if any(fits(b, base) for b in r.views.get(does, ()) for base in bases)), None)
                    if rule is not None and not is_replaced(wiring, rule, view, does):
                        yield from _plain(model, rule, view, does)


def _plain(model: "Model", rule: Inherited, view: ClassId, does: str) -> Iterator[PlainView]:
    """The view, if it saves by inherited means alone what is sent for an order, a payment or the like."""
    filled = _filled(model, rule, view, does)
    kind = model.inherited.kind_of(filled[0]) if filled else _model_of(model, view)
    if kind is None or not _takes(model, view, does) or class_refuses(model, kind):
        return
    named = entity(model.program.cls(kind).name)
    own = any(model.evaluator.scope.method(cls, does) is not None for cls in filled)  # what it does then is read there
    if own or not model.words.entity(named) or model.words.has("outgoing_entities", named):
        return
    sent = [sendable(model, cls, kind, view.file) for cls in filled] if filled else [_listed(model, view)]
    columns = tuple(c for c in sent[0] if all(c in others for others in sent[1:]))
    if columns:
        fills = filled[0] if filled else view
        yield PlainView(view, kind, does, columns, _role(model, view), fills, _where(model, fills))


def _filled(model: "Model", rule: Inherited, view: ClassId, does: str) -> list[ClassId]:
    """The classes by which a view may be filled for this: its method for them may choose by what is done."""
    program, evaluator = model.program, model.evaluator
    for name in rule.named_in:
        method = evaluator.scope.method(view, name)
        if method is None:
            continue
        body = program.body(method)
        ends = [i for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0 and _fits(model, method, i, does)]
        values = [evaluator.value(method, body.args(i)[0]) for i in ends]
        return list(dict.fromkeys(o.cls for value in values for o in options(value) if isinstance(o, ClassV)))
    return named_classes(model.wiring, rule, view)


def _fits(model: "Model", method: Fn, end: int, does: str) -> bool:
    """Whether a return may be reached for what is done: ``if self.action == "list": return Short`` is not for a change."""
    body = model.program.body(method)
    for fact in model.effects.facts(method).at(end):
        if not isinstance(fact, Condition) or body.op[fact.instr] != Op.BINARY or body.text(body.args(fact.instr)[0]) not in _SAME:
            continue
        left, right = body.args(fact.instr)[1:3]
        if body.op[left] != Op.FIELD or body.name(left) not in _ASKED:
            continue
        given = model.evaluator.value(method, right)
        named = {t for o in (given.items if isinstance(given, Seq) else (given,)) if (t := constant(o)) is not None}
        if named and fact.truth is named.isdisjoint(_ACTIONS[does]):
            return False
    return True


def _where(model: "Model", cls: ClassId) -> Place:
    """Where a class lists the fields that are only shown, that may be sent, or that may not; the class itself where it lists none."""
    top, declared = Fn(cls.file, TOP), model.program.cls(cls)
    stores = model.evaluator.defuse(top).stores
    found = next((stores[name] for held in _LISTS if stores.get(name := f"{declared.name}.{held}")), ())
    return (cls.file, model.program.body(top).line[found[0]] if found else declared.line)


def _role(model: "Model", view: ClassId) -> Role:
    """Who may send a record: by the view's list of permissions, by what its method for them names, or by what holds where it says
    nothing."""
    own = model.evaluator.scope.method(view, _CHOOSES)
    if own is not None and any(_STAFF.search(t) for t in model.vocabulary.tokens(own)):
        return "staff"  # which of its handlers it keeps for staff is not followed, but seldom the reading ones
    return model.roles.of_class(view, (*members(model.wiring, view, _GUARDS), *Defaults(model.wiring).of_view(view)))


def _model_of(model: "Model", view: ClassId) -> ClassId | None:
    """The model that a view names itself."""
    return next((v.cls for v in members(model.wiring, view, ("model",)) if isinstance(v, ClassV)), None)


def _listed(model: "Model", view: ClassId) -> list[str]:
    """The fields that a view lists itself."""
    found: tuple[Value, ...] = members(model.wiring, view, ("fields",))
    return [text for v in found if (text := constant(v))]


def _takes(model: "Model", view: ClassId, does: str) -> bool:
    """Whether a view takes such requests: one may list the methods that it takes."""
    allowed = [constant(v) for v in members(model.wiring, view, (_METHODS,))]
    return not allowed or any(method in allowed for method in _TAKES[does])
