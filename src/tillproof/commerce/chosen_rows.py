"""By what rows are chosen: the conditions on the way to a call on records, and in the call itself, and whether they are locked."""

import re

from tillproof.commerce.asking_functions import in_function
from tillproof.commerce.chains import Chain, Chains, Link
from tillproof.commerce.lexicon import snake
from tillproof.commerce.named_conditions import asked_by_name
from tillproof.commerce.parts import Parts, other_than
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn
from tillproof.flow.shape import Shape, shape
from tillproof.flow.values import (
    ClassV,
    Const,
    Ctx,
    FunctionV,
    Mix,
    Overlay,
    Record,
    Result,
    Seq,
    Value,
    constant,
    leaves,
    names,
    options,
)  # fmt: skip
from tillproof.ir.ops import Kind, Op

LOCKING = frozenset(
    ["select_for_update", "lockforupdate", "with_for_update", "for_update", "forupdate", "setlock", "lock_for_update", "fornokeyupdate"]
)
_CHOOSING = re.compile(
    r"(or_?|and_?|first_?|un)?where\w*|filter(_by)?|exclude|not|or|get|get_?where|get(One)?By[A-Z]\w*|get_or_404|first_or_404|find\w*|first\w*|one\w*|eq|neq|match|in_?|is_?|single"
    r"|select|count\w*|exists\w*|aggregate|delete\w*|remove|destroy|get_object_or_404|get_list_or_404|aget|afirst|contains|has|retrieve|load\w*"
    r"|wc_get_\w+s|wcs_get_subscriptions\w*|get_posts",
    re.IGNORECASE,
)
_OF_TABLE = re.compile(r"get_?where", re.IGNORECASE)
_ASKS_NULL = re.compile(r"(or_?|and_?)?where_?(?P<not>not_?)?null", re.IGNORECASE)
_LEAVING_OUT = re.compile(r"exclude|where_?not|not|neq?", re.IGNORECASE)
# A condition as PostgREST takes it: ``or('status.eq.pending,paid_at.is.null')``.
_DOTTED = re.compile(r"(?:^|[,(])([A-Za-z_]\w*)\.(?:not\.)?(?:eq|neq|in|is|gte?|lte?|i?like)\.")
_JSON = ("data", "metadata", "meta", "details", "payload", "extra")
# Calls that find and write in one: ``findByIdAndUpdate(id, values, options)``, ``findOneAndUpdate(filter, values, options)``.
FINDS_AND_WRITES = re.compile(r"find_?(?P<id>by_?id|by_?pk)?\w*?_?and_?(update|replace|modify|overwrite)", re.IGNORECASE)
CONTROL = frozenset(
    [
        "where",
        "transaction",
        "update_conflicts",
        "unique_fields",
        "updateonduplicate",
        "onconflict",
        "on_conflict",
        "ignore_duplicates",
        "default_to_null",
        "ignoreduplicates",
        "skipduplicates",
        "conflictpaths",
        "session",
        "returning",
        "upsert",
        "new",
        "lock",
        "skip",
        "take",
        "order",
        "include",
        "select",
        "lean",
        "fields",
        "runvalidators",
        "return_document",
        "array_filters",
        "bypass_document_validation",
        "update_fields",
        "force_insert",
        "force_update",
        "ignore_conflicts",
        "batch_size",
    ]
)
CONFLICT_TARGETS = frozenset(["onConflict", "on_conflict", "conflictPaths", "conflictFields", "onConflictFields", "unique_fields"])
"""The options of an upsert that name the columns by which a row is there already."""
_COLUMNS = ("order", "transaction")
_AMONG = ("in", "$in", "Op.in", "[Op.in]")
"""Keys of a condition under which stand the values of which a column has one."""
_COLUMN_ASKS = ("in_", "not_in", "notin_", "is_", "is_not", "isnot", "between", "any_", "like")
_ASKS_OF_COLUMN = ("isnull", "isnotnull", "notinarray", "between", "notbetween", "like", "ilike")  # functions that are handed it
_TYPEORM = "typeorm."
_UNEQUAL = ("MoreThan", "MoreThanOrEqual", "LessThan", "LessThanOrEqual", "Between", "Not", "Like", "ILike", "Raw")
_OPERATORS = frozenset(("=", "==", "is", "eq", "===", "$eq", "equals"))
_OTHER_THAN = frozenset(("!=", "<>", "!==", "neq", "ne", "$ne", "Op.ne", "[Op.ne]", "not"))
_BY_ID = re.compile(
    r"(get|find|load|retrieve|fetch|update|delete|destroy)(_?(by_?(id|pk)|or_?fail|or_?404|one|and_?(update|delete|remove)))*",
    re.IGNORECASE,
)
# A column in the name of the call: ``findOneByReference($r)``, ``whereOrderId($id)``; PHP's frameworks make such calls up.
_COLUMN_IN_NAME = re.compile(
    r"(?:(?:find|get)(?:One)?By|loadBy|countBy|(?:or|and)?[wW]here(?!(?:Not|In|Null|Has|Key|Date|Day|Month|Year|Time|Raw|Exists|Column|Between|Doesnt|Full|Json|Like|Relation"
    r"|Belongs|Morph|Any|All|None|Row|Integer|Past|Future|Today|Before|After|Attached)(?![a-z])))(?P<column>[A-Z]\w*)"
)
# A condition written out: ``where('stock >= ?', n)``, ``andWhere('item.stock >= :n')``.
_IN_WORDS = re.compile(r"([A-Za-z_]\w*)[`\"']?\s*(<=|>=|<>|!=|=|<|>)")
_COMPARED = ("<", ">", "=", "!=")
_SUFFIX = re.compile(r"__(exact|iexact)$")
_MOST_KEYS = 40
PUTTING = {"merge", "mergeFields", "mergeFieldPaths"}
"""The options of a call that puts a document."""
_RUNS_IN = frozenset(["transaction", "session"])
_HOW = (
    frozenset(
        [
            "transaction",
            "session",
            "lock",
            "logging",
            "hooks",
            "validate",
            "silent",
            "individualHooks",
            "returning",
            "fields",
            "benchmark",
            "paranoid",
        ]
    )
    | PUTTING
)
# Alternatives, and what must not hold: what is asked there is asked, but no equality in it is certain.
_EITHER = ("OR", "$or", "$nor", "NOT")
_COLUMN_OF_EXPRESSION = re.compile(r"\$[A-Za-z_]\w*")


