"""Sums that a request names and that are taken from a balance: one below nothing raises it, and there is always enough of it."""

from collections.abc import Callable, Iterator

from tillproof.checks.payment.amounts import Chosen, chosen_by_client
from tillproof.checks.payment.bounds import lower_bound
from tillproof.checks.payment.declared_bounds import Barrier, declared_bound
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called
from tillproof.commerce.effects import Effect
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.purse_names import holds_balance
from tillproof.flow.program import Fn
from tillproof.flow.values import Mix, Value, options

_TWO = 2


def taken_from_purses(model: Model, told: Callable[[Fn], bool]) -> Iterator[Ruling]:
    """One ruling of ``payment/client-amount`` per balance that a request of the customer's takes from by a sum that it names; none of a
    flaw in a function of which the same is ``told`` already."""
    seen: set[tuple[Fn, int]] = set()
    for entry in model.entries:
        if entry.role not in ("public", "customer"):
            continue
        near = model.handlers.closure(entry).functions
        if not any(model.vocabulary.purse(fn) for fn in near):
            continue
        for effect in model.effects.of(entry.target):
            for name, taken in _taken(model, effect):
                chosen = next((c for c in chosen_by_client(model, taken) if c.key and model.words.money(c.word)), None)
                if chosen is not None and (effect.fn, effect.instr) not in seen:
                    seen.add((effect.fn, effect.instr))
                    around = [fn for fn in near if chosen.word in model.vocabulary.tokens(fn)]
                    bound = declared_bound(model, around, chosen.word) or lower_bound(model, around, chosen.word)
                    if bound is not None or not told(effect.fn):
                        yield _rule(model, entry, effect, name, chosen, bound)


def _taken(model: Model, effect: Effect) -> Iterator[tuple[str, Value]]:
    """The balances that are lowered here, each with by how much."""
    touch = effect.touch
    if touch is None or touch.kind not in ("write", "upsert"):
        return
    for name, value in touch.fields.items():
        if value is None or not holds_balance(touch.entity, name):
            continue
        if name in touch.relative and model.stock_writes.takes_away(touch, name, value):
            yield name, value
        elif name not in touch.relative:
            lowered = (o.operands[1] for o in options(value) if isinstance(o, Mix) and o.op == "-" and len(o.operands) == _TWO)
            yield from ((name, by) for by in lowered)


def _rule(model: Model, entry: Entry, effect: Effect, name: str, chosen: Chosen, bound: Barrier | None) -> Ruling:
    line = model.program.body(effect.fn).line[effect.instr]
    ruling = Ruling("payment/client-amount", "held", "order-total", effect.fn.file, line)
    if bound is not None:
        ruling.evidence.append(Evidence(bound.file, bound.line, bound.what, "guard"))
        return ruling
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "critical", "likely"
    ruling.anchor = (effect.fn.file, line, line)
    ruling.title = "A sum below nothing raises the balance from which it is taken"
    ruling.message = (
        f"{called(model, entry)} takes `{chosen.word}` from `{name}`, and nothing refuses a negative one: it is never more than what is "
        "there, so it passes, and whoever sends it has that much more to buy with, or to be paid out."
    )
    word = snake(chosen.word)
    ruling.remediation = f"Refuse a `{word}` that is not above zero before anything is compared with it, best in the declaration."
    ruling.evidence.append(Evidence(*chosen.read, f"`{chosen.word}` is read from the request", "source"))
    ruling.evidence.append(Evidence(effect.fn.file, line, "it is taken from the balance, and no bound keeps it above zero", "missing"))
    return ruling
