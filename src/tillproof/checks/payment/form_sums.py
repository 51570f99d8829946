"""Sums that a page of PHP has the browser send to a payment system, in a form's field or in a call of the system's own script: what is
written there is what is paid."""

import re
from collections.abc import Iterator

from tillproof.checks.payment.amounts import AmountSite, chosen_by_client
from tillproof.commerce.hosts import is_local
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

_FORM = re.compile(rb"<form\b[^>]{0,300}?\baction\s*=\s*[\"']https?://([\w.-]+)[^>]*>(.*?)</form>", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(
    rb"<input\b[^>]{0,200}?\bname\s*=\s*[\"']([\w\[\].-]+)[\"'](?:[^>]|(?<=[?-])>){0,300}?\bvalue\s*=\s*[\"']?\s*<\?(?:=|php\b)"
)
_SUM = re.compile(r"(\w+_)?(amount|amt|am|sum|summ?a|out_?sum|total|price|cost|pay_?amount)(_\w+)?|amount\d*|OutSum|AMOUNT", re.IGNORECASE)
# What else such a form tells the system: whose shop it is.
_SHOP = re.compile(
    rb"name\s*=\s*[\"']\w*(merchant|shop_?id|business|account|co_id|mid|seller|vendor|client_id|store|login|receiver|key)\w*[\"']",
    re.IGNORECASE,
)
# By which calls of their scripts systems are told a sum, and whose they are.
_SCRIPTS = {
    b"actions.order.create(": "PayPal",
    b"PaystackPop.setup(": "Paystack",
    b"FlutterwaveCheckout(": "Flutterwave",
    b"new Razorpay(": "Razorpay",
}
_TOLD = re.compile(rb"\b(value|amount)[\"']?\s*:\s*[\"']?\s*<\?(?:=|php\b)")
_NEAR = 600


def form_sums(model: Model) -> Iterator[AmountSite]:
    """The sums of such forms and scripts that the customer chose before."""
    for file, source in model.program.sources.items():
        if model.program.language(file) != "php":
            continue
        yield from _script_sums(model, file, source)
        if b"<form" not in source:
            continue
        for form in _FORM.finditer(source):
            host = form[1].decode()
            if is_local(host) or not _SHOP.search(form[2]):
                continue
            for field in _FIELD.finditer(source, form.start(2), form.end(2)):
                name = field[1].decode()
                if _SUM.fullmatch(name):
                    yield from _echoed(model, file, source.count(b"\n", 0, field.end()) + 1, name, host)


def _script_sums(model: Model, file: str, source: bytes) -> Iterator[AmountSite]:
    """What a page writes into the call by which its script begins a payment: ``actions.order.create({… value: '<?= $amount ?>'``."""
    for call, system in _SCRIPTS.items():
        at = source.find(call)
        while at >= 0:
            for told in _TOLD.finditer(source, at, at + _NEAR):
                yield from _echoed(model, file, source.count(b"\n", 0, told.end()) + 1, told[1].decode(), f"{system}'s script", "")
            at = source.find(call, at + 1)


def _echoed(model: Model, file: str, line: int, name: str, host: str, what: str = "a form for ") -> Iterator[AmountSite]:
    """What a page writes into a field."""
    for fn in (Fn(file, -1), *model.program.all_functions(file)):
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.ECHO and body.line[i] == line:
                for argument in body.args(i):
                    value = model.evaluator.value(fn, argument)
                    if chosen_by_client(model, value):
                        yield AmountSite("charge", f"{what}{host}", fn, i, value, True, name)
