"""Messages that are lost because the provider could not be asked about them: the failure becomes a value, and success is answered."""

from collections.abc import Sequence
from typing import NamedTuple

from tillproof.checks.resilience.losses import goes_on_quietly
from tillproof.checks.resilience.refused_requests import leads_past
from tillproof.commerce.effects import Effect, Place, Plain
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.flow.asked import branches, own_side, reads
from tillproof.flow.program import Fn
from tillproof.flow.tries import reached_from
from tillproof.ir.body import EDGE_FALSE, EDGE_TRUE, Body
from tillproof.ir.ops import Kind, Op

_ASKED = "payment.retrieve"
_ASKING = Plain("webhook.verify", True, None, False)
_ASKS_FAILURE = {
    *("status_code", "raise_for_status", "statusCode", "getStatusCode", "http_code", "successful", "failed"),
    *("curl_errno", "curl_error", "curl_getinfo", "curl_multi_info_read", "CURLOPT_FAILONERROR", "feof", "error_get_last"),
    *("is_wp_error", "wp_remote_retrieve_response_code", "http_response_header", "throwOnError"),
}
"""Words by which code asks whether a request was answered at all, and with success."""
_GENERAL = {"ok", "status"}
"""Members of an answer that say so."""
_COMPARES = ("==", "===", "!=", "!==", "is", "is not", "in", "not in", "not", "!")
_NO_ANSWER = ("curl_exec", "curl_multi_exec", "file_get_contents", "stream_get_contents")  # what PHP sends by, and what answers false


class Unfetched(NamedTuple):
    """Where the provider is asked, where the failure is caught, and where the handler goes on without an answer."""

    asked: Place
    caught: Place
    dropped: Place


def unfetched(model: Model, handler: Handler) -> Unfetched | None:
    """What becomes of a webhook whose provider cannot be reached when it is asked about the message: it is dropped as if it were none."""
    if handler.kind == "redirect-return" or any(not p.refetch for p in handler.walked.proofs):
        return None  # where the message is signed, what is asked besides is for a remark
    for effect in model.effects.of(handler.entry.target):
        if effect.kind == _ASKED and effect.operation is not None and effect.operation.confirms:
            caught = _caught(model, effect.way)
            if caught is not None and (after := _quiet_beyond(model, effect.way, caught)) is not None:
                return Unfetched(effect.place, caught, after)
    return None


def skipped(model: Model, handler: Handler, effects: Sequence[Effect]) -> list[Unfetched]:
    """Where a failure to ask the provider becomes a value by which the handler of a signed message leaves before it does its work: ``if
    ($payment === false) { return; }``. Each place once at which a failure is caught."""
    found: dict[tuple[Fn, int], Unfetched] = {}
    if all(p.refetch for p in handler.walked.proofs):
        return []  # of these ``unfetched`` tells
    asking = [e for e in model.effects.of(handler.entry.target) if e.kind == _ASKED and e.operation is not None and e.operation.confirms]
    for effect in asking if handler.kind != "redirect-return" else ():
        caught = _caught(model, effect.way)
        if caught is None or (caught.fn, caught.instr) in found or not _becomes_nothing(model, caught):
            continue
        at = next(n for n, place in enumerate(effect.way) if place.fn == caught.fn)
        caller = effect.way[at + 1] if at + 1 < len(effect.way) else None
        branch = _leaving(model, caller, effects) if caller is not None else None
        if caller is not None and branch is not None:
            found[caught.fn, caught.instr] = Unfetched(effect.place, caught, Place(caller.fn, branch, caller.ctx))
    return list(found.values())


def _becomes_nothing(model: Model, caught: Place) -> bool:
    """Whether all that is answered for a failure is false or null."""
    return any(c.caught == caught.instr and model.failures.says_no(caught.fn, c) for c in model.failures.catches(caught.fn))


def _leaving(model: Model, caller: Place, effects: Sequence[Effect]) -> int | None:
    """The branch on whether there is an answer at all that leads past what is at stake, to nothing that tells of a failure."""
    body, defuse = model.program.body(caller.fn), model.evaluator.defuse(caller.fn)
    awaited = [use for use in defuse.uses(caller.instr) if body.op[use] == Op.AWAIT]
    asked = [one for i in (caller.instr, *awaited) for one in branches(body, defuse, i)]
    for effect in effects if asked else ():
        for n, place in enumerate(effect.way):
            if place.fn == caller.fn and place.instr != caller.instr:
                left = [b for b, there in asked if leads_past(model, place, b) and _is_past(model, place, b, not there)]
                if left and (n + 1 == len(effect.way) or goes_on_quietly(model, effect.way[n + 1 :])):
                    return left[0]
    return None


def _is_past(model: Model, place: Place, branch: int, truth: bool) -> bool:
    """Whether the side of a branch on which it is ``truth`` does not lead to a place."""
    body, block_of = model.program.body(place.fn), model.evaluator.defuse(place.fn).block_of
    side = dict(body.blocks[block_of[branch]].next).get(EDGE_TRUE if truth else EDGE_FALSE)
    return side is not None and block_of[place.instr] not in reached_from(body, side)


def _caught(model: Model, way: tuple[Place, ...]) -> Place | None:
    """Where a failure is caught and made a value of, on the way out to the handler, but not in the handler itself."""
    for _, place, catch in model.failures.on_the_way(way[:-1]):
        ends = model.failures.ends(place.fn, catch.blocks)
        return Place(place.fn, catch.caught, place.ctx) if ends and model.failures.swallows(place.fn, catch) else None
    return None


