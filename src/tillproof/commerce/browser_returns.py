"""Pages and calls by which the browser comes back from paying, known by their address, by what they read and by what they ask."""

import posixpath
import re
from typing import TYPE_CHECKING

from tillproof.commerce.entries import Entry
from tillproof.commerce.handled import Handler
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import speaks_of
from tillproof.commerce.operations import STARTS
from tillproof.commerce.reach import Closure
from tillproof.commerce.request_fields import fields_of
from tillproof.knowledge.schema import Inbound, Provider, Verifier

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_RETURN = re.compile(
    r"(^|[/_-])(success(ful)?|succeeded|return(ed|_?url)?|cancel(l?ed)?|complete|completed|finish(ed)?|results?|thank[-_]?(you|s)|callback|redirect"
    r"|confirmation|confirm|fail(ed|ure)?(_?url)?|verify[-_]?intent|payment[-_]?status|session[-_]?status|checkout[-_]?session|capture|(verify|validate)([-_]?payment)?"
    r"|next|(?<!order-)pay)($|[/_.?{<:-])",  # where an order is still to be paid, `order-pay`, nobody comes back from paying
    re.IGNORECASE,
)
_BACK = re.compile(
    r"(^|[/_-])(success(ful)?|succeeded|return(ed|_?url)?|finish|cancel(l?ed)?|results?|thank[-_]?(you|s)|redirect|order[-_]?confirmation"
    r"|fail(ed|ure)?(_?url)?|payments?[-_/]?(verify|confirm|complete|status|callback)|(?<!order-)pay)($|[/_.?{<:-])",
    re.IGNORECASE,
)
_FAILS = re.compile(r"(?<=[/_-])fail(ed|ure)?(_?url)?(?=$|[/_.?{<:-])", re.IGNORECASE)
_PAY = re.compile(r"(?<=[/_-])pay(?=$|[/_.?{<:-])")
_ACCOUNT = re.compile(
    r"auth|login|log-in|logout|passw|e-?mail|account|sso|team|reset|regist|sign|document|withdraw|subscri|return-?request"
    r"|pay-?outs?(?![a-z])|(?<![a-z])(contact|feedback|newsletter)(?![a-z])",
    re.IGNORECASE,
)
_CHECKOUT = re.compile(
    r"pay|checkout|order|purchase|donat|ticket|book|cart|basket|invoice|billing|shop|store|stripe|gateway", re.IGNORECASE
)
_CANCELS = re.compile(r"cancel[\w-]*/?(orders?|bookings?)|(orders?|bookings?)/([^/]+/)?cancel", re.IGNORECASE)
"""A customer takes his own order back, or staff looks through those that were."""
_GOODS_BACK = re.compile(
    r"(approve|accept|reject|deny|request|create|list|track|schedule|receive|initiate|submit)[-_]?((order|item|product|customer)s?[-_]?)?returns?"
    r"(?![a-z])|returns?[-_]?(requests?|items?|orders?|labels?|reasons?|policy|policies|shipments?|by[-_]?id|details?|history|approval)"
    r"|(?<![a-z])returns(?![a-z])",
    re.IGNORECASE,
)
"""Goods that a customer sends back."""
SHOWS = frozenset(["redirect", "render", "view", "render_template", "HttpResponseRedirect", "RedirectResponse", "wp_redirect",
                    "wp_safe_redirect", "_redirect", "resultRedirectFactory", "wc_add_notice",
                    "get_header", "get_footer", "wc_get_template"])  # fmt: skip
"""Calls that show a page, or send the browser on."""
_SEVERAL = 3
_NEAR = 3
_PAGES = frozenset(["page", "per_page", "page_size", "limit", "offset", "skip", "sort_by", "order_by"])
"""What is asked of a list and no provider adds to the address that it sends a browser to."""
# Names that shops have for things of their own, too.
_ANY_FIELD = {
    "session_id", "sessionid", "payment_id", "transaction_code", "order_token", "checkout_token", "reference",
    "status_code", "response_code", "response_message", "status_message",
}  # fmt: skip
_NO_PAYMENT = ("Customer", "Subscription", "Invoice", "SetupIntent", "Event")


