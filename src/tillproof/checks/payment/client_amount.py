"""``payment/client-amount``: what is charged, and what an order is said to cost, is the server's own figure."""

from collections.abc import Iterable, Iterator

from tillproof.checks import remedies
from tillproof.checks.catalog import Check
from tillproof.checks.payment.amounts import (
    AmountSite,
    Chosen,
    amount_sites,
    beside_the_price,
    chosen_by_client,
    notes_payment,
    told_by_provider,
)
from tillproof.checks.payment.bounds import barrier, lets_parts
from tillproof.checks.payment.cart_quantities import StoredQuantity, stored_quantities
from tillproof.checks.payment.charges import Charges
from tillproof.checks.payment.chosen_currencies import kept_to_charge
from tillproof.checks.payment.declared_bounds import Barrier
from tillproof.checks.payment.document_sums import document_sums
from tillproof.checks.payment.form_sums import form_sums
from tillproof.checks.payment.looked_up_currencies import by_something_else
from tillproof.checks.payment.made_articles import made_articles
from tillproof.checks.payment.negative_sums import taken_from_purses
from tillproof.checks.payment.open_documents import written_by_its_buyer
from tillproof.checks.payment.order_totals import free_by_choice, order_totals
from tillproof.checks.payment.own_lines import OWN_LINE, is_summed
from tillproof.checks.payment.platform_lines import platform_quantities
from tillproof.checks.payment.sent_records import sums_as_sent
from tillproof.checks.payment.set_over import set_over
from tillproof.checks.payment.stored_behind import stored_behind
from tillproof.checks.payment.sum_origins import left_to_others
from tillproof.checks.payment.unknown_gateways import outside_charges, sent_sums
from tillproof.checks.ruling import Evidence, Ruling, at, each_once
from tillproof.commerce.given import values_at
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.role_names import STAFF_WORD
from tillproof.flow.facts import Condition
from tillproof.flow.initialised import CONSTRUCTORS
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import ClassV, Const, Member, Param, Result, Unknown, options, pieces
from tillproof.ir.ops import Op

