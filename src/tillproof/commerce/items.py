"""What a call does to the items of a key-value store, which a record of parameters says: table, key, item and expressions."""

import re
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.entities import entity
from tillproof.commerce.item_expressions import Condition, condition, sets
from tillproof.commerce.lexicon import snake
from tillproof.commerce.record_names import TouchKind
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Ctx, External, Instance, Member, Record, Result, Seq, Value, leaves, options, pattern, pieces
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

ITEMS = "items"
"""What the effect of such a touch is called."""
ITEM_STORE = re.compile(r"dynamodb|DocumentClient|boto3|\.get_item$", re.IGNORECASE)
ANSWERED = ("Item", "Attributes", "Items", "docs")
"""Under which an answer holds what was read."""
_READS = re.compile(r"(transact)?get|query|scan|batch_?get", re.IGNORECASE)
_MEANS: dict[str, TouchKind] = {"Update": "write", "Put": "upsert", "Delete": "delete"}
_WORKING = re.compile(r"(?P<what>batchwrite|transactwrite|update|put|delete)_?(item)?s?(command)?", re.IGNORECASE)
_TYPED = ("S", "N", "B", "BOOL", "SS", "NS", "L", "M", "NULL")
_MARSHALLS = ("marshall", "serialize", "convert", "input", "String", "str")
_TABLE_WORDS = re.compile(r"(^|_)(tables?|dynamo(_?db)?|ddb|db|data|main|single|app|store|name|env|stage|dev|prod|staging|test)(?=_|$)")
_ID = re.compile(r"(\w+_)?(id|pk|sk|key|uuid|number)", re.IGNORECASE)
_MOST = 60


class Asked(NamedTuple):
    """One operation, by itself or one of a transaction: what is done, and the parameters."""

    kind: TouchKind
    given: dict[str, Value]


