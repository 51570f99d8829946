"""The fields that a class declares for what requests bring: of ``class OrderUpdate(BaseModel)``, of ``class UpdateOrderDto``."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.program import ClassId
from tillproof.flow.values import ClassV, Instance, Member, Result, Value, options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_FIELD = {
    "python": re.compile(r"^(?:\t| {2,4})([A-Za-z]\w*)\s*:", re.MULTILINE),
    "javascript": re.compile(r"^[ \t]+(?:@[^\n]*\)\s*)?(?:(?:public|readonly|declare)\s+)*([A-Za-z]\w*)\s*[?!]?\s*:", re.MULTILINE),
}
_ON_ONE_LINE = re.compile(r"[{;]\s*(?:@\w+\([^()]*\)\s*)*(?:readonly\s+)?([A-Za-z]\w*)\s*[?!]?\s*:")
# Classes that take over another's fields, all or some: Nest's ``PartialType(CreateOrderDto)``.
_MAPPED = re.compile(r"\b(?:PartialType|OmitType|PickType|IntersectionType)\(\s*([A-Z]\w*)(?:\s*,\s*([A-Z]\w*|\[[^\]]*\]))?")
_MAPPED_BY_CALL = re.compile(r"(PartialType|OmitType|PickType|IntersectionType)\(")
_WORD = re.compile(r"['\"](\w+)['\"]")
_GIVES = ("dict", "model_dump", "dump", "copy")
_DEEPEST = 4


def declared_by_sender(model: "Model", value: Value) -> dict[str, Value]:
    """The fields of an object that a request is read into by a class of ours, each as what was sent under its name; empty for any other
    value."""
    found: dict[str, Value] = {}
    for option in options(value):
        if isinstance(option, Result) and isinstance(option.callee, Member) and option.callee.name in _GIVES:
            found.update(declared_by_sender(model, option.callee.base))
        elif isinstance(option, Instance) and option.made is None and option.origin is not None:
            source = model.requests.source(option.origin)
            if source is not None and source.kind == "body" and source.key is None:
                found.update({name: Member(option.at, option.origin, name) for name in declared_names(model, option.cls, 0)})
    return found


def declared_names(model: "Model", cls: ClassId, depth: int) -> tuple[str, ...]:
    """The names that a class declares, and those of the classes that it derives from or is mapped from."""
    found: dict[str, None] = {}
    for one in model.evaluator.scope.lineage(cls):
        text = model.program.class_text(one).decode("utf-8", "replace")
        language = model.program.language(one.file)
        body = text.partition("{")[2] if language == "javascript" else text
        if language not in _FIELD:
            continue
        found.update(dict.fromkeys(_FIELD[language].findall(body)))
        if language == "javascript":
            found.update(dict.fromkeys(_ON_ONE_LINE.findall("{" + body)))
            for taken, told in _MAPPED.findall(text.partition("{")[0]) if depth < _DEEPEST else ():
                found.update(dict.fromkeys(_mapped(model, one, taken, told, text, depth)))
    return tuple(found)


def _mapped(model: "Model", cls: ClassId, taken: str, told: str, head: str, depth: int) -> tuple[str, ...]:
    """The fields that a mapped class has of another: all of them, all but some, or only some."""
    names = [name for name in (taken, told) if name[:1].isupper()]
    classes = [o.cls for name in names for o in options(model.evaluator.scope.dotted(cls.file, name)) if isinstance(o, ClassV)]
    fields = tuple(f for c in classes for f in declared_names(model, c, depth + 1))
    listed = _WORD.findall(told)
    how = _MAPPED_BY_CALL.search(head)
    if how is None or not listed:
        return fields
    return tuple(f for f in fields if (f in listed) == (how[1] == "PickType"))
