"""Conditions taken apart: what must have been true, in terms of simple comparisons and calls, for a fact to hold."""

import re
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.effects import Held
from tillproof.commerce.role_checks import INSISTS
from tillproof.commerce.touches import THROWING
from tillproof.flow.asked_values import truth_of
from tillproof.flow.facts import Condition, Either, Fact, Passed
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import MAX_DEPTH, Const, Ctx, Element, FunctionV, Member, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

EQUAL = ("==", "===", "is", "in", "eq")
UNEQUAL = ("!=", "!==", "is not", "not in", "<>")
_DEEPEST = 6
_EXCEPTION = re.compile(r"(Error|Exception|Failure|Fault)$")
_SAME = ("bool", "boolean", "isset", "await", "intval", "promise.resolve")
_OPPOSITE = ("empty", "is_null", "isnull", "isempty", "is_empty")
_PRESENCE = ("isset", "empty", "is_array", "is_object", "is_iterable", "count", "sizeof", "len")
_MOST_ENDS = 12
_MOST_STORES = 4


class Atom(NamedTuple):
    """A simple condition that was ``truth``; ``truth`` is None for a call that has returned."""

    fn: Fn
    instr: int
    truth: bool | None
    ctx: Ctx | None


class AnyOf(NamedTuple):
    """At least one of these groups of atoms held."""

    groups: "tuple[tuple[Atom | AnyOf, ...], ...]"


Found = list[Atom | AnyOf]


