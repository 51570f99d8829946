"""``inventory/non-atomic-write``: stock is changed by the database in one step, or under a lock; never from a value read before."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import extent, step
from tillproof.commerce.effects import Place
from tillproof.commerce.model import Model
from tillproof.commerce.split_commits import Split, split_commits
from tillproof.commerce.stock_writes import StockWrite

_ONE_STEP = {
    "python": "`Product.objects.filter(pk=pk, stock__gte=n).update(stock=F('stock') - n)`",
    "javascript": "`UPDATE products SET stock = stock - $1 WHERE id = $2 AND stock >= $1` "
    "(Prisma: `{ stock: { decrement: n } }` with `stock: { gte: n }` in `where`)",
    "php": "`Product::where('id', $id)->where('stock', '>=', $n)->decrement('stock', $n)`",
}


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per write that changes stock by an amount."""
    for write in model.stock_writes.all:
        if (write.how != "set" and not model.staff_only(write.place.fn)) or write.how == "computed":
            yield _rule(model, write)
    for split in split_commits(model):
        yield _in_pieces(model, split)


def _in_pieces(model: Model, split: Split) -> Ruling:
    """Stock that is committed item by item, and the order beside it."""
    fn, i, _ = split.turn
    body = model.program.body(fn)
    ruling = Ruling("inventory/non-atomic-write", "broken", "stock-write", fn.file, body.line[i])
    ruling.severity, ruling.confidence = "high", "likely"
    ruling.anchor = extent(model.program, fn, i)
    stock, order = split.write.touch.entity.replace("_", " "), split.order.entity.replace("_", " ")
    ruling.title = f"Each item's stock is committed by itself, and the {order} after it or before"
    ruling.message = (
        f"Every turn of this loop commits the {stock}'s `{split.write.field}` in a transaction of its own, and the {order} is written "
        "outside of all of them. When an item in the middle fails, the ones before it keep their new stock while nothing says so of the "
        f"{order}: the shop is short of goods that nobody bought, and whoever tries again takes them twice."
    )
    ruling.remediation = f"Open one transaction around the loop and the write of the {order}, and hand it on to what writes the stock."
    ruling.evidence = [
        Evidence(fn.file, body.line[i], "one item is committed here, turn by turn", "missing"),
        step(model, split.begins, "the transaction of one item begins here", "step"),
        step(model, split.write.place, f"`{split.write.field}` is written in it", "sink"),
        step(model, Place(split.order.fn, split.order.instr, split.order.ctx), f"the {order} is written outside of it", "sink"),
    ]
    return ruling


def _rule(model: Model, write: StockWrite) -> Ruling:
    fn, i, _ = write.place
    body = model.program.body(fn)
    ruling = Ruling("inventory/non-atomic-write", "held", "stock-write", fn.file, body.line[i])
    name = f"{write.touch.entity.replace('_', ' ')}'s `{write.field}`"
    if write.how == "relative":
        ruling.evidence.append(step(model, write.place, "the database works the new value out in one step", "guard"))
        return ruling
    own = model.takings.locks_rows(write)
    locks = [] if own else model.regions.locked_everywhere(write.place, model.takings.keeps_others_away)
    if model.takings.lasting(write, [write.place] if own else locks):
        ruling.evidence.append(step(model, locks[0] if locks else write.place, "the row is locked while it is read and written", "guard"))
        return ruling
    table = model.schema.table(write.touch.entity, fn.file) if write.touch.entity else None
    if (refused := model.takings.refused(write, table)) is not None:
        ruling.evidence.append(Evidence(refused.file, refused.line, refused.what, "guard"))
        return ruling
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "certain"
    ruling.anchor = extent(model.program, fn, i)
    ruling.title = f"The {name} is written from a value that was read earlier"
    ruling.message = (
        f"The {name} is read, changed in the program and written back: when two requests do so at once, both start from the same "
        "value and one change is "
        "lost, so the shop counts units that it no longer has, or loses some that it has."
    )
    how = _ONE_STEP[model.program.language(fn.file)]
    ruling.remediation = f"Let the database change it in one step: {how}; or read the row with a lock in the same transaction."
    ruling.evidence = [Evidence(fn.file, body.line[i], "computed from a value read before, no lock held", "missing")]
    return ruling


CHECK = Check(id="inventory/non-atomic-write", title="Stock is changed in one step", severity="high", rule=rule)
