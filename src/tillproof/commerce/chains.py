"""A call taken apart into the chain that it ends: ``Order.objects.filter(id=x).update(…)`` is Order, objects, filter(id=x), update(…)."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tillproof.commerce.cursors import COUNT, FETCHES, fetched, gone_through
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.outside import ONE_OF
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Ctx, FunctionV, Value, constant, options
from tillproof.ir.body import Body, returns
from tillproof.ir.ops import Kind, Op

_LONGEST = 24
_STEPS = 200  # in code that is never reached, two variables may be stored from each other for ever
_DEEPEST = 4
_DATABASE = re.compile(r"(.*[._])?(get_?)?(\w?db|database|mongo|mongo_?db|mongo_?client|client)(\(\))?", re.IGNORECASE)
_ENVIRONMENT = "env"  # by which Odoo's code asks for a model: ``self.env["sale.order"]``
# What runs a statement of CodeIgniter's builder, and what it is told before.
_RUNS = ("update", "delete", "get", "get_where", "update_batch", "count_all_results", "empty_table")
_TOLD = (
    "where", "or_where", "where_in", "where_not_in", "like", "set", "from", "select", "join", "order_by", "limit", "group_by", "having",
    "whereIn", "whereNotIn", "orWhere", "orderBy", "groupBy",
)  # fmt: skip
# What MongoDB's methods take, in order, each by its place or by its name.
_PLACED = {
    "insert_one": ("document",),
    "insert_many": ("documents",),
    **dict.fromkeys(("update_one", "update_many", "find_one_and_update"), ("filter", "update")),
    **dict.fromkeys(("replace_one", "find_one_and_replace"), ("filter", "replacement")),
    **dict.fromkeys(("find_one", "find", "delete_one", "delete_many", "find_one_and_delete", "count_documents"), ("filter",)),
}
_SAME_ROWS = ("list", "tuple", "sorted", "reversed", "iter", "enumerate", "next")


class Link(NamedTuple):
    """A name in a chain; ``call`` is the CALL of it, -1 where it is only read. ``fn`` and ``ctx`` are where it stands."""

    name: str
    fn: Fn
    call: int
    ctx: Ctx | None


class Chain(NamedTuple):
    """``links`` from the root outwards; ``root`` is the instruction that the chain begins with, in ``fn`` and ``ctx``; ``through``: the
    variables that it was kept in on the way, the last one first."""

    links: tuple[Link, ...]
    fn: Fn
    root: int
    ctx: Ctx | None
    through: tuple[str, ...]

    def names(self) -> list[str]:
        return [link.name for link in self.links]

    def calls(self) -> Iterator[Link]:
        """The links that are called."""
        return (link for link in self.links if link.call >= 0)


class Chains:
    """Takes chains apart, through variables with one value and through parameters to the caller's argument. ``foreign``: whether a call is
    of a package that packs describe, so that its body is not looked into."""

    def __init__(self, evaluator: Evaluator, foreign: Callable[[Fn, int], bool]) -> None:
        self.foreign = foreign
        self.evaluator = evaluator
        self.program = evaluator.program

    def of(self, fn: Fn, i: int, ctx: Ctx | None) -> Chain:
        """The chain that ends in instruction ``i``."""
        links: list[Link] = []
        through: list[str] = []
        body = self.program.body(fn)
        pending = picked = -1  # ``picked``: the place in a list that is handed back, as of ``[$products, $lines] = load()``
        inward = 0
        for _ in range(_STEPS):
            if len(links) >= _LONGEST:
                break
            op, args = body.op[i], body.args(i)
            if op in (Op.CALL, Op.NEW):
                if (inner := self._passed(fn, i)) is not None:
                    pending, i = -1, inner
                    continue
                inside = self._returned(fn, i, ctx, picked) if inward < _DEEPEST and not self.foreign(fn, i) else None
                if inside is not None:
                    fn, i, ctx = inside
                    body = self.program.body(fn)
                    pending = picked = -1  # what is called is what the function gives, not a link in it
                    inward += 1
                    continue
                pending, i = i, args[0]
            elif op == Op.FIELD:
                links += [Link(body.name(i), fn, pending, ctx), *self._ran(fn, i, pending, ctx), *self._said_before(fn, pending, ctx)]
                pending, picked, i = -1, -1, args[0]
            elif op in (Op.AWAIT, Op.INDEX, Op.ELEMENT):
                links += self._ran(fn, i, -1, ctx)
                links += self._collection(fn, i, ctx)
                picked = _place(body, args[1]) if op == Op.INDEX else picked if op == Op.AWAIT else -1
                i = args[0]
            elif op in (Op.CAST, Op.STORE):
                i = args[1]
            elif op == Op.CHOICE and (either := self._alike(fn, args[1:])) is not None:
                i = either
            elif op == Op.NAME:
                onward = self._behind(fn, i, ctx) if pending < 0 else None
                if onward is None:
                    links.append(Link(self._imported(fn, body.name(i)) if pending >= 0 else body.name(i), fn, pending, ctx))
                    break
                through.append(body.name(i))
                fn, i, ctx = onward
                body = self.program.body(fn)
            else:
                break
        return Chain(tuple(reversed(links)), fn, i, ctx, tuple(through))

    def _collection(self, fn: Fn, i: int, ctx: Ctx | None) -> list[Link]:
        """A collection of a document store that its database is asked for by name, or a model that an environment is, as the member that it
        might be: ``db["orders"].find_one(…)``, ``client[DB_NAME][ORDERS]``, ``self.env["sale.order"]``."""
        body = self.program.body(fn)
        if body.op[i] != Op.INDEX or self.program.language(fn.file) == "php":
            return []
        base, key = body.args(i)
        if _is_named(body, base) and body.name(base) == _ENVIRONMENT:
            model = constant(self.evaluator.value(fn, key, ctx)) or ""
            return [Link(model.replace(".", "_"), fn, -1, ctx)] if "." in model else []
        if not _DATABASE.fullmatch(body.called(base) if body.op[base] == Op.CALL else body.name(base) if _is_named(body, base) else ""):
            above = body.args(base)[0] if body.op[base] == Op.INDEX else -1
            if above < 0 or not _is_named(body, above) or not _DATABASE.fullmatch(body.name(above)):
                return []
        named = constant(self.evaluator.value(fn, key, ctx))
        return [Link(named, fn, -1, ctx)] if named is not None and named.isidentifier() else []

    def _imported(self, fn: Fn, name: str) -> str:
        """A function's own name where a file calls it otherwise: ``from sqlalchemy import update as sa_update``."""
        imports = self.program.indices[fn.file].imports
        return next((m.name for m in imports if m.local == name and m.name not in ("*", "default", "")), name)

    def _said_before(self, fn: Fn, call: int, ctx: Ctx | None) -> list[Link]:
        """What a builder of statements was told by statements before the one that runs it, the last one first, as the links that they would
        be: ``$this->db->where('id', $id); $this->db->update('orders', $row)``."""
        body = self.program.body(fn)
        if call < 0 or self.program.language(fn.file) != "php" or body.called(call) not in _RUNS:
            return []
        builder, flow = _spelt(body, body.args(body.args(call)[0])[0]), self.evaluator.defuse(fn)
        if not builder:
            return []
        before, here = {flow.block_of[call]}, flow.block_of[call]
        while len(flow.previous[here]) == 1 and flow.previous[here][0] not in before:  # what is always come through
            here = flow.previous[here][0]
            before.add(here)
        found: list[Link] = []
        for n in range(call - 1, -1, -1):
            callee = body.args(n)[0] if body.op[n] == Op.CALL else -1
            if callee < 0 or body.op[callee] != Op.FIELD or _spelt(body, _first(body, body.args(callee)[0])) != builder:
                continue
            if body.name(callee) not in _TOLD or flow.block_of[n] not in before:
                break
            if all(body.op[use] == Op.FIELD for use in flow.uses(n)):
                found.append(Link(body.name(callee), fn, n, ctx))
        return found

    def _ran(self, fn: Fn, i: int, call: int, ctx: Ctx | None) -> list[Link]:
        """Where a cursor's rows are fetched, counted or gone through, the call that ran its statement, as the link that it would be if the
        rows came from its result."""
        body = self.program.body(fn)
        if call >= 0:
            ran = fetched(self.evaluator, fn, call)
        elif body.op[i] == Op.ELEMENT or (body.op[i] == Op.FIELD and COUNT.fullmatch(body.name(i))):
            ran = gone_through(self.evaluator, fn, body.args(i)[0], i)
        else:
            ran = None
        return [Link(body.called(ran), fn, ran, ctx)] if ran is not None else []

    def onward(self, fn: Fn, i: int) -> int:
        """The last call of the chain that a call stands in: ``.where(…)`` after ``db.update(orders).set({…})``."""
        body, defuse = self.program.body(fn), self.evaluator.defuse(fn)
        for _ in range(_LONGEST):
            members = [u for u in defuse.uses(i) if body.op[u] == Op.FIELD and body.args(u)[0] == i]
            calls = [c for m in members for c in defuse.uses(m) if body.op[c] == Op.CALL and body.args(c)[0] == m]
            if not calls:
                break
            i = calls[0]
        return i

    def _passed(self, fn: Fn, i: int) -> int | None:
        """The value that a plain call gives back: ``typing.cast(Order, value)``, ``list(rows)``, ``optional($row)``."""
        body = self.program.body(fn)
        callee, arguments = body.call(i)
        if self.program.language(fn.file) == "php" and body.op[callee] == Op.NAME:
            at = 0 if body.name(callee) in ONE_OF else self.evaluator.gives.get(body.name(callee), -1)
            return arguments[at][1] if 0 <= at < len(arguments) else None
        if self.program.language(fn.file) != "python" or body.op[callee] not in (Op.NAME, Op.FIELD):
            return None
        if body.name(callee).rpartition(".")[2] == "cast" and len(arguments) == 2:
            return arguments[1][1]
        return arguments[0][1] if body.op[callee] == Op.NAME and body.name(callee) in _SAME_ROWS and arguments else None

    def _returned(self, fn: Fn, i: int, ctx: Ctx | None, picked: int) -> tuple[Fn, int, Ctx | None] | None:
        """What a function of ours that a call lands in returns, when there is one of each; of a list the one at the place that is read."""
        targets = options(self.evaluator.value(fn, self.program.body(fn).args(i)[0], ctx))
        if len(targets) != 1 or not isinstance(targets[0], FunctionV):
            return None
        target = targets[0]
        if target.fn == fn or any(c.fn == target.fn for c in (ctx.chain() if ctx else ())):
            return None
        body = self.program.body(target.fn)
        given = [v for r in returns(body) if (v := body.args(r)[0]) >= 0 and body.op[v] != Op.CONST]
        if len(given) != 1:
            return None
        if body.op[given[0]] == Op.LIST and 0 <= picked < len(items := body.args(given[0])):
            given = [items[picked]]
        return self._made(target.fn, given[0], self.evaluator.context(target, fn, i, ctx))

    def _behind(self, fn: Fn, i: int, ctx: Ctx | None) -> tuple[Fn, int, Ctx | None] | None:
        """Where the value of a variable is made, when that is a call or a member and there is only one."""
        body = self.program.body(fn)
        name = body.name(i)
        if fn.number == TOP and self.program.language(fn.file) != "php":  # a PHP page runs from top to bottom, like a function
            return None
        defuse = self.evaluator.defuse(fn, ctx)
        reach = defuse.reaching(i, name)
        if not reach.stores:
            return self._captured(fn, name, ctx)
        made = [body.args(s)[1] for s in reach.stores]
        if reach.entry or (len(made) > 1 and not self._same_rows(fn, made)):
            return None
        return self._made(fn, made[0], ctx)

    def _alike(self, fn: Fn, values: list[int]) -> int | None:
        """What all branches of a choice are, or are one of: ``rows[0] if isinstance(rows, list) else rows``; rows of the same statement;
        what an empty record stands in for where there is none, ``snap.data() || {}``."""
        body = self.program.body(fn)
        real = [v for v in values if not _is_empty(body, v)]
        if len(real) == 1 and len(values) > 1:
            return real[0]
        inner = [body.args(v)[0] if v >= 0 and body.op[v] == Op.INDEX else v for v in values]
        found = {body.name(v) if v >= 0 and body.op[v] == Op.NAME else "" for v in inner}
        alike = (len(found) == 1 and "" not in found) or self._same_rows(fn, values)
        return inner[-1] if alike else None

    def _same_rows(self, fn: Fn, values: list[int]) -> bool:
        """Whether all that a variable may be are rows of the same statement, one or many: ``cursor.fetchall() if many else …``."""
        body = self.program.body(fn)
        if any(v < 0 or body.op[v] != Op.CALL or not FETCHES.fullmatch(body.called(v)) for v in values):
            return False
        ran = {fetched(self.evaluator, fn, v) for v in values}
        return len(ran) == 1 and None not in ran

    def _captured(self, fn: Fn, name: str, ctx: Ctx | None) -> tuple[Fn, int, Ctx | None] | None:
        """A variable of the function around this one."""
        parent = self.program.parent(fn)
        outer = ctx.outer if ctx is not None and ctx.fn == fn else None
        while parent is not None and parent.number != TOP:
            stores = self.evaluator.defuse(parent).stores.get(name, [])
            if stores:
                return self._made(parent, self.program.body(parent).args(stores[0])[1], outer) if len(stores) == 1 else None
            parent, outer = self.program.parent(parent), outer.outer if outer else None
        return None

    def _made(self, fn: Fn, value: int, ctx: Ctx | None) -> tuple[Fn, int, Ctx | None] | None:
        body = self.program.body(fn)
        inner = body.bare(value)
        if body.op[inner] == Op.PARAM:
            return self.argument(fn, body.args(inner)[0], ctx)
        known = (Op.CALL, Op.FIELD, Op.INDEX, Op.NAME, Op.ELEMENT, Op.CHOICE)
        return (fn, inner, ctx) if body.op[inner] in known else None

    def argument(self, fn: Fn, number: int, ctx: Ctx | None) -> tuple[Fn, int, Ctx | None] | None:
        """The caller's argument for a parameter, when it is handed over by position or name."""
        if ctx is None or ctx.fn != fn or ctx.call < 0 or ctx.callback:
            return None
        body, caller = self.program.body(fn), self.program.body(ctx.caller)
        if caller.op[ctx.call] not in (Op.CALL, Op.NEW):
            return None  # a property, which is read and given nothing
        _, arguments = caller.call(ctx.call)
        name = body.params[number].name
        bound = bool(body.params) and body.params[0].name in ("self", "cls") and ctx.this is not None
        given = next((v for k, v in arguments if k == name), None)
        positional = [v for k, v in arguments if k == ""]
        place = number - (1 if bound else 0)
        if given is None and 0 <= place < len(positional):
            given = positional[place]
        if given is None or caller.op[given] not in (Op.CALL, Op.FIELD, Op.INDEX, Op.NAME, Op.AWAIT, Op.TEXT, Op.BINARY):
            return None
        return ctx.caller, given, ctx.parent

    def arguments(self, link: Link) -> list[tuple[str, Value]]:
        """The arguments of a called link, by key; those of a document store's method that may be given by place, too, as if they were."""
        given = self.program.body(link.fn).call(link.call)[1]
        placed = _PLACED.get(link.name, ())
        named = [k for k, _ in given if k in placed]
        by_place = tuple(named) == placed[sum(not k for k, _ in given) :][: len(named)]
        return [("" if by_place and k in placed else k, self.evaluator.value(link.fn, v, link.ctx)) for k, v in given]