class BrowserReturns:
    """Answers by entry point."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._kept: dict[str, bool] = {}

    def of(self, entry: Entry, closure: Closure, paying: list[Provider]) -> Handler | None:
        """The handler that an entry point is, where the browser comes back to it from one of the providers that are paid by; else None."""
        own = self.model.gateways.provider(entry) if entry.style == "gateway" and self.model.effects.acts(entry.target.fn) else None
        if own is not None and not _starts(closure, _NEAR):
            inbound = _returns(own)[0]
            return Handler(entry, own, inbound, "redirect-return", closure, "the class is the provider's")
        near = {t for t, (fn, _) in closure.texts.items() if closure.functions.get(fn, 9) <= 2}
        near |= {p.name for p in self.model.program.body(entry.target.fn).params}
        near |= {snake(name) for name in near if name.isidentifier()}  # the page may send the fields on in its own spelling
        if _starts(closure, 2) and not any(getattr(k.thing, "op", "") == "payment.retrieve" for _, _, k in closure.operations):
            return None  # the way to the provider, not back from it
        asked = [k for fn, _, k in closure.operations if closure.functions.get(fn, 9) <= 4 and getattr(k.thing, "confirms", False)]
        name = self.model.program.name(entry.target.fn)
        last = snake(name).rpartition("_")[2]  # `payment_success` is come back to, `cancel_payment_request` is done
        route = without_goods(entry.route or f"{entry.target.fn.file}/{last}")
        says = says_return(route) or says_return(name)
        told = self.model.handlers.told.to(entry, "browser")
        if (sent := next((p for p in paying if p.id in told), None)) is not None:
            inbound = _returns(sent)[0]
            return Handler(entry, sent, inbound, "redirect-return", closure, "its address is told to the provider")
        if not says and self._is_list(entry):
            return None  # the ids that a payment has at the provider choose rows of it
        for provider in paying:
            for inbound in _returns(provider):
                fields = [f for f in inbound.fields if f in near and len(f) > 6]
                mine = [k for k in asked if k.provider.id == provider.id]
                tied = len(fields) > 1 or (says and not _ACCOUNT.search(route))  # who signs in is given what is signed, too
                signed = inbound.signs == "paid" and (
                    (tied and self._makes_mac(closure)) or (bool(fields) and _judges_what_is_brought(closure, provider))
                )
                confirming = any(
                    getattr(k.thing, "op", "") == "payment.retrieve" and getattr(k.thing, "resource", "") not in _NO_PAYMENT for k in mine
                )
                if not mine and not _BACK.search(route):
                    fields = [f for f in fields if f not in _ANY_FIELD and (not self._is_kept(f) or self._are_sent(entry, [f], 1))]
                if (
                    (fields and (says or mine or self._are_sent(entry, fields, 1 if "GET" in entry.methods else 2)))
                    or (says and mine)
                    or confirming
                    or signed
                ):
                    why = f"it reads {fields[0]}" if fields else "it asks the provider" if mine else "it works out a signature"
                    return Handler(entry, provider, inbound, "redirect-return", closure, why)
        if self._by_address(entry, route, closure, paying):
            provider = self._named(paying, route, entry) or paying[0]
            inbound = _returns(provider)[0]
            return Handler(entry, provider, inbound, "redirect-return", closure, "its route says so")
        return None

    def _by_address(self, entry: Entry, route: str, closure: Closure, paying: list[Provider]) -> bool:
        """Whether its address alone says that the browser comes back there from paying; that somebody pays, a name without one says of the
        way there."""
        said = route if entry.route else _PAY.sub("", route)
        return bool(
            (_BACK.search(said) or _BACK.search(folder_of(entry)))
            and "hook" not in route.lower()
            and not _ACCOUNT.search(route)
            and not self._speaks_of_goods(entry, closure)
            and not (_CANCELS.search(route) and self._named(paying, route, entry) is None)
            and (
                _CHECKOUT.search(route + entry.target.fn.file)
                or all(_BACK.search(f"/{s}") for s in _segments(route))
                or self._named(paying, route, entry) is not None
            )
            and not _starts(closure, 4)
            and (len(paying) < _SEVERAL or self._named(paying, route, entry))
            and ({"GET", "ANY"} & set(entry.methods) or self._back_by(entry, route))
            and not self._leads_there(entry, route)
            and not (self._only_fails(route) and not self._takes_failure(entry))
        )

    def _is_list(self, entry: Entry) -> bool:
        """Whether an entry point is asked for a page of a list."""
        asked = {snake(key.rpartition(".")[2]) for key in fields_of(self.model, entry)} if "GET" in entry.methods else set[str]()
        return not asked.isdisjoint(_PAGES)

    def _speaks_of_goods(self, entry: Entry, closure: Closure) -> bool:
        """Whether what a page calls or links to says that goods are sent back: ``/user/orders/[id]/return`` asks for return reasons."""
        linked = (text for text, (fn, _) in closure.texts.items() if fn == entry.target.fn and "/" in text)
        words = self.model.vocabulary.tokens(entry.target.fn) - {"returns"}  # what a remark says of the function itself
        return any(map(of_goods, (*words, *linked)))

    def _only_fails(self, route: str) -> bool:
        """Whether an address says of coming back only that paying has failed."""
        return _FAILS.search(route) is not None and not _BACK.search(_FAILS.sub("", route))

    def _takes_failure(self, entry: Entry) -> bool:
        """Whether an entry point puts an order or payment into another state, or shows a page: else it may list what failed."""
        shown = not SHOWS.isdisjoint(self.model.vocabulary.tokens(entry.target.fn))
        return shown or bool(self.model.transitions.of(entry.target))

    def _are_sent(self, entry: Entry, fields: list[str], least: int) -> bool:
        """Whether so many fields are read of the request, and are not only names of what is stored or of what is sent to the provider."""
        sent = {part for key in fields_of(self.model, entry) for name in [key.rpartition(".")[2]] for part in (name, snake(name))}
        return len(sent.intersection(fields)) >= least

    def _is_kept(self, field: str) -> bool:
        """Whether a name is also one of a column of ours, so that who speaks of it may well read what is stored."""
        if field not in self._kept:
            self._kept[field] = any(table.column(field) is not None for table in self.model.schema.mentioning([field]))
        return self._kept[field]

    def _makes_mac(self, closure: Closure) -> bool:
        recogniser = self.model.recogniser
        asked = ((fn, i) for fn, i, name in closure.unresolved if closure.functions[fn] <= _NEAR and recogniser.may_be("macs", fn, name))
        return any(recogniser.is_("macs", fn, i) for fn, i in asked)

    def _back_by(self, entry: Entry, route: str) -> bool:
        """Whether the browser may say by a request other than a page's that it has paid: `PUT /orders/1/pay`, but no `POST /pay`, which is
        the way there, unless it marks the order."""
        if "pay" not in route:
            return False
        if self._only_fails(route):
            return self._takes_failure(entry)
        return _segments(route)[-1:] != ["pay"] or bool({"PUT", "PATCH"} & set(entry.methods)) or self.model.strangers.is_marked(entry)

    def _leads_there(self, entry: Entry, route: str) -> bool:
        """Whether a page is the way to the payment: its address says that somebody pays, it is brought nothing back and marks nothing."""
        said = _PAY.sub("", route)
        return said != route and not _BACK.search(said) and not fields_of(self.model, entry) and not self.model.strangers.is_marked(entry)

    def _named(self, paying: list[Provider], route: str, entry: Entry) -> Provider | None:
        text = (route + entry.target.fn.file).lower()
        return next((p for p in paying if speaks_of(text, p.id)), None)


def says_return(text: str) -> bool:
    """Whether an address or a name says that the browser comes back there from paying."""
    return _RETURN.search(without_goods(text)) is not None


def of_goods(text: str) -> bool:
    """Whether an address or a name says that goods are sent back: ``/orders/{id}/finish_return_order``."""
    return _GOODS_BACK.search(text) is not None


def without_goods(text: str) -> str:
    """An address or a name without what it says of goods that are sent back: ``/returns/approve-return``."""
    return _GOODS_BACK.sub("", text)


def _returns(provider: Provider) -> list[Inbound]:
    """What a provider sends the browser back with; nothing that is known where its pack does not say."""
    return [b for b in provider.inbound if b.kind == "redirect-return"] or [Inbound(kind="redirect-return", proof="none")]


def _starts(closure: Closure, within: int) -> bool:
    """Whether a payment is begun so many calls away at the most."""
    return any(getattr(k.thing, "op", "") in STARTS for fn, _, k in closure.operations if closure.functions.get(fn, 9) <= within)


def _judges_what_is_brought(closure: Closure, provider: Provider) -> bool:
    """Whether a provider's own library is asked nearby whether the ids that a browser brings back are signed; of a message it is handed the
    whole body."""
    asked = (k.thing for fn, _, k in closure.verifiers if k.provider.id == provider.id and closure.functions.get(fn, 9) <= _NEAR)
    return any(isinstance(v, Verifier) and not v.raw_body for v in asked)


def _segments(route: str) -> list[str]:
    """The words of a route; what stands for a value is none."""
    return [s for s in route.strip("/").split("/") if s and s[0] not in "{<:["]


def folder_of(entry: Entry) -> str:
    """The folder that gives a route its name, where routes follow from where files lie."""
    return snake(posixpath.basename(posixpath.dirname(entry.target.fn.file))) if entry.style in ("beside", "file") else ""
