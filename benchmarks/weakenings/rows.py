"""Ways to weaken what the database proves: locks, conditions of a statement, constraints, relative writes."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from weakenings.spots import (
    CALLS,
    EXPRESSIONS,
    NOTHING,
    PAIRS,
    STRINGS,
    Edit,
    Found,
    Spot,
    argument_nodes,
    key_of,
    name_of,
    nodes,
    receiver,
    region,
    replace,
    spans,
    statement,
    take_out,
    unlink,
)

_LOCKS = {"with_for_update", "select_for_update", "lockForUpdate", "forUpdate", "forNoKeyUpdate", "sharedLock", "setLock", "for"}
_LOCK_KEYS = {"with_for_update", "lock", "nx", "NX"}
_FOR_UPDATE = re.compile(rb"\s+FOR\s+(NO\s+KEY\s+)?UPDATE(\s+(NOWAIT|SKIP\s+LOCKED))?", re.IGNORECASE)

_CHOOSERS = re.compile(r"^((and)?[wW]here\w*|filter(_by)?|exclude|get|and_?|updateMany|findOneAndUpdate|updateOne|update)$")
_SAME = re.compile(r"(^|[^a-z])(id|pk|uuid|number|token|reference|intent|email|sku|code)$|(_id|Id|_number|Number|_intent|Intent)$")
_OPERATORS = re.compile(r"__(in|gte?|lte?|exact|ne)$")
_COLUMN = r"(?:\"\w+\"|[\w.`]+)"
_TEST = re.compile(
    rf"\s+AND\s+(?P<a>{_COLUMN})\s*(?:>=|<=|<>|!=|=|>|<|IN\b|NOT\s+IN\b)\s*(?:\([^)]*\)|'[^']*'|\$\d+|\$?\{{[^}}]*\}}|[:%?\w.$]+(?:\(s\)s)?)",
    re.IGNORECASE,
)

_UNIQUE_KEYS = {"unique", "primary_key"}
_UNIQUE_CALLS = {"UniqueConstraint", "unique", "uniqueIndex", "primary", "createIndex", "PrimaryKeyConstraint", "unique_together"}
_UNIQUE_TEXT = re.compile(
    rb"@@?(unique|id)\b(\([^)\n]*\))?|\bUNIQUE(\s+KEY\s+\w*)?\s*(\([^)]*\))?|\bPRIMARY\s+KEY\s*(\([^)]*\))?",
    re.IGNORECASE,
)

_CHECKS = {"CheckConstraint", "create_check_constraint", "AddConstraint", "check", "checkPositive", "unsigned"}
_CHECK_TEXT = re.compile(rb",?\s*(ADD\s+)?(CONSTRAINT\s+[\w\"`]+\s+)?CHECK\s*\((?:[^()]|\([^()]*\))*\)|\s+UNSIGNED\b", re.IGNORECASE)
_WHOLE_ALTER = re.compile(
    rb"ALTER\s+TABLE\s+[\w\"`.]+\s+ADD\s+(CONSTRAINT\s+[\w\"`]+\s+)?CHECK\s*\((?:[^()]|\([^()]*\))*\)\s*;?",
    re.IGNORECASE,
)


def drop_lock_here(spot: Spot) -> Found:
    """The statement of the line locks no row, or sets the key again."""
    yield from _unlocked(spot, region(spot)[:1])


def drop_lock(spot: Spot) -> Found:
    """The row is no longer locked: the lock nearest to the line in its function or file."""
    yield from _unlocked(spot, region(spot))


def _unlocked(spot: Spot, parts: list[Node]) -> Found:
    for part in parts:
        for node in nodes(part):
            if node.type in CALLS and name_of(spot, node) in _LOCKS and (edit := unlink(node)) is not None:
                if name_of(spot, node) == "for" and "update" not in spot.text(node):
                    continue
                yield f"dropped `{name_of(spot, node)}`", [edit]
                return
            if node.type in PAIRS and key_of(spot, node) in _LOCK_KEYS:
                yield f"dropped `{key_of(spot, node)}`", [take_out(spot, node)]
                return
            if node.type in STRINGS and (found := _FOR_UPDATE.search(spot.source, node.start_byte, node.end_byte)):
                yield "dropped `FOR UPDATE`", [Edit(found.start(), found.end(), "")]
                return
            if node.type in STRINGS and spot.text(node).strip("'\"") in ("NX", "nx"):
                item = node.parent if node.parent is not None and node.parent.type == "argument" else node
                yield "dropped `NX`", [take_out(spot, item)]
                return


def drop_condition(spot: Spot) -> Found:
    """The statement chooses its rows by their identity alone: what it asks of their state or number is gone."""
    for part in region(spot)[:-1]:
        edits = list(_conditions(spot, part))
        if edits:
            yield "dropped what the rows must be like", edits
            return


def drop_named(spot: Spot) -> Found:
    """The column by which a row is found, as the evidence names it, is asked for no more."""
    named = re.search(r"(?:kept in|only if its) `([\w.:]+)`", spot.note)
    if named is None:
        return
    column = re.split(r"[.:]", named[1])[-1]
    test = re.compile(rf"\b(and\s+)?[\w.\"`]*{re.escape(column)}[\"`]?\s*=\s*(\?|%s|:\w+|\$\d+)(\s+and\b)?", re.IGNORECASE)
    for part in region(spot):
        edits: list[Edit] = []
        for node in nodes(part):
            if _asks_for(spot, node, column):
                edits.append(take_out(spot, node))
            elif node.type in STRINGS and (found := test.search(spot.text(node))):
                start = node.start_byte + len(spot.text(node)[: found.start()].encode())
                edits.append(Edit(start, start + len(found[0].encode()), ""))
        if edits:
            yield f"asked for `{column}` no more", edits[:1]
            return


def _asks_for(spot: Spot, node: Node, column: str) -> bool:
    """Whether a node is one test of a column: a comparison, a named argument, an entry of a record."""
    if node.type == "comparison_operator":
        return re.search(rf"\.{re.escape(column)}\s*==", spot.text(node)) is not None
    if node.type == "shorthand_property_identifier":
        return spot.text(node) == column
    named = node.type in ("pair", "keyword_argument", "array_element_initializer")
    return named and key_of(spot, node).rpartition("__")[2] in (column, f"{column}_id")


def _conditions(spot: Spot, part: Node) -> Iterator[Edit]:
    """The tests of one statement beside that for identity, each once. PHP's and knex's are links; others are arguments or entries."""
    done: list[Node] = []
    for node in nodes(part):
        if any(d.start_byte <= node.start_byte and node.end_byte <= d.end_byte for d in done):
            continue
        if node.type in STRINGS:
            text = spot.text(node)
            for found in _TEST.finditer(text):
                if not _SAME.search(found["a"].strip('"`')):
                    start = node.start_byte + len(text[: found.start()].encode())
                    yield Edit(start, start + len(found[0].encode()), "")
            continue
        if node.type == "pair" and key_of(spot, node) == "where" and node.named_children[-1].type == "object":
            yield from _entries(spot, node.named_children[-1], done)
            continue
        if node.type not in CALLS or not _CHOOSERS.match(name_of(spot, node)):
            continue
        name, arguments = name_of(spot, node), argument_nodes(node)
        first = spot.text(arguments[0]).strip("'\"") if arguments else ""
        if name.lower().startswith(("where", "andwhere")) and re.fullmatch(r"[\w.]+", first) and len(arguments) > 1 and receiver(node):
            if not _SAME.search(first) and (edit := unlink(node)) is not None and spot.family != "python":
                yield edit
        elif name in ("updateMany", "findOneAndUpdate", "updateOne") and arguments and arguments[0].type == "object":
            if "where" not in {key_of(spot, p) for p in arguments[0].named_children if p.type == "pair"}:
                yield from _entries(spot, arguments[0], done)
        elif name != "update":
            yield from _arguments(spot, arguments, done)


def _entries(spot: Spot, record: Node, done: list[Node]) -> Iterator[Edit]:
    for pair in record.named_children:
        key = key_of(spot, pair) if pair.type == "pair" else spot.text(pair)
        if key not in ("_id", "AND", "OR") and not _SAME.search(key):
            done.append(pair)
            yield take_out(spot, pair)


def _arguments(spot: Spot, arguments: list[Node], done: list[Node]) -> Iterator[Edit]:
    for node in arguments:
        text = spot.text(node)
        if node.type == "keyword_argument":
            subject = _OPERATORS.sub("", key_of(spot, node))
        elif node.type == "comparison_operator":
            subject = spot.text(node.named_children[0])
        elif node.type in CALLS and name_of(spot, node) in ("in_", "notin_", "is_", "not_in"):
            subject = spot.text(receiver(node) or node)
        elif node.type in CALLS and re.match(r"(eq|ne|gte?|lte?|inArray|sql)\(", text):
            subject = spot.text(argument_nodes(node)[0]) if argument_nodes(node) else text
        elif node.type == "template_string" or (node.type in CALLS and text.startswith("sql")):
            subject = text
        else:
            continue
        if not _SAME.search(subject):
            done.append(node)
            yield take_out(spot, node)


def drop_unique(spot: Spot) -> Found:
    """What makes the database refuse a second row is gone from the line."""
    yield from _declared(spot, _UNIQUE_KEYS, _UNIQUE_CALLS, _UNIQUE_TEXT)


def drop_constraint(spot: Spot) -> Found:
    """What makes the database refuse a number below zero is gone from the line."""
    for node in nodes(spot.root):
        if node.type in CALLS and node.start_point[0] + 1 == spot.line:
            name = name_of(spot, node)
            if wider := _wider(name):
                start = node.start_byte + spot.text(node).index(name)
                yield f"made `{name}` wider", [Edit(start, start + len(name), wider)]
                return
        if node.type == "member_expression" and spans(spot, node) and spot.text(node).endswith(".UNSIGNED"):
            yield "dropped `UNSIGNED`", [Edit(node.end_byte - len(".UNSIGNED"), node.end_byte, "")]
            return
    yield from _declared(spot, {"unsigned", "min"}, _CHECKS, _CHECK_TEXT)


def _wider(name: str) -> str | None:
    """The type that takes negative numbers too."""
    if re.fullmatch(r"Positive\w*IntegerField", name):
        return "IntegerField"
    if name.endswith("Field") and not name.endswith("IntegerField"):
        return "models.IntegerField"
    found = re.fullmatch(r"unsigned(\w*Integer)", name)
    return found[1][:1].lower() + found[1][1:] if found else None


def _declared(spot: Spot, keys: set[str], calls: set[str], words: re.Pattern[bytes]) -> Found:
    """A named argument, an element of a list, a statement or a decorator that declares, else the words of the declaration in a text."""
    for node in nodes(spot.root):
        if node.type in PAIRS and spans(spot, node) and key_of(spot, node) in keys:
            yield f"dropped `{key_of(spot, node)}`", [take_out(spot, node)]
            return
        if node.type == "decorator" and node.start_point[0] + 1 == spot.line:
            yield "dropped the decorator", [replace(node, "")]
            return
        if node.type in CALLS and spans(spot, node) and (name := name_of(spot, node)) in calls:
            whole = node.parent
            if whole is not None and whole.type in EXPRESSIONS and _alone(node):
                yield f"dropped `{name}`", [replace(whole, NOTHING[spot.family])]
            elif (edit := unlink(node)) is not None and name in ("unique", "unsigned", "primary"):
                yield f"dropped `{name}`", [edit]
            else:
                yield f"dropped `{name}`", [take_out(spot, node)]
            return
    yield from drop_words(spot.source, spot.line, words)


def _alone(call: Node) -> bool:
    """Whether a call stands alone: ``$table->unique(…)``, not a link behind the declaration of a column."""
    before = receiver(call)
    return before is None or before.type not in CALLS


def drop_words(source: bytes, line: int, words: re.Pattern[bytes]) -> Found:
    """The words of a declaration, in the file's text: those that end on the line or begin soonest behind it."""
    rows = source.splitlines(keepends=True)
    start, end = sum(map(len, rows[: line - 1])), sum(map(len, rows[:line]))
    for found in words.finditer(source):
        if found.end() > start and found.start() < end:
            yield f"dropped `{' '.join(found[0].decode('utf-8', 'replace').split())}`", [Edit(found.start(), found.end(), "")]
            return


