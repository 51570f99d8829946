"""One statement read by sqlglot's grammar. The library is loaded when the first statement is asked about."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from tillproof.commerce.sql.filled import hole_numbers, without_holes
from tillproof.commerce.sql.plain import Plain
from tillproof.commerce.sql.statement import Condition, Operand, Statement, Write

if TYPE_CHECKING:
    from sqlglot import exp as expressions

_DIALECTS = ("postgres", "mysql")
_QUOTED = re.compile(r'"(\w+)"')
_SHOWN = 400
_LONGEST = 20_000
_COMPARISONS = {
    "EQ": "=", "NEQ": "<>", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<=", "Like": "like", "ILike": "like", "In": "in", "Is": "is",
    "NullSafeEQ": "=",
}  # fmt: skip
_DENIED = {"=": "<>", "<>": "=", ">": "<=", ">=": "<", "<": ">=", "<=": ">", "is": "is not"}
_MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


@cache
def _library() -> Any:
    import sqlglot

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # what it says of code under review belongs in no log
    return sqlglot


def parse(plain: Plain) -> Statement | None:
    """The statement, or None when the grammar does not know it."""
    tree = _tree(plain.text)
    read = {"Select": _select, "Insert": _insert, "Update": _update, "Delete": _delete, "Merge": _merge}.get(type(tree).__name__)
    if tree is None or read is None:
        return None
    found = read(_Reader(plain, tree), tree)
    return replace(
        found,
        whole=found.whole and not plain.open,
        conflict=found.conflict or plain.conflict,
        locks=plain.locks,
        skip_locked=plain.skip_locked,
        nowait=plain.nowait,
        returning=tree.args.get("returning") is not None,
    )


def _tree(text: str) -> expressions.Expression | None:
    if len(text) > _LONGEST:
        return None
    library = _library()
    for dialect in _DIALECTS:
        try:
            tree: expressions.Expression | None = library.parse_one(text, read=dialect)
        except (library.errors.SqlglotError, RecursionError, ValueError, IndexError, AttributeError, TypeError, KeyError):
            continue
        while tree is not None and type(tree).__name__ in ("Subquery", "Paren"):
            tree = tree.this
        if tree is not None and type(tree).__name__ in ("Union", "Except", "Intersect"):
            tree = next(iter(tree.find_all(library.exp.Select)), None)
        if tree is not None and type(tree).__name__ != "Command":
            return tree
    return None


def _written(node: expressions.Expression) -> str:
    """A node as SQL, names without their quotes."""
    return _QUOTED.sub(r"\1", node.sql("postgres"))[:_SHOWN]


class _Reader:
    """Turns nodes into our terms; knows the statement's placeholders and what its aliases stand for."""

    def __init__(self, plain: Plain, tree: expressions.Expression) -> None:
        self.exp = _library().exp
        self.plain = plain
        own = {str(c.alias_or_name) for c in tree.find_all(self.exp.CTE)}
        found = [t for t in tree.find_all(self.exp.Table) if t.name and t.name not in own]
        self.tables = tuple(dict.fromkeys(name for t in found if (name := without_holes(t.name))))
        self.aliases = {t.alias: t.name for t in found if t.alias}

    def named(self, table: expressions.Expression | None) -> dict[str, Any]:
        """The fields of a statement that say which table it is about."""
        while isinstance(table, self.exp.Expression) and type(table).__name__ != "Table":
            table = table.this
        table = table if isinstance(table, self.exp.Expression) else None
        name = table.name if table is not None else ""
        bare = without_holes(name)
        holes = hole_numbers(name)
        return {"table": bare, "table_hole": holes[0] if holes and not bare.strip("_") else None, "tables": self.tables}

    def operand(self, node: expressions.Expression | None) -> Operand:
        while node is not None and type(node).__name__ in ("Paren", "Cast"):
            node = node.this
        if node is None:
            return Operand("")
        exp = self.exp
        text = _written(node)
        if isinstance(node, exp.Null):
            return Operand(text, const="null")
        if isinstance(node, exp.Boolean):
            return Operand(text, const=str(bool(node.this)).lower())
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            return Operand(text, const=f"-{node.this.this}")
        if isinstance(node, exp.Literal):
            holes = hole_numbers(node.this)
            return Operand(text, hole=holes[0]) if holes else Operand(text, const=node.this)
        if isinstance(node, exp.Column):
            return self._name(node, text)
        return Operand(text)

    def _name(self, node: expressions.Expression, text: str) -> Operand:
        if node.name.startswith("__p") and node.name.endswith("__") and node.name[3:-2].isdecimal():
            return Operand(text, param=self.plain.params[int(node.name[3:-2])])
        holes = hole_numbers(node.name)
        if holes and not without_holes(node.name):
            return Operand(text, hole=holes[0])
        return Operand(text, column=without_holes(node.name))

    def write(self, target: expressions.Expression, value: expressions.Expression | None, table: str = "") -> Write:
        column = without_holes(target.name)
        value = self._given(target, value)
        operand = self.operand(value)
        if value is None:
            return Write(column, operand)
        own = [c for c in value.find_all(self.exp.Column) if c.name == target.name and self._same_table(c, table)]
        in_query = any(c.find_ancestor(self.exp.Select) for c in own)
        if not own or in_query or operand.column:
            return Write(column, operand)
        step, by = self._step(value, target.name)
        return Write(column, operand, True, step, by)

    def _given(self, target: expressions.Expression, value: expressions.Expression | None) -> expressions.Expression | None:
        """What is written where anything is given, ``status = COALESCE($3, status)``: without it the row is left as it is."""
        if isinstance(value, self.exp.Coalesce) and [c.name for c in value.expressions if isinstance(c, self.exp.Column)] == [target.name]:
            given: expressions.Expression = value.this
            return value if self.operand(given).column else given
        return value

    def _same_table(self, column: expressions.Expression, table: str) -> bool:
        """``EXCLUDED.qty`` and ``NEW.qty`` are what is to be written, not what is there."""
        owner = str(column.args.get("table") or "").strip('"')
        return owner.lower() not in ("excluded", "new") and (not table or not owner or self.aliases.get(owner, owner) == table)

    def _step(self, value: expressions.Expression, name: str) -> tuple[str, Operand | None]:
        """Up or down by what; through the functions that keep a result from falling below a bound."""
        exp = self.exp
        for node in value.find_all(exp.Add, exp.Sub):
            left, right = node.this.unnest(), node.expression.unnest()
            if any(c.name == name for c in left.find_all(exp.Column)):
                return ("-" if isinstance(node, exp.Sub) else "+"), self.operand(right)
            if isinstance(node, exp.Add) and any(c.name == name for c in right.find_all(exp.Column)):
                return "+", self.operand(left)
        return "", None

    def where(self, tree: expressions.Expression) -> tuple[tuple[Condition, ...], bool]:
        clause = tree.args.get("where")
        if clause is None:
            return (), True
        found: list[Condition] = []
        whole = True
        waiting = [clause.this]
        while waiting:
            node = waiting.pop(0).unnest()
            if isinstance(node, self.exp.And):
                waiting[:0] = [node.this, node.expression]
                continue
            condition = self._condition(node)
            if condition is None:
                whole = False
            else:
                found.append(condition)
        return tuple(found), whole

    def _condition(self, node: expressions.Expression, denied: bool = False) -> Condition | None:
        exp = self.exp
        if isinstance(node, exp.Not):
            return self._condition(node.this.unnest(), not denied)
        if isinstance(node, exp.Column):
            column, truth = self.operand(node).column, "false" if denied else "true"
            return Condition(column, "=", Operand(truth, const=truth)) if column else None
        if isinstance(node, exp.Between):
            column = self.operand(node.this).column
            return Condition(column, "not between" if denied else "between", self.operand(node.args.get("low"))) if column else None
        operator = _COMPARISONS.get(type(node).__name__)
        if operator is None:
            return None
        denied = denied != bool(node.args.get("negate"))
        left, right = self.operand(node.this), self._right(node)
        if not left.column and right.column:
            left, right, operator = right, left, _MIRRORED.get(operator, operator)
        return Condition(left.column, _DENIED.get(operator, f"not {operator}") if denied else operator, right) if left.column else None

    def _right(self, node: expressions.Expression) -> Operand:
        if isinstance(node, self.exp.In):
            inner = node.args.get("query") or node.args.get("unnest") or node.args.get("field")
            items = node.expressions
            if inner is None and len(items) == 1:
                return self.operand(items[0])
            return Operand(", ".join(_written(i) for i in items)[:_SHOWN] if inner is None else _written(inner))
        return self.operand(node.expression)


