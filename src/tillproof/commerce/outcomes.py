"""What a caller does with the answer of a call that may have failed, where a failure is told as a value: false, null, a record."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.effects import Place
from tillproof.commerce.role_checks import INSISTS
from tillproof.flow.asked import reads
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from
from tillproof.flow.values import Const, Record, Value, options
from tillproof.ir.body import EDGE_FALSE, EDGE_TRUE
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# `[...(answer.data?.one?.errors ?? []), …].length`: as far as errors are from the answer that holds them.
_LONGEST_PATH = 14
_HOLDING = (Op.AWAIT, Op.UNARY, Op.BINARY, Op.FIELD, Op.CAST, Op.INDEX, Op.CHOICE, Op.SPREAD, Op.LIST)
# Calls that have several pieces of work done at once, or begin one: what each answers is asked of their answer.
_AT_ONCE = ("create_task", "ensure_future", "gather", "all", "allSettled", "wait")
_BEGIN = ("create_task", "ensure_future")
_DEEPEST = 8
_ERRS = re.compile(r"(\w+_)?(err|error|exc|exception|failure)", re.IGNORECASE)
_SAYS = ("success", "ok", "valid", "is_valid", "isValid", "verified")
ERROR_TESTS = ("is_wp_error",)
"""Calls that ask whether an answer is an error."""
_ERROR_LOGS = ("error", "exception", "critical", "fatal", "alert", "emergency", "capture_exception", "captureexception", "capturemessage")


class Outcomes:
    """Asks the branches that hang on an answer, and what stands on either side of them."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._failures = model.failures

    def answer(self, place: Place) -> Literal["lost", "told", "handed"]:
        """What a caller does with the answer of a call that failed (false, null, a record that says so): it is lost where the caller never
        asks for it, or goes on quietly where it says so; returned, it is for whoever gets it to ask."""
        body = self.model.program.body(place.fn)
        defuse = self.model.evaluator.defuse(place.fn)
        asked = self._asking(place.fn, place.instr, 0)
        if asked is None:
            return "handed" if self._is_returned(place.fn, place.instr, 0) else "told"
        handed = bool(asked)
        for branch, positive in asked:
            ways = dict(body.blocks[defuse.block_of[branch]].next)
            no, yes = (ways.get(EDGE_FALSE), ways.get(EDGE_TRUE)) if positive else (ways.get(EDGE_TRUE), ways.get(EDGE_FALSE))
            if no is not None and not self._failures.quiet(place.fn, no):
                return "told"
            handed = handed and no is not None and yes is not None and self._says_so(place.fn, no, yes)
        return "handed" if handed else "lost"

    def _says_so(self, fn: Fn, no: int, yes: int) -> bool:
        """Whether a function that no request comes to itself answers a record of its own that says no: ``return { success: false }``."""
        body = self.model.program.body(fn)
        ends = self._failures.ends(fn, reached_from(body, no) - reached_from(body, yes))
        told = bool(ends) and all(any(is_refusal(o) for o in options(self.model.evaluator.value(fn, end))) for end in ends)
        return told and all(entry.target.fn != fn for entry in self.model.entries_to(fn))

    def decides(self, callers: Sequence[Place]) -> bool:
        """Whether any way hangs on what a function answers, or on what is read of it, in its caller or where that hands it on."""
        for place in callers:
            if self.about(place):
                return True
            if not self._is_returned(place.fn, place.instr, 0):
                return False
        return False

    def unused(self, place: Place) -> bool:
        """Whether the answer of a call is thrown away."""
        return not list(self.model.evaluator.defuse(place.fn).uses(place.instr))

    def unread(self, place: Place) -> bool:
        """Whether the answer of a call is at most waited for."""
        body, waiting = self.model.program.body(place.fn), [place.instr]
        while waiting:
            for use in self.model.evaluator.defuse(place.fn).uses(waiting.pop()):
                if body.op[use] != Op.AWAIT:
                    return False
                waiting.append(use)
        return True

    def asking(self, place: Place) -> list[tuple[int, bool]]:
        """The branches that ask whether the answer of a call is yes, with whether it is on the branch's true side."""
        return self._asking(place.fn, place.instr, 0) or []

    def only_shown(self, place: Place) -> bool:
        """Whether the answer of a call only goes into the answer of whoever calls, or into a log: ``jsonify({"payment": made})``."""
        body, defuse = self.model.program.body(place.fn), self.model.evaluator.defuse(place.fn)
        waiting, seen, shown = [place.instr], set[int](), False
        while waiting:
            for use in defuse.uses(waiting.pop()):
                if use in seen:
                    continue
                seen.add(use)
                op, recogniser = body.op[use], self.model.recogniser
                if op == Op.STORE:
                    waiting += reads(body, defuse, use)
                elif op == Op.CALL and recogniser.is_("loggers", place.fn, use) is not None:
                    continue
                elif op == Op.CALL and recogniser.is_("answers", place.fn, use) is not None:
                    shown = True
                elif op in (Op.AWAIT, Op.RECORD, Op.TEXT):
                    waiting.append(use)
                elif op == Op.RETURN and body.op[body.args(use)[0]] == Op.RECORD:
                    shown = True
                else:
                    return False
        return shown

    def done_if(self, place: Place) -> bool | None:
        """Whether anything is done only where the answer of a call is yes; None where nobody branches on it."""
        body, defuse = self.model.program.body(place.fn), self.model.evaluator.defuse(place.fn)
        asked = self._asking(place.fn, place.instr, 0)
        for branch, positive in asked or ():
            arms = dict(body.blocks[defuse.block_of[branch]].next)
            yes, no = (arms.get(EDGE_TRUE), arms.get(EDGE_FALSE)) if positive else (arms.get(EDGE_FALSE), arms.get(EDGE_TRUE))
            if yes is not None and no is not None and self._failures.works(place.fn, reached_from(body, yes) - reached_from(body, no)):
                return True
        return False if asked else None

    def passes_over(self, fn: Fn, i: int, answers: bool) -> bool:
        """Whether what is left undone because a question is answered yes is neither raised, answered as an error nor kept. ``answers``:
        what the function returns is the answer; else a caller may ask what it was told."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        for branch, positive in self._asking(fn, i, 0) or ():
            arms = dict(body.blocks[defuse.block_of[branch]].next)
            yes, no = (arms.get(EDGE_TRUE), arms.get(EDGE_FALSE)) if positive else (arms.get(EDGE_FALSE), arms.get(EDGE_TRUE))
            if yes is not None and no is not None:
                own = (reached_from(body, yes) - reached_from(body, no)) or frozenset([yes])  # a loop goes on to the next
                if not self._failures.passes_on(fn, own) and (answers or not self._failures.ends(fn, own)):
                    return True
        return False

    def only_logged(self, place: Place) -> int | None:
        """The instruction by which a failure that a call's answer tells of is only logged, after which the function goes
        on as if nothing were; None when it is not so."""
        body, defuse = self.model.program.body(place.fn), self.model.evaluator.defuse(place.fn)
        caught = {b for c in self._failures.catches(place.fn) for b in c.blocks}
        for branch in self.about(place):
            for kind, target in body.blocks[defuse.block_of[branch]].next:
                other = next((t for k, t in body.blocks[defuse.block_of[branch]].next if k != kind), target)
                own = reached_from(body, target) - reached_from(body, other) - caught
                logged = self._error_log(place.fn, own, target)
                beside = reached_from(body, other) - reached_from(body, target)
                acts = self._failures.acts_in(place.fn, own) or self._hands_back(place, own) or self._says_done(place.fn, own, beside)
                if logged is not None and self._failures.quiet(place.fn, target) and not acts:
                    return logged
        return None

    def given_up(self, place: Place, callers: Sequence[Place]) -> int | None:
        """The question whether a call's answer is an error, where a function leaves when it is, with nothing done about it, and nobody
        asks for what it returns: ``if (is_wp_error($payment)) { return false; }``. None when it is not so."""
        body, defuse = self.model.program.body(place.fn), self.model.evaluator.defuse(place.fn)
        for branch in self.about(place):
            asked, failing = body.args(branch)[0], EDGE_TRUE
            while body.op[asked] == Op.UNARY:
                asked, failing = body.args(asked)[1], EDGE_FALSE if failing == EDGE_TRUE else EDGE_TRUE
            if body.op[asked] != Op.CALL or body.called(asked) not in ERROR_TESTS:
                continue
            ways = dict(body.blocks[defuse.block_of[branch]].next)
            target, other = ways.get(failing), ways.get(EDGE_FALSE if failing == EDGE_TRUE else EDGE_TRUE)
            if target is None or other is None:
                continue
            own = reached_from(body, target) - reached_from(body, other)
            left = any(body.op[i] == Op.RETURN for i in body.rows(own))
            told = self._hands_back(place, own) or any(body.op[e] == Op.NEW for e in self._failures.ends(place.fn, own))
            if not left or told:
                continue
            if self._failures.quiet(place.fn, target) and not self._failures.acts_in(place.fn, own) and self._unasked(callers):
                return asked
        return None

    def _unasked(self, callers: Sequence[Place]) -> bool:
        """Whether nobody looks at what a function returns, who calls it or hands it on."""
        for caller in callers:
            if not list(self.model.evaluator.defuse(caller.fn).uses(caller.instr)):
                return True
            if not self._is_returned(caller.fn, caller.instr, 0):
                return False
        return True

    def _says_done(self, fn: Fn, own: frozenset[int], beside: frozenset[int]) -> bool:
        """Whether the one side answers yes and the other no: what is logged where it says yes is what was done, such as
        that a payout is now down as failed."""
        sides = [[self.model.evaluator.value(fn, end) for end in self._failures.ends(fn, blocks)] for blocks in (own, beside)]
        if not all(sides) or not all(isinstance(v, Const) for side in sides for v in side):
            return False
        return not any(isinstance(v, Const) and v.falsy for v in sides[0]) and all(isinstance(v, Const) and v.falsy for v in sides[1])

    def _hands_back(self, place: Place, blocks: frozenset[int]) -> bool:
        """Whether some blocks return the very answer that told of the failure, or what is made of it."""
        return any(self._made_of(place.fn, end, place.instr, 0) for end in self._failures.ends(place.fn, blocks))

    def _made_of(self, fn: Fn, i: int, call: int, depth: int) -> bool:
        body = self.model.program.body(fn)
        if i < 0 or depth > 5:
            return False
        op, args = body.op[i], body.args(i)
        if i == call or op == Op.NAME:
            stores = self.model.evaluator.defuse(fn).reaching(i, body.name(i)).stores if op == Op.NAME else ()
            return i == call or any(self._made_of(fn, body.args(s)[1], call, depth + 1) for s in stores)
        if op == Op.CALL:
            return any(self._made_of(fn, v, call, depth + 1) for _, v in body.call(i)[1])
        below = args[1:] if op == Op.CAST else args if op in (Op.AWAIT, Op.RECORD) else args[:1] if op == Op.FIELD else []
        return any(self._made_of(fn, b, call, depth + 1) for b in below)

    def _is_returned(self, fn: Fn, i: int, depth: int) -> bool:
        """Whether all that is done with a value is to return it."""
        body = self.model.program.body(fn)
        uses = list(self.model.evaluator.defuse(fn).uses(i))
        return bool(uses) and all(
            body.op[u] == Op.RETURN or (body.op[u] == Op.AWAIT and depth < 3 and self._is_returned(fn, u, depth + 1)) for u in uses
        )

    def _asking(self, fn: Fn, i: int, depth: int) -> list[tuple[int, bool]] | None:
        """The branches on a value, with whether the value's truth is the branch's; None when it is handed on, compared or returned."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        out: list[tuple[int, bool]] = []
        taken = 0
        for use in defuse.uses(i) if depth < _DEEPEST else ():
            op = body.op[use]
            if op == Op.BRANCH:
                out.append((use, True))
                continue
            if op == Op.INDEX and body.const(body.args(use)[1]) is not None:
                parts_asked = self._asking(fn, use, depth + 1)
                taken += parts_asked is None  # `done, message = …`: who asks for one part need not ask for the others
                if parts_asked:
                    out += parts_asked
                continue
            below: list[tuple[int, bool]] | None = None
            if op == Op.AWAIT:
                below = self._asking(fn, use, depth + 1)
            elif op == Op.UNARY and body.text(body.args(use)[0]) == "void":
                below = []  # said to be thrown away
            elif body.negates(use):
                inner = self._asking(fn, use, depth + 1)
                below = None if inner is None else [(b, not positive) for b, positive in inner]
            elif op in (Op.LIST, Op.SPREAD) or (op == Op.CALL and body.args(use)[0] != i and body.called(use) in _AT_ONCE):
                left_alone = body.called(use) in _BEGIN and not defuse.uses(use) if op == Op.CALL else False
                below = None if left_alone else self._asking(fn, use, depth + 1)  # a task of its own is a matter of its own
            elif op == Op.STORE:
                parts = [self._asking(fn, n, depth + 1) for n in reads(body, defuse, use)]
                below = None if any(p is None for p in parts) else [a for p in parts if p is not None for a in p]
                below = [(b, not positive) for b, positive in below] if below and _ERRS.fullmatch(body.name(use)) else below
            else:
                below = self._read(fn, i, use, depth)
            if below is None:
                return None
            out += below
        return None if taken and not out else out

    def _read(self, fn: Fn, i: int, use: int, depth: int) -> list[tuple[int, bool]] | None:
        """The branches on what an answer says of itself, ``if (!result.ok)``, ``if (result.error)``; what is only logged asks nothing. None
        for any other use."""
        body = self.model.program.body(fn)
        if body.op[use] == Op.CALL and body.args(use)[0] != i:
            return [] if self.model.recogniser.is_("loggers", fn, use) is not None else None
        if body.op[use] == Op.TEXT:
            return self._asking(fn, use, depth + 1)
        said = self._asking(fn, use, depth + 1) if body.op[use] == Op.FIELD else None
        if said and not (body.name(use) in _SAYS or _ERRS.fullmatch(body.name(use))):
            return None
        return said if said is None or body.name(use) in _SAYS else [(b, not positive) for b, positive in said]

    def about(self, place: Place) -> list[int]:
        """The branches that hang on what a call answers, or on anything that is read of it."""
        return self._about(place.fn, place.instr, 0, set())

    def _about(self, fn: Fn, i: int, depth: int, seen: set[int]) -> list[int]:
        """The branches that hang on a value or anything read of it."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        out: list[int] = []
        for use in defuse.uses(i) if depth < _LONGEST_PATH else ():
            op = body.op[use]
            if use in seen:
                continue
            seen.add(use)
            if op == Op.BRANCH:
                out.append(use)
            elif op == Op.BINARY and not any(self._is_fixed(fn, side) for side in body.args(use)[1:3]):
                continue  # two values that do not agree are no failure of the call that gave one of them
            elif op == Op.CALL and body.called(use) in INSISTS:
                out.append(use)  # `abort_unless($refund, 502)`
            elif op in _HOLDING or (op == Op.CALL and (body.args(use)[0] != i or body.op[i] == Op.FIELD)):
                out += self._about(fn, use, depth + 1, seen)
            elif op == Op.STORE:
                for n in reads(body, defuse, use):
                    out += self._about(fn, n, depth + 1, seen)
        return out

    def _is_fixed(self, fn: Fn, i: int) -> bool:
        """Whether an operand is a literal, or a name that is written as constants are: `Status::FAILED`."""
        body = self.model.program.body(fn)
        return body.op[i] == Op.CONST or (body.op[i] in (Op.NAME, Op.FIELD) and body.name(i)[:1].isupper())

    def _error_log(self, fn: Fn, blocks: frozenset[int], start: int) -> int | None:
        """The log of an error by which every way through some blocks leads that begins at one of them."""
        body = self.model.program.body(fn)
        passed = sorted(b for b in blocks if not self._passes_by(fn, start, b, blocks))
        for i in body.rows(passed):
            if body.op[i] == Op.CALL and body.called(i).lower() in _ERROR_LOGS:
                return i
        return None

    def _passes_by(self, fn: Fn, start: int, block: int, within: frozenset[int]) -> bool:
        """Whether a way from one block leaves some blocks, or the function, without going through another."""
        blocks = self.model.program.body(fn).blocks
        seen: set[int] = set()
        waiting = [start] if start != block else []
        while waiting:
            here = waiting.pop()
            onward = blocks[here].onward
            if here not in within or not onward:
                return True
            seen.add(here)
            waiting += [t for t in onward if t != block and t not in seen]
        return False


def is_refusal(value: Value) -> bool:
    """Whether a record says by one of its entries that something failed: ``{ success: false, message }``."""
    return isinstance(value, Record) and any(key in _SAYS and isinstance(v, Const) and v.falsy for key, v in value.entries)