def drop_check_text(source: bytes, line: int) -> Found:
    """The check of a file of SQL, with its ALTER TABLE when there is nothing else in it."""
    found = list(drop_words(source, line, _WHOLE_ALTER))
    yield from found or drop_words(source, line, _CHECK_TEXT)


def drop_unique_text(source: bytes, line: int) -> Found:
    """The uniqueness of a file of SQL or of a schema."""
    yield from drop_words(source, line, _UNIQUE_TEXT)


def absolute(spot: Spot) -> Found:
    """The database no longer works the number out: what was read before is written back, more or less."""
    part = statement(spot)
    if part is None:
        return
    for node in nodes(part):
        reading = _READ_FIRST[spot.family](spot, part, node) if spot.family in _READ_FIRST else None
        if reading is not None:
            read, written = reading
            indent = " " * part.start_point[1]
            yield "wrote what was read before", [Edit(part.start_byte, part.start_byte, f"{read}\n{indent}"), replace(node, written)]
            return


def _django_or_alchemy(spot: Spot, part: Node, node: Node) -> tuple[str, str] | None:
    """The statement that reads the row, and what is then written: for ``F("stock") - n`` and for ``stock=Product.stock - n``."""
    text = spot.text(node)
    if node.type == "binary_operator" and (found := re.fullmatch(r"F\(['\"](\w+)['\"]\)\s*([-+])\s*(.+)", text, re.DOTALL)):
        entity, chosen = re.search(r"(\w+)\.objects\b", spot.text(part)), _chosen(spot, part, "filter")
        if entity and chosen:
            return f"row = {entity[1]}.objects.get({chosen})", f"row.{found[1]} {found[2]} {found[3]}"
    if node.type == "keyword_argument" and (found := re.fullmatch(r"(\w+)=(\w+)\.(\w+)\s*([-+])\s*(.+)", text, re.DOTALL)):
        chosen = _chosen(spot, part, "where")
        if chosen and found[1] == found[3]:
            return f"row = session.scalars(select({found[2]}).where({chosen})).one()", f"{found[1]}=row.{found[3]} {found[4]} {found[5]}"
    return None


