"""Changes that are asked of Shopify by GraphQL, whose refusal is told in ``userErrors`` of an answer that is otherwise a success, and that
nobody reads: what was refused counts as done."""

import re
from collections.abc import Iterator

from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import extent
from tillproof.commerce.model import Model
from tillproof.flow.asked import reads
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, FunctionV, Text, Value, constant, options, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_ERRORS = "userErrors"
_MUTATION = re.compile(r"(?:^|[\s#`])mutation\b")
_NAMED = re.compile(r"\bmutation\b[^{]*\{\s*(?:\w+\s*:\s*)?(\w+)", re.DOTALL)
_WHOLE = ("json", "body", "data", "then", "text", "getDecodedBody", "getBody", "getContents")
"""Members of an answer that are still all of it."""
_MOST_PIECES = 60
_MOST = 8
_KEYS = 2


def unread_user_errors(model: Model) -> Iterator[Ruling]:
    """One ruling per function that asks for such changes: held where it reads what was refused, or what it calls does."""
    program = model.program
    for file in sorted(program.mentioning(_ERRORS)):
        if file not in program.indices or model.browser.runs(file):
            continue
        for number in range(len(program.indices[file].functions)):
            fn = Fn(file, number)
            asked = [(i, text) for i, text in _mutations(model, fn) if not _goes_on(model, fn, i)]
            if asked:
                yield _ruling(model, fn, asked)


def _mutations(model: Model, fn: Fn) -> Iterator[tuple[int, str]]:
    """The calls of a function that are given a mutation which asks for the errors, with its text."""
    body, logged = model.program.body(fn), {site.instr for site in model.logs.sites(fn)}
    for i, op in enumerate(body.op):
        if op != Op.CALL or i in logged:
            continue
        given = [model.evaluator.value(fn, a) for _, a in body.call(i)[1]]
        texts = (_text(piece) for piece in pieces(given, _MOST_PIECES))
        text = next((t for t in texts if _ERRORS in t and _MUTATION.search(t)), None)
        if text is not None:
            yield i, text


def _text(value: Value) -> str:
    if isinstance(value, Text):
        return "{}".join(constant(p) or "" for p in value.pieces)
    return (constant(value) or "") if isinstance(value, Const) else ""


def _goes_on(model: Model, fn: Fn, i: int) -> bool:
    """Whether the answer of a call is handed on whole, so that somebody else may read it."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    logged = {a for site in model.logs.sites(fn) for a in (site.instr, *site.arguments)}
    waiting, seen = [i], {i}
    while waiting:
        here = waiting.pop()
        for use in defuse.uses(here):
            op = body.op[use]
            if op == Op.AWAIT or (op == Op.CALL and body.op[here] == Op.FIELD and body.args(use)[0] == here):
                more = [use]  # `(await response).json()`
            elif op == Op.FIELD and body.name(use) in _WHOLE:
                more = [use]
            elif op == Op.STORE:
                more = reads(body, defuse, use)
            elif op in (Op.RETURN, Op.CALL, Op.NEW, Op.RECORD, Op.LIST, Op.SET_FIELD, Op.SET_INDEX, Op.SPREAD) and use not in logged:
                return True
            else:
                more = []
            waiting += [m for m in more if m not in seen]
            seen.update(more)
    return False


def _ruling(model: Model, fn: Fn, asked: list[tuple[int, str]]) -> Ruling:
    program, body = model.program, model.program.body(fn)
    first = asked[0][0]
    ruling = Ruling("resilience/swallowed-failure", "held", "outbound-call", fn.file, body.line[first])
    read = _read(model, fn, [i for i, _ in asked])
    if read is not None:
        ruling.evidence = [Evidence(read[0].file, program.body(read[0]).line[read[1]], "what was refused is read here", "guard")]
        return ruling
    names = ", ".join(dict.fromkeys(f"`{m[1]}`" for _, text in asked if (m := _NAMED.search(text)) is not None)) or "a change"
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium", "likely"
    ruling.anchor = extent(program, fn, first)
    ruling.title = "Nobody reads what Shopify refuses"
    ruling.message = (
        f"Shopify answers 200 to {names} when it refuses it, and says so in `{_ERRORS}`, which is asked for and never read: what was "
        "refused counts as done, and whoever waits for it is told of a success."
    )
    ruling.remediation = f"Read `{_ERRORS}` of each answer, and raise, or answer an error with its messages, unless it is empty."
    ruling.evidence = [at(program, fn, i, "a refusal is told by this answer alone", "missing") for i, _ in asked[:_MOST]]
    return ruling


def _read(model: Model, fn: Fn, calls: list[int]) -> tuple[Fn, int] | None:
    """Where a function, or one that it calls for these changes, reads the errors."""
    body, value = model.program.body(fn), model.evaluator.value
    targets: list[Value] = [o for i in calls for o in options(value(fn, body.args(i)[0])) if isinstance(o, FunctionV)]
    for one in (fn, *(model.reach.of(targets).functions if targets else ())):
        within = model.program.body(one)
        for i, op in enumerate(within.op):
            named = op == Op.FIELD and within.name(i) == _ERRORS
            keyed = op == Op.INDEX and (c := within.const(within.args(i)[1])) is not None and c[1] == _ERRORS
            if named or keyed or (op == Op.CALL and _asks_by_key(within, i)):
                return one, i
    return None


def _asks_by_key(body: Body, i: int) -> bool:
    """Whether a call asks a record for the errors: ``answer.get("userErrors")``, ``Arr::get($answer, 'data.orderUpdate.userErrors')``."""
    keys = (const[1].strip("'\"") for _, a in body.call(i)[1][:_KEYS] if (const := body.const(a)) is not None)
    return any(key == _ERRORS or key.endswith(f".{_ERRORS}") for key in keys)
