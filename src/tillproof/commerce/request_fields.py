"""The pieces of a request that an entry point reads: the body that a tester has to send."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.entries import Entry
from tillproof.commerce.requests import Source
from tillproof.flow.program import ClassId, Fn, Program
from tillproof.flow.values import Ctx, FunctionV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 2
_MOST_FUNCTIONS = 8
_MOST = 24
_READ = ("body", "query")
_PYTHON_FIELD = re.compile(r"(\s+)([a-z]\w*)\s*:\s*([^=#]+)")
_SCRIPT_FIELD = re.compile(r"(\s+)(?:(?:public|private|protected|readonly|declare)\s+)*([a-z]\w*)[?!]?\s*:\s*([^;=(]+)")
_TYPE = re.compile(r"[A-Z]\w*")
_KEY = re.compile(r"[A-Za-z_][\w-]*(?:\[\])?(?:\.[A-Za-z_][\w-]*(?:\[\])?){0,4}")
_METHODS = {
    "has",
    "merge",
    "filled",
    "exists",
    "user",
    "get",
    "all",
    "input",
    "validate",
    "validated",
    "only",
    "json",
    "body",
    "text",
    "length",
    "push",
    "map",
    "filter",
    "forEach",
}


def fields_of(model: "Model", entry: Entry) -> tuple[str, ...]:
    """Dotted keys in the order in which they are met, without those that are only on the way to others."""
    found: dict[str, None] = {}
    seen: set[Fn] = set()

    def visit(fn: Fn, ctx: Ctx | None, depth: int) -> None:
        if fn in seen or len(seen) >= _MOST_FUNCTIONS:
            return
        seen.add(fn)
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.RECORD and any(k >= 0 and body.op[k] == Op.NAME for k in body.args(i)[::2]):  # of the names in a list
                sent = (model.requests.source(part) for part in model.evaluator.value(fn, i, ctx).parts())
                found.update((s.key, None) for s in sent if s is not None and s.kind in _READ and s.key)
            if op not in (Op.FIELD, Op.INDEX, Op.CALL):
                continue
            source = model.requests.source(model.evaluator.value(fn, i, ctx))
            if source is not None and source.kind in _READ and source.key:
                found[source.key] = None
            if op == Op.CALL and depth < _DEEPEST:
                given = any(model.requests.source(model.evaluator.value(fn, a, ctx)) for _, a in body.call(i)[1])
                for option in options(model.evaluator.value(fn, body.args(i)[0], ctx)):
                    if isinstance(option, FunctionV) and (given or _speaks_of_request(model.program, option.fn)):
                        visit(option.fn, model.evaluator.context(option, fn, i, ctx), depth + 1)

    for number, param in enumerate(model.program.body(entry.target.fn).params):
        if any(source.kind in _READ and source.key is None for source in of_parameter(model, entry.target.fn, number)):
            for key in _declared(model.program, entry.target.fn.file, param.type, 0):
                found[key] = None
    visit(entry.target.fn, model.evaluator.entry_context(entry.target), 0)
    keys = [key for key in found if _KEY.fullmatch(key) and key.rpartition(".")[2] not in _METHODS]
    whole = [key for key in keys if not any(other.startswith((key + ".", key + "[]")) for other in keys)]
    return tuple(whole[:_MOST])


def _speaks_of_request(program: Program, fn: Fn) -> bool:
    """Whether a function may read the request by itself."""
    function = program.function(fn)
    text = program.sources[fn.file][function.start : function.end].lower() if function else b""
    return b"request" in text or b"$_post" in text


def of_parameter(model: "Model", fn: Fn, number: int) -> list[Source]:
    """What a parameter holds of the request, in a list; an empty one where it holds nothing of it."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.PARAM and body.args(i)[0] == number:
            source = model.requests.source(model.evaluator.value(fn, i))
            return [source] if source is not None else []
    return []


def _declared(program: Program, file: str, written: str, depth: int) -> list[str]:
    """The fields of the classes that a type names: ``list[CartLine]`` has those of ``CartLine``, in brackets."""
    found: list[str] = []
    for name in _TYPE.findall(written):
        for cls in program.classes_by_name.get(name, ())[:1]:
            if program.unit(cls.file) == program.unit(file):
                found += _members(program, cls, depth)
    return found


def _members(program: Program, cls: ClassId, depth: int) -> list[str]:
    declared = program.cls(cls)
    pattern = _PYTHON_FIELD if program.language(cls.file) == "python" else _SCRIPT_FIELD
    found: list[str] = []
    margin: str | None = None
    for line in range(declared.line + 1, min(declared.end_line, declared.line + 60) + 1):
        match = pattern.match(program.line_text(cls.file, line))
        if match is None or (margin is not None and match[1] != margin):
            continue
        margin = match[1]
        inner = _declared(program, cls.file, match[3], depth + 1) if depth < _DEEPEST else []
        many = "[]" if "[]" in match[3] or re.search(r"(?i)\b(list|array|sequence|set)\b", match[3]) else ""
        found += [f"{match[2]}{many}.{key}" for key in inner] or [match[2] + many]
    return found
