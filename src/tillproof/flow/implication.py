"""What a condition means for the proof: whether a value being true, or false, or equal to something, is only possible after it."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tillproof.flow.arms import chosen_where_proven, read_of_proven
from tillproof.flow.asked_values import is_empty, is_of, key_of, may_equal, number_of, tail_of, truth_of
from tillproof.flow.defuse import DefUse
from tillproof.flow.fixed import RANKS
from tillproof.flow.flags import means_proof
from tillproof.flow.program import Fn
from tillproof.flow.proofs import Outcome, Proof
from tillproof.flow.rejected import answered_failure
from tillproof.flow.values import (
    Const,
    Ctx,
    Element,
    External,
    FunctionV,
    Member,
    Result,
    Value,
    options,
)
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.paths import Walk

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_COMPARES = ("!=", "!==", "is not", "<>", "not in", "in", *RANKS)
_SAME_OR_NOT = ("==", "===", "is", "!=", "!==", "is not")
# Calls that answer 0 for what is equal, and calls that look for one thing in another.
_CUTS = {"explode": 1, "preg_split": 1, "end": 0, "reset": 0, "current": 0, "array_pop": 0, "array_shift": 0, "substr": 0, "strstr": 0}
"""Functions of PHP that give a part of a text or list, by the place at which they take it: the head of an answer is cut off so."""
_ORDERS = ("strcmp", "strcasecmp", "strncmp", "strncasecmp")
_MATCHES = ("preg_match", "match", "search", "test")
_FINDS = (
    "in_array", "str_contains", "str_starts_with", "strpos", "stripos", "strstr", "stristr", "array_key_exists",
    "includes", "startswith", "contains", "equals", *_MATCHES,
)  # fmt: skip
_PATTERN = re.compile(r"[/#~]\^?(\w+)\$?[/#~]\w*")
_ERROR_TESTS = {"is_wp_error": "WP_Error"}
_PARTS = 12  # how deep a value is looked into for the call whose answer it is read from


class Implication:
    """The half of a function's walk that reads conditions. The other half is ``FunctionWalk``."""

    walk: "Walk"
    fn: Fn
    ctx: Ctx | None
    body: Body
    value: Callable[[int], Value]
    asking: bool
    """Whether a flag is being asked about."""
    flagged: dict[tuple[int, bool], bool]
    """What was found about flags, by where they are read."""

    @property
    def defuse(self) -> DefUse:
        """Which writes reach which reads, where the context leaves the branches open."""
        raise NotImplementedError

    def entry_after(self, i: int) -> bool | None:
        """The state at the end of the block of an instruction, when the walk knows it already."""
        raise NotImplementedError

    def implies(self, i: int, truth: bool, depth: int = 0) -> bool:
        """Whether value ``i`` being true (or false) means that the proof holds."""
        if depth > 12 or i < 0:
            return False
        op, args = self.body.op[i], self.body.args(i)
        if op == Op.CONST or (op in (Op.LIST, Op.RECORD) and not args):
            return self._cannot_be(i, truth)
        if self.body.negates(i):
            return self.implies(args[1], not truth, depth + 1)
        if op in (Op.AWAIT, Op.STORE, Op.CAST):
            return self.implies(args[0 if op == Op.AWAIT else 1], truth, depth + 1)
        if op == Op.CHOICE:
            word = self.body.text(args[0])
            if word in ("ternary", "match") and chosen_where_proven(self, i, lambda v: isinstance(v, Const) and v.falsy != truth):
                return True
            hits = [self.implies(a, truth, depth + 1) for a in args[1:]]
            return any(hits) if (word == "and") == truth and word in ("and", "or") else all(hits)
        if op == Op.NAME:
            reach = self.defuse.reaching(i, self.body.name(i))
            if not reach.stores or reach.entry:
                return False
            return all(self._stored_implies(s, truth, depth) for s in reach.stores) or self._flagged(i, reach.stores, truth)
        if op == Op.CALL:
            return self._call_implies(i, truth)
        if op == Op.BINARY:
            numbered = self._numbered(i, truth)
            return self._comparison_implies(i, truth) if numbered is None else numbered
        if op == Op.FIELD and (proof := self.walk.policy.proof(self.fn, i, self.ctx)) is not None:
            return truth == (proof.how != "denies")
        return self._part_implies(i, truth) if op in (Op.FIELD, Op.INDEX) else False

    def _flagged(self, i: int, stores: Iterable[int], truth: bool) -> bool:
        """Whether a variable is a flag that keeps this truth only where the proof was made on the way to where it is asked. Of the
        conditions on the way none is asked in this way again: flags that hang on flags would be asked without end."""
        set_to = {v.falsy for s in stores if isinstance(v := self.value(self.body.args(s)[1]), Const)}
        if len(set_to) < 2 or self.asking:
            return False
        if (i, truth) not in self.flagged:
            self.asking = True
            self.flagged[i, truth] = means_proof(self, self.body.name(i), truth, i)
            self.asking = False
        return self.flagged[i, truth]

    def _cannot_be(self, i: int, truth: bool) -> bool:
        """Whether a literal never has that truth: then whatever it would mean is so."""
        value = self.value(i)
        falsy = value.falsy if isinstance(value, Const) else True  # an empty list or record
        return falsy == truth

    def _stored_implies(self, store: int, truth: bool, depth: int) -> bool:
        value = self.body.args(store)[1]
        const = self.value(value)
        if isinstance(const, Const) and const.falsy == truth:
            return True  # this store cannot give that truth
        if self.body.op[value] == Op.PARAM and self.ctx is not None:
            return self._given_implies(self.body.args(value)[0], truth, depth)
        return self.implies(value, truth, depth + 1) or (self.entry_after(store) is True)

    def _given_implies(self, number: int, truth: bool, depth: int) -> bool:
        """What a parameter's being true means, asked where the caller made the argument."""
        ctx = self.ctx
        if ctx is None or ctx.fn != self.fn or ctx.call < 0 or ctx.callback or depth > 6:
            return False
        given = [v for k, v in self.walk.program.body(ctx.caller).call(ctx.call)[1] if k == ""]
        shift = 1 if ctx.this is not None and self.body.params and self.body.params[0].name in ("self", "cls") else 0
        if not 0 <= number - shift < len(given):
            return False
        caller = self.walk.walking(ctx.caller, ctx.parent)
        return caller.implies(given[number - shift], truth, depth + 1)

    def call_outcomes(self, i: int) -> list[Outcome]:
        """The ways in which a call may end, for branches on its result."""
        proof = self.walk.policy.proof(self.fn, i, self.ctx)
        if proof is not None and proof.how in ("boolean", "denies"):
            at, genuine = (self.fn.file, 1), proof.how == "boolean"
            return [Outcome(External(at, "true"), True, genuine), Outcome(External(at, "false"), False, not genuine)]
        if (failing := answered_failure(self.body, i)) is not None:
            return self._answered_outcomes(*failing)
        out: list[Outcome] = []
        if proof is None and not self.walk.too_deep():
            for target in self.walk.targets(self.fn, i, self.ctx):
                if target.fn != self.fn:
                    summary = self.walk.enter(target, self.fn, i, self.ctx, False)
                    out += [o for o in summary.outcomes if o.value is not None]
        return out

    def _answered_outcomes(self, call: int, handler: int) -> list[Outcome]:
        """What a promise whose failure is answered may give: what came, or what the handler answers, which nobody has proven."""
        proof, at = self.walk.policy.proof(self.fn, call, self.ctx), (self.fn.file, 1)
        throws = proof is not None and proof.how == "throws"
        came = [Outcome(External(at, "true"), True, True)] if throws else self.call_outcomes(call)
        if not any(o.proven for o in came):
            return came
        instead: list[Outcome] = []
        for option in options(self.value(handler)):
            if not isinstance(option, FunctionV) or self.walk.too_deep():
                instead.append(Outcome(Const(at, Kind.NULL, "null"), False, False))
                continue
            ends = self.walk.enter(option, self.fn, handler, self.ctx, False).outcomes
            instead += [o for o in ends if o.value is not None]
        return [*came, *instead]

    def goes_on_after(self, handler: int) -> bool:
        """Whether what answers a failure ends like any other function, so that whoever waits goes on: ``.catch(console.error)``."""
        taken = [option for option in options(self.value(handler)) if isinstance(option, FunctionV)]
        if not taken or self.walk.too_deep():
            return True
        return any(self.walk.enter(option, self.fn, handler, self.ctx, False).outcomes for option in taken)

    def _call_implies(self, i: int, truth: bool) -> bool:
        fitting = [o for o in self.call_outcomes(i) if o.truth is None or o.truth == truth]
        if fitting:
            return all(o.proven for o in fitting)
        if (compares := self._looks_for_genuine(i)) is not None:
            return compares and truth != (self.body.called(i).lower() in _ORDERS)
        callee, arguments = self.body.call(i)
        if self.body.op[callee] != Op.NAME or not arguments:
            return self._part_implies(i, truth)
        name, given = self.body.name(callee), arguments[0][1]
        if name == "isinstance" and len(arguments) > 1:
            return self._kind_implies(given, self.value(arguments[1][1]), truth)
        if name in _ERROR_TESTS:
            return self._kind_implies(given, External((self.fn.file, 1), _ERROR_TESTS[name]), truth)
        if name in ("bool", "Boolean", "await", "empty"):
            return self.implies(given, truth != (name == "empty"))
        if (name == "all" and truth) or name == "any":  # over a comprehension: what holds of each, or of one, element
            return (
                self.body.op[given] == Op.LIST
                and bool(self.body.args(given))
                and all(self.implies(e, truth) for e in self.body.args(given))
            )
        return False

    def _looks_for_genuine(self, i: int) -> bool | None:
        """Whether a call compares the answer that proves with the genuine one, or looks for it there: ``strpos($answer, 'VERIFIED')``;
        None when it is no such call."""
        name = self.body.called(i).lower()
        if name not in _ORDERS and name not in _FINDS:
            return None
        callee, arguments = self.body.call(i)
        sides = [v for _, v in arguments[:2]]
        if self.body.op[callee] == Op.FIELD:
            sides.append(self.body.args(callee)[0])
        for answer in sides:
            call = self.origin_call(answer)
            proof = self.walk.policy.proof(self.fn, call, self.ctx) if call is not None and call != i else None
            if proof is not None and proof.how == "answer":
                return any(_is_genuine(proof, self.value(other)) for other in sides if other != answer)
            ends = [o.value for o in self.call_outcomes(call)] if call is not None and call != i and proof is None else []
            if ends and any(all(self._answered(end, self.value(other)) for end in ends) for other in sides if other != answer):
                return True  # a function of ours sends the message back and returns what it hears
        return None

    def _part(self, i: int) -> tuple[int, Callable[[Value], Value]] | None:
        """What a value is read from, and how: ``answer.ok``, ``answer['ok']``, ``answer.get('ok')``, ``ok, why = …``."""
        op, args = self.body.op[i], self.body.args(i)
        if op == Op.NAME:
            reach = self.defuse.reaching(i, self.body.name(i))
            return self._part(self.body.args(reach.stores[0])[1]) if len(reach.stores) == 1 and not reach.entry else None
        if op == Op.FIELD:
            return args[0], lambda whole: self.walk.evaluator.member(whole, self.body.name(i), whole.at)
        if op == Op.INDEX and self.body.op[args[1]] == Op.CONST:
            return args[0], lambda whole: self.walk.evaluator.index(whole, self.value(args[1]), whole.at)
        if op != Op.CALL or self.body.op[args[0]] != Op.FIELD or self.body.name(args[0]) != "get":
            return None
        given = [v for _, v in self.body.call(i)[1]]
        const = self.body.const(given[0]) if len(given) == 1 or (len(given) == 2 and is_empty(self.value(given[1]))) else None
        if const is None or const[0] != Kind.STRING:
            return None
        key = const[1].strip("'\"")
        return self.body.args(args[0])[0], lambda whole: self.walk.evaluator.member(whole, key, whole.at)

    def _parts_of_outcomes(self, i: int) -> list[tuple[Outcome, Value]] | Proof | None:
        """Each way in which the call may end of whose record a value is read, with what is read then; the proof that the call is itself."""
        part = self._part(i)
        call = self.origin_call(part[0]) if part is not None else None
        if part is None or call is None or call == i:
            return None
        proof = self.walk.policy.proof(self.fn, call, self.ctx)
        return proof or [(o, part[1](o.value)) for o in self.call_outcomes(call) if o.value is not None]

    def _part_implies(self, i: int, truth: bool) -> bool:
        """``result.ok``, ``ok, why = …``, ``$answer['ok']``, where the call returns records or several values."""
        found = self._parts_of_outcomes(i)
        if found is None or isinstance(found, Proof):
            return found is not None and found.how == "boolean" and truth
        # of nothing, there is no part that is something: `answer?.ok` after `fetch(…).catch(() => null)`
        fitting = [o for o, value in found if truth_of(value) in (None, truth) and not (truth and o.truth is False)]
        return bool(fitting) and all(o.proven for o in fitting)

    def _compares_part(self, side: int, wanted: Value, same: bool) -> bool:
        """``result['status'] == 'paid'``, where the call returns records of which only those that the proof was made for say so."""
        found, key = self._parts_of_outcomes(side), key_of(wanted)
        if found is None or isinstance(found, Proof) or key is None:
            return False
        fitting = [(o, v) for o, v in found if may_equal(v, key) in (None, same)]
        return bool(fitting) and all(o.proven or (same and self._answered(v, wanted)) for o, v in fitting)

    def _comparison_implies(self, i: int, truth: bool) -> bool:
        operator, left, right = self.body.text(self.body.args(i)[0]), *self.body.args(i)[1:3]
        if operator == "instanceof":
            return self._kind_implies(left, self.value(right), truth)
        equal = operator in ("==", "===", "is", "eq")
        if not equal and operator not in _COMPARES:
            return False
        if (proof := self.walk.policy.proof(self.fn, i, self.ctx)) is not None:
            return (equal or operator in ("<=", ">=", "in")) == (truth == (proof.how != "denies"))
        return self._sides_imply(operator, left, right, equal, truth)

    def _sides_imply(self, operator: str, left: int, right: int, equal: bool, truth: bool) -> bool:
        """What a comparison means by what its sides are; ``equal``: it is one for being the same."""
        for side, other in ((left, right), (right, left)):
            const = self.body.const(other)
            if equal == truth and isinstance(said := self.value(other), Const) and not said.falsy and read_of_proven(self, side):
                return True
            if const is not None and const[0] in (Kind.BOOL, Kind.NULL) and operator in _SAME_OR_NOT:
                wanted = const[0] == Kind.BOOL and const[1].lower() == "true"
                if (wanted or equal == truth) and self.implies(side, wanted if equal == truth else not wanted):
                    return True
                if const[0] == Kind.BOOL and self.implies(side, wanted == (equal == truth)):
                    return True
                if const[0] == Kind.NULL and equal != truth and self._null_or_so(side) and self.implies(side, True):
                    return True
            call = self.origin_call(side)
            if call is None:
                continue
            if operator in _SAME_OR_NOT and self._compares_part(side, self.value(other), equal == truth):
                return True
            if const is not None and const[1] == "0" and operator in _SAME_OR_NOT and self._looks_for_genuine(call):
                return self.body.called(call).lower() in _ORDERS and equal == truth
            if self._compares_call(call, other, equal == truth, operator):
                return True
        if operator in RANKS:
            return self._ranks(operator, left, right, truth)
        return (operator in _SAME_OR_NOT and self._chosen(left, right, equal == truth)) or (equal == truth and self._held_by(left, right))

    def _chosen(self, left: int, right: int, same: bool) -> bool:
        """Whether what is held against a constant was chosen among constants, those that fit only where the proof holds."""
        for side, other in ((left, right), (right, left)):
            key = key_of(self.value(other))
            if key is not None and chosen_where_proven(self, side, lambda v, key=key: (key_of(v) == key) == same):  # type: ignore[misc]
                return True
        return False

    def _ranks(self, operator: str, left: int, right: int, truth: bool) -> bool:
        """``if (($code = $client->ask($id)) < 0) { throw … }``, where a call tells by numbers whether it went well."""
        return self._ranks_call(left, right, operator, truth) or self._ranks_call(right, left, _MIRRORED[operator], truth)

    def _ranks_call(self, side: int, other: int, operator: str, truth: bool) -> bool:
        bound = number_of(self.value(other))
        call = self.origin_call(side) if bound is not None else None
        if bound is None or call is None or self.body.op[side] not in (Op.NAME, Op.CALL, Op.STORE, Op.CAST, Op.AWAIT):
            return False
        fitting = []
        for outcome in self.call_outcomes(call):
            number = number_of(outcome.value) if outcome.value is not None else None
            if number is None or RANKS[operator](number, bound) == truth:
                fitting.append(outcome)
        return bool(fitting) and all(o.proven for o in fitting)

    def _numbered(self, i: int, truth: bool) -> bool | None:
        """What it means that the answer of a call is, or is not, the very truth that it is compared with, where the call answers by a
        number, which is neither: ``openssl_verify(…) === false`` lets every forgery pass. None when no number is answered."""
        operator, left, right = self.body.text(self.body.args(i)[0]), *self.body.args(i)[1:3]
        if operator not in ("===", "!=="):
            return None
        same = (operator == "===") == truth
        sides = ((left, self.body.const(right)), (right, self.body.const(left)))
        side, const = next(((s, c) for s, c in sides if c is not None and c[0] == Kind.BOOL), (-1, None))
        call = self.origin_call(side) if const is not None else None
        if const is None or call is None or self.body.op[call] != Op.CALL:
            return None
        wanted = const[1].lower() == "true"
        if self.walk.policy.counts(self.fn, call, self.ctx):
            return same
        ends = [o for o in self.call_outcomes(call) if o.value is not None]
        numbers = [o for o in ends if isinstance(o.value, Result) and self._counts(o.value)]
        if not numbers:
            return None
        others = [o for o in ends if o not in numbers and o.truth in (None, wanted if same else not wanted)]
        return all(o.proven for o in (others if same else [*numbers, *others]))

    def _counts(self, value: Result) -> bool:
        """Whether a number is returned as it is: a function that is declared to give a truth makes one of it."""
        if value.instr < 0 or not self.walk.policy.counts(value.fn, value.instr, value.ctx):
            return False
        function = self.walk.program.function(value.fn)
        head = self.walk.program.sources[value.fn.file][function.start : function.end].partition(b"{")[0] if function else b""
        return re.search(rb"\)\s*:\s*\??\s*bool\b", head) is None

    def _kind_implies(self, side: int, wanted: Value, truth: bool) -> bool:
        """What it means that a result is, or is not, of a class: ``if ($found instanceof Failure) { throw … }``, where nothing but the
        failure is returned without the proof."""
        call = self.origin_call(side)
        if call is None or self.body.op[side] not in (Op.NAME, Op.CALL, Op.STORE, Op.AWAIT):
            return False
        ends = [o for o in self.call_outcomes(call) if o.value is not None]
        kinds = [is_of(self.walk.evaluator.scope, o.value, wanted) for o in ends if o.value is not None]
        fitting = [o for o, kind in zip(ends, kinds, strict=True) if kind is None or kind == truth]
        return bool(fitting) and len(fitting) < len(ends) and all(o.proven for o in fitting)

    def _null_or_so(self, i: int) -> bool:
        """Whether a value is null where it is not true: ``$event = null; try { $event = constructEvent(…); }``. It is never false."""
        found = list(options(self.value(i)))
        null = any(isinstance(o, Const) and o.kind == Kind.NULL for o in found)
        return null and not any(isinstance(o, Const) and o.falsy and o.kind != Kind.NULL for o in found)

    def _held_by(self, left: int, right: int) -> bool:
        """A member that equals a constant is a member of something: what gave the object gave no null, and that may be the proof."""
        for side, other in ((left, right), (right, left)):
            base = self._base(side)
            const = self.body.const(other)
            if base is not None and const is not None and const[0] == Kind.STRING and const[1].strip("'\""):
                return self.implies(base, True)
        return False

    def _base(self, i: int) -> int | None:
        """The variable of which a value is a member, however deep."""
        base = None
        while i >= 0 and self.body.op[i] in (Op.FIELD, Op.INDEX):
            i = base = self.body.args(i)[0]
        return base if base is not None and self.body.op[base] == Op.NAME else None

    def _compares_call(self, call: int, other: int, same: bool, operator: str) -> bool:
        wanted = self.value(other)
        proof = self.walk.policy.proof(self.fn, call, self.ctx)
        if proof is not None and proof.how == "answer":
            return same != (operator == "in") and _is_genuine(proof, wanted)
        if proof is not None and proof.how == "boolean":
            if isinstance(wanted, Const):
                return same != wanted.falsy
            return False
        if operator in ("<", ">", "<=", ">=", "in", "not in"):
            return False
        key = key_of(wanted)
        fitting = []
        for outcome in self.call_outcomes(call):
            if outcome.value is None:
                continue
            got = key_of(outcome.value)
            if outcome.truth is not None and isinstance(outcome.value, Result) and self._counts(outcome.value):
                got = "1" if outcome.truth else "0"
            if got is None or key is None or (got == key) == same:
                fitting.append(outcome)
        return bool(fitting) and key is not None and all(o.proven or (same and self._answered(o.value, wanted)) for o in fitting)

    def _answered(self, value: Value | None, wanted: Value) -> bool:
        """Whether a returned value is read from the answer of a call that proves by its answer, and ``wanted`` is the genuine one."""
        return value is not None and all(self._one_answered(option, wanted) for option in options(value))

    def _one_answered(self, value: Value, wanted: Value) -> bool:
        here: Value = value
        for _ in range(_PARTS):
            if isinstance(here, (Member, Element)):
                here = here.base
            elif isinstance(here, Result):
                proof = self.walk.policy.proof(here.fn, here.instr, here.ctx) if here.instr >= 0 else None
                if proof is not None:
                    return proof.how == "answer" and _is_genuine(proof, wanted)
                given = self.walk.evaluator.argument(here, 0) if here.instr >= 0 else None
                cleaned = given is not None and self.walk.policy.cleans(here.fn, here.instr, here.ctx)
                here = given if cleaned and given is not None else here.callee
            else:
                break
        return len(options(here)) > 1 and self._answered(here, wanted)

    def origin_call(self, i: int, depth: int = 0) -> int | None:
        """The call of this body that a value comes from, through variables, awaits and members."""
        if depth > 10 or i < 0:
            return None
        op, args = self.body.op[i], self.body.args(i)
        if op == Op.CALL:
            callee = args[0]
            if self.body.op[callee] == Op.FIELD and self.walk.policy.proof(self.fn, i, self.ctx) is None and not self.call_outcomes(i):
                return self.origin_call(self.body.args(callee)[0], depth + 1) or i
            given = self.body.call(i)[1]
            cut = _CUTS.get(self.body.called(i).lower(), -1) if self.body.op[callee] == Op.NAME else -1
            part = max(cut, 0)
            if part < len(given) and (cut >= 0 or self.walk.policy.cleans(self.fn, i, self.ctx)):
                return self.origin_call(given[part][1], depth + 1) or i
            return i
        if op in (Op.AWAIT, Op.FIELD, Op.INDEX):
            return self.origin_call(args[0], depth + 1)
        if op in (Op.STORE, Op.CAST):
            return self.origin_call(args[1], depth + 1)
        if op == Op.CHOICE:
            return self._origin_of_choice(args[-1:] if self.body.text(args[0]) == "and" else args[1:], depth)
        if op == Op.NAME:
            reach = self.defuse.reaching(i, self.body.name(i))
            calls = {self.origin_call(s, depth + 1) for s in reach.stores}
            return calls.pop() if len(calls) == 1 else None
        return None

    def _origin_of_choice(self, arms: list[int], depth: int) -> int | None:
        """The call that a choice comes from: the first, unless something may stand in the place of a proof that nobody has proven,
        ``fetched or posted``."""
        calls = [(a, self.origin_call(a, depth + 1)) for a in arms]
        first = next((c for _, c in calls if c is not None), None)
        if first is None or not self._proves(first):
            return first
        instead = (c for a, c in calls if c != first and not is_empty(self.value(a)))
        return first if all(c is not None and self._proves(c) for c in instead) else None

    def _proves(self, call: int) -> bool:
        """Whether a call may make the proof."""
        return self.walk.policy.proof(self.fn, call, self.ctx) is not None or any(o.proven for o in self.call_outcomes(call))


def _is_genuine(proof: Proof, wanted: Value) -> bool:
    """Whether a value that an answer is compared with is the one that a genuine message gets."""
    text = wanted.text.strip("'\"") if isinstance(wanted, Const) else tail_of(wanted)
    return _PATTERN.sub(r"\1", text).upper() in {g.upper() for g in proof.genuine}
