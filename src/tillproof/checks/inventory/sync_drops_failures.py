"""``inventory/sync-drops-failures``: one item that cannot be carried over is kept for another try, and the rest go on."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.checks.ways import step
from tillproof.commerce.bulk_answers import BulkAnswer, bulk_answers
from tillproof.commerce.left_out_items import LeftOut, left_out
from tillproof.commerce.left_out_lines import LeftOutLine, left_out_lines
from tillproof.commerce.model import Model
from tillproof.commerce.syncs import Sync

_ID = "inventory/sync-drops-failures"
_NOTES = {
    "python": "`except Exception as error: failed.append((item_id, str(error)))`",
    "javascript": "`catch (error) { failed.push({ id: item.id, error: String(error) }) }`",
    "php": "`catch (\\Throwable $e) { $failed[$id] = $e->getMessage(); }`",
}


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per loop over items that are carried over, and per call that answers for many items at once."""
    for sync in model.syncs.all:
        yield _rule(model, sync)
    for answer in bulk_answers(model):
        yield _bulk(model, answer)
    for one in left_out(model):
        yield _left_out(model, one)
    for line in left_out_lines(model):
        yield _short(model, line)


def _rule(model: Model, sync: Sync) -> Ruling:
    body = model.program.body(sync.fn)
    line, name = body.line[sync.first], model.program.qualified(sync.fn)
    ruling = Ruling(_ID, "held", "sync-loop", sync.fn.file, line)
    ruling.evidence = [
        Evidence(sync.fn.file, line, f"`{name}` goes through the items", "source"),
        step(model, sync.effect.place, "one is written"),
    ]
    if sync.what == "kept":
        ruling.evidence.append(step(model, sync.at, "what failed is kept or told, and the next item follows", "guard"))
        return ruling
    there = model.program.body(sync.at.fn)
    ruling.outcome, ruling.confidence = "broken", "likely"
    ruling.anchor = (sync.at.fn.file, there.line[sync.at.instr], there.line[sync.at.instr])
    language = model.program.language(sync.fn.file)
    if sync.what == "dropped":
        ruling.severity = "high"
        ruling.title = "An item that could not be synchronised is dropped"
        ruling.message = (
            f"When one item of `{name}` fails, the failure ends here and the run goes on as if it had been done: the item is "
            "neither tried again nor written down as failed, and the run reports success. Its stock, price or order stays wrong until it "
            "happens to change again, so the shop oversells it, sells it at an old price or misses the order."
        )
        ruling.remediation = (
            f"Keep what failed ({_NOTES[language]}), write it to a table or queue from which the next run takes it, do not move the cursor "
            "past it, and let the run end as failed while any is left."
        )
        ruling.evidence.append(step(model, sync.at, "the failure is only logged", "missing"))
        return ruling
    if sync.what == "passed":
        ruling.severity = "high"
        ruling.title = "What failed is passed over: the mark of the run moves on all the same"
        ruling.message = (
            f"`{name}` notes what failed and goes on, and here it keeps its mark (the time, the cursor or the snapshot from which the next "
            "run tells what has changed) as if everything had been carried over. The next run finds nothing new about the items that "
            "failed: their stock, price or order stays wrong until it happens to change again, so the shop oversells them or misses them."
        )
        ruling.remediation = (
            f"Keep what failed ({_NOTES[language]}), leave it out of the mark or do not move the mark while any is left, and try it again "
            "in the next run."
        )
        ruling.evidence.append(step(model, sync.at, "the mark is kept whatever failed", "missing"))
        return ruling
    ruling.severity = "medium"
    ruling.title = "One item that fails stops the whole run"
    ruling.message = (
        f"When one item of `{name}` fails, the exception leaves the loop: all that come after it are not carried over, and the next run "
        "stops at the same item again. One bad product keeps the stock and prices of the others from ever being brought up to date."
    )
    ruling.remediation = (
        f"Catch per item inside the loop, keep what failed ({_NOTES[language]}), go on, and report the failed ones at the end."
    )
    ruling.evidence.append(step(model, sync.at, "nothing catches it before the next item", "missing"))
    return ruling


