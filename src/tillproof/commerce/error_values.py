"""Writes whose failure is told by a value: the client answers ``{ data, error }`` and raises nothing, so that who does not ask never
hears of it; so does a callback that is given the error first, and a call of PHP's drivers where the code asks whether it answered true."""

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from tillproof.commerce.effects import Place
from tillproof.commerce.sent_answers import sends_success
from tillproof.flow.asked import branches, own_side, reads
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_RAISES = "throwOnError"
_ERROR = "error"
_ROWS = "data"
_ADDS = ("push", "add", "append")
_GIVEN_ERROR = re.compile(r"_?(err|error|e|er|dbErr\w*|\w+Err(or)?)")
_ANSWERS_FALSE = ("mysqli_query", "mysqli_stmt_execute", "pg_query", "query", "exec", "execute", "update", "insert", "replace")
_FAILURE = re.compile(r"fail|error|not (saved|updated|stored)|gagal|fehler|echec|[ée]chou|\berro\b|fall[oó]|hata", re.IGNORECASE)
"""What a page says to whoever asked for it when something went wrong."""
_TELLS_ERROR = re.compile(r"\w*error\w*|log\w*|\w*_log|write|addlog|warning|critical", re.IGNORECASE)


class Unheard(NamedTuple):
    """An error that nobody acts upon. ``instr``: the call whose answer is thrown away, or the branch that hears of the error and drops it.
    ``how``: which of the two, what a callback does that is given the error, or that no row, which is all that a failure leaves, is taken
    for one that there was no need to write (``none``). ``returns``: that branch leaves the function with a value, from which a caller may
    learn of it."""

    instr: int
    how: Literal["unread", "dropped", "unread-given", "dropped-given", "none"]
    returns: bool = False


