"""Is a card's number that of a payment card? Gift cards, loyalty cards and library cards have numbers too, under the same names, and so has
the bank account that a shop or seller is paid to."""

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import CardPart, field_name, snake
from tillproof.flow.program import TOP, Fn

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# What only a payment card has; a gift card has a PIN.
_PAYMENT_CARD = re.compile(
    r"(\w+_)?((credit|debit|bank|payment)_?cards?|cc_?num(ber)?|pan|exp(iry|iration|ire)?_?(month|year|mm|yy))(_\w+)?"
)
# What an account has that money is sent to, and no card that somebody pays with.
_ACCOUNT = re.compile(
    r"(\w+_)?(bank_?(name|code|account|branch)|branch_?(name|num|number|no|code|id)?|account_?(name|holder)(_name)?|iban|bic|swift(_?code)?"
    r"|sort_?code|routing_?(no|num|number)|ifsc(_?code)?)"
)
_DECORATORS = 3  # lines above a function that may hold its route


class OtherCards:
    """Answers by function; what was asked is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._of: dict[Fn, bool] = {}

    def of(self, fn: Fn) -> bool:
        """Whether a function deals in cards that nobody pays with at other shops: what it or its place is called says so, and nothing in it
        speaks of a payment card's code or date."""
        if fn not in self._of:
            tokens = self.model.vocabulary.tokens(fn)
            said = any(self.model.words.has("other_cards", t.strip("_")) for t in tokens) or self._is_placed(fn)
            self._of[fn] = (said and not any(self._pays(t) for t in tokens)) or self.are_accounts(tokens)
        return self._of[fn]

    def are(self, place: str, parts: Iterable[CardPart]) -> bool:
        """Whether cards of which a place of such a name knows these parts are no payment cards: ``class GiftCard: card_number = …``."""
        return not {"code", "track"}.intersection(parts) and self._names(snake(place))

    def are_accounts(self, fields: Collection[str]) -> bool:
        """Whether a number beside these fields is that of an account: a bank's branch or the holder stands there, and no card's code or
        date."""
        return any(_ACCOUNT.fullmatch(snake(f)) for f in fields) and not any(self._pays(f) for f in fields)

    def _pays(self, token: str) -> bool:
        return self.model.words.card(token) in ("code", "track") or (
            _PAYMENT_CARD.fullmatch(snake(token)) is not None and not self.model.words.has("not_card", field_name(token))
        )

    def _is_placed(self, fn: Fn) -> bool:
        """Whether a function's own name, its class's, its file's or its route's says so."""
        program = self.model.program
        folder, _, name = fn.file.rpartition("/")
        places = [program.qualified(fn) if fn.number != TOP else "", name.partition(".")[0], folder.rpartition("/")[2], *self._routes(fn)]
        return any(self._names(snake(place)) for place in places)

    def _names(self, place: str) -> bool:
        return self.model.words.has("other_cards", place) or self.model.words.has("other_card_places", place)

    def _routes(self, fn: Fn) -> list[str]:
        """The words of the line that a function begins on, and of the decorators above it."""
        function = self.model.program.function(fn)
        if function is None:
            return []
        source = self.model.program.sources[fn.file]
        begin = source.rfind(b"\n", 0, function.start) + 1
        above = source[:begin].decode("utf-8", "replace").split("\n")[-_DECORATORS - 1 : -1]
        lines = [line for line in above if line.lstrip().startswith(("@", "#["))]
        lines.append(source[begin : source.find(b"\n", begin)].decode("utf-8", "replace"))
        return [word.replace("-", "_") for line in lines for word in re.findall(r"[A-Za-z][\w-]*", line)]