class ChoiceReader:
    """Reads the choice of rows off chains."""

    def __init__(self, evaluator: Evaluator, chains: Chains) -> None:
        self.evaluator = evaluator
        self.chains = chains
        self.program = evaluator.program

    def chosen(self, chain: Chain, out: Parts) -> None:
        """The conditions on the way to a call, and in the call itself when it only reads."""
        for before in (inner for link in chain.calls() for inner in (link, *asked_by_name(self.evaluator, chain, link))):
            if before.name.lower() in LOCKING:
                out.locked = True
            elif (nothing := _ASKS_NULL.fullmatch(before.name)) is not None:
                self._nothing_in(self.chains.arguments(before), nothing["not"] is None, out)
            elif _CHOOSING.fullmatch(before.name) and not FINDS_AND_WRITES.fullmatch(before.name):
                if before.name.lower() == "or":
                    self._choice(before, either := Parts())
                    out.compared |= either.compared
                else:
                    (self._left_out if _LEAVING_OUT.fullmatch(before.name) else self._choice)(before, out)
            self._options(before, out)
            in_function(self.evaluator, before, out)

    def _options(self, link: Link, out: Parts) -> None:
        """Locks that are asked for by an option: ``{lock: t.LOCK.UPDATE}``, ``with_for_update=True``, ``LockMode::PESSIMISTIC_WRITE``."""
        for key, value in self.chains.arguments(link):
            if any(n.rpartition(".")[2] == "PESSIMISTIC_WRITE" for n in names(value)):
                out.locked = True
            if key == "with_for_update" and not (isinstance(value, Const) and value.falsy):
                out.locked = True
            if key in ("", "**") and isinstance(value, (Record, Overlay)):
                lock = {**(got := self._shape(value)).may, **got.must}.get("lock")
                if lock is not None and not (isinstance(lock, Const) and lock.falsy):
                    out.locked = True

    def _left_out(self, link: Link, out: Parts) -> None:
        """``exclude(status="paid")``: of several conditions at once, none is certain by itself."""
        left = Parts()
        self._choice(link, left)
        out.compared |= left.compared
        if len(left.compared) == 1:
            for key, value in left.keys.items():
                out.keys.setdefault(key, other_than(value))

    def _choice(self, link: Link, out: Parts) -> None:
        given, body = self.chains.arguments(link), self.program.body(link.fn)
        rows = [v for _, v in body.call(link.call)[1]]
        asked = [(a, row) for a, row in zip(given, rows, strict=True) if len(given) == 1 or not self.says_how(a[1])]
        arguments = [a for a, _ in asked]
        positional = [v for k, v in arguments if k == ""]
        for (key, value), row in asked:
            if key and key not in ("*", "**"):
                if key in ("where", "filter", "criteria"):
                    self.condition(value, out)
                elif not self.controls(link, key, value):
                    self.key(key, value, out)
            elif body.op[row] in (Op.BINARY, Op.CALL) and self.comparison(link.fn, row, link.ctx, out):
                continue
            elif is_record(value):
                got = self._shape(value)
                where = {**got.may, **got.must}.get("where")
                self.condition(where if where is not None else value, out)
        told_table = _OF_TABLE.fullmatch(link.name) is not None  # `get_where('orders', ['id' => $id])`
        if len(positional) >= 2 and not told_table and (name := constant(positional[0])) and name.isidentifier():
            self._pair(name, positional[1:], out)
        elif positional and self._in_words(positional, out):
            return
        elif len(positional) == 1 == len(arguments) and (column := self._column_in_name(link)):
            out.compared.add(column)
            out.keys.setdefault(column, positional[0])
        elif len(positional) == 1 and len(arguments) == 1 and _BY_ID.fullmatch(link.name) and not is_record(positional[0]):
            if not isinstance(positional[0], (ClassV, Mix)):
                out.keys.setdefault("id", positional[0])
                out.compared.add("id")
        elif (len(positional) == 2 and isinstance(positional[0], ClassV)) or (len(positional) > 1 and _is_uid(positional[0])):
            # session.get(Order, id), get_object_or_404(Order, id), entityService.findOne('api::order.order', id, {…})
            out.keys.setdefault("id", positional[1])
            out.compared.add("id")

    @staticmethod
    def _nothing_in(given: list[tuple[str, Value]], empty: bool, out: Parts) -> None:
        """``whereNull('paid_at')``, ``whereNotNull(['paid_at', 'sent_at'])``: columns that hold nothing, or something."""
        for value in (item for _, v in given for item in (v.items if isinstance(v, Seq) else (v,))):
            if (column := constant(value)) is not None and column.replace(".", "_").isidentifier():
                out.compared.add(column.rpartition(".")[2])
                if empty:
                    out.keys[column.rpartition(".")[2]] = Const(value.at, Kind.NULL, "null")

    def says_how(self, value: Value) -> bool:
        """Whether a record holds nothing but how a call is to be made: ``findByPk(id, { transaction, lock: true })``."""
        return self._holds_only(value, _HOW)

    def says_where(self, value: Value) -> bool:
        """Whether a record holds nothing but an object to run in."""
        return self._holds_only(value, _RUNS_IN)

    def _holds_only(self, value: Value, keys: frozenset[str]) -> bool:
        got = self._shape(value) if isinstance(value, (Record, Overlay)) else None
        return got is not None and bool(got.must or got.may) and keys.issuperset({*got.must, *got.may})

    def _column_in_name(self, link: Link) -> str:
        """The column by which a call chooses, where its name says it."""
        found = _COLUMN_IN_NAME.fullmatch(link.name) if self.program.language(link.fn.file) == "php" else None
        return snake(found["column"]) if found is not None else ""

    def controls(self, link: Link, key: str, value: Value) -> bool:
        """Whether a named argument says how, not what: Sequelize's ``order``, a transaction to run in. Django's rows have columns of such
        names: ``Payment.objects.create(order=order)``."""
        column = self.program.language(link.fn.file) == "python" and key in _COLUMNS and not is_record(value)
        return (key.lower() in CONTROL or key in PUTTING) and not column

    @staticmethod
    def _in_words(positional: list[Value], out: Parts) -> bool:
        """A condition that is written out, if it is one."""
        texts = "".join(leaf.text for leaf in leaves(positional[0], _MOST_KEYS) if isinstance(leaf, Const))
        if dotted := _DOTTED.findall(texts):
            out.compared.update(dotted)
            return True
        said = _IN_WORDS.findall(constant(positional[0]) or "")
        for column, operator in said:
            out.compared.add(column)
            if operator == "=":
                out.keys.setdefault(column, positional[-1])
        return bool(said)

    def _pair(self, name: str, rest: list[Value], out: Parts) -> None:
        """``where('status', 'pending')``, ``where('qty', '>=', n)``"""
        operator = constant(rest[0]) if len(rest) > 1 else "="
        out.compared.add(name)
        if operator in _OPERATORS:
            out.keys[name] = rest[-1]
        elif operator in _OTHER_THAN:
            _set_apart(name, rest[-1], out)

    def key(self, key: str, value: Value, out: Parts) -> None:
        """A column that is asked for, perhaps with a lookup: ``id``, ``status__in``."""
        plain = _SUFFIX.sub("", key)
        name, _, lookup = plain.partition("__")
        out.compared.add(name)
        if not lookup:
            out.keys[name] = value
        elif lookup == "in":
            out.among[name] = value

    def condition(self, value: Value, out: Parts, depth: int = 0) -> None:
        """A record of conditions: ``{id, status: {in: […]}}``."""
        if depth > 2 or self._as_comparison(value, out):
            return
        got = self._shape(value)
        for key, entry in list({**got.may, **got.must}.items())[:_MOST_KEYS]:
            if key in ("AND", "$and", "where", "OR", "$or", "$nor", "NOT"):
                each = Parts() if key in _EITHER else out
                for one in entry.items if isinstance(entry, Seq) else (entry,):
                    self.condition(one, each, depth + 1)
                out.compared |= each.compared
                continue
            if key == "$expr":  # {$gte: ['$stock', n]}
                texts = (leaf.text.strip("'\"") for leaf in leaves(entry, _MOST_KEYS) if isinstance(leaf, Const))
                out.compared.update(text[1:] for text in texts if _COLUMN_OF_EXPRESSION.fullmatch(text))
                continue
            out.compared.add(key)
            if not isinstance(entry, (Record, Overlay)):
                if not self._by_operator(key, entry, out):
                    out.keys[key] = entry
                continue
            got = self._shape(entry)
            asked = {**got.may, **got.must}
            out.among.update((key, v) for word, v in asked.items() if word in _AMONG)
            out.keys.update((key, v) for word, v in asked.items() if word in _OPERATORS)
            for other in (v for word, v in asked.items() if word in _OTHER_THAN):
                _set_apart(key, other, out)
            if "$ne" in asked and not isinstance(asked["$ne"], Const):  # of a list: nothing in it is that
                out.keys.setdefault(key, other_than(asked["$ne"]))
            if "$elemMatch" in asked:  # one of those that a document lists: `variants: { $elemMatch: { sku, stock: { $gte: n } } }`
                self.condition(asked["$elemMatch"], inner := Parts(), depth + 1)
                out.compared |= {f"{key}.{n}" for n in inner.compared}
            if key in _JSON:  # a column that keeps a record itself: what is compared is in it
                self.condition(entry, out, depth + 1)

    def _by_operator(self, key: str, value: Value, out: Parts) -> bool:
        """Whether a column is asked for by a function of TypeORM's that is no equality: ``{ stock: MoreThanOrEqual(n) }``."""
        name = names(value)[0] if isinstance(value, Result) and value.instr >= 0 and names(value) else ""
        word = name.removesuffix("()").rpartition(".")[2]
        if word == "In" and name.startswith(_TYPEORM) and (listed := self.evaluator.argument(value, 0)) is not None:  # type: ignore[arg-type]
            out.among[key] = listed
            return True
        return name.startswith(_TYPEORM) and word in _UNEQUAL

    def _as_comparison(self, value: Value, out: Parts) -> bool:
        """Whether what chooses is no record but a comparison, or a function that gives one: ``where: eq(orders.id, x)``,
        ``where: (order, { eq }) => eq(order.id, x)``."""
        found = False
        for option in options(value):
            if isinstance(option, Result) and option.instr >= 0 and self.program.body(option.fn).op[option.instr] == Op.CALL:
                found = self.comparison(option.fn, option.instr, option.ctx, out) or found
            elif isinstance(option, FunctionV):
                body = self.program.body(option.fn)
                ends = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
                if len(ends) == 1 and body.op[ends[0]] == Op.CALL:
                    found = self.comparison(option.fn, ends[0], None, out) or found
        return found

    def comparison(self, fn: Fn, i: int, ctx: Ctx | None, out: Parts) -> bool:
        """``Order.id == x``, ``eq(orders.id, x)``, ``and(…)``: whether it is one."""
        body = self.program.body(fn)
        if body.op[i] == Op.BINARY:
            operator, left, right = body.text(body.args(i)[0]), *body.args(i)[1:3]
            if column := self._column(fn, left, ctx):
                out.compared.add(column)
                if operator in _OPERATORS:
                    out.keys[column] = self.evaluator.value(fn, right, ctx)
                elif operator in _OTHER_THAN:
                    _set_apart(column, self.evaluator.value(fn, right, ctx), out)
                return True
            summed = [s for side in (left, right) if body.op[side] == Op.BINARY for s in body.args(side)[1:3]]
            columns = [body.name(c) for c in (*summed, right) if body.op[c] == Op.FIELD]
            out.compared.update(columns)
            return bool(columns)
        callee, arguments = body.call(i)
        name = body.called(i).lower()
        given = [v for k, v in arguments if k == ""]
        if name in ("and", "or", "and_", "or_", "q"):
            each = Parts() if name in ("or", "or_") and len(given) > 1 else out
            told = [self.comparison(fn, g, ctx, each) for g in given if body.op[g] in (Op.BINARY, Op.CALL)]
            out.compared |= each.compared
            return any(told)
        if name == "sql":
            return self._in_template(fn, given, out)
        if name in _COLUMN_ASKS and body.op[callee] == Op.FIELD and body.op[asked := body.args(callee)[0]] == Op.FIELD:
            out.compared.add(body.name(asked))
            if name == "in_" and given:
                out.among[body.name(asked)] = self.evaluator.value(fn, given[0], ctx)
            return True
        if name in _ASKS_OF_COLUMN and given and body.op[given[0]] == Op.FIELD:
            out.compared.add(body.name(given[0]))
            return True
        if name in ("eq", "ne", "gt", "gte", "lt", "lte", "inarray") and len(given) == 2 and body.op[given[0]] == Op.FIELD:
            out.compared.add(body.name(given[0]))
            if name in ("eq", "inarray"):
                into = out.keys if name == "eq" else out.among
                into[body.name(given[0])] = self.evaluator.value(fn, given[1], ctx)
            elif name == "ne":
                _set_apart(body.name(given[0]), self.evaluator.value(fn, given[1], ctx), out)
            return True
        return False

    def _in_template(self, fn: Fn, given: list[int], out: Parts) -> bool:
        """``sql`${products.stock} >= ${n}```: the columns that a template compares."""
        body = self.program.body(fn)
        texts = {n: const[1] for n, row in enumerate(given) if (const := body.const(row)) is not None}
        for n, row in enumerate(given):
            follows, leads = texts.get(n + 1, "").lstrip(), texts.get(n - 1, "").rstrip()
            if body.op[row] == Op.FIELD and (follows.startswith(_COMPARED) or (leads.endswith(_COMPARED) and not follows)):
                out.compared.add(body.name(row))
        return any(body.op[row] == Op.FIELD and body.name(row) in out.compared for row in given)

    def _column(self, fn: Fn, i: int, ctx: Ctx | None) -> str:
        """The column that one side of a comparison is: ``Order.id``, ``getattr(Order, name)``."""
        body = self.program.body(fn)
        if body.op[i] == Op.FIELD:
            return body.name(i)
        if body.op[i] == Op.CALL and body.called(i) == "getattr" and len(given := body.call(i)[1]) > 1:
            return constant(self.evaluator.value(fn, given[1][1], ctx)) or ""
        return ""

    def _shape(self, value: Value) -> Shape:
        return shape(self.evaluator, value)


def _set_apart(column: str, value: Value, out: Parts) -> None:
    """That a column does not hold a word that the code names: ``status: { $ne: 'paid' }``, ``ne(orders.status, 'paid')``."""
    if isinstance(value, Const):
        out.keys.setdefault(column, other_than(value))


def is_record(value: Value) -> bool:
    """Whether a value is, or may be, a record that is written out."""
    return any(isinstance(o, (Record, Overlay)) for o in options(value))


def _is_uid(value: Value) -> bool:
    return "::" in (constant(value) or "")
