"""What the text of a function speaks of: a quick look that spares reading its body and asking for values."""

import re
from collections.abc import Callable

from tillproof.commerce.lexicon import Words, snake
from tillproof.commerce.purse_names import may_be_balance
from tillproof.commerce.touches import state_named
from tillproof.flow.program import TOP, Fn, Program
from tillproof.flow.words import names

# What a provider's window hands to the page; a transaction's number is as often one that customers type in for somebody to look up.
PAYMENT_NUMBER = re.compile(
    r"(razorpay|stripe|paypal|paystack|flutterwave|braintree|square|khalti|phonepe|cashfree)_?(payment|order|transaction|charge|intent)?_?id"
    r"|payment_?(intent_?)?id|charge_?id|payer_?id"
)
SUM_RECEIVED = re.compile(r"(\w+_)?(amount|total|sum|cash|money|credit|card)_(paid|received)|(amount_)?(paid|received)_(amount|total|sum)")
"""The sum that has come for an order so far."""

BARE_FLAGS = ("payment",)
"""Fields of an order that say whether it was paid when they are true, and hold the payment otherwise."""
PAID_FLAGS = ("payment_status", "paid_status", "pay_status")
"""Fields that shops keep as a number: not paid, paid."""


_CODE = re.compile(rb"(status|state)['\"]?\s*[=:]\s*['\"]?\w{1,2}\b(?!\s*[(.\[])", re.IGNORECASE)


class Vocabulary:
    """Answers from the words in a function's source alone, nested functions included; what is asked is kept."""

    def __init__(self, program: Program, words: Words) -> None:
        self.program = program
        self.words = words
        self._tokens: dict[Fn, frozenset[str]] = {}
        self._answers: dict[tuple[str, Fn], bool] = {}

    def tokens(self, fn: Fn) -> frozenset[str]:
        """The words in a function's source, those in its texts too."""
        if fn not in self._tokens:
            self._tokens[fn] = names(self._source(fn))
        return self._tokens[fn]

    def _source(self, fn: Fn) -> bytes:
        source = self.program.sources[fn.file]
        if fn.number == TOP:
            return source
        function = self.program.indices[fn.file].functions[fn.number]
        return source[function.start : function.end]

    def money(self, fn: Fn) -> bool:
        """Whether a function names an amount of money."""
        return self._any("money", fn, self.words.money)

    def status(self, fn: Fn) -> bool:
        """Whether a function names a status, or a field that says that something is paid."""
        return self._any(
            "status",
            fn,
            lambda t: self.words.has("status_fields", _field(t)) or self.words.has("paid_fields", _field(t)) or t in BARE_FLAGS,
        )

    def state(self, fn: Fn) -> bool:
        """Whether a function names a field that says how far an order or payment has come."""
        return self._any("state", fn, lambda t: self.words.says_state(_field(t)) or t in BARE_FLAGS)

    def order(self, fn: Fn) -> bool:
        """Whether a function names an order, a payment or the like."""
        return self._any("order", fn, self.words.entity)

    def paid_value(self, fn: Fn) -> bool:
        """Whether a function holds a word by which a status says paid or on its way, or a field that may say it by a number."""
        return self._any("value", fn, self._says_paid) or self._coded(fn)

    def _coded(self, fn: Fn) -> bool:
        """Whether a function sets a status to a number or a letter, of which its column says what it means."""
        key = ("coded", fn)
        if key not in self._answers:
            self._answers[key] = self.status(fn) and _CODE.search(self._source(fn)) is not None
        return self._answers[key]

    def paying(self, fn: Fn) -> bool:
        """Whether a function speaks of paying."""
        return self._any("paying", fn, lambda t: self.words.has("payment_words", t))

    def payment_number(self, fn: Fn) -> bool:
        """Whether a function names the number of a payment."""
        return self._any("number", fn, lambda t: PAYMENT_NUMBER.fullmatch(snake(t)) is not None)

    def received(self, fn: Fn) -> bool:
        """Whether a function names the sum that has come for an order."""
        return self._any("received", fn, lambda t: SUM_RECEIVED.fullmatch(snake(_field(t))) is not None)

    def purse(self, fn: Fn) -> bool:
        """Whether a function names a balance that customers have with the shop."""
        return self._any("purse", fn, lambda t: may_be_balance(_field(t)))

    def paid_name(self, fn: Fn) -> bool:
        """Whether a function names what can mark as paid by its name alone: ``paidAt``, ``completeOrder``, an invoice."""
        return self._any("name", fn, self._tells)

    def _says_paid(self, token: str) -> bool:
        words = self.words
        token = state_named(token)
        return words.has("paid_values", token) or words.has("fulfil_values", token) or snake(token) in PAID_FLAGS

    def _tells(self, token: str) -> bool:
        words = self.words
        field = _field(token)
        return (
            words.fulfils(token)
            or "invoice" in token.lower()
            or (words.has("paid_fields", field) and not words.has("status_fields", field))
        )

    def _any(self, kind: str, fn: Fn, says: Callable[[str], bool]) -> bool:
        key = (kind, fn)
        if key not in self._answers:
            self._answers[key] = any(says(t) for t in self.tokens(fn))
        return self._answers[key]


def _field(token: str) -> str:
    """The field that a setter sets: ``setStatus`` is about ``Status``."""
    return token[3:].lstrip("_") if token.startswith("set") and len(token) > 5 else token.lstrip("_")