_FEW = 40
AskedFor = frozenset[tuple[str, str]]


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per charge and per stored order total."""
    said: set[tuple[str, str, int]] = set()
    flawed: set[Fn] = set()
    routes = set[Fn]()  # the functions that read of a request what is charged
    charges, stored = set[tuple[str, int]](), set[tuple[str, int]]()  # where what is charged, and what is stored, is read of a request
    handling = {entry.target.fn for entry in model.entries}
    charged = list(amount_sites(model))
    others = [*outside_charges(model), *document_sums(model)]
    asked = _asked_from_records(model, [*charged, *others])
    stated = (*form_sums(model), *order_totals(model), *made_articles(model), *free_by_choice(model))
    sites = (*charged, *others, *sent_sums(model), *stated)
    for site, ruling in _ruled(model, sites, asked):
        within = _around(model, site.fn, handling)
        if ruling is None or (ruling.outcome == "broken" and within in flawed and site.what not in ("charge", "article")):
            continue
        if ruling.outcome == "broken":
            read = (ruling.evidence[0].file, ruling.evidence[0].line)
            if site.what != "charge" and read in stored:
                continue  # what one class has added up another one stores
            reading = list(_reading(model, *read))[-1:]
            if site.what == "charge" and ruling.place in said and read[0] != site.fn.file and not routes.issuperset(reading):
                ruling.anchor = (*read, read[1])  # another route for which the same client charges
            routes.update(reading)
            (charges if site.what == "charge" else stored).add(read)
        if ruling.place not in said:
            said.add(ruling.place)
            if ruling.outcome == "broken":
                flawed.add(within)
            yield ruling
    for site, way in stored_behind(model):
        ruling = _rule(model, site, asked) if flawed.isdisjoint(way) else None
        read = (ruling.evidence[0].file, ruling.evidence[0].line) if ruling is not None and ruling.outcome == "broken" else ("", 0)
        if ruling is not None and read != ("", 0) and ruling.place not in said and read not in charges | stored:
            said.add(ruling.place)
            stored.add(read)
            flawed |= way
            ruling.anchor = (*read, read[1])  # the repository stores whatever it is handed
            yield ruling
    yield from sums_as_sent(model)
    in_currencies = Charges(model)
    yield from each_once(kept_to_charge(in_currencies))
    yield from each_once(by_something_else(in_currencies))
    for kept in (*stored_quantities(model, charged), *platform_quantities(model)):
        within = _around(model, kept.reached_by, handling)
        if kept.bound is not None or within not in flawed:
            yield _kept(model, kept)
        if kept.bound is None:
            flawed.add(within)
    yield from taken_from_purses(model, lambda fn: _around(model, fn, handling) in flawed)


def _ruled(model: Model, sites: Iterable[AmountSite], asked: AskedFor) -> list[tuple[AmountSite, Ruling | None]]:
    """Each sum with its ruling; where a client charges what the sender of one request says, the sum that another caller gives it does not
    make it right."""
    ruled = [(site, _rule(model, site, asked)) for site in sites]
    broken = {(site.fn, site.instr) for site, ruling in ruled if ruling is not None and ruling.outcome == "broken"}
    return [(s, r) for s, r in ruled if r is None or r.outcome == "broken" or (s.fn, s.instr) not in broken]


def _kept(model: Model, kept: StoredQuantity) -> Ruling:
    """A quantity that is kept on a line of a cart, and paid for later."""
    site, line = kept.site, model.program.body(kept.site.fn).line[kept.site.instr]
    ruling = Ruling("payment/client-amount", "held", site.what, site.fn.file, line)
    if kept.bound is not None:
        ruling.evidence.append(Evidence(kept.bound.file, kept.bound.line, kept.bound.what, "guard"))
        return ruling
    if (doubt := model.counter.behind(kept.reached_by)) is not None:
        ruling.outcome, ruling.question = "unknown", Evidence(*doubt)
        return ruling
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "critical", "likely"
    source = kept.chosen.at
    place = (kept.fraction.file, kept.fraction.line) if kept.fraction is not None else source
    ruling.anchor = (*place, place[1])
    _break_by_quantity(model, site, kept.chosen, ruling, kept.fraction is not None)
    ruling.evidence = [
        Evidence(source[0], source[1], f"`{kept.chosen.key}` is read from the request", "source"),
        at(model.program, site.fn, site.instr, "kept as the quantity of a line", "sink"),
        kept.multiplied,
    ]
    return ruling


def _around(model: Model, fn: Fn, handling: set[Fn]) -> Fn:
    """The function that answers a request, where one of its callbacks does the work: what is wrong in both is one flaw."""
    here = fn
    while here not in handling:
        outer = model.program.parent(here)
        if outer is None or outer.number == TOP:
            return here
        here = outer
    return here


def _rule(model: Model, site: AmountSite, asked: AskedFor) -> Ruling | None:
    program = model.program
    ruling = Ruling("payment/client-amount", "held", site.what, site.fn.file, program.body(site.fn).line[site.instr])
    pieces = chosen_by_client(model, site.value)
    chosen = [c for c in pieces if _is_amount(model, site, c, asked) and not set_over(model, c)]
    if not chosen:
        return None if any(beside_the_price(model, c.named) for c in pieces) else _of_ours(model, site, ruling)
    if site.what == "order-total" and (told_by_provider(model, site.fn, chosen, site.ctx) or notes_payment(model, site)):
        return None
    if model.staff_only(site.fn):
        ruling.evidence.append(at(program, site.fn, site.instr, "only staff reach this: they may set prices", "guard"))
        return ruling
    barriers = {id(c): barrier(model, site, c.key) if c.key else None for c in chosen}
    free = [c for c in chosen if barriers[id(c)] is None and not _read_for_staff(model, site, c)]
    if not free and (parted := _parted(model, site, chosen, barriers)) is not None:
        _break(model, site, parted[0], ruling, parted[1])
        return ruling
    if not free:
        ruling.evidence += [Evidence(b.file, b.line, b.what, "guard") for b in dict.fromkeys(b for b in barriers.values() if b)]
        ruling.evidence += [Evidence(*c.at, "only staff may send this", "guard") for c in chosen if barriers[id(c)] is None]
        return ruling
    if site.what != "charge" and (doubt := model.counter.behind(site.fn)) is not None:
        ruling.outcome, ruling.question = "unknown", Evidence(*doubt)
        return ruling
    if site.operation == OWN_LINE and not is_summed(model, model.program.unit(site.fn.file)):
        return None  # it is shown, and the price of the article is what counts
    _break(model, site, min(free, key=lambda c: model.words.has("quantity_fields", c.word)), ruling)  # a price of his says more
    return ruling


def _parted(model: Model, site: AmountSite, chosen: list[Chosen], barriers: dict[int, Barrier | None]) -> tuple[Chosen, Barrier] | None:
    """A quantity that is charged for and has to be above nothing, and of which code says that it may be any number: ``typeof quantity ===
    'number' && quantity > 0``."""
    for c in chosen if site.what == "charge" else ():
        bound = barriers[id(c)]
        if c.key and bound is not None and bound.least == "0" and lets_parts(model, site, c.word):
            return c, bound
    return None


def _read_for_staff(model: Model, site: AmountSite, chosen: Chosen) -> bool:
    """Whether a figure is read on a way that only staff take: ``if request.user.is_superuser: price = form.cleaned_data['price']``, or in a
    function that turns everybody else away."""
    body, (file, line) = model.program.body(site.fn), chosen.at
    reading = list(_reading(model, file, line))
    if any(model.demands_staff(fn) for fn in reading) or any(model.staff_only(fn) for fn in reading[-1:]):
        return True
    rows = [i for i, at_line in enumerate(body.line) if at_line == line] if file == site.fn.file else []
    held = [f for i in rows[:1] for f in model.effects.facts(site.fn).at(i)]
    asked = (f.instr for f in held if isinstance(f, Condition) and f.truth)
    return any(body.op[i] == Op.FIELD and STAFF_WORD.fullmatch(snake(body.name(i))) for i in asked)


def _reading(model: Model, file: str, line: int) -> Iterator[Fn]:
    """The functions around a line, outermost first."""
    functions = model.program.indices[file].functions if file in model.program.indices else ()
    yield from (Fn(file, n) for n, f in enumerate(functions) if f.line <= line <= f.end_line)


def _of_ours(model: Model, site: AmountSite, ruling: Ruling) -> Ruling | None:
    """Nothing of the sum is read of the client's request, as far as it could be followed."""
    if site.what == "charge" and (written := written_by_its_buyer(model, site)) is not None:
        return written
    open_ = left_to_others(model, site.value)
    if site.what == "charge" and (open_ is not None or isinstance(site.value, Unknown)):
        place = (open_ or site.value).at
        ruling.outcome = "unknown"
        ruling.question = Evidence(
            place[0], place[1], f"Where does the amount of this {site.operation} come from? Nothing in the repository says who gives it."
        )
        return ruling
    injected = isinstance(open_, Param) and open_.type is not None and open_ is not site.value  # a service of ours works it out
    if site.what != "charge" and ((open_ is not None and not injected) or isinstance(site.value, (Const, Unknown))):
        return None
    ruling.evidence.append(Evidence(site.value.at[0], site.value.at[1], "the amount is the server's own", "guard"))
    return ruling if site.what != "free" else None


