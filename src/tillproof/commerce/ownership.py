"""Whether anybody asks whose order it is that a customer changes."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.record_names import DOCUMENTS
from tillproof.commerce.transitions import Transition
from tillproof.flow.defuse import value_operands
from tillproof.flow.facts import Condition
from tillproof.flow.initialised import CONSTRUCTORS
from tillproof.flow.program import Fn
from tillproof.flow.values import ClassV, Ctx, FunctionV, Instance, Member, Overlay, Param, Result, Value, constant, options, pieces
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_OWNERS = re.compile(
    r"(\w+_)?(users?|customers?|buyers?|owners?|owns|owned|account|members?|clients?|guests?|profile|seller|vendor|merchant|shop|store|tenant"
    r"|session|auth|authori[sz]\w*|permissions?|polic(y|ies)|abilit(y|ies)|viewer|caller|actor|created_by|placed_by|belongs(?!_to_many$)\w*|e?mail|phone"
    r"|token|secret|hash|signature|hmac|otp|code|tracking|access|order_key|key_is_valid)(_\w+)?"
)
_SECRET = re.compile(r"(\w+_)?(reference|uuid|guid|ulid|public_id|token|hash|secret|order_key|access_key)")
# Words for people by their ids, which whoever calls may write into a request; an address or a number is known to few.
_PEOPLE = re.compile(
    r"(\w+_)?(users?|customers?|buyers?|owners?|account|members?|clients?|guests?|profile|seller|vendor|merchant|tenant|created_by|placed_by)"
    r"(_?(id|pk|uid|ref|role|type))?"
)
# What is asked of a session with the database, and what begins one.
_OF_DATABASE = frozenset(
    [
        "commit",
        "add",
        "add_all",
        "query",
        "execute",
        "flush",
        "delete",
        "rollback",
        "scalar",
        "scalars",
        "merge",
        "refresh",
        "begin",
        "exec",
    ]
)
_RELATES = "belongsTo"  # a relation between tables, where a model says it of itself
_BEGINS = frozenset(["startSession", "start_session"])
_OPENS = {"session_start"}
"""That a session is opened says nothing of whose it is."""
_OF_DEVICES = re.compile(r"(\w+_)?(fcm|device|push|expo|apns|registration)_?(tokens?|id)")
_TELLS = re.compile(r"(send|notify|push|e?mail|sms|log|info|warn|error|debug|track|emit|broadcast|publish)(_\w+)?")
"""By what a function is called that tells somebody something: it lets everybody go on."""
_THERE = ("isset", "empty", "boolean", "bool")
_JUDGED = re.compile(r"(is|has|can|may|owns|belongs|allow\w*)(_|$)")
_NARROWED = re.compile(rb"GlobalScope|ScopedBy|resolveRouteBinding|getRouteKeyName|BelongsTo(Tenant|User|Team)")
_BY_NAME = re.compile(r"can:[\w.-]+,|signed|.*own", re.IGNORECASE)
_SENT = ("path", "body", "query")
_MOST = 40


class Ownership:
    """Answers by entry point and change."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def unasked(self, entry: Entry, transition: Transition) -> bool:
        """Whether a customer's request alone chooses the record, and no function on the way to the change names anything by which it could
        be known whose the record is."""
        record = self._record(transition)
        chosen = any(self._sent(v) for v in transition.touch.keys.values()) or self._read_by_request(record)
        chosen = chosen or self._bound_to_path(entry, record)
        if entry.role not in ("public", "customer") or not chosen or self._by_secret(transition, record) or self._let_in_by_name(entry):
            return False
        contexts = {place.fn: place.ctx for place in transition.effect.way}
        return not any(self._names_owner(entry, fn, contexts.get(fn)) for fn in self._on_the_way(entry, transition.effect))

    def _record(self, transition: Transition) -> Value | None:
        """The record that is changed; where one of its own methods does it, what that was called on."""
        touch = transition.touch
        fn, ctx, record = touch.fn, touch.ctx, touch.record
        body = self.model.program.body(fn)
        holder = body.args(touch.instr)[0] if touch.instr >= 0 else -1
        if holder >= 0 and body.op[touch.instr] == Op.CALL:
            holder = body.args(holder)[0] if body.op[holder] == Op.FIELD else -1
        while holder >= 0 and body.is_self(holder) and ctx is not None and ctx.call >= 0 and ctx.fn == fn:
            fn, i, ctx = ctx.caller, ctx.call, ctx.parent
            body = self.model.program.body(fn)
            callee = body.args(i)[0]
            holder = body.args(callee)[0] if body.op[i] == Op.CALL and body.op[callee] == Op.FIELD else -1
            record = self.model.evaluator.value(fn, holder, ctx) if holder >= 0 else record
        return record

    def _let_in_by_name(self, entry: Entry) -> bool:
        """Whether what stands before the entry point says by its name that it looks at the record, or at an address that was signed:
        ``can:cancel,order``, ``signed``."""
        return any((text := constant(o)) is not None and _BY_NAME.match(text.strip("'\"")) for v in entry.chain for o in options(v))

    def _by_secret(self, transition: Transition, record: Value | None) -> bool:
        """Whether the record is found by something that only who it belongs to has been told: a random reference, a token."""
        touch = transition.touch
        keys = set(touch.keys)
        for value in (*touch.keys.values(), *([record] if record is not None else [])):
            for option in options(value):
                holder = option.base if isinstance(option, Member) else option
                read = self.model.records.read_behind(holder)
                keys |= set(read.keys) if read is not None else set()
        return any(_SECRET.fullmatch(snake(key)) for key in keys)

    def asks_who_calls(self, transition: Transition) -> bool:
        """Whether a condition on the way to a change looks at what the session holds: who has signed in."""
        for held in self.model.effects.held(transition.effect):
            if not isinstance(held.fact, Condition):
                continue
            value = self.model.evaluator.value(held.fn, held.fact.instr, held.ctx)
            found = (self.model.requests.source(v) for v in pieces([value], _MOST, self.model.evaluator.made_of))
            if any(source is not None and source.kind in ("session", "headers") for source in found):
                return True
        return False

    def _on_the_way(self, entry: Entry, effect: Effect) -> list[Fn]:
        way = [place.fn for place in effect.way]
        around = [parent for fn in way if (parent := self.model.program.parent(fn)) is not None and parent.number >= 0]
        before = {o.fn for v in entry.chain for o in options(v) if isinstance(o, FunctionV)}  # one that lends a session asks nothing
        called = [fn for here in (*way, *around) for fn in (*self.model.reach.callees(here), *self._judging(here)) if fn not in before]
        guards = self._authorised_by(entry)
        guards += [fn for fn in self.model.reach.of(list(entry.chain)).functions if self._about_orders(fn)]
        builds = [fn for fn in called if self._only_keeps(fn) or _TELLS.fullmatch(snake(self.model.program.name(fn)))]
        builds += [fn for here in (*way, *around) for fn in self._sign_in(here)]
        return [fn for fn in dict.fromkeys([*way, *around, *called, *guards]) if fn not in builds]

    def _judging(self, fn: Fn) -> list[Fn]:
        """The methods of ours that judge what was sent where a function has it judged: ``serializer.is_valid()``."""
        calls = [i for i, op in enumerate(self.model.program.body(fn).op) if op == Op.CALL]
        return [judge.fn for i in calls for truth in (None, True) for judge in self.model.inherited.judges(fn, i, truth, None)]

    def _authorised_by(self, entry: Entry) -> list[Fn]:
        """The methods by which objects that the framework makes for the entry point let nobody else in: a form request's ``authorize``."""
        scope, program = self.model.evaluator.scope, self.model.program
        params = (p.type.strip("?: ").rpartition("\\")[2] for p in program.body(entry.target.fn).params)
        kinds = (o.cls for name in params if name for o in options(scope.dotted(entry.target.fn.file, name)) if isinstance(o, ClassV))
        return [fn for cls in kinds if (fn := scope.method(cls, "authorize")) is not None]

    def _sign_in(self, fn: Fn) -> list[Fn]:
        """The functions of ours that are only asked whether anybody has signed in, and told of no record."""
        body, found = self.model.program.body(fn), list[Fn]()
        for i in sorted(self._only_there(fn)):
            if body.op[i] == Op.CALL and all(body.op[v] == Op.NAME for _, v in body.call(i)[1]):
                value = self.model.evaluator.value(fn, body.args(i)[0])
                found += [o.fn for o in options(value) if isinstance(o, FunctionV)]
        return found

    def _only_keeps(self, fn: Fn) -> bool:
        """Whether a function makes an object: that it is handed a session or a repository of customers asks nothing of anybody yet."""
        return self.model.program.name(fn) in CONSTRUCTORS

    def _about_orders(self, fn: Fn) -> bool:
        """Whether a guard looks at more than who is asking."""
        return any(self.model.words.entity(word) for word in self.model.vocabulary.tokens(fn))

    def _names_owner(self, entry: Entry, fn: Fn, ctx: Ctx | None) -> bool:
        body = self.model.program.body(fn)
        owners = {i for i, op in enumerate(body.op) if op in (Op.NAME, Op.FIELD, Op.STORE, Op.CONST) and _says_owner(body, i)}
        if not owners:
            return False
        # The customer's own rows, found by whose the order is, are asked by nobody; nor is who is written to, or what an object keeps.
        found_by = self._of_the_record(fn) | self._told(fn) | self._only_there(fn) | _declared(body) | self._believed(entry, fn, ctx)
        return not owners <= found_by

    def _believed(self, entry: Entry, fn: Fn, ctx: Ctx | None) -> set[int]:
        """The names that prove nothing: of people who come from the request's own fields, were looked up by one, or are told by the record
        itself (``Users.findByPk(req.body.userId)``, ``order.user_id !== data["user_id"]``), and of what a provider has just answered."""
        body, evaluator = self.model.program.body(fn), self.model.evaluator
        methods = {body.args(i)[0] for i, op in enumerate(body.op) if op == Op.CALL}
        proven = methods | self._held_against_others(entry, fn, ctx)
        found: set[int] = set()
        for i, op in enumerate(body.op):
            if op in (Op.NAME, Op.FIELD, Op.STORE) and i not in proven and _OWNERS.fullmatch(snake(body.name(i))):
                told = body.args(i)[1] if op == Op.STORE else i
                value = evaluator.value(fn, told, ctx) if told >= 0 else None
                if value is not None and self._says_nothing(entry, body.name(i), value):
                    found.add(i)
            elif op == Op.INDEX and (key := body.args(i)[1]) >= 0 and body.op[key] == Op.CONST:
                if self._is_believed(entry, evaluator.value(fn, i, ctx)):
                    found.add(key)
            elif op == Op.RECORD:
                pairs = ((k, v) for k, v in zip(body.args(i)[::2], body.args(i)[1::2], strict=True) if k >= 0 and body.op[k] == Op.CONST)
                found |= {k for k, v in pairs if self._says_nothing(entry, body.name(k).strip("'\""), evaluator.value(fn, v, ctx))}
            elif op == Op.CALL and (kind := _root(body, body.args(i)[0])) >= 0:
                named = body.name(kind)
                if named[:1].isupper() and _PEOPLE.fullmatch(snake(named)):  # the table of people
                    found.add(kind)
        return found

    def _held_against_others(self, entry: Entry, fn: Fn, ctx: Ctx | None) -> set[int]:
        """What a comparison holds against something that neither the request nor the record says: ``order.userId !== sub``."""
        body = self.model.program.body(fn)
        found: set[int] = set()
        for i, op in enumerate(body.op):
            sides = body.args(i)[1:3] if op == Op.BINARY else [body.args(i)[0], *(v for _, v in body.call(i)[1])] if op == Op.CALL else []
            if len(sides) == 2 and (op == Op.BINARY or body.op[sides[0]] == Op.FIELD):
                for one, other in ((sides[0], sides[1]), *([(sides[1], sides[0])] if op == Op.BINARY else [])):
                    said = body.op[other] == Op.CONST or self._is_believed(entry, self.model.evaluator.value(fn, other, ctx))
                    if not said and body.op[other] != Op.RECORD:
                        found |= _below(body, one)
        return found

    def _says_nothing(self, entry: Entry, name: str, value: Value) -> bool:
        if _PEOPLE.fullmatch(snake(name)) and self._is_believed(entry, value):
            return True
        answers = (o.base if isinstance(o, Member) else o for o in options(value))
        return all(isinstance(o, Result) and o.instr >= 0 and self.model.operations.at(o.fn, o.instr, o.ctx) is not None for o in answers)

    def _is_believed(self, entry: Entry, value: Value) -> bool:
        """Whether a value was sent, or is of a record that was found by something sent."""
        for option in options(value):
            source = self.model.requests.source(option)
            holder = option.base if isinstance(option, Member) else option
            if source is not None and source.kind not in _SENT:
                return False
            if source is None and not self._read_by_request(holder) and not self._bound_to_path(entry, holder):
                return False
        return True

    def _only_there(self, fn: Fn) -> set[int]:
        """What is only asked whether it is there at all: ``if (!isset($_SESSION['user_id']))``, ``if (!req.user)``. That somebody has
        signed in says nothing of whose the order is."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        found: set[int] = set()
        for i, op in enumerate(body.op):
            if op not in (Op.NAME, Op.FIELD, Op.INDEX):
                continue
            here, waiting = {i}, [i]
            ends: list[bool] = []
            while waiting and len(here) < _MOST:
                one = waiting.pop()
                for use in defuse.uses(one):
                    asks = body.op[use] == Op.CALL and body.called(use).lower() in _THERE and one != body.args(use)[0]
                    asks = asks or (body.op[use] == Op.BINARY and _asks_for_key(body, use, one))
                    if asks or body.op[use] == Op.UNARY or (body.op[use] in (Op.FIELD, Op.INDEX) and body.args(use)[0] == one):
                        here.add(use)
                        waiting.append(use)
                    else:
                        ends.append(body.op[use] == Op.BRANCH)
            judged = any(_JUDGED.match(snake(body.name(one))) for one in here if body.op[one] == Op.FIELD)
            if ends and all(ends) and not judged:
                found |= {below for one in here for below in _below(body, one)}
        for name, stores in defuse.stores.items():  # `const session = await auth(); if (!session) return`
            reads = [i for i, op in enumerate(body.op) if op == Op.NAME and body.name(i) == name]
            if reads and found.issuperset(reads) and all(self._asks_for_nobody(fn, body.args(store)[1]) for store in stores):
                found |= {below for store in stores for below in _below(body, store)}
        return found

    def _asks_for_nobody(self, fn: Fn, i: int) -> bool:
        """Whether a value is a member, or what a call gives that is told nothing of a record and reads or writes none."""
        body = self.model.program.body(fn)
        below = _below(body, i) if i >= 0 else set()
        calls = [n for n in below if body.op[n] == Op.CALL]
        if len(calls) != 1:
            return not calls and any(body.op[n] in (Op.FIELD, Op.INDEX) for n in below)
        told = any(body.op[v] != Op.NAME for _, v in body.call(calls[0])[1])
        return not told and self.model.records.touch(fn, calls[0], None) is None

    def _told(self, fn: Fn) -> set[int]:
        """What a mail, a new row or an object of ours that is made here is handed: nothing of it decides whether the function goes on."""
        body = self.model.program.body(fn)
        found: set[int] = set()
        for i, op in enumerate(body.op):
            if op == Op.NEW and all(isinstance(o, ClassV) for o in options(self.model.evaluator.value(fn, body.args(i)[0]))):
                found |= {below for _, given in body.call(i)[1] for below in _below(body, given)}
            if op == Op.CALL:  # a database's name: `connect(db="shop")`
                found |= {given for key, given in body.call(i)[1] if key and body.op[given] == Op.CONST}
            if op == Op.CALL and (plain := self.model.effects.plain(fn, i)) is not None and plain.kind == "mail":
                found |= _below(body, i)
            if op == Op.CALL and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD) and _TELLS.fullmatch(snake(body.called(i))):
                found |= self._made_of(fn, i)
            touch = self.model.records.touch(fn, i, None) if op == Op.CALL else None
            if touch is not None and touch.kind == "create":
                found |= {below for _, given in body.call(i)[1] for below in _below(body, given)}  # whose a new row is
            if touch is not None and touch.kind == "delete":  # the table's name: `delete('orders_clients')`
                found |= {given for _, given in body.call(i)[1] if body.op[given] == Op.CONST}
            if op in (Op.CALL, Op.NEW) and self.model.operations.at(fn, i, None) is not None:
                found |= self._made_of(fn, i) | _below(body, body.args(i)[0])
            if op == Op.FIELD and body.name(i) == _RELATES and body.is_self(body.args(i)[0]):
                found |= {i}
            if op == Op.FIELD and body.name(i) in _OF_DATABASE:  # `db.session.commit()`
                found |= {body.args(i)[0]}
        if not _BEGINS.isdisjoint(self.model.vocabulary.tokens(fn)):
            found |= {i for i, op in enumerate(body.op) if op in (Op.NAME, Op.STORE, Op.CONST) and body.name(i).strip("'\"") == "session"}
        return found

    def _made_of(self, fn: Fn, call: int) -> set[int]:
        """All that a provider is told in a call, with the variables that it was put together in."""
        body, stores = self.model.program.body(fn), self.model.evaluator.defuse(fn).stores
        found: set[int] = set()
        waiting = [v for _, v in body.call(call)[1]]
        while waiting and len(found) < _MOST * _MOST:
            for here in _below(body, waiting.pop()) - found:
                found.add(here)
                waiting += stores.get(body.name(here), ()) if body.op[here] == Op.NAME else ()
        return found

    def _of_the_record(self, fn: Fn) -> set[int]:
        """Where something else of the order's own customer is looked up: ``Wallet.findOne({ userId: order.userId })``."""
        body = self.model.program.body(fn)
        found: set[int] = set()
        for i, op in enumerate(body.op):
            if op != Op.RECORD:
                continue
            for key, value in zip(body.args(i)[::2], body.args(i)[1::2], strict=True):
                base = body.args(value)[0] if body.op[value] == Op.FIELD else -1
                if key >= 0 and base >= 0 and body.op[base] == Op.NAME and self.model.words.entity(snake(body.name(base))):
                    found |= {key, value}
        return found

    def _bound_to_path(self, entry: Entry, record: Value | None) -> bool:
        """Whether a framework looks the record up by a piece of the path that is called like the parameter: ``orders/{order}``, where the
        model does not narrow down by itself which rows are found."""
        for option in options(record) if record is not None else ():
            holder = option.base if isinstance(option, (Member, Overlay)) else option
            bound = holder.origin if isinstance(holder, Instance) else None
            if isinstance(holder, Instance) and isinstance(bound, Param) and bound.fn == entry.target.fn:
                text = self.model.program.class_text(holder.cls)
                named = re.search(rf"\{{{bound.name}(?::(\w+))?\??\}}", entry.route or "")
                secret = named is not None and named[1] is not None and _SECRET.fullmatch(snake(named[1])) is not None
                if named is not None and not secret and not _NARROWED.search(text):
                    return True
        return False

    def _read_by_request(self, record: Value | None) -> bool:
        if any(
            isinstance(o, Result) and isinstance(o.callee, Member) and o.callee.name in DOCUMENTS and self._told_by_request(o)
            for o in (options(record) if record is not None else ())
        ):
            return True  # `db.collection("orders").doc(data.id)`
        read = self.model.records.read_behind(record) if record is not None else None
        if read is None or read.kind != "read":
            return False
        given = self.model.program.body(read.fn).call(read.instr)[1] if read.instr >= 0 else []
        values = [*read.keys.values(), *(self.model.evaluator.value(read.fn, v, read.ctx) for _, v in given)]
        return any(self._sent(v) for v in values)

    def _told_by_request(self, call: Result) -> bool:
        return call.instr >= 0 and any(self._sent(v) for _, v in self.model.evaluator.arguments(call))

    def _sent(self, value: Value) -> bool:
        """Whether a value is a piece of what the customer sends, or of what was looked up by one."""
        found = (self.model.requests.source(v) for v in pieces([value], _MOST, self.model.evaluator.made_of))
        return any(source is not None and source.kind in _SENT for source in found)