def _select(reader: _Reader, tree: expressions.Expression) -> Statement:
    source = tree.args.get("from_") or tree.args.get("from")
    columns = tuple("*" if isinstance(e, reader.exp.Star) else e.alias_or_name or "?" for e in tree.expressions)
    where, whole = reader.where(tree)
    return Statement("select", **reader.named(source), columns=columns, where=where, whole=whole)


def _insert(reader: _Reader, tree: expressions.Expression) -> Statement:
    columns = [e.name for e in tree.this.expressions] if type(tree.this).__name__ == "Schema" else []
    source = tree.expression
    values: list[Any] = []
    if type(source).__name__ == "Values" and source.expressions:
        first = source.expressions[0]
        values = first.expressions if type(first).__name__ == "Tuple" else [first]
    elif type(source).__name__ == "Select":
        values = [e.unalias() for e in source.expressions]
    writes = tuple(Write(without_holes(c), reader.operand(v)) for c, v in zip(columns, [*values, *[None] * len(columns)], strict=False))
    named = reader.named(tree.this)
    conflict = tree.args.get("conflict")
    if conflict is None:
        return Statement("insert", **named, columns=tuple(map(without_holes, columns)), writes=writes)
    action = str(conflict.args.get("action") or "").upper()
    on_conflict = tuple(reader.write(e.this, e.expression, named["table"]) for e in conflict.expressions if isinstance(e, reader.exp.EQ))
    keys = tuple(n for k in conflict.args.get("conflict_keys") or () if (n := k.name))
    return Statement(
        "insert",
        **named,
        columns=tuple(map(without_holes, columns)),
        writes=writes,
        conflict="update" if "UPDATE" in action or on_conflict else "ignore",
        conflict_columns=keys,
        on_conflict=on_conflict,
    )


