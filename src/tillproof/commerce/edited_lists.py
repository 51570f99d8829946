"""Lists of records in which staff set a field of many at once, whatever it was, by what a class lists alone: ``list_editable``."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.entities import entity
from tillproof.commerce.entry_styles.classes import members
from tillproof.commerce.refusing_saves import class_refuses
from tillproof.flow.program import ClassId
from tillproof.flow.values import Place, constant
from tillproof.knowledge.schema import Role, Routes

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


@dataclass(frozen=True, slots=True)
class EditedList:
    """``cls`` lists in ``member``, at ``place``, the ``field`` of a ``kind`` of record, for whoever has the ``role``."""

    cls: ClassId
    kind: ClassId
    member: str
    field: str
    place: Place
    role: Role


def edited_lists(model: "Model") -> Iterator[EditedList]:
    """Every list in which the state of an order, a payment or the like is set, where nothing looks at what is sent before it is saved."""
    for frameworks, files in model.wiring.active.files():
        for routes in (r for f in frameworks for r in f.routes if r.edits and r.rows):
            for cls, kind in model.handed_rows.given(routes.rows, files).items():
                named = entity(model.program.cls(kind).name)
                if model.words.entity(named) and not _judges(model, routes, cls) and not class_refuses(model, kind):
                    yield from _listed(model, routes, cls, kind)


def _listed(model: "Model", routes: Routes, cls: ClassId, kind: ClassId) -> Iterator[EditedList]:
    for member in routes.edits:
        for value in members(model.wiring, cls, (member,)):
            name = constant(value)
            if name is not None and model.words.has("status_fields", name):
                yield EditedList(cls, kind, member, name, value.at, routes.role)
                return


def _judges(model: "Model", routes: Routes, cls: ClassId) -> bool:
    """Whether a method of the class that runs before a record is saved, or that makes the form of the list, looks at its state."""
    methods = (model.evaluator.scope.method(cls, name) for name in routes.judges)
    return any(fn is not None and model.vocabulary.state(fn) for fn in methods)
