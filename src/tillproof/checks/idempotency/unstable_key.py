"""``idempotency/unstable-key``: the key is the same when the same attempt is repeated."""

import re
from collections.abc import Iterable, Iterator
from functools import partial

from tillproof.checks.catalog import Check
from tillproof.checks.idempotency.keys import Keyed, kept, key_code, keyed_places, random_source
from tillproof.checks.idempotency.labelled_keys import Labelled, labelled
from tillproof.checks.idempotency.own_repeats import AGAIN, made_anew, repeated_by_us
from tillproof.checks.operation_words import again, done
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.model import Model
from tillproof.commerce.touches import Touch
from tillproof.flow.program import Fn, Program
from tillproof.flow.shape import Found
from tillproof.flow.values import Ctx, Result, Value, pieces
from tillproof.ir.ops import Op

_ID = re.compile(r"id|uuid|pk|number|reference|(\w+_)?(order|payment|attempt)_?(id|uuid|number|reference)", re.IGNORECASE)
# Under which a shop keeps the attempt at paying for which the customer is sent to a provider's page.
_ATTEMPT = re.compile(
    r"_id|(tx_?|txn_?)?ref|tran_id|(\w+_)?(transaction|invoice|receipt|order|payment)_?(id|uuid|no|number|ref|reference)", re.IGNORECASE
)
_PIECES = 60
_GRAVE = ("critical", "high", "medium", "low")
_MOST_ENTRIES = 4


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per key that is sent, however many callers it is made for in one place."""
    told: dict[tuple[str, int, int], Ruling] = {}
    places = list(keyed_places(model))
    by_caller = {(found.site.fn, found.site.instr): found for found in labelled(model, places)}
    yield from (_by_caller(model, found) for found in by_caller.values())
    for place in places:
        others = (keyed for keyed in place if (keyed.site.fn, keyed.site.instr) not in by_caller)
        rulings = [_rule(model, keyed, keyed.found) for keyed in others if keyed.found is not None]
        worst = min(rulings, key=lambda r: r.outcome == "held", default=None)
        if worst is not None and worst.anchor is None:
            yield worst
        elif worst is not None and worst.anchor is not None:
            known = told.setdefault(worst.anchor, worst)
            if _GRAVE.index(worst.severity) < _GRAVE.index(known.severity):
                told[worst.anchor] = worst
    yield from told.values()


def _rule(model: Model, keyed: Keyed, found: Found) -> Ruling:
    program, site = model.program, keyed.site
    fn, instr = keyed.place
    value = found.value
    ruling = Ruling("idempotency/unstable-key", "held", "idempotency-key", fn.file, program.body(fn).line[instr])
    source = random_source(model, value)
    if source is None:
        note = f"the key {found.key} is put together from values that stay the same when the call is repeated"
        ruling.evidence.append(Evidence(value.at[0], value.at[1], note, "guard"))
        return ruling
    if kept(value) or _names_a_record(model, source, keyed, begins=site.operation.op == "checkout.create"):
        ruling.evidence.append(Evidence(value.at[0], value.at[1], "the key is stored with the order and used again", "guard"))
        return ruling
    ruling.outcome, ruling.confidence = "broken", "certain" if site.certain else "likely"
    ruling.severity = "medium" if site.operation.op == "checkout.create" else "high"  # nothing is paid until the customer pays there
    refused = site.operation.repeatable == "state-guarded"  # what was captured is not captured twice, under whatever key
    repeated = repeated_by_us(model, keyed) if not refused else None
    anew = repeated is not None and made_anew(model, repeated, source)
    if refused:
        ruling.severity = "low"
    if anew:
        ruling.severity = "critical"
    file, line = _made_at(model, keyed, source) or (fn.file, key_line(program, fn, instr, found.key))
    ruling.anchor = (file, line, line)
    asked = site.operation.op, site.operation.resource
    ruling.title = f"{site.provider.name}: the idempotency key is new on every call"
    ruling.message = (
        f"The key sent where {done(*asked)} is made from a random or clock value at the call, so a repeated request "
        f"carries another key and {site.provider.name} {_made(site.operation.repeatable, *asked)}.{AGAIN if anew else ''}"
    )
    stable = f"Derive the key from the order and the attempt: {key_code(model, keyed)}"
    ruling.remediation = f"{stable}; or store the random key with the order before the first call."
    ruling.evidence = [
        Evidence(source.at[0], source.at[1], "a value that differs on every call", "source"),
        at(program, site.fn, site.instr, f"sent as {found.key}", "sink"),
    ]
    if anew and repeated is not None:
        ruling.evidence.insert(1, at(program, repeated.fn, max(repeated.instr, 0), "our own code makes the call again here", "step"))
    return ruling


def _made(repeatable: str, op: str, resource: str) -> str:
    """What a provider does with a repeated request that it does not know again."""
    if repeatable == "state-guarded":
        return "refuses it, since it is done already, instead of answering what came of it: a lost answer stays lost"
    return f"makes {again(op, resource)} of it"


def _by_caller(model: Model, found: Labelled) -> Ruling:
    """A key that differs from one caller to the next, who all ask for the same."""
    program, site = model.program, found.site
    line = key_line(program, site.fn, site.instr, found.key)
    ruling = Ruling("idempotency/unstable-key", "broken", "idempotency-key", site.fn.file, program.body(site.fn).line[site.instr])
    ruling.severity, ruling.confidence = "high", "likely"
    ruling.anchor = (site.fn.file, line, line)
    ruling.title = f"{site.provider.name}: the idempotency key says who asks, not what is asked for"
    asked = site.operation.op, site.operation.resource
    said = ", ".join(f"`{label}`" for label in list(found.labels)[:3])
    ruling.message = (
        f"`{found.param.name}` in the key is what each caller calls itself ({said}), and nothing else hangs on it: two that ask for "
        f"the same thing at once send different keys, and {site.provider.name} makes {again(*asked)} of it."
    )
    ruling.remediation = (
        "Leave the caller out of the key: build it from what is paid for and from how often that was done before (the number of its "
        "subscriptions, payments or attempts), and send who asked as metadata."
    )
    ruling.evidence = [at(program, fn, call, f"asked here as `{label}`", "source") for label, (fn, call) in list(found.labels.items())[:3]]
    ruling.evidence.append(at(program, site.fn, site.instr, f"sent as {found.key}", "sink"))
    return ruling


def _names_a_record(model: Model, source: Value, keyed: Keyed, *, begins: bool) -> bool:
    """Whether a random value is the id of a record that is made with it: the key is as old as the record, not as the call. ``begins``: the
    customer is sent to a page to pay on, under the number of this attempt; where money moves at once, a new attempt moves it again."""
    if not isinstance(source, Result) or source.instr < 0:
        return False
    asked = [(c.caller, c.call) for c in (source.ctx.chain() if source.ctx is not None else ())]  # who has a helper make it
    sending = (keyed.place[0], *(c.caller for c in (keyed.ctx.chain() if keyed.ctx is not None else ())))
    around = dict.fromkeys((source.fn, *(caller for caller, _ in asked), *sending))
    for touch in (t for fn in around for t in _touched_with(model, fn)):
        if not touch.writes or not model.words.entity(touch.entity):
            continue
        named = [v for name, v in touch.fields.items() if v is not None and (_ID.fullmatch(name) or (begins and _ATTEMPT.fullmatch(name)))]
        made_of = pieces(named, _PIECES, partial(_ours, model))
        if any(isinstance(p, Result) and (p.fn, p.instr) == (source.fn, source.instr) and _same_call(p, asked) for p in made_of):
            return True
    return False


def _ours(model: Model, value: Value) -> Iterable[Value]:
    """What a value is made of here. What the provider answers is of its own making, whatever it was asked with."""
    if isinstance(value, Result) and value.instr >= 0:
        by_sdk = model.operations.at(value.fn, value.instr, value.ctx)
        if by_sdk is not None or model.http.request(value.fn, value.instr) is not None:
            return ()
    return model.evaluator.made_of(value)


def _same_call(made: Result, asked: list[tuple[Fn, int]]) -> bool:
    """Whether a value comes of one of the calls that another came of: a helper makes something else each time that it is called."""
    ways = [(c.caller, c.call) for c in (made.ctx.chain() if made.ctx is not None else ())]
    return not asked or not ways or ways[0] == asked[0]


def _touched_with(model: Model, fn: Fn) -> Iterator[Touch]:
    """What a function does to records, by itself and, where it is asked from outside, by what it calls."""
    for i, op in enumerate(model.program.body(fn).op):
        own = model.records.touch(fn, i, None) if op in (Op.CALL, Op.NEW, Op.SET_FIELD) else None
        if own is not None:
            yield own
    for entry in model.entries_to(fn)[:_MOST_ENTRIES]:
        yield from (e.touch for e in model.effects.of(entry.target) if e.touch is not None and any(p.fn == fn for p in e.way[1:]))


def _made_at(model: Model, keyed: Keyed, source: Value) -> tuple[str, int] | None:
    """Where the random value is made, or asked for from what makes it, when that is on the way from the caller to the call: all callers
    share it."""
    between = {keyed.site.fn, *(c.caller for c in (keyed.ctx.chain() if keyed.ctx else ()))} - {keyed.place[0]}
    if not isinstance(source, Result) or source.instr < 0:
        return None
    if source.fn in between:
        return source.at
    way = next((w for w in _ways_out(model, source) if w[-1].caller in between), [])
    if not way or source.fn.file == way[-1].caller.file:
        return source.at if way else None
    asked = next(c for c in way if c.caller.file == way[-1].caller.file)
    return asked.caller.file, model.program.body(asked.caller).line[asked.call]


def _ways_out(model: Model, source: Result) -> Iterator[list[Ctx]]:
    """The calls through which a random value comes out of what makes it, from the inside: ``$this->uuids->provide()``."""
    above = model.callers.above(source.fn, source.ctx)
    for one in (*([source.ctx] if source.ctx is not None else []), *above):
        chain = list(one.chain())
        yield from (chain[:n] for n in range(1, len(chain) + 1))
    for one in above[:_MOST_ENTRIES]:
        yield from (list(further.chain()) for further in model.callers.above(source.fn, one))


def key_line(program: Program, fn: Fn, instr: int, key: str) -> int:
    """Where the key is given: the argument or entry of the call, the setter beside it; else the call."""
    body = program.body(fn)
    named = [body.line[v] for k, v in body.call(instr)[1] if k == key]
    for i, op in enumerate(body.op):
        const = body.const(i)
        if (const and const[1] == key) or (op in (Op.FIELD, Op.SET_FIELD) and body.name(i) == key):
            named.append(body.line[i])
    return min(named, key=lambda line: (line > body.end_line[instr], abs(line - body.line[instr])), default=body.line[instr])


CHECK = Check(id="idempotency/unstable-key", title="The idempotency key is stable", severity="high", rule=rule)
