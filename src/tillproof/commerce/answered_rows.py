"""Rows in what a database answers with: ``answer.rows[0]``, ``[order]``, ``{ data: order }``."""

from tillproof.flow.values import Const, Element, Member, Result, Value

_MOST = 3
_ROWS = ("row", "rows")
_TABLE = "from"  # the call that begins a statement whose answer is `{ data, error }`
_LINKS = 12


def answer_of(value: Value) -> Value:
    """The call's answer of which a value is the rows, or one of them; any other value as it is."""
    for _ in range(_MOST):
        if isinstance(value, Element) and (value.key is None or (isinstance(value.key, Const) and value.key.text.isdigit())):
            value = value.base
        elif isinstance(value, Member) and (value.name in _ROWS or value.name.isdigit() or (value.name == "data" and _beside_error(value.base))):
            value = value.base
        else:
            break
    return value


def _beside_error(answer: Value) -> bool:
    """Whether a call answers with its rows beside an error: a statement of PostgREST's client, ``db.from("orders").insert(…).select()``."""
    for _ in range(_LINKS):
        if not isinstance(answer, Result) or not isinstance(answer.callee, Member):
            return False
        if answer.callee.name == _TABLE:
            return True
        answer = answer.callee.base
    return False
