"""Whether a declaration that a repository holds is of another request than the one in hand: of another handler's rules, of a schema that is
asked of other routes, of a column of what is sold."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.entities import entity
from tillproof.commerce.lexicon import snake
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import ClassV, options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_REQUEST = re.compile(r"\w(Request|Dto|DTO|Input|Form|Serializer|Body|Payload)$")
_HOLDER = re.compile(
    r"(?:export\s+)?(?:const|let|var)\s+(\w+)\b[^=]*=|(?:module\.)?exports\.(\w+)\s*=|(\w+)\s*:\s*(?:Joi|z|yup|v|t|S|s|Type)\s*\.|(\w+)\s*=\s*\w"
)
_WITHIN = ("body", "query", "params", "properties", "items", "schema", "data", "input", "object")
_FURTHEST = 60  # lines up to what a schema is kept as


def of_another_request(model: "Model", around: Iterable[Fn], file: str, line: int, word: str) -> bool:
    """Whether a line declares what some other request brings, or how much there is of what is sold."""
    near = {fn.file for fn in around}
    return (
        _in_class_of_another(model, near, file, line)
        or _in_handler_of_another(model, set(around), file, line)
        or _in_schema_of_another(model, around, near, file, line)
        or _of_goods(model, file, line, word)
    )


def _in_class_of_another(model: "Model", near: set[str], file: str, line: int) -> bool:
    """It stands in a class of a request that neither the files of the handlers speak of nor a class that they speak of."""
    declared = model.program.indices[file].classes
    around_line = [c.name for c in declared if c.line <= line <= c.end_line and _REQUEST.search(c.name)]
    if not around_line or file in near:
        return False
    if any(
        _speaks_of(model, f, ClassId(file, n)) for n, c in enumerate(declared) for f in near.intersection(model.program.mentioning(c.name))
    ):
        return False
    holders = {f for name in around_line for f in model.program.mentioning(name)} - {file}
    return not any(not near.isdisjoint(model.program.mentioning(c.name)) for f in holders for c in model.program.indices[f].classes)


def _speaks_of(model: "Model", near: str, cls: ClassId) -> bool:
    """Whether a file that holds the name of a class means that class by it: not where it imports another that is called so."""
    meant = [o.cls for o in options(model.evaluator.scope.dotted(near, model.program.cls(cls).name)) if isinstance(o, ClassV)]
    return not meant or cls in meant


def _in_handler_of_another(model: "Model", around: set[Fn], file: str, line: int) -> bool:
    """It stands in the body of a function that answers other requests, and none of these."""
    functions = model.program.indices[file].functions
    inside = [Fn(file, n) for n, f in enumerate(functions) if f.line <= line <= f.end_line]
    if not inside or not around.isdisjoint(inside):
        return False
    ours = {id(e) for fn in around for e in model.entries_to(fn)}
    theirs = [e for fn in inside for e in model.entries_to(fn)]
    return bool(theirs) and not any(id(e) in ours for e in theirs)


def _in_schema_of_another(model: "Model", around: Iterable[Fn], near: set[str], file: str, line: int) -> bool:
    """It stands in a schema that is kept under a name of its own, by which files far from the handlers speak of it and theirs do not."""
    if file in near:
        return False
    name = next(_holders(model, file, line), "")
    if not name:
        return False
    speaking = set(model.program.mentioning(name)) - {file}
    entries = [e for fn in around for e in model.entries_to(fn)]
    beside = near | {e.place[0] for e in entries} | {e.target.fn.file for e in entries} | {v.at[0] for e in entries for v in e.chain}
    if not speaking:
        return file not in beside and any(e.target.fn.file == file for e in model.entries)  # a file of routes has it for itself
    if file in beside:
        return False
    for e in entries:
        handler = model.program.name(e.target.fn) if e.target.fn.number != TOP else ""
        beside.update(model.program.mentioning(handler) if handler else ())
    further = {f for stem in map(_stem, speaking) for f in model.program.mentioning(stem)}
    return beside.isdisjoint(speaking) and beside.isdisjoint(further)


def _holders(model: "Model", file: str, line: int) -> Iterator[str]:
    """The names that a schema around a line is kept under, innermost first."""
    lines = model.program.sources[file].decode("utf-8", "replace").splitlines()
    left = _indented(lines[line - 1])
    for number in range(line - 1, max(line - _FURTHEST, 0) - 1, -1):
        text = lines[number]
        if not text.strip() or (number < line - 1 and _indented(text) >= left):
            continue
        found = _HOLDER.match(text.strip())
        name = next((g for g in found.groups() if g), "") if found is not None else ""
        if name and snake(name) not in _WITHIN and (number < line - 1 or _indented(text) == 0):
            yield name
        left = min(left, _indented(text))


def _of_goods(model: "Model", file: str, line: int, word: str) -> bool:
    """It is a column of what is sold, which says how many there are."""
    if not model.words.has("quantity_fields", word):
        return False
    words = model.words
    for table in model.schema.mentioning([word]):
        if any(c.file == file and c.line <= line <= c.end_line for c in table.columns.values()):
            return any(words.has(kind, entity(table.entity or table.name)) for kind in ("goods_entities", "stock_entities"))
    return False


def _indented(text: str) -> int:
    return len(text) - len(text.lstrip())


def _stem(file: str) -> str:
    """What an import of a file ends in."""
    parts = file.rpartition(".")[0].split("/")
    return parts[-2] if parts[-1] in ("index", "__init__") and len(parts) > 1 else parts[-1].partition(".")[0]
