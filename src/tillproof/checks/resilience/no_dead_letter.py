"""``resilience/no-dead-letter``: a message or job that failed for good rests where somebody sees it."""

import re
from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.resilience.losses import Lost, lost
from tillproof.checks.resilience.stakes import at_stake
from tillproof.checks.resilience.sweeps import looked_for_again
from tillproof.checks.resilience.unheard_of import out_of_hearing
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import called, entry_line, extent, source, step, steps
from tillproof.commerce.effects import Effect
from tillproof.commerce.failures import only_expected
from tillproof.commerce.handled import Handler
from tillproof.commerce.held_open import queued
from tillproof.commerce.model import Model
from tillproof.commerce.queues import Job
from tillproof.flow.program import Fn

_ID = "resilience/no-dead-letter"
_INBOX = re.compile(
    r"(.*_)?(webhook|inbox|ipn|incoming)(_.*)?"
    r"|(.*_)?(stripe|paypal|payment|provider|processed|received|external|gateway|adyen|mollie|shopify)_(event|notification|message)s?(_.*)?"
)
_KEEPS = re.compile(r"(.*_)?(payload|body|raw|data|status|state|error|content|json|request|message)(_.*)?")
_MONEY = ("payment.", "refund.", "transfer.", "payout.", "checkout.", "subscription.")


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per job that swallows its own failure; else one per queue and deployed part; and one per handler that works by itself."""
    yield from _jobs(model)
    for handler in model.handlers.all:
        if handler.kind != "redirect-return":
            yield from _handler(model, handler)


# --- jobs


def _jobs(model: Model) -> Iterator[Ruling]:
    groups: dict[tuple[str, str], list[tuple[Job, list[Effect]]]] = {}
    for job in model.queues.all:
        if job.queue.in_process:
            continue
        effects = model.queues.at_stake(job.target)
        if not effects:
            continue
        loss = _forgotten(model, effects)
        if loss is not None and not _fails_itself(model, job) and not looked_for_again(model, loss.fn, loss.instr):
            yield _swallowed(model, job, loss)
        else:
            groups.setdefault((job.queue.id, model.program.unit(job.target.fn.file)), []).append((job, effects))
    for (_, unit), jobs in groups.items():
        yield _queue(model, unit, jobs)


def _forgotten(model: Model, effects: list[Effect]) -> Lost | None:
    """The first failure of any kind that is taken for success and leaves no trace that somebody may find."""
    ends = (found for e in effects if (found := lost(model, e)) is not None)
    broad = (e for e in ends if e.left_alone or model.failures.is_broad(e.fn, e.instr))
    return next((e for e in broad if not model.failures.leaves_trace(e.fn, e.instr)), None)


def _fails_itself(model: Model, job: Job) -> bool:
    """Whether a job declares itself failed where it catches: ``$this->fail($e)``."""
    return not model.vocabulary.tokens(job.target.fn).isdisjoint(job.queue.fails_by)


def _place(model: Model, job: Job) -> tuple[Fn, str, int]:
    fn = job.target.fn
    function = model.program.function(fn)
    return fn, fn.file, function.line if function else 1


def _swallowed(model: Model, job: Job, loss: Lost) -> Ruling:
    fn, file, line = _place(model, job)
    name = model.program.qualified(fn)
    ruling = Ruling(_ID, "broken", "job", file, line, severity="medium", confidence="likely")
    body = model.program.body(loss.fn)
    there = body.line[loss.instr] if loss.instr >= 0 else line
    ruling.anchor = (loss.fn.file, there, there)
    ruling.title = "A job that failed counts as done"
    ruling.message = (
        f"When the work of `{name}` fails, {loss.how.partition(', and success')[0]} and {job.queue.name} counts the job as done: it is not "
        "tried again, it rests nowhere, and nobody is told. What it was to do to an order, a payment or the stock never happens."
    )
    ruling.remediation = "Let the exception through once it is logged, so that the queue tries again and keeps what failed for good"
    ruling.remediation += f"; keep it by {job.queue.remedy}." if job.queue.remedy else "."
    ruling.evidence = [
        Evidence(file, line, f"{job.queue.name} runs `{name}`", "source"),
        Evidence(loss.fn.file, there, "the failure ends here", "missing"),
        *steps(model, loss.effect, "this may fail"),
    ]
    return ruling


def _queue(model: Model, unit: str, found: list[tuple[Job, list[Effect]]]) -> Ruling:
    """Where what failed for good rests, asked once for all jobs of a queue; the ruling stands at the job that matters most."""
    job, effects = min(found, key=lambda pair: not any(e.kind.startswith(_MONEY) for e in pair[1]))
    fn, file, line = _place(model, job)
    queue, name = job.queue, model.program.qualified(fn)
    ruling = Ruling(_ID, "held", "job", file, line)
    ruling.evidence = [
        Evidence(file, line, f"{queue.name} runs `{name}`", "source"),
        step(model, effects[0].place, "this may fail", "sink"),
    ]
    forgets = model.queues.forgetting(queue, unit)
    rests = model.queues.resting(queue, unit)
    if rests is not None and (forgets is None or rests.file != forgets.file):
        ruling.evidence.append(Evidence(rests.file, rests.line, f"what failed for good is kept or told of: `{rests.word}`", "guard"))
    if queue.keeps and forgets is None:
        ruling.evidence.append(Evidence(file, line, f"{queue.keeps} holds what failed for good ({queue.source})", "guard"))
    if ruling.evidence[-1].kind == "guard":
        return ruling
    if not model.queues.configured(queue):
        ruling.outcome = "unknown"
        asked = f"Where does {queue.name} keep what failed for good? `{queue.configured_in[0]}` is not in this tree."
        ruling.question = Evidence(file, line, asked)
        return ruling
    others = f" (and {len(found) - 1} more of its jobs)" if len(found) > 1 else ""
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium", "likely"
    where = (forgets.file, forgets.line) if forgets is not None else (file, line)
    ruling.anchor = (*where, where[1])
    ruling.title = "A job that failed for good is forgotten"
    why = f"`{forgets.word}` tells {queue.name} to forget it" if forgets is not None else f"{queue.name} keeps nothing by itself"
    ruling.message = (
        f"When `{name}`{others} has failed for the last time, {why}, and nothing in this code keeps the job or tells somebody: what it was "
        "to do to an order, a payment or the stock never happens, and is missed only when a customer complains."
    )
    ruling.remediation = f"Keep what failed and tell somebody: {queue.remedy or 'leave the option out and alert on failed jobs'}."
    ruling.evidence.append(Evidence(*where, why, "missing"))
    return ruling


# --- handlers that do the work themselves


def _handler(model: Model, handler: Handler) -> Iterator[Ruling]:
    entry = handler.entry
    file, line = entry_line(model, entry)
    background = _in_background(model, handler)
    if background is not None:
        yield _left_behind(model, handler, background)
        return
    effects = [e for e in at_stake(model, entry, handler) if not queued(model, e)]
    if not effects:
        return
    loss = _forgotten(model, effects) or next((out for e in effects if (out := out_of_hearing(model, e)) is not None), None)
    ruling = Ruling(_ID, "held", handler.kind, file, line)
    ruling.evidence = [source(model, entry, f"{called(model, entry)}: {handler.provider.name} sends its messages here")]
    stored = _inbox(model, handler)
    if stored is not None:
        ruling.evidence.append(step(model, stored.place, "the message is stored, so that one that failed can be found", "guard"))
    elif loss is None:
        ruling.evidence.append(
            step(model, effects[0].way[-1], f"what fails is told to {handler.provider.name}, which keeps the message", "guard")
        )
    else:
        _lost_message(model, handler, loss, ruling)
    yield ruling


def _lost_message(model: Model, handler: Handler, loss: Lost, ruling: Ruling) -> None:
    entry, who = handler.entry, handler.provider.name
    there = _catch_of(model, handler, loss)
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium", "likely"
    ruling.anchor = (*there, there[1])
    ruling.title = f"A {who} message that cannot be handled is kept nowhere"
    ruling.message = (
        f"When the work behind {called(model, entry)} fails, {loss.how}. {who} does not send the message again, no table or queue of the "
        "shop holds it, and nobody is told: the payment, refund or change of stock that it announced is found only when books are compared."
    )
    ruling.remediation = (
        "Store the message (id, type, payload, `status='received'`) before the work, set `status='failed'` with the error when it cannot "
        "be done, and tell somebody of rows that stay so; or answer 500, so that the provider keeps it and sends it again."
    )
    body = model.program.body(loss.fn)
    ruling.evidence.append(Evidence(loss.fn.file, body.line[loss.instr] if loss.instr >= 0 else 1, "the failure ends here", "step"))
    ruling.evidence.append(Evidence(*there, "the message is kept nowhere", "missing"))
    fn = entry.target.fn
    own = max((model.program.body(fn).line[c.caught] for c in model.failures.catches(fn)), default=0)
    if own and (fn.file, own) != there:
        ruling.evidence.append(Evidence(fn.file, own, "nor is it kept here, where the message is at hand", "missing"))


def _catch_of(model: Model, handler: Handler, loss: Lost) -> tuple[str, int]:
    """The catch of the entry point itself, where a message that failed would be kept; else where the failure ends. One that answers with
    an error loses nothing: what ends further in never comes to it."""
    fn = handler.entry.target.fn
    body = model.program.body(fn)
    swallowing = (c for c in model.failures.catches(fn) if not only_expected(c) and model.failures.swallows(fn, c))
    caught = [body.line[c.caught] for c in swallowing]
    if caught and loss.fn != fn:
        return fn.file, max(caught)
    inner = model.program.body(loss.fn)
    return loss.fn.file, inner.line[loss.instr] if loss.instr >= 0 else entry_line(model, handler.entry)[1]


def _inbox(model: Model, handler: Handler) -> Effect | None:
    """The effect by which the message itself is stored."""
    for effect in model.effects.of(handler.entry.target):
        touch = effect.touch
        if (
            touch is not None
            and touch.kind in ("create", "upsert")
            and _INBOX.fullmatch(touch.entity)
            and any(_KEEPS.fullmatch(n) for n in touch.fields)
        ):
            return effect
    return None


def _in_background(model: Model, handler: Handler) -> Job | None:
    """Work that runs in this process after the answer, if a handler leaves it behind and nobody hears of its failure."""
    reached = model.handlers.closure(handler.entry).functions
    left = [(reached[fn], job) for (fn, _), job in model.queues.left_in_process.items() if fn in reached]
    for _, job in sorted(left, key=lambda one: one[0]):  # where the message itself is left behind, before what that leaves
        unit = model.program.unit(job.target.fn.file)
        if model.queues.at_stake(job.target) and model.queues.resting(job.queue, unit) is None:
            return job
    return None


def _left_behind(model: Model, handler: Handler, job: Job) -> Ruling:
    file, line = entry_line(model, handler.entry)
    who = handler.provider.name
    ruling = Ruling(_ID, "held", handler.kind, file, line)
    ruling.evidence = [source(model, handler.entry, f"{called(model, handler.entry)}: {who} sends its messages here")]
    fn, i = job.handed if job.handed is not None else (job.target.fn, 0)
    stored = _inbox(model, handler)
    if stored is not None:
        ruling.evidence.append(step(model, stored.place, "the message is stored, so that one that failed can be found", "guard"))
        return ruling
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium", "likely"
    ruling.anchor = extent(model.program, fn, i)
    ruling.title = f"A {who} message is answered before its work is done, and kept nowhere"
    ruling.message = (
        f"{called(model, handler.entry)} answers {who} and leaves the work to {job.queue.name}: when that fails, or the process ends, the "
        "message is gone. The provider was told that it arrived, nothing of the shop holds it, and nobody is told."
    )
    ruling.remediation = f"Hand the message to something that outlives the process: {job.queue.remedy}."
    ruling.evidence.append(at(model.program, fn, i, "the work is left behind here", "missing"))
    effects = model.queues.at_stake(job.target)
    ruling.evidence.append(step(model, effects[0].place, "this may fail", "sink"))
    return ruling


CHECK = Check(id=_ID, title="What failed for good rests where somebody sees it", severity="medium", rule=rule)