def _quiet_beyond(model: Model, way: tuple[Place, ...], caught: Place) -> Place | None:
    """The handler's own call, where nothing behind the calls that lead to it raises or answers with an error."""
    at = next(n for n, place in enumerate(way) if place.fn == caught.fn)
    for place in way[at + 1 :]:
        start = model.evaluator.defuse(place.fn).block_of[place.instr]
        if model.failures.passes_on(place.fn, frozenset(reached_from(model.program.body(place.fn), start))):
            return None
    return way[-1]


def unanswered(model: Model, handler: Handler) -> Unfetched | None:
    """Where a handler leaves with success since the provider gave no answer when it was asked whether the message is its own:
    ``if (!($answer = curl_exec($ch))) { exit; }``."""
    if handler.kind == "redirect-return":
        return None
    for proof in handler.walked.proofs:
        if proof.how != "answer" or model.program.language(proof.fn.file) != "php":
            continue
        body, defuse = model.program.body(proof.fn), model.evaluator.defuse(proof.fn)
        for i in (n for n, op in enumerate(body.op) if op == Op.CALL and body.called(n) in _NO_ANSWER):
            for branch, positive in branches(body, defuse, i):
                own = own_side(body, defuse, branch, not positive)
                if own and _leaves(model, proof.fn, own) and not _told(model, proof.fn, own):
                    return Unfetched(Place(proof.fn, i, proof.ctx), Place(proof.fn, branch, proof.ctx), Place(proof.fn, branch, proof.ctx))
    return None


def _leaves(model: Model, fn: Fn, blocks: frozenset[int]) -> bool:
    """Whether some blocks end the request, or the function."""
    body = model.program.body(fn)
    rows = list(body.rows(blocks))
    return any(body.op[i] == Op.RETURN or (body.op[i] == Op.CALL and model.effects.never_returns(fn, i)) for i in rows)


def _told(model: Model, fn: Fn, blocks: frozenset[int]) -> bool:
    """Whether some blocks refuse the message, keep it, or tell somebody."""
    return model.failures.passes_on(fn, blocks) or model.failures.works(fn, blocks)


def untold(model: Model, handler: Handler) -> Unfetched | None:
    """Where a message is taken for a forged one whatever else than the one good word the provider answered when it was asked: an error
    page, or nothing at all, of a client that raises neither. Nothing behind the question answers with an error."""
    if handler.kind == "redirect-return":
        return None
    for proof in handler.walked.proofs:
        client = model.sendings.client_of(proof.fn, proof.instr)
        if proof.how != "answer" or client is None or client.tells == "throws":
            continue
        way = Effect(_ASKING, proof.fn, proof.instr, proof.ctx, model.records).way
        if way[-1].fn != handler.entry.target.fn or _asks_failure(model, way):
            continue
        asking = next((n for n, place in enumerate(way) if model.outcomes.about(place)), None)
        if asking is None or not _passes_over(model, way[asking]):
            continue
        if asking + 1 == len(way) or goes_on_quietly(model, way[asking + 1 :]):
            return Unfetched(way[0], way[asking], way[asking])
    return None


def _asks_failure(model: Model, way: tuple[Place, ...]) -> bool:
    """Whether any function from the request outwards asks whether it was answered at all, and with success, and does not answer that as it
    answers of a forged message."""
    for n, place in enumerate(way):
        if _only_says_no(model, place.fn):
            return False
        if _ASKS_FAILURE & model.vocabulary.tokens(place.fn) or (n == 0 and _GENERAL & _members(model, place)):
            return True
    return False


def _only_says_no(model: Model, fn: Fn) -> bool:
    """Whether all that a function answers is yes or no, and none of its ways tells of a failure otherwise."""
    body = model.program.body(fn)
    ends = [body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i)[0] >= 0]
    return bool(ends) and all(_is_yes_or_no(body, end) for end in ends) and not _told(model, fn, frozenset(range(len(body.blocks))))


def _is_yes_or_no(body: Body, i: int) -> bool:
    """Whether a value is one by what it is: written down, or a comparison."""
    const, op = body.const(i), body.op[i]
    if op == Op.CHOICE:
        return all(_is_yes_or_no(body, a) for a in body.args(i)[1:])
    if op in (Op.BINARY, Op.UNARY):
        return body.text(body.args(i)[0]) in _COMPARES
    return const is not None and const[0] in (Kind.BOOL, Kind.NULL)


def _members(model: Model, place: Place) -> set[str]:
    """The names of what is read of a call's answer, where it is made: ``response.ok``."""
    body, defuse = model.program.body(place.fn), model.evaluator.defuse(place.fn)
    waiting, seen, found = [place.instr], {place.instr}, set[str]()
    while waiting:
        for use in defuse.uses(waiting.pop()):
            found |= {body.name(use)} if body.op[use] == Op.FIELD else set()
            same = reads(body, defuse, use) if body.op[use] == Op.STORE else [use] if body.op[use] == Op.AWAIT else []
            waiting += [n for n in same if n not in seen]
            seen.update(same)
    return found


def _passes_over(model: Model, place: Place) -> bool:
    """Whether one side of a question about what a call answers does nothing, and no side of any tells somebody of a failure."""
    body, block_of = model.program.body(place.fn), model.evaluator.defuse(place.fn).block_of
    quiet = False
    for branch in model.outcomes.about(place):
        ways = body.blocks[block_of[branch]].onward
        sides = [reached_from(body, t) for t in ways]
        for n, side in enumerate(sides):
            own = side - frozenset().union(*(other for k, other in enumerate(sides) if k != n))
            acts = model.failures.acts_in(place.fn, own)
            if not acts and _told(model, place.fn, own):
                return False
            quiet = quiet or (model.failures.quiet(place.fn, ways[n]) and not acts)
    return quiet