def _prisma(spot: Spot, part: Node, node: Node) -> tuple[str, str] | None:
    """The same for ``stock: { decrement: n }``."""
    found = re.fullmatch(r"(\w+):\s*\{\s*(increment|decrement):\s*(.+?)\s*\}", spot.text(node), re.DOTALL) if node.type == "pair" else None
    call = next((n for n in nodes(part) if n.type in CALLS and name_of(spot, n) in ("update", "updateMany")), None)
    owner = receiver(call) if call is not None else None
    where = next((spot.text(n) for n in nodes(part) if n.type == "pair" and key_of(spot, n) == "where"), None)
    if found is None or owner is None or where is None:
        return None
    sign = "+" if found[2] == "increment" else "-"
    return f"const row = await {spot.text(owner)}.findFirstOrThrow({{ {where} }});", f"{found[1]}: row.{found[1]} {sign} {found[3]}"


def _chosen(spot: Spot, part: Node, by: str) -> str | None:
    """The arguments of the link of a chain that chooses the rows."""
    call = next((n for n in nodes(part) if n.type in CALLS and name_of(spot, n) == by), None)
    return ", ".join(spot.text(a) for a in argument_nodes(call)) if call is not None else None


_READ_FIRST = {"python": _django_or_alchemy, "javascript": _prisma}
