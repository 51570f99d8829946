"""Items that a system outside refuses by the status or a word of its answer, where the library raises nothing: who asks, and what for."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.commerce.failed_items import notes_in
from tillproof.commerce.lexicon import snake
from tillproof.flow.asked import own_side, reads
from tillproof.flow.defuse import variables
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# By which an item is known to be done.
MARK = re.compile(
    r"(.*_)?(synced|syncs|sync_\w+|exported|imported|pushed|published|processed|sent|hash|checksum|external_id|remote_id|status|state|dirty|done|pending|queued)(_.*)?"
    r"|(shopify|amazon|ebay|etsy|walmart|odoo|magento|woo\w*|akeneo|erp|netsuite|sap|bigcommerce)_?(\w+_)?id"
)
_STATUS = re.compile(r"(get_)?(http_?)?(status|status_?code|response_code|code)")
_GOOD = re.compile(r"ok|is_ok|success|is_success|successful|is_successful|succeeded")
_BAD = re.compile(r"failed|is_error|client_error|server_error|is_wp_error|errors?|user_errors?|customer_user_errors|media_user_errors")
_EQUAL, _DIFFERENT = ("==", "===", "is", "in"), ("!=", "!==", "is not", "not in")
_LISTED = re.compile(r"(\w+_)?user_?errors|errors")
_COUNTED = ("length", "count", "size", "len", "is_empty", "empty")
_RAISES = "raise_for_status"
_BELOW = ("0", "null", "undefined", "None")
_DEEPEST = 6
_LONGEST_PATH = 14
_STORES = 2
_HOLDING = (Op.AWAIT, Op.UNARY, Op.BINARY, Op.FIELD, Op.CAST, Op.INDEX, Op.CHOICE)


def refused_unheard(model: "Model", place: Place) -> int | None:
    """The branch that hears that an item was refused and does nothing about it, or the call whose answer nobody asks; None where somebody
    does something, and where the library raises."""
    body = model.program.body(place.fn)
    if body.op[place.instr] != Op.CALL:
        return None
    raised = raises(model, place)
    about = _about(model, place.fn, place.instr, 0, set())
    asked = [(b, truth) for b in about if (truth := _refuses(body, body.args(b)[0], 0)) is not None]
    asked = [(b, truth) for b, truth in asked if not raised or _says_errors(body, body.args(b)[0])]
    if not asked:
        return place.instr if not raised and model.outcomes.unread(place) else None
    left = [b for b, truth in asked if _is_left(model, place.fn, b, truth) and not _is_answered(model, place.fn, b)]
    return left[0] if len(left) == len(asked) else None


def _about(model: "Model", fn: Fn, i: int, depth: int, seen: set[int]) -> list[int]:
    """The branches that hang on an answer, on what is read of it, or on what it says when it is asked: ``r.json()["errors"]``,
    ``$response->failed()``."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    out: list[int] = []
    for use in defuse.uses(i) if depth < _LONGEST_PATH else ():
        op = body.op[use]
        if use in seen:
            continue
        seen.add(use)
        if op == Op.BRANCH:
            out.append(use)
        elif op == Op.STORE:
            out += [b for n in reads(body, defuse, use) for b in _about(model, fn, n, depth + 1, seen)]
        elif op in _HOLDING or op == Op.CALL:
            out += _about(model, fn, use, depth + 1, seen)
    return out


def _says_errors(body: Body, i: int) -> bool:
    """Whether a condition asks for the errors that the body of an answer lists, beside a status of success: ``userErrors.length``."""
    waiting = [i]
    while waiting:
        here = waiting.pop()
        if _LISTED.fullmatch(_asked(body, here)):
            return True
        op = body.op[here]
        waiting += body.args(here)[1:] if op in (Op.UNARY, Op.BINARY) else [body.args(here)[0]] if op == Op.FIELD else []
        waiting += [a for _, a in body.call(here)[1]] if op == Op.CALL else []
    return False


def notes_refused(model: "Model", place: Place) -> bool:
    """Whether either side of a branch on what a call answers notes that the item failed: ``if (!(await push(item))) failed.push(item)``."""
    body, defuse = model.program.body(place.fn), model.evaluator.defuse(place.fn)
    sides = (own_side(body, defuse, b, truth) for b in model.outcomes.about(place) for truth in (True, False))
    return any(side and notes_in(model, place.fn, list(body.rows(side))) for side in sides)


def raises(model: "Model", place: Place) -> bool:
    """Whether a refusal comes as an exception: of the library, or because the answer is told to raise it."""
    client, body = model.sendings.client_of(place.fn, place.instr), model.program.body(place.fn)
    if client is None or client.tells == "throws":
        return not is_let_through(body, place.instr)
    return any(op == Op.FIELD and body.name(i) in (_RAISES, "throw", "throwIf", "throwUnlessStatus") for i, op in enumerate(body.op))


def is_let_through(body: Body, call: int) -> bool:
    """Whether a library that raises is told not to: ``validateStatus: () => true``, ``'http_errors' => false``."""
    for i in range(call):
        if body.op[i] != Op.RECORD:
            continue
        args = body.args(i)
        for key, value in zip(args[::2], args[1::2], strict=False):
            said = body.const(key) if key >= 0 else None
            if said is None or value < 0:
                continue
            const = body.const(value)
            if said[1] == "validateStatus" or (said[1] == "http_errors" and const is not None and const[1].lower() == "false"):
                return True
    return False


