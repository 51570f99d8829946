"""A mode that a variable of its own in the environment names, and that is the test world wherever it is not set: ``PAYPAL_MODE === 'live' ?
LIVE : SANDBOX``. What runs in production says so of itself, ``NODE_ENV``, and leaves nothing to be forgotten."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.flow.choosing import Condition
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Element, External, Member, Mix, Result, Value, constant, names, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SAME = ("==", "===", "is")
_OTHER = ("!=", "!==", "<>", "is not")
_VARIABLES = re.compile(r"(process\.env|import\.meta\.env|Deno\.env|Bun\.env|os\.environ|_ENV|_SERVER)[.\[]?(?P<name>\w*)")
_READERS = re.compile(r"(^|\.)(getenv|env|environ\.get|env\.get|Env\.get)(\(\))?$")
_LOWERS = ("lower", "toLowerCase", "strtolower", "trim", "strip")
_OF_ALL = re.compile(
    r"((node|app|rails|flask|django|fastapi|laravel|symfony|wp|vercel|next_public_vercel|netlify|railway|sst|aws|deploy(ment)?|build|runtime|server"
    r"|python|go|ci|k8s|cluster|release|next_public|vite|react_app|public)_)*(env(ironment)?(_(name|type|mode))?|mode|stage|debug|prod(uction)?|dev"
    r"|is_prod(uction)?|is_dev(elopment)?|(is_)?live)"
)
"""Variables by which a whole deployment is told what it is."""
_ON = ("true", "1", "yes", "on")


def left_unset(model: "Model", fn: Fn, condition: Condition) -> bool:
    """Whether a condition, as it turns out, only says that a variable of a system's own was not set to its live world."""
    body = model.program.body(fn)
    op = body.op[condition.instr]
    if op == Op.BINARY:
        sign, left, right = body.text(body.args(condition.instr)[0]), *body.args(condition.instr)[1:3]
        if sign not in (*_SAME, *_OTHER) or condition.truth is (sign in _SAME):
            return False
        for side, other in ((left, right), (right, left)):
            word = constant(model.evaluator.value(fn, other))
            name = _variable(model, model.evaluator.value(fn, side))
            if word and name and (model.words.has("live_values", snake(word)) or (_is_switch(model, name) and word.lower() in _ON)):
                return True
        return False
    name = _variable(model, model.evaluator.value(fn, condition.instr))
    return bool(name) and not condition.truth and _is_switch(model, name)


def _is_switch(model: "Model", name: str) -> bool:
    return model.words.has("live_switches", snake(name))


def _variable(model: "Model", value: Value) -> str:
    """The variable of the environment that a value is, with nothing that stands in for it; empty for one of the whole deployment."""
    name = _read(model, value)
    return "" if _OF_ALL.fullmatch(snake(name)) or (name and _is_insisted_on(model, name)) else name


def _is_insisted_on(model: "Model", name: str) -> bool:
    """Whether nothing starts without the variable: a schema of the environment lists it, or its absence is an error."""
    asked = re.compile(
        rb"\b" + name.encode() + rb"\b[^\n]{0,60}?(\bz\.|\bJoi\.|\bt\.|throw\b|raise\b|require|exit\b|assert|missing)", re.IGNORECASE
    )
    return any(asked.search(model.program.sources[file]) for file in model.program.mentioning(name))


def _read(model: "Model", value: Value) -> str:
    found = options(value)
    if len(found) != 1:
        return ""
    here = found[0]
    if isinstance(here, Mix) and here.op in ("str", "string"):
        return _read(model, here.operands[0])
    if isinstance(here, Result) and here.instr >= 0:
        given = [v for _, v in model.evaluator.arguments(here)]
        if isinstance(here.callee, Member) and here.callee.name in _LOWERS:
            return _read(model, here.callee.base)
        if isinstance(here.callee, External) and here.callee.name in _LOWERS and given:
            return _read(model, given[0])
        if len(given) == 1 and any(_READERS.search(n) for n in names(here.callee)):
            return constant(given[0]) or ""
        return ""
    python = model.program.language(here.at[0]) == "python"  # `os.environ["MODE"]` raises
    if isinstance(here, Element) and isinstance(here.key, Const) and not python:
        return here.key.text.strip("'\"") if any(_VARIABLES.match(n) for n in names(here.base)) else ""
    if isinstance(here, (Member, External)) and not python:
        spelt = (_VARIABLES.fullmatch(n) for n in names(here))
        return next((m["name"] for m in spelt if m is not None), "")
    return ""
