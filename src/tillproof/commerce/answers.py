"""What is read of a provider's answer: whether anybody looks at the status of a payment that was fetched."""

from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Ctx
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 10
_SAYS = ("ok", "success", "error", "errors", "result", "code", "captured", "refunded", "amount", "total", "outcome", "event", "charge")


def answered(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether the status of what a call gives is read, or may be: the whole answer is handed on, compared or kept."""
    return _read(model, fn, i, ctx, 0, set())


def _read(model: "Model", fn: Fn, i: int, ctx: Ctx | None, depth: int, seen: set[tuple[Fn, int]]) -> bool:
    if depth > _DEEPEST:
        return True
    if (fn, i) in seen:
        return False
    seen.add((fn, i))
    return any(_use_reads(model, fn, i, use, ctx, depth, seen) for use in model.evaluator.defuse(fn).uses(i))


def _use_reads(model: "Model", fn: Fn, i: int, use: int, ctx: Ctx | None, depth: int, seen: set[tuple[Fn, int]]) -> bool:
    """Whether one use of a value reads a status in it, or takes it out of sight."""
    body = model.program.body(fn)
    op = body.op[use]
    if op == Op.STORE:
        return _captured(model, fn, body.name(use)) or any(_read(model, fn, n, ctx, depth + 1, seen) for n in _reads(model, fn, use))
    if op in (Op.AWAIT, Op.CAST, Op.CHOICE):
        return _read(model, fn, use, ctx, depth + 1, seen)
    if op == Op.RETURN:
        inside = ctx is not None and ctx.fn == fn and ctx.call >= 0 and not ctx.callback
        return not inside or (ctx is not None and _read(model, ctx.caller, ctx.call, ctx.parent, depth + 1, seen))
    if op in (Op.FIELD, Op.INDEX) and body.args(use)[0] == i:
        return _member(model, fn, use, ctx, depth, seen)
    return op not in (Op.BRANCH, Op.OPAQUE)  # that there is an answer says nothing


def _reads(model: "Model", fn: Fn, store: int) -> list[int]:
    """Where a variable is read that an instruction stored."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    name = body.name(store)
    return [n for n, op in enumerate(body.op) if op == Op.NAME and body.name(n) == name and store in defuse.reaching(n, name).stores]


def _captured(model: "Model", fn: Fn, name: str) -> bool:
    """Whether a variable may be read by functions inside this one, or by whoever imports the file."""
    inside = (f for f in model.program.all_functions(fn.file) if model.program.parent(f) == fn)
    return (fn.number == TOP and model.program.language(fn.file) != "php") or any(name in model.vocabulary.tokens(f) for f in inside)


def _says(model: "Model", name: str) -> bool:
    """Whether a member says what became of a payment."""
    words, plain = model.words, snake(name).removeprefix("get_").removeprefix("is_")
    return (
        words.has("status_fields", plain)
        or words.has("paid_fields", plain)
        or words.has("paid_values", plain)
        or any(w in plain for w in _SAYS)
    )


def _member(model: "Model", fn: Fn, i: int, ctx: Ctx | None, depth: int, seen: set[tuple[Fn, int]]) -> bool:
    """Whether a member of the answer says it, one below it, or what its call gives: ``answer["payment"].status``, ``answer.json()``."""
    body = model.program.body(fn)
    if body.op[i] == Op.FIELD:
        name: str | None = body.name(i)
    else:
        const = body.const(body.args(i)[1])
        name = const[1].strip("'\"") if const else None
    if name is None or _says(model, name):
        return True
    for use in model.evaluator.defuse(fn).uses(i):
        if body.op[use] in (Op.FIELD, Op.INDEX) and body.args(use)[0] == i and _member(model, fn, use, ctx, depth + 1, seen):
            return True
        if body.op[use] == Op.CALL and body.args(use)[0] == i and _read(model, fn, use, ctx, depth + 1, seen):
            return True
    return False