def _is_amount(model: Model, site: AmountSite, chosen: Chosen, asked: AskedFor) -> bool:
    """Whether what the client chose is (part of) the sum: an id that only takes part is not, nor the quantity of an order that is only
    stored."""
    if chosen.key is None:
        return site.what == "charge" or site.direct
    word = chosen.word
    if model.words.has("quantity_fields", word):
        return site.what == "charge" or (site.what == "order-total" and (_is_charged(model, site) or _asked_later(model, site, asked)))
    if beside_the_price(model, chosen.named):
        return False  # tax-shipping/client-tax speaks of it
    if model.words.money(word):
        return True
    return site.what not in ("order-total", "cart-line") and not word.lower().endswith("id") and site.direct


def _is_charged(model: Model, site: AmountSite) -> bool:
    """Whether the total that is stored here is what a provider is asked for right after, read from the record that was made of it."""
    charges = (s for s in model.operations.sites if s.fn == site.fn and s.operation.amount)
    told = (v for s in charges for path in s.operation.amount for v in values_at(model, s, path, s.ctx))
    reads = (p for v in told for p in pieces([v], _FEW, model.evaluator.made_of) if isinstance(p, Member) and model.words.money(p.name))
    owners = (o for read in reads for o in options(read.base))
    return any(isinstance(o, Result) and (o.fn, o.instr) == (site.fn, site.instr) for o in owners)


def _asked_from_records(model: Model, charges: list[AmountSite]) -> AskedFor:
    """Per unit, the money fields that what a provider is asked for is read from: ``amount: Math.round(order.totalAmount * 100)``."""
    read = (
        (model.program.unit(site.fn.file), snake(p.name))
        for site in charges
        for p in pieces([site.value], _FEW, model.evaluator.made_of)
        if isinstance(p, Member) and model.words.money(p.name) and not model.requests.sources_in(p, _FEW)
    )
    return frozenset(read)


def _asked_later(model: Model, site: AmountSite, asked: AskedFor) -> bool:
    """Whether the total that is stored here is what another request of the same unit has a provider charge."""
    return (model.program.unit(site.fn.file), snake(site.key.rpartition(".")[2])) in asked


