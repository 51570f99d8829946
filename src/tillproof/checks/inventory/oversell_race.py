"""``inventory/oversell-race``: what is left is looked at and taken in one step, so that two customers never take the same piece."""

from collections.abc import Iterator

from tillproof.checks import remedies
from tillproof.checks.catalog import Check
from tillproof.checks.inventory.booked_blind import of_blind
from tillproof.checks.inventory.compared import of_compared
from tillproof.checks.inventory.counted import of_counted
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import called, extent, source, step, steps
from tillproof.commerce.blind_bookings import blind_bookings
from tillproof.commerce.compared_before_paying import compared_before_paying
from tillproof.commerce.counted_places import counted_places
from tillproof.commerce.model import Model
from tillproof.commerce.pieces_taken import PieceTaken
from tillproof.commerce.spent import Spent
from tillproof.commerce.stock_triggers import StockTrigger
from tillproof.commerce.takings import GOODS, Taking
from tillproof.commerce.unstocked import Unstocked, unstocked
from tillproof.flow.program import Fn
from tillproof.flow.values import Result, names, options

_ID = "inventory/oversell-race"
_FLAWS = {
    "unlocked": "nothing keeps another order out between the look and the write",
    "unheard": "it is not asked whether a row was changed",
    "let go": "no transaction is open, so the lock ends with the statement that takes it",
    "unasked": "the stock is locked, and nobody asks whether enough is left",
}


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per function, or trigger, that takes stock or a single piece for customers; per place where orders are made when nothing
    takes any; and per place where places are counted, or stock is compared, and another customer may take them before this one has."""
    for taking in model.takings.all:
        yield _rule(model, taking)
    for trigger in model.takings.triggers:
        yield _by_database(model, trigger)
    for piece in model.pieces_taken.all:
        yield _piece(model, piece)
    never = list(unstocked(model))
    for one in never:
        yield _never(model, one)
    told = {(one.effect.fn, one.effect.instr) for one in never} | {(p.place.fn, p.place.instr) for p in model.pieces_taken.all}
    for counted in counted_places(model):
        if (counted.effect.fn, counted.effect.instr) not in told:
            told.add((counted.effect.fn, counted.effect.instr))
            yield of_counted(model, counted)
    for blind in blind_bookings(model):
        if (blind.effect.fn, blind.effect.instr) not in told:
            yield of_blind(model, blind)
    for compared in compared_before_paying(model):
        if (compared.begun.fn, compared.begun.instr) not in told:
            yield of_compared(model, compared)


# --- stock that is taken


def _rule(model: Model, taking: Taking) -> Ruling:
    fn, i, _ = taking.place
    body = model.program.body(fn)
    ruling = Ruling(_ID, "held", "stock-taking", fn.file, body.line[i])
    ruling.evidence = [step(model, taking.place, f"`{_name(taking)}` is taken here", "sink")]
    if taking.kept is not None:
        kept = [taking.kept, model.takings.bounded(taking.write, taking.table)]
        ruling.evidence += [Evidence(k.file, k.line, k.what, "guard") for k in dict.fromkeys(k for k in kept if k is not None)]
        return ruling
    if taking.flaw == "unasked":
        ruling.outcome = "unknown"
        ruling.question = Evidence(fn.file, body.line[i], f"Is `{_name(taking)}` compared with what is ordered while the row is locked?")
        return ruling
    if taking.spent is not None:
        return _blind(model, taking, *taking.spent, ruling)
    ruling.outcome, ruling.severity = "broken", "high"
    ruling.confidence = "certain" if taking.table is not None else "likely"
    ruling.anchor = extent(model.program, fn, i)
    if taking.compared is not None:
        ruling.evidence.insert(0, step(model, taking.compared, "what is left is looked at here, without a lock", "source"))
    ruling.evidence += [step(model, other, "and here, in the same way", "sink") for other in taking.others]
    ruling.evidence.append(Evidence(fn.file, body.line[i], _FLAWS[taking.flaw], "missing"))
    ruling.title, ruling.message = _told(taking)
    ruling.remediation = _remedy(model, fn.file)
    return ruling


def _blind(model: Model, taking: Taking, fn: Fn, spent: Spent, ruling: Ruling) -> Ruling:
    """Stock that is looked at under a lock by a question that is asked about nothing."""
    body = model.program.body(fn)
    name = body.name(spent.made)
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "likely"
    ruling.anchor = (fn.file, body.line[spent.made], body.end_line[spent.second])
    ruling.evidence.insert(0, Evidence(fn.file, body.line[spent.made], f"`{name}` can be gone through only once", "source"))
    ruling.evidence.insert(1, Evidence(fn.file, body.line[spent.first], "it is gone through here, and is empty behind it", "step"))
    ruling.evidence.append(Evidence(fn.file, body.line[spent.second], "what is left is asked for nothing", "missing"))
    ruling.title = "What others have taken is asked with a list that is used up"
    ruling.message = (
        f"`{name}` is a generator, and an earlier question goes through it; the one behind it is asked about no rows and finds nothing "
        f"taken, so `{_name(taking)}` is sold again to everybody, although its row is locked. The shop is paid for goods that it does not "
        "have."
    )
    ruling.remediation = f"Make `{name}` a list, `[… for … in …]`, which can be gone through as often as one likes."
    return ruling


def _told(taking: Taking) -> tuple[str, str]:
    """Title and message."""
    name = _name(taking)
    if taking.flaw == "unheard":
        message = (
            f"`{name}` is taken only where enough is left, but nobody asks whether a row was changed: when the last piece is gone the "
            "update changes nothing and the order goes on all the same, so the shop is paid for goods that it does not have."
        )
        return "An order goes on when there was not enough stock to take", message
    if taking.flaw == "let go":
        message = (
            f"`{name}` is read with a lock, but no transaction is open on any way here: the database lets go of the row once it is read. "
            "Of two orders for the last piece both find it there and both take it; the shop is paid for goods that it does not have."
        )
        return "The lock on the stock is gone before anything is taken", message
    if taking.compared is None and not _takes_what_is_left(taking):
        message = (
            f"`{name}` is counted {'up' if taking.write.promised else 'down'} whatever it holds: nothing on the way compares it with what "
            "is ordered in the same step, so more is sold than there is, and the shop has to cancel orders that were paid."
        )
        return "Stock is taken without asking whether enough is left", message
    message = (
        f"What is left of `{name}` is looked at first and taken later, with neither a lock nor a condition in the update: of two orders "
        "for the last piece both find it there and both take it. The shop is paid for goods that it does not have, and must refund."
    )
    return "Two orders at once take the same last piece", message


def _takes_what_is_left(taking: Taking) -> bool:
    """Whether no more is taken than was there when it was looked at: ``min(row.stock, wanted)``."""
    given = [o for o in options(taking.write.by) if isinstance(o, Result)] if taking.write.by is not None else []
    return any(name.rpartition(".")[2].lower() == "min" for o in given for name in names(o.callee))


def _name(taking: Taking) -> str:
    table, entity = taking.table, taking.write.touch.entity
    holder = (table.entity or table.name) if table is not None else entity if GOODS.fullmatch(entity) else ""
    return f"{holder}.{taking.write.field}" if holder else taking.write.field


def _remedy(model: Model, file: str) -> str:
    take = remedies.code(model, file, "take-stock")
    lock = remedies.code(model, file, "lock")
    out = "Take it in one statement that changes a row only where enough is left, and refuse the order when none was changed"
    out += f": {take}." if take else ": `UPDATE … SET stock = stock - :n WHERE id = :id AND stock >= :n`."
    return out + (f" Or read the row under a lock in the transaction of the order: {lock}." if lock else "")


# --- a row for each piece


def _piece(model: Model, taken: PieceTaken) -> Ruling:
    fn, i, _ = taken.place
    body, name = model.program.body(fn), taken.entity.replace("_", " ")
    ruling = Ruling(_ID, "held", "stock-taking", fn.file, body.line[i])
    ruling.evidence = [step(model, taken.looked, f"a {name} that is free is looked for here", "source")]
    ruling.evidence.append(step(model, taken.place, "it is taken here", "sink"))
    if taken.kept:
        ruling.evidence.append(step(model, taken.looked, taken.kept, "guard"))
        return ruling
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "likely"
    ruling.anchor = extent(model.program, fn, i)
    ruling.title = f"Two orders at once get the same {name}"
    ruling.message = (
        f"The {name} is looked up as free first and marked as taken later, with neither a lock nor a condition in the update: two "
        "customers at once find the same one, both pay for it, and both get it, or one of them gets nothing."
    )
    ruling.remediation = (
        f"Take it in one statement that changes the row only while it is free, and look for another when none was changed; or read it "
        f"under a lock that others skip: {remedies.code(model, fn.file, 'lock') or '`SELECT … FOR UPDATE SKIP LOCKED`'}."
    )
    ruling.evidence.append(Evidence(fn.file, body.line[i], _FLAWS["unlocked"], "missing"))
    return ruling


# --- by the database


def _by_database(model: Model, trigger: StockTrigger) -> Ruling:
    name = f"{trigger.entity}.{trigger.field}"
    ruling = Ruling(_ID, "held", "stock-taking", trigger.file, trigger.line)
    ruling.evidence = [Evidence(trigger.file, trigger.line, f"the routine `{trigger.routine}` takes `{name}`", "sink")]
    table = model.schema.table(trigger.entity, trigger.file)
    bound = model.schema.non_negative(table, trigger.field) if table is not None else None
    if bound is not None:
        ruling.evidence.append(Evidence(*bound, "the database refuses to go below zero, and the order with it", "guard"))
        return ruling
    if trigger.conditional and trigger.refuses:
        ruling.evidence.append(Evidence(trigger.file, trigger.line, "it takes only what is there, and raises when it is not", "guard"))
        return ruling
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "certain"
    ruling.anchor = (trigger.file, trigger.line, trigger.line)
    ruling.title = "The database takes stock whether or not it is there"
    ruling.message = (
        f"`{trigger.routine}` counts `{name}` down "
        + ("and raises nothing when too little is left" if trigger.conditional else "with no condition on what is left")
        + ": two checkouts of the last piece both go through, since whatever looked at the stock before them did so without a lock. The "
        "shop is paid for goods that it does not have."
    )
    ruling.remediation = (
        f"Add `AND {trigger.field} >= NEW.qty` to the update and raise when no row was changed (`IF NOT FOUND THEN RAISE EXCEPTION …`); a "
        f"`CHECK ({trigger.field} >= 0)` on the column refuses the order as well."
    )
    ruling.evidence.append(Evidence(trigger.file, trigger.line, "no condition on what is left", "missing"))
    return ruling


# --- never taken


def _never(model: Model, one: Unstocked) -> Ruling:
    fn, i, _ = one.effect.place
    body = model.program.body(fn)
    column = one.stock.columns[0]
    kept = f"`{one.stock.table.entity or one.stock.table.name}.{column.name}`"
    ruling = Ruling(_ID, "broken", "order-creation", fn.file, body.line[i])
    ruling.evidence = [source(model, one.entry, f"{called(model, one.entry)}: customers order here")]
    ruling.evidence += steps(model, one.effect, "the order is made")
    ruling.evidence.append(Evidence(column.file, column.line, f"{kept} says how much there is", "step"))
    if one.hidden is not None:
        ruling.outcome = "unknown"
        ruling.question = Evidence(
            *one.hidden, f"Does this line take {kept} for the orders made at {fn.file}:{body.line[i]}, and under a lock?"
        )
        return ruling
    later = next(iter(model.takings.any_by_staff), None)
    ruling.severity, ruling.confidence = "high", "certain" if later is None and one.elsewhere is None else "likely"
    ruling.anchor = extent(model.program, fn, i)
    ruling.title = "Orders are taken without taking any stock"
    looked = "is only looked at" if one.looks else "is not even looked at"
    when = "; it is counted down only later, by staff" if later is not None else ", and nothing else in this code takes it"
    if one.elsewhere is not None:
        ruling.evidence.append(step(model, one.elsewhere, "another way takes it"))
        when = ", though another way to order takes it"
    ruling.message = (
        f"The shop keeps {kept}, but when {called(model, one.entry)} makes an order it {looked}{when}: the last piece is sold to everybody "
        "who asks for it, and the shop is paid for goods that it does not have."
    )
    ruling.remediation = _remedy(model, fn.file)
    ruling.evidence.append(Evidence(fn.file, body.line[i], "no stock is taken or reserved for the order", "missing"))
    return ruling


CHECK = Check(id=_ID, title="Two customers never take the same piece", severity="high", rule=rule)