def _is_empty(body: Body, i: int) -> bool:
    """Whether a value is a record or list without anything in it, or nothing at all."""
    if i >= 0 and body.op[i] in (Op.RECORD, Op.LIST):
        return not body.args(i)
    const = body.const(i) if i >= 0 else None
    return const is not None and const[0] == Kind.NULL


def _is_named(body: Body, i: int) -> bool:
    return body.op[i] in (Op.NAME, Op.FIELD)


def _place(body: Body, key: int) -> int:
    """The place that a key names; -1 where it is no number."""
    text = body.text(body.args(key)[1]) if body.op[key] == Op.CONST and body.args(key)[0] == Kind.NUMBER else ""
    return int(text) if text.isdecimal() else -1


def _first(body: Body, i: int) -> int:
    """What the first of several calls is made on that each tell a builder something: ``$this->db->where(…)->where(…)``."""
    while body.op[i] == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.name(body.args(i)[0]) in _TOLD:
        i = body.args(body.args(i)[0])[0]
    return i


def _spelt(body: Body, i: int) -> str:
    """A variable or a member of one as the source spells it; empty for anything else."""
    if body.op[i] == Op.NAME:
        return body.name(i)
    above = _spelt(body, body.args(i)[0]) if body.op[i] == Op.FIELD else ""
    return f"{above}.{body.name(i)}" if above else ""