def _says_owner(body: Body, i: int) -> bool:
    """Whether a name or a key has a word in it by which it could be known whose a record is; texts for people have none."""
    name = body.name(i).strip("'\"") if body.op[i] == Op.CONST else body.name(i)
    words = (snake(word) for word in name.split(".")) if " " not in name else ()
    return any(_OWNERS.fullmatch(word) and word not in _OPENS and not _OF_DEVICES.fullmatch(word) for word in words)


def _declared(body: Body) -> set[int]:
    """Where parameters are only declared, with what they are by default: who is handed somebody that has signed in, ``user: User =
    Depends(current_user)``, has not yet asked anything of him."""
    found: set[int] = set()
    for i, op in enumerate(body.op):
        if op == Op.STORE and (value := body.args(i)[1]) >= 0:
            default = body.op[value] == Op.CHOICE and body.text(body.args(value)[0]) == "default"
            if body.op[value] == Op.PARAM or (default and body.op[body.args(value)[1]] == Op.PARAM):
                found |= {i, *_below(body, value)}
    return found


def _root(body: Body, i: int) -> int:
    """The name that a chain of members and calls begins with; -1 where it begins with something else."""
    while i >= 0 and body.op[i] in (Op.FIELD, Op.CALL):
        i = body.args(i)[0]
    return i if i >= 0 and body.op[i] == Op.NAME else -1


def _asks_for_key(body: Body, i: int, holder: int) -> bool:
    """Whether a comparison asks no more than whether something is kept under a name: ``"uid" not in session``."""
    operator, key, held = body.text(body.args(i)[0]), *body.args(i)[1:3]
    return operator in ("in", "not in") and held == holder and body.const(key) is not None


def _below(body: Body, i: int) -> set[int]:
    """An instruction with all those whose values it is made of."""
    found: set[int] = set()
    stack = [i]
    while stack:
        here = stack.pop()
        if here not in found:
            found.add(here)
            stack += value_operands(body, here)
    return found