class Conditions:
    """Takes facts apart, through variables, negations and functions of ours; what was asked is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.program = model.program
        self.evaluator = model.evaluator
        self._rows: dict[Fn, bool] = {}
        self._leaving: dict[Fn, bool] = {}
        self._memo: dict[tuple[Fn, int, bool | None, int], Found] = {}

    def behind(self, held: Held) -> Found:
        """The atoms behind a fact."""
        if isinstance(held.fact, Either):
            ways = self._possible(held.fn, [(c.instr, c.truth) for c in held.fact.conditions], held.ctx)
            groups = [self.of(held.fn, instr, truth, held.ctx) for instr, truth in ways]
            return groups[0] if len(groups) == 1 else [AnyOf(tuple(map(tuple, groups)))]
        truth = held.fact.truth if isinstance(held.fact, Condition) else None
        return self.of(held.fn, held.fact.instr, truth, held.ctx)

    def _possible(self, fn: Fn, ways: list[tuple[int, bool]], ctx: Ctx | None) -> list[tuple[int, bool]]:
        """Of several conditions, one of which came out so, those that can have in this call: ``finish(payment, status='paid')`` passes
        ``if payment.done and status == 'paid': raise`` by not being done. All of them where none can."""
        if ctx is None:
            return ways
        return [(i, truth) for i, truth in ways if self.evaluator.truth(fn, i, ctx) is not (not truth)] or ways

    def of(self, fn: Fn, i: int, truth: bool | None, ctx: Ctx | None, depth: int = 0) -> Found:
        """The atoms that a condition comes down to."""
        key = (fn, i, truth, id(ctx))
        if key not in self._memo:
            self._memo[key] = []
            self._memo[key] = self._apart(fn, i, truth, ctx, depth)
        return self._memo[key]

    def _apart(self, fn: Fn, i: int, truth: bool | None, ctx: Ctx | None, depth: int) -> Found:
        body = self.program.body(fn)
        atom = Atom(fn, i, truth, ctx)
        if depth > _DEEPEST or i < 0:
            return [atom]
        op, args = body.op[i], body.args(i)
        if truth is None or op == Op.CALL:
            return self._call(fn, i, truth, ctx, depth)
        if op in (Op.AWAIT, Op.SPREAD):
            return self.of(fn, args[0], truth, ctx, depth)
        if op in (Op.CAST, Op.STORE):
            return self.of(fn, args[1], truth, ctx, depth)
        if body.negates(i):
            return self.of(fn, args[1], not truth, ctx, depth)
        if op == Op.CHOICE:
            word = body.text(args[0])
            if (word == "and" and truth) or (word == "or" and not truth):
                return [a for part in args[1:] for a in self.of(fn, part, truth, ctx, depth + 1)]
            if word in ("and", "or"):
                ways = self._possible(fn, [(part, truth) for part in args[1:]], ctx)
                groups = [self.of(fn, part, truth, ctx, depth + 1) for part, _ in ways]
                return groups[0] if len(groups) == 1 else [AnyOf(tuple(map(tuple, groups)))]
            return self._either_side(fn, i, truth, ctx, depth) or [atom]
        if op == Op.BINARY and (plain := self._against(Kind.BOOL, fn, i)) is not None:
            return self.of(fn, plain[0], truth == plain[1], ctx, depth)
        if op == Op.BINARY and (found := self._against(Kind.NULL, fn, i)) is not None:
            return [atom, *self._there(fn, found[0], truth == found[1], ctx, depth)]
        if op == Op.NAME:
            return self._variable(fn, i, truth, ctx, depth) or [atom]
        told = {Op.FIELD: self._told_by_member, Op.INDEX: self._told_by_part}.get(op)
        return [atom, *(told(fn, i, truth, ctx, depth) if told is not None else [])]

    def _insisted_on(self, fn: Fn, i: int, ctx: Ctx | None) -> tuple[int, bool] | None:
        """What a call insists on, which returns only when that is so: ``abort_if($order->paid, 409)``; and which truth it then has."""
        body = self.program.body(fn)
        insists, given = INSISTS.get(body.called(i)) if body.op[i] == Op.CALL else None, body.call(i)[1]
        return (given[0][1], insists) if insists is not None and given and not self.model.recogniser.is_ours(fn, i, ctx) else None

    def _told_by_member(self, fn: Fn, i: int, truth: bool, ctx: Ctx | None, depth: int) -> Found:
        """What a member says: a property of a record, or a field of what a function of ours answers with."""
        read = self.model.record_methods.asked_by(fn, i, ctx)
        if read is not None and not self._within(read.fn, fn, ctx):
            return self._ends(read, fn, i, truth, ctx, depth + 1)
        return self._told_by_answer(fn, i, truth, ctx, depth)

    def _told_by_answer(self, fn: Fn, i: int, truth: bool, ctx: Ctx | None, depth: int) -> Found:
        """A field of what a function of ours answers with, ``result.isFailure``, ``check.ok``: what the ways out have in common that
        give it that truth."""
        body = self.program.body(fn)
        call = self._answering(fn, body.args(i)[0], ctx)
        if call is None:
            return []
        at, instr, here = call
        target = self._only_target(at, instr, here)
        runs = target or self.transacted(at, instr, here)
        return self._ends(runs, at, instr, truth, here, depth + 1, body.name(i), callback=target is None) if runs is not None else []

    def _told_by_part(self, fn: Fn, i: int, truth: bool, ctx: Ctx | None, depth: int) -> Found:
        """One of several values that a function of ours answers with: ``payment, created = find_or_make(id)``."""
        body = self.program.body(fn)
        holder, key = body.args(i)[:2]
        const = body.const(key)
        call = self._answering(fn, holder, ctx) if const is not None else None
        target = self._only_target(*call) if call is not None else None
        if const is None or call is None or target is None:
            return []
        at, instr, here = call
        if const[1].isdigit():
            return self._ends(target, at, instr, truth, here, depth + 1, part=int(const[1]))
        return self._ends(target, at, instr, truth, here, depth + 1, const[1].strip("'\""))

    def _answering(self, fn: Fn, i: int, ctx: Ctx | None) -> tuple[Fn, int, Ctx | None] | None:
        """The call whose answer a variable, or a parameter, holds."""
        for _ in range(_DEEPEST):
            body = self.program.body(fn)
            op, args = body.op[i], body.args(i)
            if op == Op.CALL:
                return fn, i, ctx
            if op in (Op.AWAIT, Op.CAST, Op.STORE):
                i = args[0 if op == Op.AWAIT else 1]
            elif op == Op.NAME and not self._is_shared(fn):
                reach = self.evaluator.defuse(fn, ctx).reaching(i, body.name(i))
                if len(reach.stores) != 1 or reach.entry or reach.writes:
                    return None
                i = reach.stores[0]
            elif op == Op.PARAM:
                given = self.model.records.chains.argument(fn, args[0], ctx)
                if given is None:
                    return None
                fn, i, ctx = given
            else:
                return None
        return None

    def _is_shared(self, fn: Fn) -> bool:
        """Whether the variables of a body are its file's, which others set too; PHP runs a page from top to bottom, as a function."""
        return fn.number == TOP and self.program.language(fn.file) != "php"

    def _either_side(self, fn: Fn, i: int, truth: bool, ctx: Ctx | None, depth: int) -> Found:
        """A conditional expression of which one side can't have that truth: what made it take the other."""
        sides = self.program.body(fn).args(i)[1:]
        fitting = [s for s in sides if not self._is(fn, s, not truth)]
        if len(fitting) != 1 or len(sides) != 2:
            return []
        facts = [a for f in self.model.effects.facts(fn).at(fitting[0]) for a in self.behind(Held(f, fn, ctx))]
        return facts + self.of(fn, fitting[0], truth, ctx, depth + 1)

    def _there(self, fn: Fn, i: int, there: bool, ctx: Ctx | None, depth: int) -> Found:
        """What an answer of a function of ours says by being there, or not."""
        body = self.program.body(fn)
        if body.op[i] not in (Op.NAME, Op.CALL, Op.AWAIT):
            return []
        return [a for a in self.of(fn, i, there, ctx, depth + 1) if isinstance(a, AnyOf) or (a.fn, a.instr) != (fn, i)]

    def _against(self, kind: int, fn: Fn, i: int) -> tuple[int, bool] | None:
        """``x === true``, ``x is not None``: the side that is no literal of that kind, and its truth when the comparison holds."""
        body = self.program.body(fn)
        operator, left, right = body.text(body.args(i)[0]), *body.args(i)[1:3]
        if operator not in ("==", "===", "is", "!=", "!==", "is not"):
            return None
        for side, other in ((left, right), (right, left)):
            const = body.const(other)
            if const is not None and const[0] == kind:
                return side, (const[1].lower() == "true") == (operator in ("==", "===", "is"))
        return None

    def _variable(self, fn: Fn, i: int, truth: bool, ctx: Ctx | None, depth: int) -> Found:
        """A variable: what was stored in it, by the only store that can have given this truth."""
        body = self.program.body(fn)
        if self._is_shared(fn):
            return []
        reach = self.evaluator.defuse(fn, ctx).reaching(i, body.name(i))
        fitting = [s for s in reach.stores if not self._is(fn, body.args(s)[1], not truth)]
        if reach.stores and not fitting and not reach.entry:
            return self._set_within(fn, i, truth, ctx, depth)
        if 1 < len(fitting) <= _MOST_STORES and len(fitting) < len(reach.stores) and not reach.entry:
            return self._one_of_stores(fn, fitting, ctx)
        if len(fitting) != 1 or reach.entry:
            return []
        passed_by = [a for s in reach.stores if s not in fitting for a in self._not_taken(fn, s, i, ctx, depth)]
        value = body.args(fitting[0])[1]
        if body.op[value] == Op.PARAM:
            given = self.model.records.chains.argument(fn, body.args(value)[0], ctx)
            return passed_by + (self.of(given[0], given[1], truth, given[2], depth + 1) if given else [])
        facts: Found = []
        if len(reach.stores) > 1:  # which store it was says where the code has been
            facts = [a for f in self.model.effects.facts(fn).at(fitting[0]) for a in self.behind(Held(f, fn, ctx))]
        return passed_by + facts + ([] if self._is(fn, value, truth) else self.of(fn, value, truth, ctx, depth + 1))

    def _one_of_stores(self, fn: Fn, fitting: list[int], ctx: Ctx | None) -> Found:
        """A variable that several stores may have given this truth: what has led to one of them."""
        facts = self.model.effects.facts(fn)
        groups = [[a for f in facts.at(s) for a in self.behind(Held(f, fn, ctx)) if not isinstance(f, Passed)] for s in fitting]
        common = [a for a in groups[0] if all(a in g for g in groups[1:])]
        rest = tuple(tuple(a for a in g if a not in common) for g in groups)
        return common + ([AnyOf(rest)] if all(rest) else [])

    def _set_within(self, fn: Fn, i: int, truth: bool, ctx: Ctx | None, depth: int) -> Found:
        """A variable that only a closure can have given this truth: ``let done = false; await transaction(() => { …; done = true })``."""
        body, found = self.program.body(fn), []
        name = body.name(i)
        for call, op in enumerate(body.op):
            if op != Op.CALL:
                continue
            for _, given in body.call(call)[1]:
                if body.op[given] != Op.FUNCTION:
                    continue
                inner = Fn(fn.file, body.args(given)[0])
                stores = self.evaluator.defuse(inner).stores.get(name, ())
                found += [(call, given, inner, s) for s in stores if not self._is(inner, self.program.body(inner).args(s)[1], not truth)]
        if len(found) != 1:
            return []
        call, given, inner, store = found[0]
        target = next((o for o in options(self.evaluator.value(fn, given, ctx)) if isinstance(o, FunctionV)), None)
        if target is None or (ctx is not None and ctx.depth >= MAX_DEPTH):
            return []
        within = self.evaluator.context(target, fn, call, ctx, callback=True)
        facts = [a for f in self.model.effects.facts(inner).at(store) for a in self.behind(Held(f, inner, within))]
        value = self.program.body(inner).args(store)[1]
        return facts + ([] if self._is(inner, value, truth) else self.of(inner, value, truth, within, depth + 1))

    def _not_taken(self, fn: Fn, store: int, i: int, ctx: Ctx | None, depth: int) -> Found:
        """What was not so where a store did not happen that one condition alone leads to: ``if paid != due: error = Mismatch()`` and then
        ``if error is None``."""
        facts = self.model.effects.facts(fn)
        known = facts.at(i)
        looked = [f.instr for f in facts.at(store) if isinstance(f, Passed) and f not in known and self._finds_row(fn, f.instr)]
        if len(looked) == 1:  # `try: order = Order.objects.get(…); there = True`, as often as it is tried
            return [Atom(fn, looked[0], False, ctx)]
        flags = {f for c in (*known, *self._asked_at(fn, i)) if isinstance(c, Condition) and (f := self._flag(fn, c)) is not None}
        here = [f for f in facts.at(store) if isinstance(f, Condition) and f not in known and self._flag(fn, f) not in flags]
        led = [f for f in here if not self._always(fn, f, ctx)]
        if len(led) > 1 and self._is_one_of_many(fn, led[-1]):  # where there is nothing to go through, none of it is so either
            led = [f for f in led if not self._asks_presence(fn, f)]
        return self.of(fn, led[0].instr, not led[0].truth, ctx, depth + 1) if len(led) == 1 and led[0].truth is not None else []

    def _is_one_of_many(self, fn: Fn, condition: Condition) -> bool:
        """Whether a condition compares an element of what a loop goes through: ``foreach ($known as $one) if ($one['id'] == $id)``."""
        body = self.program.body(fn)
        if body.op[condition.instr] != Op.BINARY or not condition.truth or body.text(body.args(condition.instr)[0]) not in ("==", "==="):
            return False
        sides = (self.evaluator.value(fn, side) for side in body.args(condition.instr)[1:3])
        return any(isinstance(o, Element) or (isinstance(o, Member) and isinstance(o.base, Element)) for s in sides for o in options(s))

    def _asks_presence(self, fn: Fn, condition: Condition) -> bool:
        """Whether a condition asks no more than whether something is there, or is left to go through."""
        body = self.program.body(fn)
        if body.op[condition.instr] == Op.OPAQUE:
            return True
        return body.op[condition.instr] == Op.CALL and body.called(condition.instr).lower() in _PRESENCE

    def _always(self, fn: Fn, condition: Condition, ctx: Ctx | None) -> bool:
        """Whether a condition asks for a variable that nothing but a literal of that truth has been stored in yet."""
        body = self.program.body(fn)
        if body.op[condition.instr] != Op.NAME:
            return False
        reach = self.evaluator.defuse(fn, ctx).reaching(condition.instr, body.name(condition.instr))
        return bool(reach.stores) and not reach.entry and all(self._is(fn, body.args(s)[1], condition.truth) for s in reach.stores)

    def _asked_at(self, fn: Fn, i: int) -> tuple[Condition, ...]:
        """A variable that is asked about, with each truth that it is given: while it has the one it was not given the other before."""
        body = self.program.body(fn)
        stores = self.evaluator.defuse(fn).stores.get(body.name(i), ())
        set_to = {truth for s in stores for truth in (True, False) if self._is(fn, body.args(s)[1], truth)}
        return tuple(Condition(i, truth) for truth in set_to) if len(set_to) == 2 else ()

    def _flag(self, fn: Fn, condition: Condition) -> tuple[str, bool] | None:
        """The variable, set to nothing but yes and no, that a condition asks for, and the answer; None for other conditions."""
        body = self.program.body(fn)
        if body.op[condition.instr] != Op.NAME:
            return None
        stores = self.evaluator.defuse(fn).stores.get(body.name(condition.instr), ())
        plain = all(any(self._is(fn, body.args(s)[1], truth) for truth in (True, False)) for s in stores)
        return (body.name(condition.instr), condition.truth) if stores and plain else None

    def _is(self, fn: Fn, i: int, truth: bool) -> bool:
        """Whether an instruction is a literal of that truth; an exception that is made is no nothing, nor is a record with keys."""
        body = self.program.body(fn)
        if body.op[i] in (Op.CALL, Op.NEW) and _EXCEPTION.search(body.called(i)):
            return truth
        if body.op[i] in (Op.RECORD, Op.LIST) and body.args(i):
            return truth
        const = body.const(i)
        return const is not None and Const((fn.file, 1), const[0], const[1]).falsy != truth

    def _has(self, fn: Fn, i: int, ctx: Ctx | None, field: str, truth: bool) -> bool:
        """Whether a field of a value certainly has that truth."""
        value = self.evaluator.value(fn, i, ctx)
        found = {truth_of(o) for o in options(self.evaluator.member(value, field, value.at))}
        return found == {truth}

    # --- calls

    def _call(self, fn: Fn, i: int, truth: bool | None, ctx: Ctx | None, depth: int) -> Found:
        body = self.program.body(fn)
        atom = Atom(fn, i, truth, ctx)
        callee, arguments = body.call(i)
        name = body.called(i).lower()
        if truth is None and (asked := self._insisted_on(fn, i, ctx)) is not None:
            return [atom, *self.of(fn, asked[0], asked[1], ctx, depth + 1)]
        if truth is not None and len(arguments) == 1 and body.op[callee] == Op.NAME and name in (*_SAME, *_OPPOSITE):
            return self.of(fn, arguments[0][1], truth == (name in _SAME), ctx, depth)
        if truth is not None and (name, truth) in (("any", False), ("all", True)) and body.op[callee] == Op.NAME and len(arguments) == 1:
            each = body.args(arguments[0][1]) if body.op[arguments[0][1]] == Op.LIST else []
            if len(each) == 1:  # what a generator says of every element
                return [atom, *self.of(fn, each[0], truth, ctx, depth + 1)]
        target = self._only_target(fn, i, ctx)
        if target is None and truth is not False and (policy := self.model.roles.policies.of_call(fn, i)) is not None:
            may = FunctionV((fn.file, body.line[i]), policy, None)  # `$this->authorize('cancel', $order)` returns only where it may
            return [atom, *self._ends(may, fn, i, True, ctx, depth)] if not self._within(policy, fn, ctx) else [atom]
        if target is None and (judging := [j for j in self.model.inherited.judges(fn, i, truth, ctx) if not self._within(j.fn, fn, ctx)]):
            return [atom, *(a for judge in judging for a in self._ends(judge, fn, i, None, ctx, depth, callback=True))]
        handed = None if target is not None else self.transacted(fn, i, ctx)
        runs = target or handed
        if runs is None or not self._may_tell(runs.fn, truth):
            return [atom]
        return [atom, *self._ends(runs, fn, i, truth, ctx, depth, callback=handed is not None)]

    def transacted(self, fn: Fn, i: int, ctx: Ctx | None) -> FunctionV | None:
        """The function that a call runs in a transaction, whose answer it gives: ``await db.$transaction(async (tx) => { … })``."""
        if self.model.recogniser.is_("transactions", fn, i, ctx) is None:
            return None
        given = [
            o for _, v in self.program.body(fn).call(i)[1] for o in options(self.evaluator.value(fn, v, ctx)) if isinstance(o, FunctionV)
        ]
        within = ctx is not None and (ctx.depth >= MAX_DEPTH or any(c.fn == o.fn for c in ctx.chain() for o in given))
        return given[0] if len(given) == 1 and not within else None

    def _only_target(self, fn: Fn, i: int, ctx: Ctx | None) -> FunctionV | None:
        """The one function of ours that a call lands in; None where that is not known, or where it is being looked into already."""
        found = options(self.evaluator.value(fn, self.program.body(fn).args(i)[0], ctx))
        targets = {o.fn: o for o in found if isinstance(o, FunctionV)}
        if not targets and (of_record := self.model.record_methods.asked_by(fn, i, ctx)) is not None:
            targets = {of_record.fn: of_record}
        if len(targets) != 1:
            return None
        ((target, value),) = targets.items()
        return None if self._within(target, fn, ctx) else value

    def _within(self, target: Fn, fn: Fn, ctx: Ctx | None) -> bool:
        """Whether a function is being looked into already, or lies too deep."""
        return target == fn or (ctx is not None and (ctx.depth >= MAX_DEPTH or any(c.fn == target for c in ctx.chain())))

    def _may_tell(self, fn: Fn, truth: bool | None) -> bool:
        """Whether the way a function returns can say anything: it answers, it raises, or a row that it makes or looks for may fail it."""
        body = self.program.body(fn)
        return not body.generator and (truth is not None or Op.RAISE in body.op or self._makes_row(fn) or self._leaves_somewhere(fn))

    def _leaves_somewhere(self, fn: Fn) -> bool:
        """Whether a function calls one that never returns, in the place of an error of its own: ``return Refusals.raise_("closed")``."""
        if fn not in self._leaving:
            self._leaving[fn] = False
            ops = self.program.body(fn).op
            self._leaving[fn] = any(op == Op.CALL and self.model.effects.never_returns(fn, i) for i, op in enumerate(ops))
        return self._leaving[fn]

    def _makes_row(self, fn: Fn) -> bool:
        if fn not in self._rows:
            body = self.program.body(fn)
            calls = [i for i, op in enumerate(body.op) if op == Op.CALL]
            made = (self.model.effects.plain(fn, i) for i in calls)
            creates = any(effect is not None and effect.kind in ("create", "upsert") for effect in made)
            self._rows[fn] = creates or any(self._finds_row(fn, i) for i in calls)
        return self._rows[fn]

    def _finds_row(self, fn: Fn, i: int) -> bool:
        """Whether a call reads a row and raises when there is none."""
        if self.program.body(fn).called(i).lower() not in THROWING:
            return False
        touch = self.model.records.touch(fn, i, None)
        return touch is not None and touch.kind == "read"

    def _counts(self, fn: Fn, fact: Fact) -> bool:
        """Whether a fact says more than that a call has come back: a row that was created may have been the first of its kind, there was
        one to be read, and a function of ours may have raised."""
        if not isinstance(fact, Passed) or self._finds_row(fn, fact.instr):
            return True
        effect = self.model.effects.plain(fn, fact.instr)
        if effect is not None:
            return effect.kind in ("create", "upsert")
        found = options(self.evaluator.value(fn, self.program.body(fn).args(fact.instr)[0]))
        return len(found) == 1 and isinstance(found[0], FunctionV) and self._may_tell(found[0].fn, None)

    def _ends(
        self,
        target: FunctionV,
        fn: Fn,
        i: int,
        truth: bool | None,
        ctx: Ctx | None,
        depth: int,
        field: str = "",
        callback: bool = False,
        part: int = -1,
    ) -> Found:
        """What all ways out of a function have in common on which its result, or a field or a part of it, has that truth."""
        inner = self.evaluator.context(target, fn, i, ctx, callback)
        body = self.program.body(target.fn)
        groups: list[Found] = []
        for end, facts in self.model.effects.facts(target.fn).ends()[:_MOST_ENDS]:
            value = body.args(end)[0] if end >= 0 else -1
            if field and (value < 0 or self._has(target.fn, value, inner, field, not truth)):
                continue
            if part >= 0 and value >= 0:
                value = body.args(value)[part] if body.op[value] == Op.LIST and part < len(body.args(value)) else -2
            if not field and truth is not None and (self._is(target.fn, value, not truth) if value >= 0 else truth and value == -1):
                continue
            group = [a for f in facts if truth is None or self._counts(target.fn, f) for a in self.behind(Held(f, target.fn, inner))]
            if not field and truth is not None and value >= 0 and body.op[value] != Op.CONST:
                group += self.of(target.fn, value, truth, inner, depth + 1)
                group += self._set_by_itself(target.fn, value, truth, inner)
            groups.append(group)
        if not groups:
            return []
        common = [a for a in groups[0] if all(a in g for g in groups[1:])]
        rest = tuple(tuple(a for a in g if a not in common) for g in groups)
        return common + ([AnyOf(rest)] if len(groups) > 1 and all(rest) else [])

    def _set_by_itself(self, fn: Fn, i: int, truth: bool, ctx: Ctx | None) -> Found:
        """What has led a function that answers with a field of its object to give it that truth, where nobody else does: then or on an
        earlier run, ``if paid == self.amount: self.verified = True`` before ``return self.verified``."""
        body = self.program.body(fn)
        if body.op[i] != Op.FIELD:
            return []
        name, found = body.name(i), list[tuple[Fn, int]]()
        for near in self.program.functions_around(fn.file, name):
            inner = self.program.body(near)
            sets = (n for n, op in enumerate(inner.op) if op == Op.SET_FIELD and inner.name(n) == name)
            found += [(near, n) for n in sets if not self._is(near, inner.args(n)[2], not truth)]
        if len(found) != 1 or found[0][0] != fn or not self._is(fn, body.args(found[0][1])[2], truth):
            return []
        return [a for f in self.model.effects.facts(fn).at(found[0][1]) for a in self.behind(Held(f, fn, ctx))]


def flat(found: Found) -> list[Atom]:
    """Every atom, those of alternatives too."""
    return [b for a in found for b in (flat([x for g in a.groups for x in g]) if isinstance(a, AnyOf) else [a])]
