"""Routes that a loop declares, one for each row of a table of ours: ``for (const r of routes) app[r.method](r.path, r.handler)``.

A row's path, method and handler belong together; what the evaluator gives for each of them alone is that of any row.
"""

from collections.abc import Iterator

from tillproof.commerce.entry_styles.arguments import Arguments, items
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.values import Overlay, Record, Seq, Value, choice, constant, options
from tillproof.ir.ops import Op

_LONGEST = 8  # steps from an argument to the row that it is a part of
_MOST = 80
_CASES = ("toLowerCase", "toUpperCase", "lower", "upper", "trim", "strip")
_THROUGH = (Op.CAST, Op.AWAIT, Op.SPREAD)


def by_row(evaluator: Evaluator, fn: Fn, call: int) -> Iterator[tuple[str, Arguments]]:
    """For each row, the method that is called and what it is called with; nothing where no argument is part of a row."""
    body = evaluator.program.body(fn)
    callee, given = body.call(call)
    parts = [_part(evaluator, fn, v) for _, v in given]
    row = next((p[0] for p in parts if p is not None), None)
    if row is None:
        return
    named = _part(evaluator, fn, body.args(callee)[1]) if body.op[callee] == Op.INDEX else None
    if body.op[callee] == Op.INDEX and named is None:
        return
    for one in _rows(evaluator, fn, row):
        word = body.name(callee) if named is None else constant(_of(one, named[1:]) or one)
        if not word:
            continue
        arguments = Arguments(evaluator, fn, call)
        told = [_given(evaluator, fn, one, row, p, key, v) for (key, v), p in zip(given, parts, strict=True)]
        arguments.all = [pair for pairs in told for pair in pairs]
        arguments.positional = [v for key, v in arguments.all if key == ""]
        yield word.strip("'\"").lower(), arguments


def _given(
    evaluator: Evaluator, fn: Fn, row: Value, held: int, part: tuple[int, str, int] | None, key: str, v: int
) -> list[tuple[str, Value]]:
    """One argument as it is for a row; a list that is spread out becomes as many."""
    spread = key.startswith("*") or key == "..."
    if part is None or part[0] != held:
        return [(key, evaluator.value(fn, v))]
    found = _of(row, part[1:])
    if found is None:
        return []
    return [("", item) for item in items(found)] if spread else [(key, found)]


def _rows(evaluator: Evaluator, fn: Fn, row: int) -> list[Value]:
    found = options(evaluator.value(fn, row))
    told = all(isinstance(o, (Record, Seq, Overlay)) for o in found)
    return list(found) if told and len(found) <= _MOST else []


def _of(row: Value, part: tuple[str, int]) -> Value | None:
    """The part of a row by its key, or by its place; None where this row has none."""
    name, place = part
    if place >= 0:
        return row.items[place] if isinstance(row, Seq) and place < len(row.items) else None
    base = row.base if isinstance(row, Overlay) else row
    if not isinstance(base, Record):
        return None
    kept = [v for k, v in base.entries if k == name]
    return choice(row.at, kept) if kept else None


def _part(evaluator: Evaluator, fn: Fn, i: int) -> tuple[int, str, int] | None:
    """Of which row an argument is a part: the instruction that is the row, the key, or the place in it (else -1)."""
    body, defuse = evaluator.program.body(fn), evaluator.defuse(fn)
    for _ in range(_LONGEST):
        op, args = body.op[i], body.args(i)
        if op in (Op.FIELD, Op.INDEX):
            row = _row(evaluator, fn, args[0])
            if row is None:
                return None
            if op == Op.FIELD:
                return row, body.name(i), -1
            key = body.name(args[1]).strip("'\"") if body.op[args[1]] == Op.CONST else ""
            return (row, "", int(key)) if key.isdigit() else (row, key, -1) if key else None
        if op == Op.NAME:
            stores = defuse.reaching(i, body.name(i)).stores
            if len(stores) != 1:
                return None
            i = body.args(stores[0])[1]
        elif op == Op.CHOICE and body.text(args[0]) in ("default", "or", "coalesce"):
            i = args[1]
        elif op in _THROUGH:
            i = args[-1]
        elif op == Op.CALL and body.op[args[0]] == Op.FIELD and body.name(args[0]) in _CASES:
            i = body.args(args[0])[0]
        else:
            return None
    return None


def _row(evaluator: Evaluator, fn: Fn, i: int) -> int | None:
    """The instruction that is an element of what is gone through, or what a function is handed each element by."""
    body, defuse = evaluator.program.body(fn), evaluator.defuse(fn)
    for _ in range(_LONGEST):
        if body.op[i] in (Op.ELEMENT, Op.PARAM):
            return i
        if body.op[i] != Op.NAME:
            return None
        stores = defuse.reaching(i, body.name(i)).stores
        if len(stores) != 1:
            return None
        i = body.args(stores[0])[1]
    return None