def _left_out(model: Model, one: LeftOut) -> Ruling:
    fn, asking = one.turn.fn, model.program.name(one.caught.fn)
    line = model.program.body(fn).line[one.turn.instr]
    ruling = Ruling(_ID, "broken", "sync-loop", fn.file, line)
    there = model.program.body(one.caught.fn)
    ruling.severity, ruling.confidence = "high", "likely"
    ruling.anchor = (one.caught.fn.file, there.line[one.caught.instr], there.line[one.caught.instr])
    ruling.title = "An item that could not be asked about is left out as if it were not there"
    ruling.message = (
        f"When `{asking}` fails for one item, it answers what it answers where there is nothing, and "
        f"`{model.program.qualified(fn)}` leaves the item out. A connection that is lost for a moment, or a limit that is reached, makes "
        "goods disappear from the run: their stock and prices are not brought up to date, what compares with the last run takes them for "
        "deleted, and no result says so."
    )
    ruling.remediation = (
        f"Let `{asking}` raise, or answer a failure in another way than nothing; in the loop keep the item among those that failed, try it "
        "again, and do not count the run as complete."
    )
    ruling.evidence = [
        Evidence(fn.file, line, "one item is asked about", "source"),
        step(model, one.caught, "whatever goes wrong becomes nothing here", "missing"),
        Evidence(fn.file, one.past, "an item of which nothing is known is left out", "sink"),
    ]
    return ruling


def _short(model: Model, one: LeftOutLine) -> Ruling:
    """An order that is made without those of its lines of which nothing of ours was found."""
    body, name = model.program.body(one.fn), model.program.qualified(one.fn)
    line = body.line[one.branch]
    ruling = Ruling(_ID, "broken", "sync-loop", one.fn.file, line)
    ruling.severity, ruling.confidence = "high", "likely"
    ruling.anchor = (one.fn.file, line, line)
    ruling.title = "An order is carried over without the lines that are not known here"
    ruling.message = (
        f"A line of the other system's order for which nothing of ours is found is left out in `{name}`, and the order is made of the rest "
        "as if it were whole. The customer paid for what is never packed, stock of it is not taken, and the sums of the two systems no "
        "longer agree; at best a line in a log says so."
    )
    ruling.remediation = (
        f"Make nothing of an order that is not whole: raise, keep it ({_NOTES[model.program.language(one.fn.file)]}) and try again once "
        "the product is there, or put a line of a placeholder product in and mark the order for somebody to look at."
    )
    ruling.evidence = [
        Evidence(one.fn.file, line, "a line of which nothing of ours is found is left out", "missing"),
        Evidence(one.fn.file, body.line[one.kept], "of the others the order is made", "sink"),
    ]
    return ruling


def _bulk(model: Model, one: BulkAnswer) -> Ruling:
    body = model.program.body(one.fn)
    line = body.line[one.instr]
    ruling = Ruling(_ID, "held", "bulk-write", one.fn.file, line)
    words = ", ".join(f"`{w}`" for w in one.operation.partial[:3])
    who = one.provider.name
    ruling.evidence = [Evidence(one.fn.file, line, f"{who} answers for each item by itself", "source")]
    if one.read is not None:
        ruling.evidence.append(Evidence(*one.read, f"the answer is read item by item: `{one.word}`", "guard"))
        return ruling
    if not one.thrown_away:
        ruling.outcome = "unknown"
        asked = f"Does anything read {words} in the answer of this call, so that refused items are noticed?"
        ruling.question = Evidence(one.fn.file, line, asked)
        return ruling
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "high", "likely"
    ruling.anchor = (one.fn.file, line, body.end_line[one.instr])
    ruling.title = f"Items that {who} refuses go unnoticed"
    ruling.message = (
        f"{who} answers this call with success even when it refuses some of the items, and says in {words} which. The answer is thrown "
        "away: what was refused keeps its old stock, price or state, nobody tries again, and the run counts it as done."
    )
    ruling.remediation = (
        f"Read {words} of the answer for every item, keep those that were refused with the reason, and try them again or tell somebody."
    )
    if one.operation.source:
        ruling.remediation += f" See {one.operation.source}."
    ruling.evidence.append(Evidence(one.fn.file, line, "the answer is thrown away", "missing"))
    return ruling


CHECK = Check(id=_ID, title="An item that cannot be synchronised is kept, and the rest go on", severity="high", rule=rule)