class Items:
    """Answers by call."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.evaluator = model.evaluator

    def touch(self, fn: Fn, i: int, ctx: Ctx | None, name: str) -> Touch | None:
        """What a call of that name does; of several that are done in one, what is counted, else what is changed."""
        name = next(iter(self.model.recogniser.sent(fn, i, ctx)), name)
        parameters = self._parameters(fn, i, ctx)
        found = [self._one(fn, i, ctx, one) for one in self._asked(name.rpartition(".")[2].replace("_", ""), parameters)]
        return max(found, key=lambda t: (bool(t.relative), t.kind == "write", t.kind != "read"), default=None)

    def command(self, value: Value) -> Result | None:
        """The object that a call sends, where it stands for what is asked: ``new UpdateCommand({…})``."""
        made = [o for o in options(value) if isinstance(o, Result) and o.new and isinstance(o.callee, External)]
        return made[0] if len(made) == 1 else None

    def _parameters(self, fn: Fn, i: int, ctx: Ctx | None) -> dict[str, Value]:
        arguments = self.model.program.body(fn).call(i)[1]
        named = {k: self.evaluator.value(fn, v, ctx) for k, v in arguments if k and not k.startswith("*")}
        if named or not arguments:
            return named
        first = self.evaluator.value(fn, arguments[0][1], ctx)
        sent = self.command(first)
        told = self.evaluator.argument(sent, 0) if sent is not None and sent.instr >= 0 else first
        return self._keys(told) if told is not None else {}

    def _keys(self, value: Value) -> dict[str, Value]:
        got = shape(self.evaluator, value)
        return {**got.may, **got.must}

    def _asked(self, name: str, given: dict[str, Value]) -> list[Asked]:
        working = _WORKING.fullmatch(name)
        if working is None:
            return [Asked("read", given)] if _READS.match(name) else []
        what = working["what"].lower()
        if what in ("update", "put", "delete"):
            return [Asked(_MEANS[what.capitalize()], given)]
        listed = given.get("TransactItems") or given.get("RequestItems")
        found = []
        for piece in pieces([listed], _MOST) if listed is not None else ():
            if isinstance(piece, Record):
                found += [Asked(kind, self._keys(v)) for k, v in piece.entries for word, kind in _MEANS.items() if k == word]
        return found or [Asked("write", given)]

    def _one(self, fn: Fn, i: int, ctx: Ctx | None, asked: Asked) -> Touch:
        given = asked.given
        aliases = (
            {k: pattern(v) for k, v in self._keys(given["ExpressionAttributeNames"]).items()} if "ExpressionAttributeNames" in given else {}
        )
        bound = self._plain(given["ExpressionAttributeValues"]) if "ExpressionAttributeValues" in given else {}

        def meant(path: str) -> str:
            return ".".join(aliases.get(step, step) for step in path.split(".")).rpartition(".")[2]

        fields: dict[str, Value | None] = {}
        relative, lowered, kind = set(), set(), asked.kind
        for one in sets(_text(given.get("UpdateExpression"))):
            fields[meant(one.path)] = bound.get(one.value)
            if one.relative:
                relative.add(meant(one.path))
                lowered.update([meant(one.path)] if one.down else [])
        keys: dict[str, Value] = dict(self._plain(given["Key"])) if "Key" in given else {}
        must = (
            condition(_text(given.get("ConditionExpression"))) if kind != "read" else condition(_text(given.get("KeyConditionExpression")))
        )
        keys.update({meant(path): bound[value] for path, value in must.keys.items() if value in bound})
        if "Item" in given:
            fields.update(self._plain(given["Item"]))
            kind = self._put(fields, must, {meant(p) for p in must.absent})
        compared = frozenset((*keys, *(meant(path) for path in must.compared)))
        named = self._table(fn, i, ctx, given)
        return Touch(
            kind, named, fields, frozenset(relative), keys, compared, False, None, fn, i, ctx, ITEMS, lowered=frozenset(lowered)
        )  # fmt: skip

    def _put(self, fields: dict[str, Value | None], must: Condition, absent: set[str]) -> TouchKind:
        """Whether an item that is put is new: its id is made here, or it must not be there yet. Another takes the place of the one that is
        there; where that must be as expected, it is a change of it."""
        ids = [v for k, v in fields.items() if v is not None and _ID.fullmatch(k)]
        if absent or any(self._is_random(v) for v in ids):
            return "create"
        return "write" if must.compared else "upsert"

    def _is_random(self, value: Value) -> bool:
        return any(self.model.recogniser.result_is("random", leaf) for leaf in leaves(value, _MOST))

    def _plain(self, value: Value) -> dict[str, Value]:
        """The attributes of a record without what the store's own form puts around each: ``{ id: { S: id } }``, ``marshall({ id })``."""
        for option in options(value):
            if isinstance(option, Result) and option.instr >= 0 and _last(option.callee) in _MARSHALLS:
                inner = self.evaluator.argument(option, 0)
                return self._plain(inner) if inner is not None else {}
        return {k: self._bare(v) for k, v in self._keys(value).items()}

    def _bare(self, value: Value) -> Value:
        if isinstance(value, Record) and len(value.entries) == 1 and value.entries[0][0] in _TYPED:
            value = value.entries[0][1]
            if isinstance(value, Result) and value.instr >= 0 and _last(value.callee) in _MARSHALLS:
                value = self.evaluator.argument(value, 0) or value
        return value

    # --- tables

    def _table(self, fn: Fn, i: int, ctx: Ctx | None, given: dict[str, Value]) -> str:
        """What the items are: by the table's name, the prefix of their key where one table keeps all, or the class that keeps them."""
        told = given.get("TableName") or self._receiver(fn, i, ctx)
        for option in options(told) if told is not None else ():
            if named := _named(_spelt(option)):
                return named
        keyed = self._plain(given.get("Key") or given["Item"]) if "Key" in given or "Item" in given else {}
        for name, value in keyed.items():
            prefix = pattern(value).partition("#")
            if prefix[1] and re.fullmatch(r"[A-Za-z_]+", prefix[0]) and name.lower() in ("pk", "sk", "id"):
                return entity(prefix[0].lower())
        owner = self.model.program.method_class(fn)
        return _named(self.model.program.cls(owner).name) if owner is not None else ""

    def _receiver(self, fn: Fn, i: int, ctx: Ctx | None) -> Value | None:
        """The table that a call is made on: ``dynamodb.Table('orders').put_item(…)``."""
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] != Op.FIELD:
            return None
        for option in options(self.evaluator.value(fn, body.args(callee)[0], ctx)):
            if isinstance(option, Result) and option.instr >= 0 and _last(option.callee) == "Table":
                return self.evaluator.argument(option, 0)
        return None


def turns_what_it_asks(touch: Touch) -> bool:
    """Whether an update throws where an attribute is not as expected, and makes it otherwise: only the first one gets past it."""
    return touch.effect == ITEMS and touch.kind == "write" and any(n in touch.compared and n not in touch.relative for n in touch.fields)


def _last(value: Value) -> str:
    return value.name.rpartition(".")[2] if isinstance(value, (External, Member)) else ""


def _text(value: Value | None) -> str:
    return pattern(value) if value is not None else ""


def _spelt(value: Value) -> str:
    """How a table's name is spelt: the text, or the name of the setting that holds it."""
    if isinstance(value, (External, Member)):
        return value.name
    if isinstance(value, Result) and isinstance(value.callee, (External, Member)) and value.instr >= 0:
        return ""
    return pattern(value) if not isinstance(value, (Instance, Seq)) else ""


def _named(name: str) -> str:
    """The entity in a table's name, without what says only that it is one: ``prod-orders-table``, ``ORDERS_TABLE_NAME``."""
    words = snake(re.sub(r"[^A-Za-z0-9_]+", "_", name.rpartition(".")[2].replace("{}", "")))
    plain = _TABLE_WORDS.sub("", words).strip("_")
    return entity(re.sub(r"__+", "_", plain)) if plain else ""
