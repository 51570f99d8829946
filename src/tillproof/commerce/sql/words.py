"""A statement that the grammar does not know, read by its words: verb, table, columns that are set, plain comparisons."""

from tillproof.commerce.sql.filled import hole_numbers, without_holes
from tillproof.commerce.sql.plain import Plain
from tillproof.commerce.sql.statement import Condition, Conflict, Operand, Statement, Verb, Write
from tillproof.commerce.sql.tokens import Token, bracketed, dotted, split, tokens

_VERBS: dict[str, Verb] = {
    "SELECT": "select", "INSERT": "insert", "REPLACE": "insert", "UPDATE": "update", "DELETE": "delete", "MERGE": "merge",
    "CREATE": "create", "ALTER": "alter", "DROP": "drop", "BEGIN": "begin", "START": "begin", "COMMIT": "commit", "ROLLBACK": "rollback",
    "LOCK": "lock", "SET": "set", "CALL": "call", "EXEC": "call", "EXECUTE": "call", "WITH": "select", "PERFORM": "select",
    "TRUNCATE": "delete",
}  # fmt: skip
_BEFORE_TABLE = {
    "select": ("FROM",), "insert": ("INTO", "INSERT"), "update": ("UPDATE",), "delete": ("FROM", "TRUNCATE"), "merge": ("INTO", "MERGE"),
    "create": ("TABLE", "ON", "EXISTS"), "alter": ("TABLE", "EXISTS"), "drop": ("TABLE", "EXISTS"), "lock": ("TABLE", "TABLES"),
}  # fmt: skip
_ENDS = ("WHERE", "ORDER", "LIMIT", "GROUP", "RETURNING", "ON", "HAVING", "UNION", "FROM", "JOIN")
_OPERATORS = ("=", "<>", "!=", "<", ">", "<=", ">=")


def verb_of(found: list[Token]) -> Verb:
    """By the first word; a WITH is what follows its queries."""
    first = next((t.upper for t in found if t.text != "("), "")
    if first == "WITH":
        depth = 0
        for token in found:
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0 and token.upper in ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"):
                return _VERBS[token.upper]
    return _VERBS.get(first, "other")


def by_words(plain: Plain) -> Statement:
    """What can be said without a grammar; ``parsed`` is False."""
    found = tokens(plain.text)
    verb = verb_of(found)
    name = _table(found, verb)
    bare = without_holes(name)
    holes = hole_numbers(name)
    conflict: Conflict = plain.conflict or _conflict([t.upper for t in found])
    return Statement(
        verb,
        table=bare,
        table_hole=holes[0] if holes and not bare.strip("_") else None,
        tables=(bare,) if bare else (),
        writes=_writes(found, plain) if verb in ("update", "insert") else (),
        where=_where(found, plain),
        whole=False,
        conflict=conflict,
        locks=plain.locks,
        skip_locked=plain.skip_locked,
        nowait=plain.nowait,
        returning=any(t.upper == "RETURNING" for t in found),
        parsed=False,
    )


def _table(found: list[Token], verb: Verb) -> str:
    for n, token in enumerate(found[:-1]):
        if token.upper in _BEFORE_TABLE.get(verb, ()) and found[n + 1].upper not in ("IF", "ONLY", "INTO", "TABLE"):
            name = dotted(found, n + 1)[0]
            if name:
                return name
    return ""


def _conflict(words: list[str]) -> Conflict:
    if "DUPLICATE" in words:
        return "update"
    if "CONFLICT" in words:
        return "ignore" if "NOTHING" in words else "update"
    return ""


def _after(found: list[Token], word: str) -> list[Token]:
    """The tokens of a clause, up to the next."""
    start = next((n + 1 for n, t in enumerate(found) if t.upper == word), len(found))
    depth = 0
    for end in range(start, len(found)):
        depth += (found[end].text == "(") - (found[end].text == ")")
        if depth < 0 or (depth == 0 and found[end].upper in _ENDS):
            return found[start:end]
    return found[start:]


def _operand(part: list[Token], plain: Plain) -> Operand:
    text = " ".join(t.text for t in part)[:400]
    if len(part) != 1:
        return Operand(text, column=dotted(part, 0)[0] if part and dotted(part, 0)[1] == len(part) else "")
    token = part[0]
    if token.kind in ("number", "string"):
        return Operand(text, const=token.plain)
    if token.kind == "word" and token.text.startswith("__p") and token.text[3:-2].isdecimal():
        return Operand(text, param=plain.params[int(token.text[3:-2])]) if int(token.text[3:-2]) < len(plain.params) else Operand(text)
    holes = hole_numbers(token.text)
    if holes and not without_holes(token.text):
        return Operand(text, hole=holes[0])
    if token.upper == "NULL":
        return Operand(text, const="null")
    return Operand(text, column=without_holes(token.plain))


def _writes(found: list[Token], plain: Plain) -> tuple[Write, ...]:
    out = []
    for part in split(_after(found, "SET"), ","):
        column, at = dotted(part, 0)
        if not column or at >= len(part) or part[at].text != "=":
            continue
        value = part[at + 1 :]
        own = any(t.kind in ("word", "name") and t.plain == column for t in value) and len(value) > 1
        step = next((t.text for t in value if t.text in ("+", "-")), "") if own else ""
        out.append(Write(without_holes(column), _operand(value, plain), own, step))
    if not out and verb_of(found) == "insert":
        return _inserted(found, plain)
    return tuple(out)


def _inserted(found: list[Token], plain: Plain) -> tuple[Write, ...]:
    start = next((n for n, t in enumerate(found) if t.text == "("), -1)
    if start < 0:
        return ()
    names, end = bracketed(found, start)
    values: list[list[Token]] = []
    if end < len(found) and found[end].upper == "VALUES" and end + 1 < len(found) and found[end + 1].text == "(":
        values = list(split(bracketed(found, end + 1)[0], ","))
    columns = [part[0].plain for part in split(names, ",") if len(part) == 1 and part[0].kind in ("word", "name")]
    return tuple(Write(without_holes(c), _operand(v, plain)) for c, v in zip(columns, [*values, *[[]] * len(columns)], strict=False))


def _where(found: list[Token], plain: Plain) -> tuple[Condition, ...]:
    clause = _after(found, "WHERE")
    if any(t.upper == "OR" for t in clause):
        return ()
    out: list[Condition] = []
    part: list[Token] = []
    for token in [*clause, Token("word", "AND", 0)]:
        if token.upper == "AND":
            column, at = dotted(part, 0)
            if column and at < len(part) - 1 and part[at].text in _OPERATORS:
                operator = "<>" if part[at].text == "!=" else part[at].text
                out.append(Condition(without_holes(column), operator, _operand(part[at + 1 :], plain)))
            part = []
        else:
            part.append(token)
    return tuple(c for c in out if c.column)
