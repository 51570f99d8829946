"""Transactions that are begun and ended by calls: methods of that name, statements of SQL, and those that a driver opens by itself with the
first statement, until somebody commits."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.flow.facts import Passed
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, FunctionV, Text, options, pattern
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BEGINS = (
    "begintransaction", "begin", "start_transaction", "starttransaction", "begin_transaction", "mysqli_begin_transaction",
    "trans_begin", "trans_start", "transbegin", "transstart",
)  # fmt: skip
_ENDS = re.compile(
    r"(\w+_)?(commit|rollback|end)(_?transaction)?|(commit|abort|rollback)transaction|trans_?(commit|complete|rollback)", re.IGNORECASE
)
_AUTOCOMMIT = ("autocommit", "mysqli_autocommit", "setautocommit", "set_autocommit")
_OFF = ("false", "0", "FALSE", "False")
_RUNS = ("query", "execute", "exec", "run", "raw", "mysqli_query", "pg_query", "executestatement", "executequery", "$executeraw")
_BEGIN_STATEMENT = re.compile(r"\s*(BEGIN\b(?!\s+ATOMIC)|START\s+TRANSACTION\b)", re.IGNORECASE)
_END_STATEMENT = re.compile(r"\s*(COMMIT|ROLLBACK|END)\b(?!\s+TO\b)", re.IGNORECASE)
_HANDLE = "transaction"
# What the calls are named by which a function of ours opens one.
_OPENS = re.compile(
    r"begin\w*|(start|open)_?transaction|trans_?(begin|start)|transaction|\w*autocommit|savepoint|query|exec\w*", re.IGNORECASE
)
_DEEP = 3


def begins(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a call begins a transaction that stays open behind it."""
    body = model.program.body(fn)
    name = body.called(i).rpartition("\\")[2].lower()
    if name in _BEGINS:
        return not _is_ours_alone(model, fn, i, 0)
    if name in _AUTOCOMMIT:
        given = [body.const(a) for _, a in body.call(i)[1]]
        return any(c is not None and c[1] in _OFF for c in given)
    if name == _HANDLE:
        return _gives_handle(model, fn, i)
    return name in _RUNS and _states(model, fn, i, _BEGIN_STATEMENT)


def ends(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a call ends the transaction that is open."""
    name = model.program.body(fn).called(i).rpartition("\\")[2]
    return _ENDS.fullmatch(name) is not None or (name.lower() in _RUNS and _states(model, fn, i, _END_STATEMENT))


def _is_ours_alone(model: "Model", fn: Fn, i: int, depth: int) -> bool:
    """Whether a call lands in functions of ours that open nothing in a database: the ``startTransaction`` of a payment's gateway."""
    found = options(model.evaluator.value(fn, model.program.body(fn).args(i)[0]))
    ours = [o.fn for o in found if isinstance(o, FunctionV)]
    calls = [(target, n) for target in ours for n, op in enumerate(model.program.body(target).op) if op == Op.CALL]
    if not calls or len(ours) != len(found):  # one without any is only declared
        return False
    opens = [(target, n) for target, n in calls if _OPENS.fullmatch(model.program.body(target).called(n))]
    return depth < _DEEP and all(_is_ours_alone(model, target, n, depth + 1) for target, n in opens)


def _gives_handle(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a call gives a transaction to be ended by hand: ``const t = await sequelize.transaction()``, which is handed no function."""
    body = model.program.body(fn)
    if model.program.language(fn.file) != "javascript" or body.op[body.args(i)[0]] != Op.FIELD:
        return False
    handed = (o for _, a in body.call(i)[1] for o in options(model.evaluator.value(fn, a)))
    if any(isinstance(o, FunctionV) for o in handed):
        return False
    held = [u for u in model.evaluator.defuse(fn).uses(i) if body.op[u] == Op.AWAIT]
    return any(body.op[u] == Op.STORE for h in held for u in model.evaluator.defuse(fn).uses(h))


def _states(model: "Model", fn: Fn, i: int, what: re.Pattern[str]) -> bool:
    """Whether the first piece of text that a call is given is such a statement."""
    for _, given in model.program.body(fn).call(i)[1][:2]:
        value = model.evaluator.value(fn, given)
        if isinstance(value, (Const, Text)):
            return what.match(pattern(value)) is not None
    return False


def passed(model: "Model", place: Place) -> list[int]:
    """The calls of its function that have returned on every way to a place."""
    body = model.program.body(place.fn)
    held = model.effects.facts(place.fn).at(place.instr)
    return sorted(f.instr for f in held if isinstance(f, Passed) and body.op[f.instr] == Op.CALL)


def open_by_itself(model: "Model", place: Place) -> Place | None:
    """The read under a row's lock before a place after which a commit is still to come: drivers of Python, and sessions of SQLAlchemy, open
    a transaction with the first statement, and hold its locks until then."""
    body = model.program.body(place.fn)
    if model.program.language(place.fn.file) != "python":
        return None
    commits = [i for i, op in enumerate(body.op) if op == Op.CALL and ends(model, place.fn, i)]
    if not any(i > place.instr for i in commits):
        return None
    before = passed(model, place)
    over = [i for i in before if i in commits]
    for i in before:
        lock = Place(place.fn, i, place.ctx)
        if (
            i not in commits
            and model.regions.locks_rows(lock)
            and model.takings.keeps_others_away(lock)
            and not any(i < c < place.instr for c in over)
        ):
            return lock
    return None
