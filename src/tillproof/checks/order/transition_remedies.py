"""What a change of state that asks nothing first can spoil, and the line that asks, in the ORM and with the names of the code in hand."""

from collections.abc import Iterable

from tillproof.checks import remedies
from tillproof.commerce.lexicon import Words
from tillproof.commerce.model import Model
from tillproof.commerce.transitions import Transition
from tillproof.knowledge.schema import Provider


def spoilt(words: Words, to: Iterable[str]) -> str:
    """The states in which an order loses by being set to one of these."""
    aims = {_aim(words, state) for state in to}
    if aims == {"refund"}:
        return "it was never paid, or its money is back already"
    if aims == {"dead"}:
        return "it is already paid, refunded or sent"
    if aims <= {"paid", "fulfilled"}:
        return "it is already cancelled, refunded or sent"
    return "it is already paid, cancelled, refunded or sent"


def _aim(words: Words, state: str) -> str:
    if "refund" in state.lower():
        return "refund"
    kinds = (("dead_values", "dead"), ("paid_values", "paid"), ("fulfil_values", "fulfilled"), ("open_values", "open"))
    return next((aim for kind, aim in kinds if words.has(kind, state)), "")


def remedy(model: Model, file: str, transition: Transition) -> str:
    """What to write. Which of its states allow the change is the shop's to say, so they are left open (``…``)."""
    flag = not model.words.has("status_fields", transition.field)
    name = transition.touch.entity.replace("_", " ")
    aims = {_aim(model.words, state) for state in transition.to}
    from_ = "an open state" if aims <= {"paid", "fulfilled"} and not flag else "a state that allows it"
    code = _written(model, file, transition, flag) or _sql(model, file, transition, flag)
    return f"Change the {name} only from {from_}, ask for it in the same statement, and stop where nothing was changed: {code}."


def _written(model: Model, file: str, transition: Transition, flag: bool) -> str:
    table = model.schema.table(transition.touch.entity, file)
    owner = model.program.indices[table.model.file].classes[table.model.number].name if table is not None and table.model else ""
    entity = transition.touch.entity
    camel = entity[:1] + _pascal(entity)[1:]
    python = model.program.language(file) == "python"
    holes = {
        "entity": owner or _pascal(entity),
        "delegate": camel,
        "record": entity if python else camel,
        "field": transition.field,
        "to": ("True" if python else "true") if flag else f"'{transition.shown[0]}'",
        "from": ("False" if python else "false") if flag else "…",
    }
    platform = next((p for p in model.knowledge.providers.values() if _speaks(model, p, file)), None)
    return remedies.code(model, file, "change-state", platform, **holes)


def _speaks(model: Model, provider: Provider, file: str) -> bool:
    """Whether a file is written for a platform whose pack has words of its own for this."""
    return provider.kind == "platform" and "change-state" in provider.remedies and model.recogniser.mentions(provider, file)


def _pascal(entity: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in entity.split("_"))


def _sql(model: Model, file: str, transition: Transition, flag: bool) -> str:
    table = model.schema.table(transition.touch.entity, file)
    name = table.name if table is not None else transition.touch.entity
    key, field = next(iter(transition.touch.keys), "id"), transition.field
    new, old = ("TRUE", "= FALSE") if flag else (f"'{transition.shown[0]}'", "IN (…)")
    return " ".join(("`UPDATE", name, "SET", f"{field} = {new}", "WHERE", f"{key} = ?", f"AND {field} {old}`"))
