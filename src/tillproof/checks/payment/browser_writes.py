"""Orders that a page itself marks as paid, in a database that it writes to without a server of ours between."""

import re
from collections.abc import Iterator

from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import extent
from tillproof.commerce.model import Model
from tillproof.commerce.paid import PaidPolicy
from tillproof.commerce.touches import Touch, text_of
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, options
from tillproof.ir.ops import Op

_CLIENTS = (b"firebase/firestore", b"supabase")
_OF_STAFF = re.compile(r"(^|[/_.-])(admin|dashboard|staff|back-?office|seller|vendor|manage)", re.IGNORECASE)


def written_by_pages(model: Model) -> Iterator[Ruling]:
    """One ruling per function of a page that writes that an order is paid."""
    policy = PaidPolicy(model)
    for file, index in model.program.indices.items():
        source = model.program.sources[file]
        if not any(c in source for c in _CLIENTS) or _OF_STAFF.search(file) or not model.sendings.browser.runs(file):
            continue
        for fn in (Fn(file, number) for number in range(len(index.functions))):
            if model.vocabulary.paid_value(fn) and (written := _paid(model, policy, fn)) is not None:
                yield _broken(model, fn, written)


def _paid(model: Model, policy: PaidPolicy, fn: Fn) -> int | None:
    """The call by which a function writes that an order is paid."""
    for i, op in enumerate(model.program.body(fn).op):
        touch = model.records.touch(fn, i, None) if op == Op.CALL and policy.is_written(fn, i) else None
        if touch is not None and touch.writes and model.words.entity(touch.entity) and _says_paid(model, touch):
            return i
    return None


def _says_paid(model: Model, touch: Touch) -> bool:
    words = model.words
    for name, value in touch.fields.items():
        for option in options(value) if value is not None else ():
            text = text_of(option) or ""
            if words.has("status_fields", name) and words.has("paid_values", text):
                return True
            mark = words.has("paid_fields", name) and not words.has("status_fields", name)
            if mark and isinstance(option, Const) and option.text == "true":
                return True
    return False


def _broken(model: Model, fn: Fn, written: int) -> Ruling:
    function = model.program.function(fn)
    line = function.line if function else 1
    ruling = Ruling("payment/fulfil-on-redirect", "broken", "page", fn.file, line, severity="critical", confidence="likely")
    ruling.anchor = extent(model.program, fn, written)
    ruling.title = "The page itself marks the order as paid"
    ruling.message = (
        "This runs in the customer's browser and writes to the database with the customer's own rights: who makes the same call in the "
        "console has a paid order without paying, and one whose page closes early has paid and gets none."
    )
    ruling.remediation = (
        "Let the rules of the database refuse every write of this field by a customer, and set it in a function on the server that has "
        "verified the provider's message or asked the provider with our own credentials."
    )
    ruling.evidence = [
        Evidence(fn.file, line, "code of a page", "source"),
        at(model.program, fn, written, "no server of ours stands between the browser and this write", "missing"),
    ]
    return ruling
