"""``idempotency/dedup-ttl-short``: a handled message is remembered for as long as the provider may send it again."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step
from tillproof.commerce.effects import Effect
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.repeats import Guard

_LEAST = 24
_HOUR = 3600


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per handler that knows a message again by nothing but a mark in a cache."""
    for handler in model.handlers.all:
        if handler.kind == "redirect-return":
            continue
        effects = model.effects.of(handler.entry.target)
        if not any(_is_mark(e) for e in effects):
            continue
        done = [e for e in effects if e.operation is not None or e.kind == "mail" or (e.touch is not None and e.touch.effect != "cache")]
        marks = [m for e in done if (m := _only_marks(model.repeats.guards(e, handler.entry.target)))]
        if marks:
            yield _rule(model, handler, list({(e.fn, e.instr): e for found in marks for e in found}.values()))


def _only_marks(guards: tuple[Guard, ...]) -> list[Effect]:
    """The calls that set the marks behind guards; none when something that lasts guards too."""
    by = [e for g in guards for e in g.by]
    return by if all(_is_mark(e) for e in by) else []


def _is_mark(effect: Effect) -> bool:
    return effect.touch is not None and effect.touch.effect == "cache" and effect.touch.kind in ("write", "upsert")


def _rule(model: Model, handler: Handler, marks: list[Effect]) -> Ruling:
    entry = handler.entry
    file, line = entry_line(model, entry)
    ruling = Ruling("idempotency/dedup-ttl-short", "held", handler.kind, file, line, severity="medium")
    again = handler.inbound.redelivers
    need = again or _LEAST
    why = (
        f"{handler.provider.name} sends a message again for up to {_said(need)}" if again else "messages are sent again for a day and more"
    )
    ruling.evidence = [source(model, entry, f"{handler.provider.name} {handler.kind} handler: {why}")]
    kept = [(model.cache_marks.seconds(e.touch), e) for e in marks if e.touch is not None]
    unknown = [e for seconds, e in kept if seconds is None]
    known = [(seconds, e) for seconds, e in kept if seconds is not None]
    shortest, effect = min(known, key=lambda pair: pair[0]) if known else (None, marks[0])
    if shortest is None or (unknown and shortest >= need * _HOUR):
        ruling.outcome = "unknown"
        _, at, _ = lines(model, marks[0].place)
        ruling.question = Evidence(marks[0].fn.file, at, f"For how long does the cache keep the mark? It has to be {_said(need)} at least.")
        return ruling
    hours = shortest / _HOUR
    if hours >= need:
        ruling.evidence.append(step(model, effect.place, "kept for as long as the message may come again", "guard"))
        return ruling
    ruling.outcome = "broken"
    ruling.confidence = "likely"
    ruling.severity = "low" if hours >= _LEAST else "medium"
    ruling.anchor = lines(model, effect.place)
    ruling.title = f"A handled message is forgotten after {_said(hours)}"
    ruling.message = (
        f"What {called(model, entry)} has handled is known from a mark in a cache alone, which is gone after {_said(hours)}; {why}. One "
        "that comes back later, after an outage or by hand from the dashboard, is handled a second time."
    )
    ruling.remediation = (
        "Record the message's id in a table with a unique constraint, in the transaction of the effects; or keep the mark for "
        f"{_said(need)} at least."
    )
    ruling.evidence.append(step(model, effect.place, f"kept for {_said(hours)}", "missing"))
    return ruling


def _said(hours: float) -> str:
    """A time for people."""
    for unit, length in (("day", 24.0), ("hour", 1.0), ("minute", 1 / 60)):
        if hours >= length * (2 if unit == "day" else 1):
            number = round(hours / length)
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{round(hours * 3600)} seconds"


CHECK = Check(id="idempotency/dedup-ttl-short", title="Handled messages are remembered long enough", severity="medium", rule=rule)