def _update(reader: _Reader, tree: expressions.Expression) -> Statement:
    named = reader.named(tree.this)
    pairs = [p for e in tree.expressions if isinstance(e, reader.exp.EQ) for p in _paired(reader, e)]
    owner = next((str(o).strip('"') for target, _ in pairs if (o := target.args.get("table"))), "")
    if owner:
        table = reader.aliases.get(owner, owner)
        if without_holes(table) in reader.tables:
            named["table"] = without_holes(table)
    writes = tuple(reader.write(target, value, named["table"]) for target, value in pairs)
    where, whole = reader.where(tree)
    return Statement("update", **named, writes=writes, where=where, whole=whole and len(pairs) >= len(tree.expressions))


def _paired(reader: _Reader, node: Any) -> list[tuple[Any, Any]]:
    """``(a, b) = (1, 2)`` is two writes."""
    if isinstance(node.this, reader.exp.Tuple):
        values = node.expression.expressions if isinstance(node.expression, reader.exp.Tuple) else []
        return list(zip(node.this.expressions, values, strict=False))
    return [(node.this, node.expression)]


def _delete(reader: _Reader, tree: expressions.Expression) -> Statement:
    where, whole = reader.where(tree)
    named = reader.named(tree.this)
    if isinstance(of := tree.args.get("tables"), list) and of:  # DELETE o FROM orders AS o JOIN …: of which table rows go
        name = reader.aliases.get(str(of[0].alias_or_name), named["table"])
        named["table"] = without_holes(name) or named["table"]
    return Statement("delete", **named, where=where, whole=whole)


def _merge(reader: _Reader, tree: expressions.Expression) -> Statement:
    writes = tuple(
        reader.write(e.this, e.expression)
        for update in tree.find_all(reader.exp.Update)
        for e in update.expressions
        if isinstance(e, reader.exp.EQ)
    )
    return Statement("merge", **reader.named(tree.this), writes=writes, whole=False, conflict="update")
