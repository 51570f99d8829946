"""Views that change records by what they inherit from their framework alone, so that no line of ours writes the state that is sent: a
viewset of a model whose serializer lets ``status`` be sent, an ``UpdateView`` with ``fields = ["status"]``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tillproof.commerce.entities import entity
from tillproof.commerce.entry_styles.classes import members
from tillproof.commerce.entry_styles.inherited import is_replaced, named_classes
from tillproof.commerce.names import fits
from tillproof.commerce.refusing_saves import class_refuses
from tillproof.commerce.whole_bodies import sendable
from tillproof.flow.program import ClassId
from tillproof.flow.values import ClassV, Value, constant
from tillproof.knowledge.schema import Role

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_CHANGES = "update"
_GUARDS = ("permission_classes",)
_CHOOSES = "get_permissions"
_STAFF = re.compile(r"admin|staff|manager", re.IGNORECASE)
_METHODS = "http_method_names"


@dataclass(frozen=True, slots=True)
class PlainView:
    """``view``: the class, for a record of ``kind``; ``field``: the one that holds a state and may be sent; ``role``: who may send it."""

    view: ClassId
    kind: ClassId
    field: str
    role: Role


def plain_views(model: "Model") -> Iterator[PlainView]:
    """Every such view that something else in the program names, of orders, payments and the like; one field of each."""
    program, wiring = model.program, model.wiring
    for frameworks, files in wiring.active.files():
        rules = [r for f in frameworks for r in f.inherited if _CHANGES in r.views]
        for file in files if rules else ():
            for number, declared in enumerate(program.indices[file].classes):
                view = ClassId(file, number)
                bases = wiring.evaluator.scope.foreign_bases(view) if declared.bases else []
                rule = next((r for r in rules if any(fits(b, base) for b in r.views[_CHANGES] for base in bases)), None)
                if rule is None or is_replaced(wiring, rule, view, _CHANGES) or len(program.mentioning(declared.name)) < 2:
                    continue
                filled = named_classes(wiring, rule, view)
                kind = model.inherited.kind_of(filled[0]) if filled else _model_of(model, view)
                if kind is None or not _changes(model, view) or class_refuses(model, kind):
                    continue
                named = entity(program.cls(kind).name)
                if not model.words.entity(named) or model.words.has("outgoing_entities", named):
                    continue
                columns = sendable(model, filled[0], kind, file) if filled else _listed(model, view)
                field = next((c for c in columns if model.words.says_state(c)), "")
                if field:
                    yield PlainView(view, kind, field, _role(model, view))


def _role(model: "Model", view: ClassId) -> Role:
    """Who may change a record: by the view's list of permissions, or by what its method for them names."""
    own = model.evaluator.scope.method(view, _CHOOSES)
    if own is not None and any(_STAFF.search(t) for t in model.vocabulary.tokens(own)):
        return "staff"  # which of its handlers it keeps for staff is not followed, but seldom the reading ones
    return model.roles.of_class(view, members(model.wiring, view, _GUARDS))


def _model_of(model: "Model", view: ClassId) -> ClassId | None:
    """The model that a view names itself."""
    return next((v.cls for v in members(model.wiring, view, ("model",)) if isinstance(v, ClassV)), None)


def _listed(model: "Model", view: ClassId) -> list[str]:
    """The fields that a view lists itself."""
    found: tuple[Value, ...] = members(model.wiring, view, ("fields",))
    return [text for v in found if (text := constant(v))]


def _changes(model: "Model", view: ClassId) -> bool:
    """Whether a view takes requests that change a record: one may list the methods that it takes."""
    allowed = [constant(v) for v in members(model.wiring, view, (_METHODS,))]
    return not allowed or "put" in allowed or "patch" in allowed
