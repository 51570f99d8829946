"""Rulings on jobs of a queue: ``idempotency/handler-not-idempotent`` where a second run counts again what the first one has counted."""

from collections.abc import Iterator

from tillproof.checks.idempotency.deliveries import RANK, describe, kept_once
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, entry_line, lines, source, step, steps
from tillproof.commerce.chats import in_chat
from tillproof.commerce.entries import Entry
from tillproof.commerce.model import Model
from tillproof.commerce.periods import lengthened
from tillproof.commerce.repeats import Repeat
from tillproof.ir.body import Body

_ITSELF = ("self", "cls", "this", "job", "task")
_MAKERS = ("__construct", "__init__", "constructor")


def jobs(model: Model) -> Iterator[Ruling]:
    """One ruling per job that is told which order or customer it is for, and counts goods or money for it."""
    handlers = {h.entry.target.fn for h in model.handlers.all}
    for entry in model.entries:
        if entry.role != "internal" or entry.target.fn in handlers or not _is_told(model, entry):
            continue
        counted = [
            r for r in model.repeats.of(entry.target) if _counts(model, entry, r) or (_lengthens(model, r) and not in_chat(model, entry))
        ]
        if counted:
            yield _rule(model, entry, counted)


def _is_told(model: Model, entry: Entry) -> bool:
    """Whether a job is handed what it is for. One that runs by the clock looks for itself what is to be done."""
    program = model.program
    if _asks(program.body(entry.target.fn)):
        return True
    owner = program.owner(entry.target.fn)
    made = (f for f in program.all_functions(entry.target.fn.file) if program.owner(f) == owner and program.name(f) in _MAKERS)
    queued = entry.style == "class" and owner is not None
    return queued and any(_asks(program.body(f)) for f in made)


def _asks(body: Body) -> bool:
    """Whether a function is handed anything by name; a command that is typed takes whatever options there are."""
    return any(p.name not in _ITSELF and not p.kind for p in body.params)


def _counts(model: Model, entry: Entry, repeat: Repeat) -> bool:
    """Whether an effect adds to, or takes from, what is kept of goods or money; what a button of a chat adds to what was read may be a
    span of time."""
    touch = repeat.effect.touch
    if repeat.harm not in ("money", "goods") or touch is None or touch.kind != "write":
        return False
    taken = model.stock_writes.write(touch) if repeat.effect.certain else None
    read = () if in_chat(model, entry) else touch.fields
    added = bool(touch.relative) or any(model.repeats.adds(repeat.effect, name) for name in read)
    return added or (taken is not None and taken.how != "set")


def _lengthens(model: Model, repeat: Repeat) -> bool:
    """Whether an effect makes what somebody has paid for last longer, from the end that is kept."""
    touch = repeat.effect.touch
    return touch is not None and touch.kind == "write" and bool(lengthened(model, touch))


def _rule(model: Model, entry: Entry, counted: list[Repeat]) -> Ruling:
    file, line = entry_line(model, entry)
    ruling = Ruling("idempotency/handler-not-idempotent", "held", "job", file, line)
    ruling.evidence = [source(model, entry, f"{called(model, entry)}: the queue may run it again")]
    bare = [r for r in counted if not r.guards and not kept_once(model, r)]
    if not bare:
        for guard in [g for r in counted for g in r.guards][:3]:
            at = model.program.body(guard.atom.fn).line[guard.atom.instr]
            ruling.evidence.append(Evidence(guard.atom.fn.file, at, "a second run stops here", "guard"))
        return ruling
    worst = min(bare, key=lambda r: RANK[r.harm])
    what = describe(worst)
    place = worst.effect.way[-1]
    if model.asked_for.of(place.fn, place.instr):  # what all messages come through says nothing of this one
        place = worst.effect.way[0]
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "medium", "likely"
    ruling.anchor = lines(model, place)
    ruling.title = "A job that runs a second time counts a second time"
    ruling.message = (
        f"When the queue runs {called(model, entry)} again, after a lost worker, a failure late in it or because it was queued twice, "
        f"{what} once more: no condition on the way asks whether this was done already."
    )
    ruling.remediation = (
        "Change the state of the order first, by one update that asks for the old one in its `WHERE`, in the transaction of what is "
        "counted, and leave when it changed no row."
    )
    ruling.evidence.append(step(model, place, "nothing asks whether this was done before", "missing"))
    ruling.evidence += steps(model, worst.effect, what)
    return ruling
