"""What a handler makes of a failure: raised again, answered as one, kept for later, or taken for success."""

import re
from collections.abc import Iterator, Sequence, Set
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.entry_styles.arguments import entries
from tillproof.commerce.names import written
from tillproof.commerce.sent_answers import is_error_status
from tillproof.commerce.sent_whole import sends_on, sent_whole
from tillproof.commerce.touches import Touch, text_of
from tillproof.flow.decided_later import reached_with_flags
from tillproof.flow.program import Fn
from tillproof.flow.tries import Catch, reached_from
from tillproof.flow.tries import catches as catches_of
from tillproof.flow.values import Const, FunctionV, Result, Value, constant, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# Exceptions that say something of the message, or that it was handled before; to answer them calmly loses nothing.
_EXPECTED = re.compile(
    r"does_?not_?exist|not_?found|no_?result|integrity|unique|duplicate|already|signature|verification|json|decode|syntax|unexpected_?value"
    r"|unauthori[sz]ed|permission|csrf|card_?error|declined|multiple"
    r"|(unknown|unsupported|unhandled|unrecogni[sz]ed)_?(api_?)?(resource|object|event|notification|message|topic)|malformed"
    r"|transition|(invalid|illegal|wrong)_?stat(e|us)(?!_?code)",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"quota|limit|exceeded|sold_?out|(out|no|not)_?(of_?|in_?)?stock|insufficient|unavailable|not_?allowed|expired", re.IGNORECASE
)
_FOREIGN = re.compile(
    r"http|stripe|paypal|braintree|adyen|api_?(error|exception)|request|connect|timeout|transport|guzzle|curl", re.IGNORECASE
)
_ERROR_NAMES = re.compile(
    r"(HTTP_|INTERNAL_SERVER|BAD_REQUEST|BAD_GATEWAY|SERVICE_UNAVAILABLE|UNPROCESSABLE|UNAUTHORI[SZ]ED|FORBIDDEN|CONFLICT|GATEWAY_TIMEOUT)"
    r"|(HttpResponse(BadRequest|ServerError|Forbidden|NotFound)|badRequest|serverError|internalServerError|InternalServerErrorException"
    r"|BadRequestException|wp_send_json_error|WP_Error|reject|rethrow|throw|throwError|abort)$"
)
_STATUS_LINE = re.compile(r"['\"]?(HTTP/\d(\.\d)?|Status:) [45]\d\d\b", re.IGNORECASE)  # as PHP's header() takes it
_SENT_WELL = re.compile(r"2\d\d$|['\"]?(HTTP/\d(\.\d)?|Status:) 2\d\d\b", re.IGNORECASE)
_NO_ANSWERS = ("Response.error", "NextResponse.error")  # a response of no status, which no server can send
_TELLS = re.compile(
    r"(retry|requeue|release|fail|nack|dead_?letter|dlq|reschedule|schedule|enqueue|defer|push|later|backoff|record_failure|mark_failed)",
    re.IGNORECASE,
)
_JOB = re.compile(r"(^|[._])(this|self|job|task|message|msg|queue\w*|event|delivery)$", re.IGNORECASE)
# A mail that something failed is no second try.
_MAIL = re.compile(r"mail|sms|notif", re.IGNORECASE)
# A notification that is put off is a provider's.
_AGAIN = re.compile(r"retry|requeue|reschedul|dead_?letter", re.IGNORECASE)
_KEPT_MESSAGE = re.compile(r"(.*_)?(event|webhook|notification|message|delivery|inbox|ipn|job|callback)(_.*)?")
_FAILED = re.compile(r"error|fail|retry|dead", re.IGNORECASE)
_LOG = re.compile(r"(.*_)?(logs?|log_entry|log_entries|histor(y|ies)|audits?|audit_trail|trace)")
_BODY = re.compile(r"payload|body|raw|data|content|json|request|response", re.IGNORECASE)
_INWARD = 1  # calls from the one that a handler makes to the write
_ANY = ("Exception", "BaseException", "Throwable", "Error", "StandardError")
_HANDS_ON = ("next", "err", "errAsync")  # to the framework's handler of errors, or to the caller as a result that failed
_UNDOES = ("payment.cancel", "payment.void", "refund.create")
_STATUS = ("status", "statusCode", "status_code", "code")
_OK = re.compile(r"^HTTP_2|^OK$|^ACCEPTED$|^NO_CONTENT$")