class ErrorValues:
    """What becomes of the error that a call answers with; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._known: dict[tuple[Fn, int], Unheard | None] = {}

    def unheard(self, place: Place) -> Unheard | None:
        """Where the error of a write ends without being acted upon; None when it is told, or when the write raises."""
        key = (place.fn, place.instr)
        if key not in self._known:
            self._known[key] = self._unheard(place.fn, place.instr)
        return self._known[key]

    def _unheard(self, fn: Fn, i: int) -> Unheard | None:
        body = self.model.program.body(fn)
        effect = self.model.recogniser.effect(fn, i) if body.op[i] == Op.CALL else None
        if effect is None or not effect[0].returns_error:
            return (self._called_back(fn, i) or self._answered_false(fn, i)) if body.op[i] == Op.CALL else None
        end = self._end(fn, i)
        uses = list(self.model.evaluator.defuse(fn).uses(end)) if end is not None else []
        if len(uses) != 1 or body.op[uses[0]] != Op.AWAIT:
            return None  # handed on, or never sent
        read = self._read_of(fn, uses[0])
        if read is None:
            return None
        used = [r for r in read if self._is_used(fn, r)]
        if not used:
            return Unheard(i, "unread")
        errors = [r for r in used if body.name(r) == _ERROR]
        return self._dropped(fn, errors) if errors else self._taken_for_none(fn, i, [r for r in used if body.name(r) == _ROWS])

    def _taken_for_none(self, fn: Fn, i: int, rows: list[int]) -> Unheard | None:
        """What is done when a write gave no row and nobody asks why: ``const { data } = …; if (!data) return ok('a duplicate');``. Reading
        a member of what is not there raises, and tells of it."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        held = [n for r in rows for u in defuse.uses(r) if body.op[u] == Op.STORE for n in reads(body, defuse, u)]
        values = sorted({*rows, *held} - {r for r in rows if all(body.op[u] == Op.STORE for u in defuse.uses(r))})
        members = {n: [u for u in defuse.uses(n) if body.op[u] == Op.FIELD and body.args(u)[0] == n] for n in values}
        careful = [m for n in values for m in members[n] if self._is_optional(fn, m)]
        asked = sorted(b for n in (*values, *careful) for b in branches(body, defuse, n))
        if not values or (not asked and len(careful) < len(values)):
            return None
        first = asked[0][0] if asked else len(body.op)
        if any(m < first and m not in careful for n in values for m in members[n]):
            return None
        if not asked:
            return Unheard(i, "unread")
        none, some = (own_side(body, defuse, first, asked[0][1] is there) for there in (False, True))
        if none is None or some is None:
            return None
        left = self._left(fn, none, i, "none")
        return left if left is not None and (left.returns or not self._kept_beyond(fn, list(body.rows(some)))) else None

    def _is_optional(self, fn: Fn, member: int) -> bool:
        """Whether a member is read only where there is something to read it of: ``row?.id``."""
        body = self.model.program.body(fn)
        text = self.model.program.line_text(fn.file, body.line[member])
        return re.search(rf"\?\.\s*{re.escape(body.name(member))}\b", text) is not None

    def _called_back(self, fn: Fn, i: int) -> Unheard | None:
        """What a callback does with the error that it is given first: ``(err, rows) => { if (err) console.log(err); res.json({}); }``."""
        body, language = self.model.program.body(fn), self.model.program.language(fn.file)
        given = [a for _, a in body.call(i)[1]]
        if language != "javascript" or not given or body.op[given[-1]] != Op.FUNCTION:
            return None
        plain = self.model.effects.plain(fn, i)
        inner = Fn(fn.file, body.args(given[-1])[0])
        within = self.model.program.body(inner)
        if plain is None or not plain.touches or not within.params or not _GIVEN_ERROR.fullmatch(within.params[0].name):
            return None
        errors = [n for n, op in enumerate(within.op) if op == Op.NAME and within.name(n) == within.params[0].name]
        sends = {
            self.model.evaluator.defuse(inner).block_of[n]
            for n, op in enumerate(within.op)
            if op == Op.CALL and sends_success(self.model, inner, n)
        }
        if not any(self._is_used(inner, n) for n in errors):
            return Unheard(i, "unread-given") if sends else None
        dropped = self._dropped(inner, errors)
        if dropped is None or (sends and not self._comes_to(inner, dropped.instr, errors, sends)):
            return None  # one that leaves without an answer is sent again
        return Unheard(i, "dropped-given")

    def _comes_to(self, fn: Fn, branch: int, errors: list[int], sends: set[int]) -> bool:
        """Whether the side of a branch on which there is an error leads to an answer."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        sides = (own_side(body, defuse, b, positive) for e in errors for b, positive in branches(body, defuse, e) if b == branch)
        return any(reached_from(body, min(side)) & sends for side in sides if side)

    def _answered_false(self, fn: Fn, i: int) -> Unheard | None:
        """The branch that hears that a statement answered false, says so in a log or on the page, and goes on:
        ``if (!mysqli_query($db, $sql))``."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        if self.model.program.language(fn.file) != "php" or body.called(i).lower() not in _ANSWERS_FALSE:
            return None
        plain = self.model.effects.plain(fn, i)
        if plain is None or not plain.touches:
            return None
        for branch, positive in branches(body, defuse, i):
            own = own_side(body, defuse, branch, not positive)
            rows = list(body.rows(own)) if own else []
            told = any(body.op[r] == Op.CALL and _TELLS_ERROR.fullmatch(body.called(r)) for r in rows) or _prints_failure(body, rows)
            if not told or own is None or self.model.failures.passes_on(fn, own) or self.model.failures.acts_in(fn, own):
                continue
            if not self._noted(fn, rows):
                return Unheard(branch, "dropped", any(body.op[r] == Op.RETURN for r in rows))
        return None

    def _end(self, fn: Fn, i: int) -> int | None:
        """The last call of a chain that begins with a call: ``update(row).eq("id", id).select()``; None for one that is told to raise."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        while True:
            members = [u for u in defuse.uses(i) if body.op[u] == Op.FIELD and body.args(u)[0] == i]
            calls = [c for m in members for c in defuse.uses(m) if body.op[c] == Op.CALL and body.args(c)[0] == m]
            if not calls:
                return i
            if any(body.name(m) == _RAISES for m in members):
                return None
            i = calls[0]

    def _read_of(self, fn: Fn, answer: int) -> list[int] | None:
        """The members of an answer that are read; None when it is handed on whole."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        found: list[int] = []
        for use in defuse.uses(answer):
            if body.op[use] == Op.STORE:
                held = [self._read_of(fn, n) for n in reads(body, defuse, use)]
                if any(h is None for h in held):
                    return None
                found += [f for h in held if h is not None for f in h]
            elif body.op[use] == Op.FIELD:
                found.append(use)
            else:
                return None
        return found

    def _is_used(self, fn: Fn, i: int) -> bool:
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        return any(body.op[u] != Op.STORE or bool(reads(body, defuse, u)) for u in defuse.uses(i))

    def _dropped(self, fn: Fn, errors: list[int]) -> Unheard | None:
        """The branch that hears of an error and goes on as if nothing were; None where any use of the error tells of it."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        for branch, positive in (b for e in errors for b in branches(body, defuse, e)):
            own = own_side(body, defuse, branch, positive)
            if own is None:
                return None
            return self._left(fn, own, branch, "dropped")
        return None

    def _left(self, fn: Fn, own: frozenset[int], i: int, how: Literal["dropped", "none"]) -> Unheard | None:
        """An error that the side of a branch on which it is known of does nothing about; None where it does."""
        body, failures = self.model.program.body(fn), self.model.failures
        rows = list(body.rows(own))
        if failures.passes_on(fn, own) or failures.acts_in(fn, own) or self._noted(fn, rows):
            return None
        return Unheard(i, how, any(body.op[r] == Op.RETURN for r in rows))

    def _noted(self, fn: Fn, rows: list[int]) -> bool:
        """Whether some instructions keep for later that something failed: in a variable that is read elsewhere, in a list or a record."""
        body = self.model.program.body(fn)
        adds = (body.op[r] in (Op.SET_FIELD, Op.SET_INDEX) or (body.op[r] == Op.CALL and body.called(r) in _ADDS) for r in rows)
        return any(adds) or self._kept_beyond(fn, rows)

    def _kept_beyond(self, fn: Fn, rows: list[int]) -> bool:
        """Whether some instructions set a variable that is read elsewhere."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        return any(body.op[r] == Op.STORE and any(n not in rows for n in reads(body, defuse, r)) for r in rows)


def _prints_failure(body: Body, rows: list[int]) -> bool:
    """Whether a page only says in words that something went wrong: ``echo 'failed';``."""
    said = (body.const(a) for r in rows if body.op[r] == Op.ECHO for a in body.args(r))
    return any(c is not None and c[0] == Kind.STRING and _FAILURE.search(c[1]) for c in said)
