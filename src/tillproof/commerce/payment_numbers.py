"""Card numbers, IBANs and bank accounts in a text: which are somebody's, and which are published for tests."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, NamedTuple

from tillproof.commerce.lexicon import Words
from tillproof.knowledge.schema import Numbers, Published
from tillproof.source.mask import is_card_number, is_iban

Sort = Literal["card", "iban", "account"]

_CARD = re.compile(
    r"(?<![\w.+%#&/=:-])(?<!\d[ -])(\d{4}(?:[ -]\d{4}){3}(?:[ -]\d{1,3})?|\d{4}[ -]\d{6}[ -]\d{4,5}|\d{13,19})(?![\w%]|[.-]\d|[ -]\d{4})"
)
# In front of a number, after a name or a mark of its own.
_AFTER_MARK = re.compile(r"(?<=[=:])(\d{13,19}|\d{4}(?:[ -]\d{4}){3})(?![\w%]|[.-]\d|[ -]\d{4})")
_IBAN = re.compile(r"(?<![A-Za-z0-9])([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)(?![A-Za-z0-9])")
_EXPIRY = re.compile(r"(?<![\d/-])(?:0[1-9]|1[0-2]) ?[/-] ?(?:20)?(?:[0-3]\d)(?![\d/-])")
_CODE = re.compile(
    r"(?:cvv2?|cvc2?|cvn|csc|security_?code|card_?code)[\"'\]]{0,2}\s{0,4}(?:=>|[=:,>])\s{0,4}[\"']?\d{3,4}(?!\d)", re.IGNORECASE
)
_NUMBERED = re.compile(r"(?<![A-Za-z])([A-Za-z][\w -]{1,40}?)[\"'\]]{0,2}\s{0,4}(?:=>|[=:,>])\s{0,4}[\"']?(\d[\d -]{4,18}\d)(?![\w.])")
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LINES_AROUND = 2
_LONGEST_LINE = 4_000
_TRANSFER_NEAR = 6


class Number(NamedTuple):
    """A number on a line (1-based). ``published``: by whom, when it is one for tests; empty when it is somebody's. ``text`` as written.
    ``sure``: what stands beside it leaves no doubt. ``code_line``: where a security code stands beside it."""

    sort: Sort
    line: int
    text: str
    kind: str
    published: str
    sure: bool
    code_line: int = 0


class PaymentNumbers:
    """Finds and judges numbers. What is said around a number decides whether it is a card's."""

    def __init__(self, published: Published, words: Words) -> None:
        self._words = words
        self._published = published
        self._ranges = [(low, high, brand.name, brand.lengths) for brand in published.brands for low, high in map(_range, brand.ranges)]
        self._ranges.sort(key=lambda r: -len(r[0]))

    def find(self, data: bytes) -> Iterator[Number]:
        """The numbers in a text, in order of sort and place."""
        text = data.decode("utf-8", "replace")
        starts = [0, *(m.end() for m in re.finditer("\n", text))]
        around = _Around(text, starts)
        yield from self._cards(text, around)
        yield from self._ibans(text, around)
        yield from self._accounts(text, around)

    # --- cards

    def _cards(self, text: str, around: "_Around") -> Iterator[Number]:
        seen: set[int] = set()
        for match in (*_CARD.finditer(text), *_AFTER_MARK.finditer(text)):
            digits = re.sub(r"\D", "", match[1])
            brand = self._brand(digits)
            if brand is None or not is_card_number(digits) or match.start(1) in seen or around.is_data(match.start(1)):
                continue
            seen.add(match.start(1))
            line = around.line(match.start(1))
            publisher = _publisher(self._published.cards, digits)
            if not publisher and _is_made_up(digits):
                publisher = "nobody: its digits repeat or count"
            if not publisher and self._is_for_tests(around.words(line)):
                publisher = "what stands beside it, for tests"
            grouped = not match[1].isdigit()
            expiry = _EXPIRY.search(around.one(line)) is not None
            code_line = around.find(_CODE, line)
            named = self._says_card(around.words(line))
            if publisher or expiry or code_line or named or grouped:
                yield Number("card", line, match[1], brand, publisher, expiry or bool(code_line) or (named and grouped), code_line)

    def _brand(self, digits: str) -> str | None:
        for low, high, name, lengths in self._ranges:
            if len(digits) in lengths and low <= digits[: len(low)] <= high:
                return name
        return None

    def _is_for_tests(self, words: list[str]) -> bool:
        return any(self._words.has("test_number_words", word) for word in words)

    def _says_card(self, words: list[str]) -> bool:
        return any(self._words.has("card_words", word) for word in words)

    # --- bank accounts

    def _ibans(self, text: str, around: "_Around") -> Iterator[Number]:
        for match in _IBAN.finditer(text):
            compact = match[1].replace(" ", "")
            if self._published.iban_lengths.get(compact[:2]) != len(compact) or not is_iban(compact) or around.is_data(match.start(1)):
                continue
            line = around.line(match.start(1))
            publisher = _publisher(self._published.ibans, compact)
            if not publisher and (_is_made_up(compact[4:]) or self._is_for_tests(around.words(line))):
                publisher = "what stands beside it, for tests"
            yield Number("iban", line, match[1], "IBAN", publisher, sure=True)

    def _accounts(self, text: str, around: "_Around") -> Iterator[Number]:
        """Account numbers with a routing number beside them: either alone could be anything."""
        lower = text.lower()
        if "account" not in lower or not ("routing" in lower or "aba" in lower or "sort" in lower or "bsb" in lower):
            return
        routings: list[tuple[int, str]] = []
        accounts: list[tuple[int, str]] = []
        for match in _NUMBERED.finditer(text):
            name, digits = match[1].strip(), re.sub(r"\D", "", match[2])
            if self._words.has("routing_words", name) and (_is_routing(digits) or len(digits) == 6):
                routings.append((around.line(match.start(2)), digits))
            elif self._words.has("account_words", name) and 6 <= len(digits) <= 17:
                accounts.append((around.line(match.start(2)), match[2]))
        for line, account in accounts:
            routing = next((digits for at, digits in routings if abs(at - line) <= _TRANSFER_NEAR), None)
            if routing is None or around.is_data(around.start(line)):
                continue
            digits = re.sub(r"\D", "", account)
            publisher = _publisher(self._published.accounts, digits) or _publisher(self._published.accounts, routing)
            if not publisher and (_is_made_up(digits) or self._is_for_tests(around.words(line))):
                publisher = "what stands beside it, for tests"
            yield Number("account", line, account, "account number with its routing number", publisher, sure=False)


