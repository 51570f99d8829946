"""Sums of orders that a framework's own handlers fill in as they are sent: a viewset whose serializer leaves the total open."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.checks import remedies
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.entities import entity
from tillproof.commerce.entry_styles.classes import members
from tillproof.commerce.entry_styles.inherited import is_replaced, named_classes
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.names import fits
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import options
from tillproof.knowledge.schema import Inherited

_GUARDS = ("permission_classes",)
_CHOOSES_GUARDS = "get_permissions"
_WRITING = {"create": ("post",), "update": ("put", "patch")}
_REGISTERS = re.compile(rb"\.(register|as_view)\(")
_LESSER = re.compile(r"refund|tax|fee|discount|shipping")


class Filled(NamedTuple):
    """A view whose handler fills a record of an order by a class that leaves a sum open."""

    view: ClassId
    serializer: ClassId
    handler: str
    field: str


def filled_records(model: Model) -> Iterator[Ruling]:
    """One ruling per class by which customers fill in what an order costs."""
    seen: set[ClassId] = set()
    for found in _filled(model):
        if found.serializer not in seen:
            seen.add(found.serializer)
            yield _ruling(model, found)


def _filled(model: Model) -> Iterator[Filled]:
    for rule in (r for f in model.knowledge.frameworks.values() for r in f.inherited if r.record and f.language == "python"):
        wanted = {base.rpartition(".")[2] for bases in rule.views.values() for base in bases}
        for file, index in model.program.indices.items():
            for number, cls in enumerate(index.classes):
                if wanted.isdisjoint(base.rpartition(".")[2] for base in cls.bases) or model.program.language(file) != "python":
                    continue
                view = ClassId(file, number)
                if _is_customers(model, view) and _is_served(model, cls.name):
                    yield from _of_view(model, rule, view)


def _of_view(model: Model, rule: Inherited, view: ClassId) -> Iterator[Filled]:
    scope = model.evaluator.scope
    bases = scope.foreign_bases(view)
    allowed = {t.lower() for t in _texts(model, view, "http_method_names")}
    for handler, views in rule.views.items():
        verbs = _WRITING.get(handler, ())
        if not any(fits(v, base) for v in views for base in bases) or is_replaced(model.wiring, rule, view, handler):
            continue
        if allowed and allowed.isdisjoint(verbs):
            continue
        for serializer in named_classes(model.wiring, rule, view):
            if scope.method(serializer, handler) is None and (field := _open_sum(model, serializer)):
                yield Filled(view, serializer, handler, field)


def _open_sum(model: Model, serializer: ClassId) -> str:
    """The sum of an order that whoever sends a request may fill in by a class; empty when there is none."""
    kind = model.inherited.kind_of(serializer)
    name = entity(model.program.cls(kind).name) if kind is not None else ""
    table = model.schema.table(name, serializer.file) if name and model.words.entity(name) else None
    if table is None or model.words.has("outgoing_entities", name):
        return ""
    named, barred = model.inherited.writable(serializer)
    columns = [column.attribute or column.name.rpartition(".")[2] for column in table.columns.values()]
    sums = [c for c in columns if model.words.money(c) and not _LESSER.search(snake(c)) and c not in barred]
    return next((c for c in sums if named is None or c in named), "")


def _is_customers(model: Model, view: ClassId) -> bool:
    """Whether customers or strangers may call a view, by what it says itself of who may."""
    if model.evaluator.scope.method(view, _CHOOSES_GUARDS) is not None:
        return False
    patterns = model.roles.patterns(view.file)
    told = [model.roles.guard(guard, patterns) for guard in members(model.wiring, view, _GUARDS)]
    return bool(told) and not any(role in ("staff", "internal") for role in told)


def _is_served(model: Model, name: str) -> bool:
    return any(_REGISTERS.search(model.program.sources[file]) for file in model.program.mentioning(name))


def _texts(model: Model, cls: ClassId, member: str) -> list[str]:
    values = members(model.wiring, cls, (member,))
    return [text for v in values for o in options(v) if (text := getattr(o, "text", "").strip("'\""))]


def _ruling(model: Model, found: Filled) -> Ruling:
    program = model.program
    declared, view = program.cls(found.serializer), program.cls(found.view)
    top = Fn(found.serializer.file, TOP)
    stores = model.evaluator.defuse(top).stores.get(f"{declared.name}.Meta.fields", ())
    line = min((program.body(top).line[s] for s in stores), default=declared.line)
    ruling = Ruling("payment/client-amount", "broken", "order-total", found.serializer.file, line)
    ruling.severity, ruling.confidence = "critical", "likely"
    ruling.anchor = (found.serializer.file, line, line)
    ruling.title = "The client chooses what he pays"
    ruling.message = (
        f"`{found.field}` is among the fields that `{declared.name}` takes from a request, and `{view.name}` stores them as they are sent "
        f"({found.handler}): whoever owns the order sends another sum, one cent included, and pays that."
    )
    how = remedies.code(model, found.serializer.file, "load")
    ruling.remediation = (
        f'Put `"{found.field}"` into `Meta.read_only_fields`, and compute it from the stored prices where the order is made, as in {how}.'
    )
    ruling.evidence = [
        Evidence(found.serializer.file, line, f"`{found.field}` may be filled in by who sends the request", "source"),
        Evidence(found.view.file, view.line, f"its inherited `{found.handler}` stores what was sent", "sink"),
    ]
    return ruling
