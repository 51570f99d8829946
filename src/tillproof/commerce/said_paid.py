"""What is written, and says of itself that money came: a field, a state, a record, a statement in SQL."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from tillproof.commerce.entities import entity
from tillproof.commerce.lexicon import snake, under_way
from tillproof.commerce.owed import said_by, still_owed
from tillproof.commerce.state_rows import state_of_row
from tillproof.commerce.told_answers import is_told
from tillproof.commerce.vocabulary import BARE_FLAGS, PAID_FLAGS
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, Member, Mix, Result, Value, options
from tillproof.ir.ops import Kind

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

Said: TypeAlias = Literal["", "loose", "sure"]
"""How certainly something says that money came."""

_ONE = ("1", "true", "True", "TRUE")
_VAGUE = ("success", "successful", "received", "collected", "charged", "funded", "purchased")
_WORK = re.compile(
    r"(\w+_)?(jobs?|tasks?|imports?|exports?|syncs?|uploads?|downloads?|runs?|executions?|deployments?|builds?|migrations?|backups?|scans?"
    r"|crawls?|generations?|renders?|transcriptions?|e?mails?|messages?|notifications?)"
)
"""What a program does by itself: it succeeds and is completed, and only where it is "paid" did anybody pay."""
_MONEY_CAME = re.compile(r"(?!un|not_)(\w+_)?(paid|captured|settled)")
_CARRIED = re.compile(r"(\w+_)?(cart|basket|quote|checkout|checkout_session)s?")
"""What is not yet an order: it counts as paid when it is complete, not when its owner has confirmed it."""
_COMPLETE = ("complete", "completed", "fulfilled", "shipped", "delivered")
_NEWS = ("is_subscribed", "subscribed")
_PERSONAL = re.compile(r"(first|last|full|user)_?name|password|phone(_number)?|birth_?(day|date)|date_of_birth|gender")
TOTAL_PAID = re.compile(r"(total_paid|paid_total)(_\w+)?")
_SUM_PAID = re.compile(r"amount_(paid|received)|(paid|received)_amount|total_paid|paid_total")
_OF_A_PICTURE = re.compile(r"(is_|has_)?captured(_at)?")
"""Of a payment money is captured; of anything else a picture, a moment, an address."""
_GIVEN_BACK = re.compile(r"(\w+_)?(refund\w*|return\w*|dispute|chargeback)_(status|state)(_\w+)?")
"""The state of what goes back to the customer."""
_PLACED = re.compile(r"(order_?)?placed")
_HOLD = re.compile(r"(\w+_)?(reservations?|holds?|carts?|baskets?|wallets?|purses?)")
_SET = re.compile(r"\bupdate\s+[`\"\[]?(\w+).*?\bset\b(.*?)(?:\bwhere\b|$)", re.IGNORECASE | re.DOTALL)
_INSERT = re.compile(r"\binsert\s+into\s+[`\"\[]?(\w+)[`\"\]]?\s*\(([^)]*)\)\s*values\s*\(([^)]*)\)", re.IGNORECASE | re.DOTALL)
_ASSIGNED = re.compile(r"[`\"\[]?(\w+)[`\"\]]?\s*=\s*('[^']*'|\w+)")


def says_paid(model: "Model", name: str, value: Value, holder: str) -> Said:
    """Whether writing ``value`` into ``name`` of ``holder`` says that money came; loosely, where it may as well say something else."""
    words = model.words
    if words.has("outgoing_entities", holder) or _GIVEN_BACK.fullmatch(snake(name)):
        return ""
    texts = [said_by(o) for o in options(value)]
    if words.has("status_fields", of_row := snake(name).removesuffix("_id")) and (found := _row_words(model, value)):
        name, texts = of_row, found
    if any(t is not None and (words.has("dead_values", t) or words.has("open_values", t)) for t in texts):
        return ""  # a status that is worked out, not the statement that money came
    if words.has("paid_fields", name):
        if _OF_A_PICTURE.fullmatch(snake(name)) and not words.entity(holder):
            return ""
        if any(isinstance(o, Const) and o.falsy for o in options(value)) and not is_sent(model, value):
            return ""
        if _still_to_pay(model, snake(name), value):
            return ""
        if not words.has("status_fields", name):
            newsletter = snake(name) == "is_subscribed" and not any(w in snake(holder) for w in ("user", "member", "account"))
            asked = any(isinstance(o, Mix) and o.op in ("in", "not in") for o in options(value))  # is he among those who follow it?
            if all(_is_nothing_due(o) for o in options(value)):
                return ""  # `isPaid: total === 0`: what costs nothing is paid for
            return "" if newsletter or asked else "sure"
        if snake(name) in PAID_FLAGS and any(isinstance(o, Const) and o.text in _ONE for o in options(value)):
            return "loose"  # a state that is kept as a number: not paid, paid
        said = (t for t in texts if t is not None)
        done = snake(name).startswith("payment")  # a payment that is "complete" is paid, whatever becomes of the order
        return "sure" if any(words.has("paid_values", t) or (done and snake(t) in _COMPLETE[:2]) for t in said) else ""
    if snake(name) in BARE_FLAGS and words.entity(holder):
        return "sure" if all(isinstance(o, Const) and o.kind == Kind.BOOL and not o.falsy for o in options(value)) else ""
    if words.has("status_fields", name):
        return _state_says_paid(model, holder, [t for t in texts if t is not None])
    return ""


def _row_words(model: "Model", value: Value) -> list[str | None]:
    """The words by which the rows are found that a state may be, where states are rows of a table of their own."""
    found = [state_of_row(model, o) for o in options(value) if isinstance(o, (Member, Result))]
    return found if any(found) else []


def _state_says_paid(model: "Model", holder: str, known: list[str]) -> Said:
    """Whether one of these states of a record says that money came."""
    words = model.words
    kept = next((h for h in (holder, holder.removesuffix("Repository").removesuffix("Model")) if words.entity(h)), None)
    if _WORK.fullmatch(entity(holder)) and not any(_MONEY_CAME.fullmatch(snake(t)) for t in known):
        return ""
    if any(words.has("paid_values", t) and (kept is not None or snake(t) not in _VAGUE) for t in known):
        return "sure"
    if kept is not None and _CARRIED.fullmatch(snake(kept)):
        return "sure" if any(snake(t) in _COMPLETE for t in known) else ""
    if kept is not None and _HOLD.fullmatch(snake(kept)) and not any(words.has("fulfil_values", t) and snake(t) != "active" for t in known):
        return ""  # it is kept for somebody who may pay for it, or may pay with it
    if kept is not None and entity(kept) == "payment" and any(words.has("authorised_values", t) for t in known):
        return "sure"  # goods go out on money that is said to be held as well
    if kept is not None and any(words.has("fulfil_values", t) and not under_way(kept, t) for t in known):
        return "loose" if words.has("loose_entities", kept) else "sure"
    return ""


def only_placed(model: "Model", fields: Mapping[str, Value | None]) -> bool:
    """Whether all that a new order says of its state is that it was placed: whoever orders has not paid by that."""
    states = [snake(text) for name, v in fields.items() if v is not None and model.words.has("status_fields", name)
              for o in options(v) if (text := said_by(o)) is not None]  # fmt: skip
    return bool(states) and all(_PLACED.fullmatch(state) for state in states)


def _is_nothing_due(value: Value) -> bool:
    return (
        isinstance(value, Mix)
        and value.op in ("==", "===", "<=")
        and any(isinstance(o, Const) and o.kind == Kind.NUMBER and o.falsy for side in value.operands[1:] for o in options(side))
    )


def _still_to_pay(model: "Model", name: str, value: Value) -> bool:
    """Whether a sum is what is to be paid, as shops call it too, or what the provider says has come when a payment is only begun."""
    if TOTAL_PAID.fullmatch(name) and not any(isinstance(o, Const) for o in options(value)):
        return True
    return _SUM_PAID.fullmatch(name) is not None and all(is_told(model, o, begins=True) for o in options(value))


def is_sent(model: "Model", value: Value) -> bool:
    """Whether a value, or one of those that it may be, is a field of the body that was sent, read by a framework or by our own code."""
    found = (model.requests.source(o) for o in options(value))
    return any(s is not None and (s.kind == "body" or (s.kind == "raw" and s.key)) for s in found)


def statement_pays(model: "Model", text: str) -> Said:
    """Whether a statement in SQL writes that something is paid: ``UPDATE orders SET status = 'paid'``."""
    written = [(table, name, value) for table, assignments in _SET.findall(text) for name, value in _ASSIGNED.findall(assignments)]
    for table, columns, values in _INSERT.findall(text):
        pairs = zip(columns.split(","), values.split(","), strict=False)
        written += [(table, name.strip(' `"[]\n\t'), value.strip()) for name, value in pairs]
    return strongest(_column_pays(model, name, value, table) for table, name, value in written)


def _column_pays(model: "Model", name: str, value: str, table: str) -> Said:
    kind = Kind.STRING if value.startswith("'") else Kind.NUMBER
    return says_paid(model, name, Const(("", 0), kind, value.strip("'")), table)


def waits(model: "Model", fields: dict[str, Value]) -> bool:
    """Whether a record says of itself that it waits to be paid, or that it fell through: its `amount_paid` is what is to be paid."""
    words = model.words
    texts = [said_by(o) for name, v in fields.items() if words.has("status_fields", name) for o in options(v)]
    return bool(texts) and all(t is not None and (words.has("open_values", t) or words.has("dead_values", t)) for t in texts)


def record_pays(model: "Model", value: Value, holder: str, depth: int) -> Said:
    """Whether a record that is written says so by one of its fields, or by a record that it keeps."""
    if depth > 2 or isinstance(value, Const):
        return ""
    got = shape(model.evaluator, value)
    entries = {**got.may, **got.must}
    if waits(model, got.must) or any(still_owed(model.words, key, entry) for key, entry in entries.items()):
        return ""
    found: list[Said] = []
    personal = any(_PERSONAL.fullmatch(snake(key)) for key in entries)
    for key, entry in entries.items():
        wants_news = personal and snake(key) in _NEWS  # said beside somebody's name and password, and nothing that he pays for
        found.append("" if wants_news else says_paid(model, key, entry, holder))
        if key in ("data", "$set", "values", "set", "update", "defaults"):
            found.append(record_pays(model, entry, holder, depth + 1))
        elif key in ("$push", "$addToSet"):  # a line of a list that the record keeps
            found += [record_pays(model, line, holder, depth + 1) for line in shape(model.evaluator, entry).must.values()]
    return strongest(found)


def strongest(said: Iterable[Said]) -> Said:
    """The most certain of several sayings."""
    found = list(said)
    return "sure" if "sure" in found else "loose" if "loose" in found else ""