class _Around:
    """The lines of a text, and what stands around a place."""

    def __init__(self, text: str, starts: list[int]) -> None:
        self._text, self._starts = text, starts

    def line(self, offset: int) -> int:
        return bisect_right(self._starts, offset)

    def start(self, line: int) -> int:
        return self._starts[line - 1]

    def one(self, line: int) -> str:
        end = self._starts[line] if line < len(self._starts) else len(self._text)
        return self._text[self._starts[line - 1] : end]

    def is_data(self, offset: int) -> bool:
        """Whether a place is on a line that nobody wrote by hand."""
        return len(self.one(self.line(offset))) > _LONGEST_LINE

    def near(self, line: int) -> range:
        return range(max(1, line - _LINES_AROUND), min(len(self._starts), line + _LINES_AROUND) + 1)

    def words(self, line: int) -> list[str]:
        """The words on and near a line, in lower case, joined names taken apart and pairs of words put together."""
        found: list[str] = []
        for number in self.near(line):
            parts = [part.lower() for part in _TOKEN.findall(self.one(number)[:_LONGEST_LINE])]
            found += parts
            found += [f"{first}_{second}" for first, second in pairwise(parts)]
        return found

    def find(self, pattern: re.Pattern[str], line: int) -> int:
        """The first line near a line on which a pattern stands; 0 when none."""
        return next((number for number in self.near(line) if pattern.search(self.one(number))), 0)


def _range(text: str) -> tuple[str, str]:
    low, _, high = text.partition("-")
    return low, high or low


def _publisher(groups: tuple[Numbers, ...], number: str) -> str:
    return next((g.of for g in groups if number in g.numbers or any(number.startswith(p) for p in g.prefixes)), "")


def _is_made_up(digits: str) -> bool:
    """Whether the digits repeat, or count up, as those of numbers that people think of."""
    figures = re.sub(r"\D", "", digits)
    quarters = {figures[n : n + 4] for n in range(0, len(figures) - 3, 4)}
    return (
        len(set(figures)) <= 3
        or re.search(r"(\d)\1{4}", figures) is not None
        or (len(figures) >= 12 and len(quarters) <= 2)
        or any(run in figures for run in ("12345678", "01234567", "87654321", "98765432"))
    )


def _is_routing(digits: str) -> bool:
    """Whether nine digits are a routing number of a bank in the United States: range and check digit."""
    if len(digits) != 9 or not (0 <= int(digits[:2]) <= 12 or 21 <= int(digits[:2]) <= 32 or 61 <= int(digits[:2]) <= 72):
        return False
    return sum(int(d) * weight for d, weight in zip(digits, (3, 7, 1) * 3, strict=True)) % 10 == 0
