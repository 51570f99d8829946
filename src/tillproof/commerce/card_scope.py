"""Who takes the card: every place that says so, from fields of our own to the page of a provider. What PCI DSS scope follows from."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from tillproof.commerce.addresses import in_comment
from tillproof.commerce.card_columns import card_tables
from tillproof.commerce.cards import may_speak
from tillproof.commerce.chats import card_invoices
from tillproof.commerce.strange_pages import strange_pages
from tillproof.flow.shape import Found, find_key
from tillproof.flow.values import Record, constant
from tillproof.ir.body import Body
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Provider
from tillproof.source.kinds import UNREAD
from tillproof.source.text import read

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

Taker: TypeAlias = Literal["server", "own form", "unseen form", "direct post", "provider form", "provider page", "handed"]

_LARGEST = 400_000
_BY_TOKEN = ("payment.", "subscription.", "customer.")
_WORD = re.compile(rb"[A-Za-z_]\w+")
_HANDED = re.compile(
    rb"\bclient_?[sS]ecret\b|\bClientSecret\b|\bclient_?[tT]oken\.generate\b|\bpayment_?method_?nonce\b|\bpaymentMethodNonce\b"
    rb"|\bclient_token\b|\bclientToken\b|\bCashier\\Billable\b"
)
# An order or a payment alone shows no page of the provider: that takes the address to which the customer is sent.
_ADDRESS = re.compile(rb"[\"']approve[\"']|approval_url|payer-action|[gG]etCheckoutUrl|checkout_?[uU]rl|redirect_?[uU]rl|short_url")
_REDIRECT_WORDS = re.compile(
    rb"SessionCreateParams|[Cc]heckout(?:::|\.|/)[Ss]essions?\b|checkout/session\b|SessionService\(\)|\bsetSuccessUrl\b"
    rb"|SuccessUrl\s*[:=]|success_url\s*[:=]"
)


class Place(NamedTuple):
    """One place that says who takes the card. ``read``: the language of a file that is only looked at by its words; empty else."""

    taker: Taker
    file: str
    line: int
    note: str
    system: str = ""
    read: str = ""


class CardScope:
    """All places, found once."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def of(self, *takers: Taker) -> list[Place]:
        """The places of some takers, in order of file and line."""
        return [p for p in self.places if p.taker in takers]

    @cached_property
    def places(self) -> list[Place]:
        found = {
            (p.taker, p.file, p.line): p
            for p in reversed(
                [
                    *self._uses(),
                    *self._columns(),
                    *self._fields(),
                    *self._hosted(),
                    *self._imported(),
                    *self._made(),
                    *self._strange(),
                    *self._billed(),
                    *self._handed(),
                    *self._told(),
                    *self._unread(),
                ]
            )
        }
        return sorted(found.values(), key=lambda p: (p.file, p.line, p.taker))

    def _uses(self) -> Iterator[Place]:
        for use in self.model.card_uses.all:
            yield Place("server", use.file, use.line, f"`{use.name}` of a card is taken on our server")

    def _columns(self) -> Iterator[Place]:
        for table, columns, sure in card_tables(self.model):
            if sure:
                yield Place("server", columns[0].file, columns[0].line, f"`{table.name}` has a column `{columns[0].name}`")

    def _fields(self) -> Iterator[Place]:
        for field in self.model.card_pages.fields:
            if field.to == "provider":
                yield Place("direct post", field.file, field.line, f"the page sends `{field.name}` from its own field to the provider")
            elif field.to == "ours":
                yield Place("own form", field.file, field.line, f"a form of ours sends `{field.name}` to us")
            else:
                yield Place("unseen form", field.file, field.line, f"a field of ours for `{field.name}`; where it goes is not seen")

    def _hosted(self) -> Iterator[Place]:
        for provider, file, line in self.model.card_pages.hosted:
            yield Place("provider form", file, line, f"the page loads {provider.name}'s own form, or posts to its page", provider.id)

    def _imported(self) -> Iterator[Place]:
        for provider, file, line in self.model.card_pages.imported:
            yield Place("provider form", file, line, f"the page is built with {provider.name}'s own form", provider.id)

    def _made(self) -> Iterator[Place]:
        for site in self.model.operations.sites:
            if site.operation.op not in ("checkout.create", "payment.create") or site.provider.kind != "payment":
                continue
            telling = site.operation.op == "checkout.create" and site.operation.resource != "Order"
            if not telling and not _ADDRESS.search(self.model.program.sources[site.fn.file]):
                continue
            line = self.model.program.body(site.fn).line[site.instr]
            yield Place(
                "provider page",
                site.fn.file,
                line,
                f"a {site.provider.name} {site.operation.resource} is made, paid on its own page",
                site.provider.id,
            )

    def _strange(self) -> Iterator[Place]:
        for system, file, line in strange_pages(self.model):
            yield Place("provider page", file, line, f"{system} answers with the address of its page", system)

    def _billed(self) -> Iterator[Place]:
        for fn, i in card_invoices(self.model):
            line = self.model.program.body(fn).line[i]
            yield Place("provider page", fn.file, line, "a bill is shown in the chat, paid by card in a form of the chat's own", "telegram")

    def _handed(self) -> Iterator[Place]:
        for file, index in self.model.program.indices.items():
            if not index.words or self.model.program.files[file].role != "source":
                continue
            source = self.model.program.sources[file]
            if (match := _HANDED.search(source)) and any(self.model.recogniser.mentions(p, file) for p in self._payment):
                yield Place("handed", file, _line(source, match.start()), "what the provider's form in the page works with")

    def _told(self) -> Iterator[Place]:
        """Requests that name a card by what the provider's own form gave out for it: such a provider takes no other name of one."""
        for site in self.model.operations.sites:
            tokens = {key.lower() for key in site.provider.tokens}
            if not tokens or not site.operation.op.startswith(_BY_TOKEN) or self.model.browser.runs(site.fn.file):
                continue
            evaluator, body = self.model.evaluator, self.model.program.body(site.fn)
            for key, argument in _chained(body, site.instr):
                value = evaluator.value(site.fn, argument, site.ctx)
                found = Found(value, True, key) if key.lower() in tokens else find_key(evaluator, value, tokens)[0]
                if found is not None and constant(found.value) is None and not isinstance(found.value, Record):
                    note = f"{site.provider.name} is told a card by `{found.key}`, which its own form gives out"
                    yield Place("handed", site.fn.file, body.line[site.instr], note, site.provider.id)
                    break

    @cached_property
    def _payment(self) -> list[Provider]:
        return [p for p in self.model.knowledge.providers.values() if p.kind == "payment"]

    # --- languages that are not analysed

    def _unread(self) -> Iterator[Place]:
        """What files in languages that are not analysed say by their words alone."""
        providers = [(p, [w.encode() for w in (p.id, *p.words) if len(w) > 3]) for p in self._payment]
        for path, file in self.model.program.files.items():
            language = None if file.language is None else UNREAD.get(file.language)
            if language is None or file.role not in ("source", "template") or file.size > _LARGEST or self.model.root is None:
                continue
            text = read(self.model.root, path)[0] or b""
            yield from self._cards_in(path, text, language)
            lower = text.lower()
            provider = next((p for p, words in providers if any(w in lower for w in words)), None)
            if provider is not None:
                for taker, pattern, note in (
                    ("provider page", _REDIRECT_WORDS, f"{provider.name}'s own page is asked for"),
                    ("handed", _HANDED, "what the provider's form in the page works with"),
                ):
                    if match := pattern.search(text):
                        yield Place(taker, path, _line(text, match.start()), note, provider.id, language)  # type: ignore[arg-type]

    def _cards_in(self, path: str, text: bytes, language: str) -> Iterator[Place]:
        """A file that names both a card's number and its code handles them."""
        if not may_speak(text):
            return
        parts: dict[str, int] = {}
        for match in _WORD.finditer(text):
            part = self.model.words.card(match[0].decode("ascii", "ignore"))
            if part and part not in parts and not in_comment(text, match.start(), text.rfind(b"\n", 0, match.start()) + 1):
                parts[part] = match.start()
        if "number" in parts and "code" in parts:
            yield Place("server", path, _line(text, min(parts.values())), "a card's number and code are handled here", "", language)


def _chained(body: Body, i: int) -> Iterator[tuple[str, int]]:
    """The (name, value) of the arguments of a call, and of those that it is chained to: ``$gateway->purchase([…])->send()``."""
    while body.op[i] == Op.CALL:
        yield from body.call(i)[1]
        callee = body.args(i)[0]
        if body.op[callee] != Op.FIELD:
            return
        i = body.args(callee)[0]


def _line(text: bytes, offset: int) -> int:
    return text.count(b"\n", 0, offset) + 1