def is_log(touch: Touch) -> bool:
    """Whether what is written only tells what happened."""
    return touch.kind != "read" and _LOG.fullmatch(touch.entity) is not None


def says_failure(touch: Touch) -> bool:
    """Whether the record is by its name one of what failed."""
    return _FAILED.search(touch.entity) is not None


def only_expected(catch: Catch) -> bool:
    """Whether a handler takes only exceptions that say something of the message, or that it was handled before."""
    return bool(catch.types) and all(_EXPECTED.search(t) for t in catch.types)


class Failures:
    """Answers by function; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._catches: dict[Fn, list[Catch]] = {}
        self._asked: set[Fn] = set()  # functions that are being looked at: one that calls itself says nothing more of itself

    def around(self, place: Place, ours: bool = False, raised_anew: bool = True) -> Catch | None:
        """The handler that a failure at a place runs into, in its own function: the innermost that is not only for what is expected.
        ``ours``: it is our own records that fail there, which no exception of a provider or of the network tells of; nor does one that this
        repository declares, unless the failure was ``raised_anew`` on the way."""
        block = self.model.evaluator.defuse(place.fn).block_of[place.instr]
        found = [c for c in self.catches(place.fn) if block in c.tried]
        broad = [c for c in found if not only_expected(c)]
        if ours:
            broad = [c for c in broad if not c.types or not all(_FOREIGN.search(t) for t in c.types)]
        if ours and not raised_anew:
            declared = self.model.program.classes_by_name
            broad = [c for c in broad if not c.types or not all(declared.get(t.rpartition(".")[2]) for t in c.types)]
        return min(broad, key=lambda c: all(t.rpartition(".")[2] not in _ANY for t in c.types)) if broad else None

    def on_the_way(self, places: Sequence[Place]) -> Iterator[tuple[int, Place, Catch]]:
        """The handlers that a failure meets on its way out through some calls, but for those that only hand it on."""
        for n, place in enumerate(places):
            catch = self.around(place)
            if catch is not None and not self.raises_again(place.fn, catch):
                yield n, place, catch

    def catches(self, fn: Fn) -> list[Catch]:
        """The handlers of a function."""
        if fn not in self._catches:
            self._catches[fn] = catches_of(self.model.program.body(fn))
        return self._catches[fn]

    def swallows(self, fn: Fn, catch: Catch) -> bool:
        """Whether a handler neither raises again, nor answers with an error, nor keeps the failure for later, nor undoes what was done."""
        if self._undoes(fn, catch):
            return False
        if self.passes_on(fn, catch.blocks) or (catch.falls and (self._answers_later(fn, catch) or self._asks_again(fn, catch))):
            return False
        return not any(self._is_error(o) for v in self._returned(fn, catch) for o in options(v))

    def _is_error(self, answer: Value) -> bool:
        """Whether an answer that is made elsewhere carries the status of an error."""
        if not isinstance(answer, Result) or answer.instr < 0 or sends_on(self.model.program.body(answer.fn), answer.instr):
            return False
        for _, given in self.model.evaluator.arguments(answer):
            held = [v for key in _STATUS for v in entries(given, key)]
            texts = [c for v in (given, *held) for o in options(v) if (c := constant(o)) is not None]
            if any(is_error_status(t) for t in texts):
                return True
        return False

    def keeps(self, fn: Fn, catch: Catch) -> bool:
        """Whether a handler puts what failed where it is found again, whoever was told what."""
        body = self.model.program.body(fn)
        rows = list(body.rows(catch.blocks))
        return any(body.op[i] in (Op.CALL, Op.NEW) and self._keeps(fn, i) for i in rows) or any(
            body.op[i] == Op.SET_FIELD and self._marks(fn, i) for i in rows
        )

    def stores(self, fn: Fn, i: int) -> bool:
        """Whether a call keeps or queues something that can be worked off later, by itself or in a function of ours."""
        plain = self.model.effects.plain(fn, i)
        if plain is not None and plain.kind in ("create", "upsert", "job"):
            return plain.kind == "job" or not self._only_tells(fn, i)
        return self._stores(fn, i)

    def answers_failure(self, fn: Fn, catch: Catch) -> bool:
        """Whether a handler returns an object of its own making, or several values, as code does that hands failures to its callers."""
        body = self.model.program.body(fn)
        return any(body.op[end] in (Op.CALL, Op.NEW, Op.RECORD, Op.LIST) for end in self.ends(fn, catch.blocks))

    def says_no(self, fn: Fn, catch: Catch) -> bool:
        """Whether a handler of a function that answers yes or no answers no."""
        found = [o for v in self._returned(fn, catch) for o in options(v)]
        return bool(found) and all(isinstance(o, Const) and o.falsy for o in found)

    def answers(self, fn: Fn, catch: Catch) -> bool:
        """Whether a handler itself makes the answer that is sent, so that nobody is left to ask what became of the work."""
        return any(self.model.recogniser.result_is("answers", o) for v in self._returned(fn, catch) for o in options(v))

    def answers_plainly(self, fn: Fn, catch: Catch) -> bool:
        """Whether all that is returned behind a handler, there or where it goes on, is plain data, which a framework that answers with what
        is returned sends as success: ``{"message": "nothing done"}``."""
        body = self.model.program.body(fn)
        blocks = frozenset(b for start in catch.blocks for b in reached_from(body, start))
        ends = self.ends(fn, blocks)
        return bool(ends) and all(body.op[e] == Op.RECORD for e in ends) and not self.passes_on(fn, blocks)

    def kept_in_answer(self, fn: Fn, caught: int) -> bool:
        """Whether a handler writes the failure into what its function answers, by itself or in a list: ``$answer['error'] = $message``."""
        catch = self.caught_at(fn, caught)
        if catch is None:
            return False
        body = self.model.program.body(fn)
        holding = {_held_by(body, i) for i in body.rows(catch.blocks) if _FAILED.search(_key_set(body, i))} - {""}
        for i, op in enumerate(body.op):
            given = body.args(i)[2:3] if op == Op.SET_INDEX else [a for _, a in body.call(i)[1]] if op == Op.CALL else []
            if any(a >= 0 and body.op[a] == Op.NAME and body.name(a) in holding for a in given) and (into := _held_by(body, i)):
                holding.add(into)
        ends = self.ends(fn, frozenset(b for block in catch.blocks for b in reached_from(body, block)))
        return any(body.op[end] == Op.NAME and body.name(end) in holding for end in ends)

    def _returned(self, fn: Fn, catch: Catch) -> list[Value]:
        """What a handler returns."""
        return [self.model.evaluator.value(fn, end) for end in self.ends(fn, catch.blocks)]

    def ends(self, fn: Fn, blocks: Set[int]) -> list[int]:
        """The instructions whose values some blocks return."""
        body = self.model.program.body(fn)
        returned = (body.args(i)[0] for i in body.rows(blocks) if body.op[i] == Op.RETURN)
        return [end for end in returned if end >= 0]

    def is_broad(self, fn: Fn, caught: int) -> bool:
        """Whether a handler takes whatever goes wrong, and not only what the work itself refuses."""
        catch = self.caught_at(fn, caught)
        return catch is not None and (not catch.types or any(t.rpartition(".")[2] in _ANY for t in catch.types))

    def refusals_of_others(self, fn: Fn, caught: int) -> tuple[str, ...]:
        """The exceptions that a handler takes, where each says that what was wanted cannot be, and is a class of others: whether anything
        is lost by it, only they know."""
        catch = self.caught_at(fn, caught)
        named = tuple(t.rpartition(".")[2] for t in catch.types) if catch is not None else ()
        ours = self.model.program.classes_by_name
        return named if all(_REFUSED.search(n) and n not in ours for n in named) else ()

    def caught_at(self, fn: Fn, i: int) -> Catch | None:
        """The handler that begins at an instruction, or in which it stands."""
        body = self.model.program.body(fn)
        return next((c for c in self.catches(fn) if c.caught == i or i in body.rows(c.blocks)), None)

    def raises_again(self, fn: Fn, catch: Catch) -> bool:
        """Whether a handler hands every failure on, to whoever is around it: it raises, and neither returns nor goes on behind the try."""
        body = self.model.program.body(fn)
        rows = list(body.rows(catch.blocks))
        ops = {body.op[i] for i in rows}
        if Op.RETURN not in ops and any(body.op[i] == Op.CALL and self._raises_by(fn, i) for i in rows):
            return True
        return not catch.falls and Op.RAISE in ops and Op.RETURN not in ops

    def _raises_by(self, fn: Fn, i: int) -> bool:
        """Whether a call lands in a function of ours that only raises: ``this.handleError(error)``, declared as ``never``."""
        program = self.model.program
        return self.model.effects.never_returns(fn, i) and any(Op.RAISE in program.body(one).op for one in self._ours(fn, i))

    def leaves_trace(self, fn: Fn, caught: int) -> bool:
        """Whether a handler writes a record, notes something beside one, or tells a person or a tracker of errors."""
        catch = self.caught_at(fn, caught)
        blocks = catch.blocks if catch is not None else frozenset()
        recogniser = self.model.recogniser
        body = self.model.program.body(fn)
        for i in body.rows(blocks):
            op = body.op[i]
            if op in (Op.CALL, Op.SET_FIELD) and (plain := self.model.effects.plain(fn, i)) is not None:
                return plain.touches or plain.kind in ("mail", "job")
            if op == Op.CALL and (
                any(recogniser.is_(kind, fn, i) is not None for kind in ("journals", "reporters"))
                or recogniser.is_("loggers", fn, i) == "report"
            ):
                return True
            if op == Op.CALL and any(self.writes_down(one) for one in self._ours(fn, i)):
                return True
        return False

    def _ours(self, fn: Fn, i: int) -> list[Fn]:
        """The functions of ours that a call lands in."""
        callee = self.model.program.body(fn).args(i)[0]
        return [o.fn for o in options(self.model.evaluator.value(fn, callee)) if isinstance(o, FunctionV) and o.fn != fn]

    def writes_down(self, fn: Fn, deeper: int = _INWARD) -> bool:
        """Whether a function says in a record that something failed: ``finish_run(run, "cancelled")`` writes the run's state."""
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            plain = self.model.effects.plain(fn, i) if op in (Op.CALL, Op.SET_FIELD) else None
            touch = self.model.records.touch(fn, i, None) if plain is not None and plain.touches else None
            if touch is not None and touch.writes and not is_log(touch):
                return True
            if op == Op.CALL and deeper and any(self.writes_down(one, deeper - 1) for one in self._ours(fn, i)):
                return True
        return False

    def says_nothing(self, fn: Fn, caught: int) -> bool:
        """Whether a handler does nothing at all: it logs nothing, keeps nothing and raises nothing."""
        catch = self.caught_at(fn, caught)
        body = self.model.program.body(fn)
        ops = {body.op[i] for i in body.rows(catch.blocks)} if catch is not None else {Op.RAISE}
        return ops.isdisjoint((Op.CALL, Op.NEW, Op.RAISE, Op.SET_FIELD, Op.SET_INDEX, Op.ECHO))

    def only_logs(self, fn: Fn, caught: int) -> bool:
        """Whether a handler does no more than write a line to the log: it answers nothing of its own, and sets nothing for an answer."""
        catch, body = self.caught_at(fn, caught), self.model.program.body(fn)
        rows = list(body.rows(catch.blocks)) if catch is not None else []
        said = [i for i in rows if body.op[i] == Op.CALL and not self._is_part(fn, i)]
        sets = {body.op[i] for i in rows} & {Op.RAISE, Op.SET_FIELD, Op.SET_INDEX, Op.ECHO}
        stored = any(body.op[i] == Op.STORE and i != caught + 1 for i in rows)
        answers = catch is not None and any(body.args(i)[:1] != [-1] for i in rows if body.op[i] == Op.RETURN)
        return catch is not None and not (sets or stored or answers) and all(self._is_logged(fn, i) for i in said)

    def _is_part(self, fn: Fn, i: int) -> bool:
        """Whether a call only makes a piece of what another one is given."""
        return bool(list(self.model.evaluator.defuse(fn).uses(i)))

    def _is_logged(self, fn: Fn, i: int) -> bool:
        return self.model.recogniser.is_("loggers", fn, i) not in (None, "report")

    def quiet(self, fn: Fn, start: int) -> bool:
        """Whether what follows from a block on neither raises nor answers with an error, nor does anything of its own."""
        return not self.passes_on(fn, reached_with_flags(self.model.program.body(fn), self.model.evaluator.defuse(fn), start))

    def _asks_again(self, fn: Fn, catch: Catch) -> bool:
        """Whether a handler asks the provider how the payment stands now, and the function goes on with that: a capture that failed since
        it was captured before."""
        body, recogniser = self.model.program.body(fn), self.model.recogniser
        asked = [(fn, i) for i in body.rows(catch.blocks) if body.op[i] == Op.CALL]
        ours = dict.fromkeys(one for _, i in asked for one in self._ours(fn, i))
        asked += [(one, i) for one in ours for i, op in enumerate(self.model.program.body(one).op) if op == Op.CALL]
        known = (recogniser.operation(*one) for one in asked)
        return any(k is not None and getattr(k.thing, "op", "") == "payment.retrieve" for k in known)

    def _answers_later(self, fn: Fn, catch: Catch) -> bool:
        """Whether what a handler sets is asked after the try: ``error = e`` and then ``if (error) …`` leads to an error."""
        body = self.model.program.body(fn)
        inside = set(body.rows(catch.blocks))
        set_here = {_held_by(body, i) for i in inside if body.op[i] != Op.CALL} - {""}
        caught = {body.name(catch.caught + 1)} if catch.caught + 1 < len(body.op) and body.op[catch.caught + 1] == Op.STORE else set()
        asked = {body.name(i) for i, op in enumerate(body.op) if op == Op.NAME and i > catch.caught and i not in inside}
        later = {b for block in catch.blocks for b in reached_from(body, block)} - catch.blocks
        told = (set_here - caught) & asked
        return bool(told) and (any(body.op[i] == Op.RAISE for i in body.rows(later)) or self._refuses_by(fn, told, later))

    def _refuses_by(self, fn: Fn, told: Set[str], later: Set[int]) -> bool:
        """Whether a branch on one of these variables alone leads to an answer that is an error: ``if (!$status) { http_response_code(400);
        }``."""
        body = self.model.program.body(fn)
        for number in later:
            asked = body.args(body.blocks[number].end - 1)[0] if body.op[body.blocks[number].end - 1] == Op.BRANCH else -1
            while asked >= 0 and body.op[asked] in (Op.UNARY, Op.FIELD):
                asked = body.args(asked)[1 if body.op[asked] == Op.UNARY else 0]
            if asked < 0 or body.op[asked] != Op.NAME or body.name(asked) not in told:
                continue
            ways = [set(reached_from(body, target)) for _, target in body.blocks[number].next]
            if any(self.passes_on(fn, frozenset(way - set().union(*(w for w in ways if w is not way)))) for way in ways):
                return True
        return False

    def passes_on(self, fn: Fn, blocks: frozenset[int]) -> bool:
        """Whether any of some blocks raises, answers with an error or keeps what failed."""
        body = self.model.program.body(fn)
        for i in body.rows(blocks):
            op = body.op[i]
            said = op == Op.CONST and body.args(i)[0] == Kind.NUMBER and is_error_status(body.name(i))
            if op == Op.RAISE or (said and i not in sent_whole(self.model, fn)):
                return True
            if op == Op.CONST and body.args(i)[0] == Kind.STRING and _STATUS_LINE.match(body.name(i)):
                return True
            if op in (Op.FIELD, Op.NAME) and _ERROR_NAMES.search(body.name(i)) and not _OK.search(body.name(i)):
                return True
            if op == Op.CALL and written(self.model.program, fn, body.args(i)[0]) in _NO_ANSWERS:
                return True
            if (op in (Op.CALL, Op.NEW) and self._keeps(fn, i)) or (op == Op.SET_FIELD and self._marks(fn, i)):
                return True
            if op == Op.CALL and self._refuses(fn, i):
                return True
        return False

    def _refuses(self, fn: Fn, i: int) -> bool:
        """Whether a call lands in a function of ours that does nothing but answer with an error, by itself, since it returns nothing:
        ``$this->badRequest()``, which sends a 400 and ends the request."""
        recogniser = self.model.recogniser
        found = self._ours(fn, i)
        for one in found:
            body = self.model.program.body(one)
            if any(op == Op.RETURN and body.args(n)[0] >= 0 for n, op in enumerate(body.op)) or self.model.effects.acts(one):
                return False
            sent = any(op == Op.CALL and recogniser.is_("answers", one, n) for n, op in enumerate(body.op))
            if not sent and not self.model.effects.never_returns(fn, i):
                return False
            if any(_SENT_WELL.match(body.name(n)) for n, op in enumerate(body.op) if op == Op.CONST) or not self._makes_error(one):
                return False
        return bool(found)

    def _marks(self, fn: Fn, i: int) -> bool:
        """Whether a message that is kept is marked as one that failed: ``event.status = Status.ERROR``."""
        touch = self.model.records.touch(fn, i, None)
        if touch is None or not _KEPT_MESSAGE.fullmatch(touch.entity):
            return False
        said = [t for v in touch.fields.values() if v is not None for o in options(v) if (t := text_of(o))]
        return self._notes_failure(fn, i) or any(_FAILED.search(t) for t in said)

    def _keeps(self, fn: Fn, i: int) -> bool:
        """Whether a call hands a failure on: to the framework's error handler, to a queue, into a record of what failed."""
        body = self.model.program.body(fn)
        callee, arguments = body.call(i)
        if body.op[callee] not in (Op.NAME, Op.FIELD):
            return False
        name = body.name(callee).rpartition(".")[2]
        if name in _HANDS_ON and arguments:
            return True
        if name == "release" and not _JOB.search(written(self.model.program, fn, callee).rpartition(".")[0]):
            return False  # a connection that goes back to its pool, a lock
        plain = self.model.effects.plain(fn, i)
        if plain is not None and (plain.touches or plain.kind == "job"):
            if self._only_tells(fn, i) or (plain.kind == "job" and self.mails(fn, i)):
                return False
            return plain.kind in ("create", "upsert", "job") or bool(_TELLS.search(name)) or self._notes_failure(fn, i)
        if self._stores(fn, i):
            return True
        told = _TELLS.search(name) and name.lower() not in ("push", "fail") and (not _MAIL.search(name) or _AGAIN.search(name))
        return bool(told) and not self._only_makes(fn, i)

    def mails(self, fn: Fn, i: int) -> bool:
        """Whether what is queued is only a mail: ``send_email.delay(…)``, ``background.add_task(send_email, …)``."""
        callee, arguments = self.model.program.body(fn).call(i)
        said = (written(self.model.program, fn, row) for row in (callee, *(v for _, v in arguments[:1])))
        return any(_MAIL.search(text) for text in said)

    def _only_tells(self, fn: Fn, i: int) -> bool:
        """Whether all that is written is a line of a log: what is only told can't be tried again."""
        touch = self.model.records.touch(fn, i, None)
        if touch is None or not is_log(touch):
            return False
        body = self.model.program.body(fn)
        later = [body.text(body.args(n)[1]) for n, op in enumerate(body.op) if op == Op.SET_FIELD] if touch.kind != "write" else []
        return not any(map(_BODY.search, (*touch.fields, *later)))

    def _stores(self, fn: Fn, call: int, depth: int = 0) -> bool:
        """Whether a function of ours that is called, or one that it hands on to, keeps a record of what failed."""
        for inner in self._ours(fn, call):
            body = self.model.program.body(inner)
            for i, op in enumerate(body.op):
                plain = self.model.effects.plain(inner, i) if op == Op.CALL else None
                if plain is not None and plain.kind in ("create", "upsert") and plain.touches and not self._only_tells(inner, i):
                    return True
                if op == Op.CALL and plain is None and depth < _INWARD and self._stores(inner, i, depth + 1):
                    return True
        return False

    def _only_makes(self, fn: Fn, i: int) -> bool:
        """Whether a call leads to functions of ours that do nothing: they make the value that a failure is answered with, which is no error
        of its own (`failure_response()` may answer 200)."""
        found = options(self.model.evaluator.value(fn, self.model.program.body(fn).args(i)[0]))
        return all(
            isinstance(o, FunctionV) and not self.model.effects.acts(o.fn) and (o.fn == fn or not self._makes_error(o.fn)) for o in found
        )

    def _makes_error(self, fn: Fn) -> bool:
        if fn in self._asked:
            return False
        self._asked.add(fn)
        found = self.passes_on(fn, frozenset(range(len(self.model.program.body(fn).blocks))))
        self._asked.discard(fn)
        return found

    def _notes_failure(self, fn: Fn, i: int) -> bool:
        touch = self.model.records.touch(fn, i, None)
        return touch is not None and any(
            "error" in n.lower() or "fail" in n.lower() or "retry" in n.lower() or "attempt" in n.lower() for n in touch.fields
        )

    def goes_on(self, fn: Fn, catch: Catch) -> bool:
        """Whether something is done behind a try all the same when it has failed."""
        body = self.model.program.body(fn)
        behind = {b for start in catch.blocks for b in reached_from(body, start)} if catch.falls else set()
        return self.works(fn, frozenset(behind - catch.blocks - catch.tried))

    def _undoes(self, fn: Fn, catch: Catch) -> bool:
        """Whether a handler asks a provider to take back what it was asked for in the try: a charge whose order could not be stored is
        refunded, a second subscription cancelled when the first could not be."""
        body = self.model.program.body(fn)
        calls = [i for i in body.rows(sorted(catch.blocks)) if body.op[i] == Op.CALL]
        own = (getattr(known.thing, "op", "") for i in calls if (known := self.model.operations.at(fn, i)) is not None)
        return any(op in _UNDOES for op in own) or any(
            not self._asked_for.get(one, set()).isdisjoint(_UNDOES) for i in calls for one in self._ours(fn, i)
        )

    def tries_otherwise(self, fn: Fn, catch: Catch, effect: Effect) -> bool:
        """Whether what has failed in a try is asked of the provider in another way behind it: a second endpoint where the first refuses."""
        if effect.operation is None or not catch.falls:
            return False
        body = self.model.program.body(fn)
        behind = {b for start in catch.blocks for b in reached_from(body, start)} - catch.blocks - catch.tried
        calls = [i for i in body.rows(sorted(behind)) if body.op[i] == Op.CALL]
        return any(effect.operation.op in self._asked_for.get(one, ()) for i in calls for one in self._ours(fn, i))

    @cached_property
    def _asked_for(self) -> dict[Fn, set[str]]:
        """What is asked of providers in a function, or in one that it calls."""
        found: dict[Fn, set[str]] = {}
        for site in self.model.operations.sites:
            for fn in (site.fn, *(c.caller for c in (site.ctx.chain() if site.ctx else ()) if c.call >= 0)):
                found.setdefault(fn, set()).add(site.operation.op)
        return found

    def works(self, fn: Fn, blocks: frozenset[int]) -> bool:
        """Whether some blocks do something, by themselves or by functions of ours."""
        body = self.model.program.body(fn)
        calls = [i for i in body.rows(blocks) if body.op[i] == Op.CALL]
        return self.acts_in(fn, blocks) or any(self.model.effects.acts(one) for i in calls for one in self._ours(fn, i))

    def acts_in(self, fn: Fn, blocks: frozenset[int]) -> bool:
        """Whether some blocks write, send or queue something themselves."""
        body = self.model.program.body(fn)
        return any(self.model.effects.plain(fn, i) is not None for i in body.rows(blocks) if body.op[i] == Op.CALL)


def _key_set(body: Body, i: int) -> str:
    """The key or member that an instruction writes; empty where it writes none that is known."""
    if body.op[i] == Op.SET_FIELD:
        return body.name(i)
    const = body.const(body.args(i)[1]) if body.op[i] == Op.SET_INDEX and body.args(i)[1] >= 0 else None
    return const[1] if const is not None else ""


def _held_by(body: Body, i: int) -> str:
    """The variable that an instruction writes, or adds to: ``$list[] = …``, ``$answer['error'] = …``, ``list.push(…)``."""
    holder = i if body.op[i] == Op.STORE else body.args(i)[0] if body.op[i] in (Op.SET_INDEX, Op.SET_FIELD) else -1
    if body.op[i] == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.called(i) in ("push", "append", "add"):
        holder = body.args(body.args(i)[0])[0]
    return body.name(holder) if holder >= 0 and body.op[holder] in (Op.NAME, Op.STORE) else ""