def _refuses(body: Body, i: int, depth: int) -> bool | None:
    """Whether a condition that is true says that the item was refused, or that it was not; None for what is no such question."""
    op = body.op[i]
    if depth > _DEEPEST:
        return None
    if body.negates(i):
        inner = _refuses(body, body.args(i)[1], depth + 1)
        return None if inner is None else not inner
    if op == Op.BINARY:
        return _compared(body, i, depth)
    if op == Op.CALL and body.called(i).lower() in ("in_array", "len", "count"):
        given = [a for _, a in body.call(i)[1]]
        if body.called(i).lower() == "in_array":
            return False if len(given) > 1 and _is_status(body, given[0]) and _is_success(body, given[1]) else None
        return _refuses(body, given[0], depth + 1) if given else None
    name = _asked(body, i)
    if name in _COUNTED:
        held = body.args(body.args(i)[0] if op == Op.CALL else i)[0]
        return _refuses(body, held, depth + 1)
    if _BAD.fullmatch(name):
        return True
    return False if _GOOD.fullmatch(name) else None


def _compared(body: Body, i: int, depth: int) -> bool | None:
    word, left, right = body.text(body.args(i)[0]), *body.args(i)[1:3]
    for one, other in ((left, right), (right, left)):
        if _is_status(body, one) and _is_success(body, other):
            number = body.const(other)
            if word in ("<", "<=", ">", ">="):
                if number is None or not (number[1].startswith(("3", "4")) or number[1] == "299"):
                    return None
                return (word in (">", ">=")) == (one == left)
            return True if word in _DIFFERENT else False if word in _EQUAL else None
        const = body.const(other)
        if const is not None and const[1] in _BELOW and word in (">", "!=", "!==", "is not"):
            return _refuses(body, one, depth + 1)
    return None


def _is_status(body: Body, i: int) -> bool:
    name = _asked(body, i)
    return bool(name) and _STATUS.fullmatch(name) is not None


def _asked(body: Body, i: int) -> str:
    """The member that is read, the method that is asked, the key or the variable by its name; in snake case."""
    if body.op[i] == Op.CALL:
        i = body.args(i)[0]
    if body.op[i] in (Op.FIELD, Op.NAME):
        return snake(body.name(i).rpartition(".")[2].rpartition("\\")[2])
    const = body.const(body.args(i)[1]) if body.op[i] == Op.INDEX else None
    return snake(const[1]) if const is not None else ""


def _is_success(body: Body, i: int) -> bool:
    """Whether all that a value may be is a status of success, or where those of errors begin."""
    numbers = [i] if body.op[i] == Op.CONST else body.args(i) if body.op[i] in (Op.LIST, Op.RECORD) else []
    said = [body.const(n) for n in numbers if n >= 0]
    return bool(said) and all(c is not None and c[0] == Kind.NUMBER and (c[1].startswith("2") or c[1] in ("300", "400")) for c in said)


def _is_left(model: "Model", fn: Fn, branch: int, truth: bool) -> bool:
    """Whether nothing comes of a refusal: its side of the branch raises, keeps, notes and answers nothing, and no count of what went well
    is kept on the other."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    refused, well = (own_side(body, defuse, branch, t) for t in (truth, not truth))
    if refused is None or well is None:
        return False
    rows = list(body.rows(refused))
    if any(_marks(model, fn, i) for i in body.rows(well)):
        return False  # what was refused is not marked as done, so that the next run takes it again
    acts = model.failures.passes_on(fn, refused) or model.failures.acts_in(fn, refused) or notes_in(model, fn, rows)
    if acts or any(body.op[r] in (Op.RETURN, Op.RAISE) for r in rows) or _kept_beyond(model, fn, rows):
        return False
    return bool(rows) or not _kept_beyond(model, fn, list(body.rows(well)))


def _is_answered(model: "Model", fn: Fn, branch: int) -> bool:
    """Whether the errors that a branch asks for are in what the function answers with as well: ``Result(success=not user_errors)``."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    asked = {n for n in variables(body, defuse, body.args(branch)[0], 0) if _BAD.fullmatch(snake(n)) or _LISTED.fullmatch(snake(n))}
    returned = (body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)) if asked else ()
    return any(not asked.isdisjoint(variables(body, defuse, i, _STORES)) for i in returned if i >= 0)


def _marks(model: "Model", fn: Fn, i: int) -> bool:
    """Whether an instruction writes down that an item is done."""
    body = model.program.body(fn)
    touch = model.records.touch(fn, i, None) if body.op[i] in (Op.CALL, Op.SET_FIELD) else None
    return touch is not None and touch.kind != "read" and any(MARK.fullmatch(snake(n)) for n in touch.fields)


def _kept_beyond(model: "Model", fn: Fn, rows: list[int]) -> bool:
    """Whether some instructions set a variable that is read elsewhere."""
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    stores = (r for r in rows if body.op[r] == Op.STORE)
    return any(any(n not in rows for n in reads(body, defuse, r)) for r in stores)
