"""A statement in SQL as a touch of records, with the values that are bound to its placeholders."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce import sql
from tillproof.commerce.bound_values import bound_before, bound_later, prepared_by_caller, prepared_by_function
from tillproof.commerce.chains import Chain, Link
from tillproof.commerce.entities import entity
from tillproof.commerce.parts import other_than
from tillproof.commerce.record_names import TouchKind
from tillproof.commerce.set_lists import set_by_keys
from tillproof.commerce.sql.statement import Operand, Statement
from tillproof.commerce.state_rows import state_asked
from tillproof.commerce.touches import Touch
from tillproof.commerce.upserts import by_statement
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Ctx, Mix, Overlay, Record, Result, Seq, Value, constant, names, options, pattern
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PREPARE = ("prepare", "preparestatement", "prepare_statement", "createquery")
_NAMES = "setParameter"  # `createQuery(text)->setParameter('id', $id)->execute()`
_BINDS = "bind"  # `db.prepare(text).bind(state, id).run()`
_RUNS = ("execute", "mysqli_stmt_execute", "fetch", "fetchall", "fetchcolumn", "fetchobject", "get_result")
_STATEMENTS = ("text", "sql")
"""Keys under which a statement stands in a record."""
_TAGS = ("$queryraw", "$executeraw", "queryraw", "executeraw", "sql")
_RUNNING = re.compile(
    r"execute\w*|query|raw|prepare|fetch\w*|get_?(row|var|col|results|value)|(mysqli?|pg|sqlsrv)_(query\w*|execute)", re.IGNORECASE
)
# Functions of PHP's that are handed the result of which they give a row.
_FETCHES = re.compile(r"(mysqli?|pg|sqlsrv|odbc|oci)_(fetch\w*|num_rows)", re.IGNORECASE)
# WordPress's connection has the names of its tables as members.
_TABLE_OF = re.compile(r"(?:^|[.$])wpdb\.(?!(?:base_)?prefix$)(\w+)$")
_KINDS = {"select": "read", "insert": "create", "update": "write", "delete": "delete", "merge": "upsert", "replace": "upsert"}


class Told(NamedTuple):
    """What a statement does, in the words of ``records.Touch``."""

    kind: str
    entity: str
    fields: dict[str, Value | None]
    relative: frozenset[str]
    keys: dict[str, Value]
    compared: frozenset[str]
    locked: bool
    overwrites: frozenset[str] | None = None
    columns: tuple[str, ...] = ()
    lowered: frozenset[str] | None = None


def selected(model: "Model", chain: Chain) -> Told | None:
    """The statement of which a chain gives the rows: ``conn.execute("SELECT …").fetchone()``; None when there is none in it."""
    for link in reversed(list(chain.calls())):
        if _FETCHES.fullmatch(link.name) and (rows := model.program.body(link.fn).call(link.call)[1]):
            return selected(model, model.records.chains.of(link.fn, rows[0][1], link.ctx))
        if _RUNNING.fullmatch(link.name):
            given = [v for _, v in model.records.chains.arguments(link)]
            found = told(model, model.records.chains.of(link.fn, link.call, link.ctx), given)
            if found is None and (made := prepared_by_caller(model, link.fn, link.call, link.ctx)) is not None:
                chain_of_it = model.records.chains.of(*made)
                found = told(model, chain_of_it, [v for _, v in model.records.chains.arguments(chain_of_it.links[-1])])
            if found is not None and found.kind == "read":
                return found
        if (found := _of_function(model, link)) is not None:
            return found
    return None


def _of_function(model: "Model", link: Link) -> Told | None:
    """What a plain function of a platform reads that is told its table, and perhaps what to choose by: ``select_query('orders', '*',
    ['id' => $id])``."""
    callee, given = model.program.body(link.fn).call(link.call)
    if (
        model.program.body(link.fn).op[callee] != Op.NAME
        or not given
        or model.recogniser.is_("reads", link.fn, link.call, link.ctx) is None
    ):
        return None
    table, *others = (model.evaluator.value(link.fn, v, link.ctx) for _, v in given)
    if not isinstance(table, Const) or table.kind != Kind.STRING or not (text := constant(table) or "").isidentifier():
        return None
    asked = next((o for o in reversed(others) if isinstance(o, Record)), None)
    keys = {k: v for k, v in asked.entries if k is not None} if asked is not None else {}
    return Told("read", entity(text), {}, frozenset(), keys, frozenset(keys), False)


def told(model: "Model", chain: Chain, arguments: list[Value]) -> Told | None:
    """What the statement that a call runs does to records; None when it is none, or not known. ``chain``: the one that the call ends: its
    text may stand in a ``prepare`` before it."""
    last = chain.links[-1]
    prepared = next((link for link in chain.calls() if link is not last and link.name.lower() in _PREPARE), None)
    given = model.records.chains.arguments(prepared) if prepared is not None else []
    text, bound = (given[0][1], arguments or _named(model, chain)) if given else (arguments[0], arguments[1:]) if arguments else (None, [])
    if (prepared_text := prepared_by_function(model, last.name, arguments)) is not None:
        text, bound = prepared_text, []
    if not bound and (binding := next((link for link in chain.calls() if link.name == _BINDS and link is not last), None)) is not None:
        bound = [v for _, v in model.records.chains.arguments(binding)]
    if not bound and last.name.lower() in _RUNS:
        bound = bound_before(model, last.fn, last.call, last.ctx)
    if not bound and last.name.lower() == "prepare":
        bound = bound_later(model, last.ctx)
    if isinstance(text, Record) and (given_whole := dict(text.entries)).keys() & set(_STATEMENTS):  # `query({ text, values })`
        bound = [given_whole["values"]] if "values" in given_whole else bound
        text = next(given_whole[key] for key in _STATEMENTS if key in given_whole)
    statements = sql.of_value(text, model.evaluator) if text is not None else ()
    if len(arguments) > 1 and _is_tag(model, chain) and (whole := _tagged(model, chain, arguments)):
        statements, bound = whole, []
    if not statements and not given and len(arguments) > 1:  # execute(connection, text), pg_query($link, $text)
        text, bound = arguments[1], arguments[2:]
        statements = sql.of_value(text, model.evaluator)
    if isinstance(text, Result) and text.instr >= 0 and names(text.callee)[:1] and names(text.callee)[0].rpartition(".")[2] in _PREPARE:
        bound = [v for _, v in model.evaluator.arguments(text)[1:]]  # `$wpdb->get_row($wpdb->prepare($text, $id))`
    for asked in statements:
        statement = asked.statement
        if statement.routine not in ("", "do"):
            continue  # it is declared here, and run by the database later: see ``stock_triggers``
        kind = "upsert" if statement.conflict else _KINDS.get(statement.verb, "")
        statement = _of_named_table(statement, asked.holes)
        if kind and statement.table:
            found = _Reader(last.fn, model.program.body(last.fn).line[last.call], asked.holes, bound).read(kind, statement)
            if kind == "write" and (listed := _put_in_whole(statement, asked.holes) if found.fields else asked.holes) is not None:
                found = found._replace(fields={**set_by_keys(model, last, listed, bound), **found.fields})
            return found._replace(overwrites=by_statement(statement, pattern(text))) if kind == "upsert" and text is not None else found
    return None


def _named(model: "Model", chain: Chain) -> list[Value]:
    """What a chain sets the parameters of its statement to, each by its name."""
    pairs = [[v for _, v in model.records.chains.arguments(link)] for link in chain.calls() if link.name == _NAMES]
    named = {key.strip("'\""): pair[1] for pair in pairs if len(pair) > 1 and (key := constant(pair[0])) is not None}
    return [Record(pairs[0][1].at, tuple(named.items()))] if named else []


def _put_in_whole(statement: Statement, holes: tuple[Value, ...]) -> tuple[Value, ...] | None:
    """The first piece of an UPDATE that is neither its table nor a value: more columns, before those that are written out."""
    used = {statement.table_hole, *(o.hole for w in statement.writes for o in (w.value, w.by) if o is not None)}
    return next(((hole,) for n, hole in enumerate(holes) if n not in used and not isinstance(hole, Const)), None)


def _is_tag(model: "Model", chain: Chain) -> bool:
    """Whether a call is one of a template that its callee stands before: ``sql`…` ``, ``tx`…` ``."""
    last = chain.links[-1]
    if last.name.lower() in _TAGS or model.program.language(last.fn.file) != "javascript":
        return last.name.lower() in _TAGS
    body = model.program.body(last.fn)
    return re.search(rf"\b{re.escape(last.name)}(<[^`]*>)?`", model.program.line_text(last.fn.file, body.line[last.call])) is not None


def _tagged(model: "Model", chain: Chain, arguments: list[Value]) -> list[sql.Asked]:
    """The statement that a template is which a call is the tag of: its texts stand between the values that it is given."""
    if not all(isinstance(a, Const) and a.kind == Kind.STRING for a in arguments[::2]):
        return []
    last = chain.links[-1]
    return [s for o in options(model.evaluator.value(last.fn, last.call, last.ctx)) for s in sql.of_value(o, model.evaluator)]


def of_routine(model: "Model", statement: Statement, locked: bool, given: list[Value], fn: Fn, i: int, ctx: Ctx | None) -> Touch | None:
    """A statement in a routine of the database as what the call of the routine does; ``given``: the parameters by name."""
    kind = "upsert" if statement.conflict else _KINDS.get(statement.verb, "")
    if not kind or not statement.table:
        return None
    got = _Reader(fn, model.program.body(fn).line[i], (), given).read(kind, statement)
    told_kind: TouchKind = got.kind  # type: ignore[assignment]
    return Touch(
        told_kind,
        got.entity,
        got.fields,
        got.relative,
        got.keys,
        got.compared,
        got.locked or locked,
        None,
        fn,
        i,
        ctx,
        "sql",
        lowered=got.lowered,
    )


def _of_named_table(statement: Statement, holes: tuple[Value, ...]) -> Statement:
    """The statement, of the table that a member of the connection names: ``SELECT … FROM {$wpdb->postmeta}``."""
    hole = statement.table_hole
    if statement.table or hole is None or hole >= len(holes):
        return statement
    found = _TABLE_OF.search(next(iter(names(holes[hole])), ""))
    return replace(statement, table=found[1], tables=(found[1], *statement.tables)) if found is not None else statement


class _Reader:
    """Reads one statement; ``holes`` and ``bound`` are the values behind its holes and placeholders."""

    def __init__(self, fn: Fn, line: int, holes: tuple[Value, ...], bound: list[Value]) -> None:
        self.at = (fn.file, line)
        self.holes = holes
        self.bound = bound

    def read(self, kind: str, statement: Statement) -> Told:
        fields: dict[str, Value | None] = {}
        relative = set()
        for write in statement.writes:
            fields[write.column] = self._value(write.by if write.relative and write.by is not None else write.value)
            if write.relative:
                relative.add(write.column)
        steps = {w.column: w.step for w in statement.writes if w.relative}
        lowered = frozenset(c for c, step in steps.items() if step == "-") if all(steps.values()) else None
        keys: dict[str, Value] = {
            c.column: self._value(c.value) or Const(self.at, Kind.NULL, "?") for c in statement.where if c.operator == "="
        }
        for other in (c for c in statement.where if c.operator == "<>"):
            if isinstance(value := self._value(other.value), Const):
                keys.setdefault(other.column, other_than(value))
        compared = frozenset(c.column for c in statement.where)
        for column in statement.columns if statement.verb == "insert" else ():
            fields.setdefault(column, None)
        listed = statement.columns if statement.verb == "select" else ()
        return Told(kind, entity(statement.table), fields, frozenset(relative), keys, compared, statement.locks, None, listed, lowered)

    def _value(self, operand: Operand) -> Value | None:
        if operand.const is not None:
            return Const(self.at, Kind.NULL if operand.const.lower() == "null" else Kind.STRING, operand.const.strip("'"))
        if operand.hole is not None:
            return self.holes[operand.hole] if operand.hole < len(self.holes) else None
        if operand.param is not None:
            return self._bound(operand.param)
        if operand.column:  # a parameter of the routine
            return self._bound(operand.column)
        if (state := state_asked(operand.text)) is not None:
            return Const(self.at, Kind.STRING, state)
        return None

    def _bound(self, param: int | str) -> Value | None:
        """The argument that a placeholder stands for: one of a list, of the arguments themselves, or by name."""
        for value in self.bound:
            for option in options(value):
                base = option.base if isinstance(option, Overlay) else option
                if isinstance(base, Seq) and isinstance(param, int):
                    return base.items[param] if param < len(base.items) else None
                if isinstance(base, Record):
                    name = str(param).lstrip(":$@")
                    entries = [v for k, v in base.entries if k is not None and k.lstrip(":") == name]
                    listed = [v for k, v in base.entries if k is not None and k.isdigit()]
                    if entries:
                        return entries[-1]
                    return listed[param] if isinstance(param, int) and param < len(listed) else None
        plain = [v for v in self.bound if not _is_composed(v)]
        return plain[param] if isinstance(param, int) and param < len(plain) else None


def _is_composed(value: Value) -> bool:
    """Whether a value is a text that is put together, as a statement is: what is worked out of numbers is an argument like others."""
    return isinstance(value, Mix) and any(isinstance(o, Const) and o.kind == Kind.STRING for o in value.operands)
