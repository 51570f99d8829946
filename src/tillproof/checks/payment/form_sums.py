"""Sums in forms that a page of PHP has the browser send to a payment system: what stands in the field is what is paid."""

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


def form_sums(model: Model) -> Iterator[AmountSite]:
    """The sums of such forms that the customer chose before."""
    for file, source in model.program.sources.items():
        if b"<form" not in source or model.program.language(file) != "php":
            continue
        for form in _FORM.finditer(source):
            host = form[1].decode()
            if is_local(host) or not _SHOP.search(form[2]):
                continue
            for field in _FIELD.finditer(source, form.start(2), form.end(2)):
                name = field[1].decode()
                if _SUM.fullmatch(name):
                    yield from _echoed(model, file, source.count(b"\n", 0, field.end()) + 1, name, host)


def _echoed(model: Model, file: str, line: int, name: str, host: str) -> Iterator[AmountSite]:
    """What a page writes into a field."""
    for fn in (Fn(file, -1), *model.program.all_functions(file)):
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.ECHO and body.line[i] == line:
                for argument in body.args(i):
                    value = model.evaluator.value(fn, argument)
                    if chosen_by_client(model, value):
                        yield AmountSite("charge", f"a form for {host}", fn, i, value, True, name)