def _break(model: Model, site: AmountSite, chosen: Chosen, ruling: Ruling, parted: Barrier | None = None) -> None:
    program = model.program
    ruling.outcome, ruling.severity = "broken", "critical"
    ruling.confidence = "certain" if model.words.money(chosen.word) else "likely"
    file, line = chosen.at if site.operation == OWN_LINE or _builds_itself(model, site) else (site.place[0].file, _line(model, site))
    ruling.anchor = (file, line, line)
    named = f"`{chosen.key}`" if chosen.key else "a value"
    what = {
        "charge": f"charged ({site.operation})",
        "order-total": "stored as what the order costs",
        "cart-line": "kept as the price of a line of the cart, which its total adds up",
        "article": "the price of an article that is made for this order, and read back as the shop's own",
        "free": "what decides whether anything has to be paid",
    }[site.what]
    ruling.title = "The client chooses what he pays"
    ruling.message = (
        f"{named} comes from the client's request and is {what}; nothing computes it again from the server's prices, "
        "so a changed request buys the same goods for any sum, one cent included."
    )
    ruling.remediation = _recompute(model, site, chosen)
    if model.words.has("quantity_fields", chosen.word):
        _break_by_quantity(model, site, chosen, ruling, parted is not None)
        ruling.anchor = (parted.file, parted.line, parted.line) if parted is not None else ruling.anchor
    ruling.evidence = [
        Evidence(*chosen.read, f"{named} is read from the request", "source"),
        at(program, site.fn, site.instr, what, "sink"),
    ]


def _builds_itself(model: Model, site: AmountSite) -> bool:
    """Whether a record's own class keeps what it is built with, or makes one of itself: who builds it has to change."""
    body, owner = model.program.body(site.fn), model.program.owner(site.fn)
    if owner is not None and body.op[site.instr] == Op.NEW and site.value.at[0] != site.fn.file:
        return any(isinstance(o, ClassV) and o.cls == owner for o in options(model.evaluator.value(site.fn, body.args(site.instr)[0])))
    own = body.op[site.instr] == Op.SET_FIELD and body.name(body.args(site.instr)[0]) == "this"
    return own and model.program.name(site.fn) in CONSTRUCTORS


def _break_by_quantity(model: Model, site: AmountSite, chosen: Chosen, ruling: Ruling, parted: bool = False) -> None:
    """What a quantity without a lower bound does: the price is ours, and less than nothing of it is bought."""
    ruling.title = "A negative quantity lowers what is paid"
    sum_ = "the total that the cart comes to" if site.what == "line" else "what is charged"
    ruling.message = (
        f"`{chosen.key}` comes from the client's request and is multiplied into {sum_}, and nothing refuses one below 1: a line "
        "of minus one dear article takes its price off the rest, and a fraction buys an article for less than it costs."
    )
    if parted:
        ruling.title = "A part of an article is bought for a part of its price"
        ruling.message = (
            f"`{chosen.key}` comes from the client's request and is multiplied into {sum_}; it has to be above 0, but may be any number: "
            "0.01 of an article costs a hundredth of its price, and the order says that one was bought."
        )
    refuse = remedies.code(model, site.fn.file, "whole", name=chosen.word)
    ruling.remediation = f"Refuse what is no whole number of at least 1 before the sum is computed: {refuse}."


def _recompute(model: Model, site: AmountSite, chosen: Chosen) -> str:
    how = remedies.code(model, site.fn.file, "load")
    read = f"Do not read `{chosen.key}` from the request: take" if chosen.key else "Take"
    return f"{read} only ids and quantities from it, and compute the total, with tax and shipping, from the stored prices, as in {how}."


def _line(model: Model, site: AmountSite) -> int:
    """The line on which the sum is written into the call or record; that of the call when it is put together elsewhere."""
    fn, instr = site.place
    body = model.program.body(fn)
    here, end = body.line[instr], body.end_line[instr]
    if site.value.at[0] == fn.file and here <= site.value.at[1] <= end:
        return site.value.at[1]
    if body.op[instr] not in (Op.CALL, Op.NEW):
        return here
    last = instr
    for i, op in enumerate(body.op[:last]):
        if op == Op.RECORD:
            args = body.args(i)
            for k, v in zip(args[::2], args[1::2], strict=True):
                if k >= 0 and (const := body.const(k)) and const[1].strip("'\"") == site.key.rpartition(".")[2]:
                    last = v
    return body.line[last]


CHECK = Check(id="payment/client-amount", title="The server decides what is charged", severity="critical", rule=rule)
