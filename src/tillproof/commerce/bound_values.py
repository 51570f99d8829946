"""The values that PHP binds to a prepared statement by calls of their own: ``bind_param("si", $name, $id)``, ``bindValue(':id', $id)``,
``execute(['id' => $id])`` before its rows are fetched."""

from typing import TYPE_CHECKING

from tillproof.commerce.names import written
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Record, Result, Seq, Value, constant, names, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.effects import Place
    from tillproof.commerce.model import Model

_ALL_AT_ONCE = ("bind_param", "mysqli_stmt_bind_param")
_ONE_BY_ONE = ("bindvalue", "bindparam")
_RUN = "execute"
_BY_FUNCTION = "mysqli_stmt_execute"
_MADE_BY = ("mysqli_prepare", "mysqli_stmt_prepare")
_PREPARES = "prepare"
_BINDS = ("bind", "bindvalue", "bindparam", "bind_value", "bind_param")
_PAIR = 2


def prepared_by_function(model: "Model", name: str, given: list[Value]) -> Value | None:
    """The text of the statement that ``mysqli_stmt_execute($stmt)`` runs; None where another call stands there."""
    for option in options(given[0]) if name == _BY_FUNCTION and given else ():
        if isinstance(option, Result) and option.instr >= 0 and any(n.rpartition(".")[2] in _MADE_BY for n in names(option.callee)):
            return model.evaluator.argument(option, 1)
    return None


def bound_before(model: "Model", fn: Fn, call: int, ctx: Ctx | None) -> list[Value]:
    """What was bound to the statement that a call runs, as the one list or record that the call might have been handed instead."""
    body = model.program.body(fn)
    statement = _statement(body, call)
    if not statement or model.program.language(fn.file) != "php":
        return []
    reaching = model.evaluator.defuse(fn).reaching
    made = set(reaching(_holder(body, call), statement).stores)
    at = (fn.file, body.line[call])
    one_by_one: dict[str, Value] = {}
    for i in range(call - 1, -1, -1):
        if body.op[i] != Op.CALL or _statement(body, i) != statement:
            continue
        name = body.called(i).lower()
        if name not in (*_ALL_AT_ONCE, *_ONE_BY_ONE, _RUN) or not made & set(reaching(_holder(body, i), statement).stores):
            continue
        given = [v for k, v in body.call(i)[1] if k == ""]
        if name == _RUN:
            if not given or body.called(call).lower() == _RUN:
                continue
            return [model.evaluator.value(fn, given[0], ctx)]
        values = given[2:] if name.startswith("mysqli") else given[1:]
        if name in _ALL_AT_ONCE:
            return [Seq(at, tuple(model.evaluator.value(fn, v, ctx) for v in values))] if values else []
        key = constant(model.evaluator.value(fn, given[0], ctx)) if len(given) >= _PAIR else None
        if key is not None:
            one_by_one.setdefault(key.strip("'\""), model.evaluator.value(fn, given[1], ctx))
    if not one_by_one:
        return []
    if all(key.isdigit() for key in one_by_one):
        last = max(int(key) for key in one_by_one)
        unknown = Const(at, 0, "?")
        return [Seq(at, tuple(one_by_one.get(str(n), unknown) for n in range(1, last + 1)))]
    return [Record(at, tuple(one_by_one.items()))]


def _holder(body: Body, call: int) -> int:
    """The variable of the statement that a call is made on, or that it is handed first."""
    callee, given = body.call(call)
    if body.op[callee] == Op.FIELD:
        return body.args(callee)[0]
    return given[0][1] if given else -1


def _statement(body: Body, call: int) -> str:
    holder = _holder(body, call)
    return body.name(holder) if holder >= 0 and body.op[holder] == Op.NAME else ""


def keeps_prepared(model: "Model", fn: Fn, i: int) -> bool:
    """Whether a call prepares a statement that its object keeps, to run it when asked: ``$this->stmt = $this->dbh->prepare($sql)``.
    What is prepared so is taken to be run: that is what the next calls on the object are for."""
    body = model.program.body(fn)
    if body.op[i] != Op.CALL or body.called(i).lower() != _PREPARES or model.program.language(fn.file) != "php":
        return False
    return any(body.op[use] == Op.SET_FIELD and body.args(use)[2] == i for use in model.evaluator.defuse(fn).uses(i))


def bound_later(model: "Model", ctx: Ctx | None) -> list[Value]:
    """What a caller binds to the statement that an object keeps for it, by calls of its own on that object: ``$db->query($sql)``, and then
    ``$db->bind(':id', $id)``, up to the next statement."""
    if ctx is None or ctx.call < 0:
        return []
    body = model.program.body(ctx.caller)
    callee = body.args(ctx.call)[0]
    if body.op[callee] != Op.FIELD:
        return []
    holder, bound = written(model.program, ctx.caller, body.args(callee)[0]), dict[str, Value]()
    for i in range(ctx.call + 1, len(body.op)):
        field = body.args(i)[0] if body.op[i] == Op.CALL else -1
        if field < 0 or body.op[field] != Op.FIELD or written(model.program, ctx.caller, body.args(field)[0]) != holder:
            continue
        if body.name(field) == body.name(callee):
            break
        given = [v for k, v in body.call(i)[1] if k == ""]
        if body.name(field).lower() in _BINDS and len(given) >= _PAIR:
            key = constant(model.evaluator.value(ctx.caller, given[0], ctx.parent))
            if key is not None:
                bound[key.strip("'\"")] = model.evaluator.value(ctx.caller, given[1], ctx.parent)
    return [Record((ctx.caller.file, body.line[ctx.call]), tuple(bound.items()))] if bound else []


def prepared_by_caller(model: "Model", fn: Fn, call: int, ctx: Ctx | None) -> "Place | None":
    """Where the statement was prepared that an object keeps and runs in one of its methods: by the call of another method that its caller
    makes before. ``$db->query('SELECT …')``, and then ``$db->single()``, which fetches."""
    owner = model.program.owner(fn)
    body = model.program.body(fn)
    callee = body.args(call)[0]
    kept = body.op[callee] == Op.FIELD and body.op[body.args(callee)[0]] == Op.FIELD  # `$this->stmt->fetch()`
    while ctx is not None and ctx.call >= 0 and model.program.owner(ctx.caller) == owner:
        ctx = ctx.parent
    if not kept or owner is None or ctx is None or ctx.call < 0 or model.program.language(fn.file) != "php":
        return None
    return prepared_before(model, ctx.caller, ctx.call, ctx.parent)


def prepared_before(model: "Model", fn: Fn, call: int, ctx: Ctx | None) -> "Place | None":
    """The same, as seen where the method is called: ``$this->db->rowCount()``."""
    body = model.program.body(fn)
    callee = body.args(call)[0]
    holder = written(model.program, fn, body.args(callee)[0]) if body.op[callee] == Op.FIELD else ""
    for i in range(call - 1, -1, -1):
        field = body.args(i)[0] if body.op[i] == Op.CALL else -1
        if not holder or field < 0 or body.op[field] != Op.FIELD or written(model.program, fn, body.args(field)[0]) != holder:
            continue
        for place in model.effects.runs_for(fn, i, ctx):
            if keeps_prepared(model, place.fn, place.instr):
                return place
    return None
