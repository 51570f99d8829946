"""The pages in which a customer enters a card: fields of our own and where they go, the provider's own form, and scripts beside it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from tillproof.commerce.addresses import BROWSER_PACKAGE, address_book, in_comment
from tillproof.commerce.cards import may_speak
from tillproof.commerce.lexicon import CardPart, snake
from tillproof.commerce.shown_pages import ShownPages
from tillproof.flow.program import Fn
from tillproof.flow.values import Record, Result, Value, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Provider
from tillproof.source.files import SourceFile

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

Destination: TypeAlias = Literal["ours", "provider", "unseen"]

_TEMPLATES = ("html", "jinja", "twig", "blade", "ejs")
_PAGES = (*_TEMPLATES, "php", "javascript", "typescript", "tsx")
_LARGEST = 400_000
_TAG_BACK = 900
_ATTRIBUTE = re.compile(
    rb"(?<![\w-])(?P<attr>name|data-stripe|data-encrypted-name|data-braintree-name|auto[cC]omplete|v-model(?:\.\w+)*|\[\(ngModel\)\]"
    rb"|formControlName|value|ng-model)"
    rb"\s*=\s*(?P<open>[\"'`]|\{[\"'`]?)(?P<text>(?:<\?[^?]{0,80}\?>|\{\{[^}]{0,80}\}\}|[^\"'`}>]){1,80})"
    rb"|\{\s*\.\.\.\s*register\(\s*[\"'](?P<registered>[\w.-]{1,60})"
)
_INPUT = re.compile(
    rb"<(input|textarea|Input|TextField|TextInput|Field|Form\.Control|InputField|InputMask|NumberFormat|[bv]-[\w-]*input|v-text-field"
    rb"|el-input|a-input|InputNumber|MaskedInput|Cleave)\b"
)
_HIDDEN = re.compile(rb"<input\b[^>]{0,400}?\btype\s*=\s*[\"']hidden\b", re.IGNORECASE)
# A field to type in that is called after the card itself; as a choice between ways to pay the same name says nothing.
_TYPED_IN = re.compile(rb"<(?:textarea\b|input\b[^>]{0,400}?\btype\s*=\s*[\"'](?:text|tel|number)[\"'])", re.IGNORECASE)
_CALLED_CARD = re.compile(rb"(?:credit|debit)[_-]?card[\"']", re.IGNORECASE)
_THE_CARD = re.compile(r"(\w+_)?(credit|debit)_?card")
_KEPT = (b"data-stripe", b"data-encrypted-name", b"data-braintree-name")
_AUTOFILL = {b"cc-number": "number", b"cc-csc": "code"}
_FORM = re.compile(rb"<form\b([^>]{0,600})", re.IGNORECASE)
_ACTION = re.compile(rb"\baction\s*=\s*[\"'{]+([^\"'}]{0,200})", re.IGNORECASE)
# A script takes the number out of the page's own fields and sends it to the provider; their names do not reach our server.
_TAKEN_BY_SCRIPT = re.compile(
    rb"Stripe\.(?:card\.)?createToken\s*\(|Accept\.dispatchData|\bcreateToken\(\s*\{\s*number\b|stripe\.card\.createToken"
    rb"|Stripe\.source\.create"
    rb"|adyen\.createEncryptedForm|adyen\.encrypt|Razorpay\.setPublishableKey|razorpay\.createPayment\(|Omise\.createToken"
    rb"|Conekta\.(?:Token|token)\.create|Mercadopago\.createToken"
    rb"|braintree\.tokenizeCard|client\.request\(\s*\{\s*endpoint:\s*[\"']payment_methods/credit_cards|Iugu\.createPaymentToken"
    rb"|TwoCheckout|TCO\.requestToken|PaymentezClient|Culqi\.createToken|Payjp\.createToken"
)
# Angular sends no form by itself that it has taken over, only what is tied to it.
_TAKEN_OVER = re.compile(rb"\[formGroup\]|\(ngSubmit\)")
_TIED = re.compile(rb"formControl|ngModel|\s#\w|\((?:input|change|blur|key\w+)\)", re.IGNORECASE)
_SPA = (".jsx", ".tsx", ".vue", ".svelte", ".js", ".ts", ".mjs")


@dataclass(frozen=True, slots=True)
class CardField:
    """A field of our own page for card data. ``to``: where what is entered goes: to our server, from the page to the provider, or
    nowhere that is seen."""

    file: str
    line: int
    name: str
    part: CardPart
    to: Destination


class CardPages:
    """Card fields of pages, templates and components, found once."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def texts(self) -> Iterator[tuple[SourceFile, bytes]]:
        """The text of everything that may be a page or a part of one."""
        for path, file in self.model.program.files.items():
            if file.role not in ("source", "template") or file.language not in _PAGES:
                continue
            source = self.model.program.sources.get(path)
            if source is None and file.language in _TEMPLATES and file.size <= _LARGEST:
                source = self.model.texts.text(path)
            if source:
                yield file, source

    @cached_property
    def fields(self) -> list[CardField]:
        """In order of file and line."""
        out: list[CardField] = []
        shown = ShownPages(self.model)
        for file, text in self.texts():
            if b"<" in text and (may_speak(text) or _CALLED_CARD.search(text)):
                found = list(self._in_text(file, text))
                stem = file.path.rpartition("/")[2].partition(".")[0]
                if found and not self.model.cards.others.are(stem, {f.part for f in found}) and not shown.is_left_over(file):
                    out += found
        return sorted(out, key=lambda f: (f.file, f.line, f.name))

    def _in_text(self, file: SourceFile, text: bytes) -> Iterator[CardField]:
        seen: set[tuple[int, str]] = set()
        for match in _ATTRIBUTE.finditer(text):
            tag = text.rfind(b"<", max(0, match.start() - _TAG_BACK), match.start())
            if tag < 0 or not _INPUT.match(text, tag) or in_comment(text, match.start(), text.rfind(b"\n", 0, match.start()) + 1):
                continue
            name, part, attribute = self._card(match)
            if not part and attribute == b"name" and _THE_CARD.fullmatch(snake(name)) and _TYPED_IN.match(text, tag):
                part = "number"
            line = text.count(b"\n", 0, tag) + 1
            if part and (line, part) not in seen:
                seen.add((line, part))
                yield CardField(file.path, line, name, part, self._goes(file, text, tag, attribute))

    def _card(self, match: re.Match[bytes]) -> tuple[str, CardPart, bytes]:
        attribute = match["attr"] or b"name"
        text = (match["text"] or match["registered"] or b"").strip()
        if attribute.lower() == b"autocomplete":
            return text.decode(), _AUTOFILL.get(text, ""), b""  # type: ignore[return-value]
        name = re.sub(r"<\?.*?\?>|\{\{.*?\}\}", "", text.decode("utf-8", "replace")).strip("-_ ")
        if attribute == b"data-stripe":
            return name, {"number": "number", "cvc": "code"}.get(name, ""), attribute  # type: ignore[return-value]
        return name, self.model.words.card(name), attribute

    def _goes(self, file: SourceFile, text: bytes, tag: int, attribute: bytes) -> Destination:
        if _HIDDEN.match(text, tag):
            return "unseen"  # nobody types anything there
        close = text.find(b">", tag)
        named = re.search(rb"(?<![\w-])name\s*=", text[tag : close if close > 0 else tag + 400]) is not None
        if attribute in _KEPT or _TAKEN_BY_SCRIPT.search(text) or self._taken(file.unit):
            return "provider" if not named or _TAKEN_BY_SCRIPT.search(text) or attribute in _KEPT else "ours"
        form = next(iter(reversed(list(_FORM.finditer(text, max(0, tag - 20_000), tag)))), None)
        if form is not None and _TAKEN_OVER.search(form[1]) and not _TIED.search(text[tag : close if close > 0 else tag + _TAG_BACK]):
            return "unseen"
        action = _ACTION.search(form[1]) if form else None
        if action and any(h.encode() in action[1] for h in self._hosts):
            return "provider"
        if self._is_read:
            return "ours"
        if not file.path.endswith(_SPA):
            return "ours" if named and (form is not None or b"<form" not in text) else "unseen"
        return "ours" if self._sent(file.unit) else "unseen"

    @cached_property
    def _hosts(self) -> list[str]:
        return [h for p in self.model.knowledge.providers.values() if p.kind == "payment" for h in (*p.hosts, *p.sandbox_hosts)]

    def _taken(self, unit: str) -> bool:
        """Whether a script of the unit takes card numbers out of the page."""
        return unit in self._taking

    @cached_property
    def _taking(self) -> set[str]:
        return {
            file.unit
            for file, text in self.texts()
            if (b"oken" in text or b"Accept" in text or b"adyen" in text) and _TAKEN_BY_SCRIPT.search(text)
        }

    @cached_property
    def _is_read(self) -> bool:
        """Whether server code takes card data from requests; in a shop of several units it is seldom the page's own."""
        return any(u.kind in ("request", "form") for u in self.model.card_uses.all)

    def _sent(self, unit: str) -> bool:
        """Whether a script of the unit sends card data to an address that is no provider's."""
        return any(self.model.program.unit(fn.file) == unit for fn in self.senders)

    @cached_property
    def senders(self) -> list[Fn]:
        """Functions of page scripts that send card data in a request of their own."""
        out: list[Fn] = []
        words = self.model.recogniser.shared["javascript", "http"].words()
        for file in self.model.cards.files:
            if self.model.browser.runs(file):
                out += [fn for fn in self.model.program.functions_calling(file, words) if self._sends(fn)]
        return out

    def _sends(self, fn: Fn) -> bool:
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.CALL or not self.model.recogniser.is_("http", fn, i):
                continue
            request = self.model.http.request(fn, i)
            if request is not None and self.model.http.provider(request) is not None:
                continue
            for _, argument in body.call(i)[1]:
                for piece in self.model.shown.of(fn, argument).pieces:
                    if self.model.cards.in_piece(piece) or self._in_state(self.model.shown.value(piece)):
                        return True
        return False

    def _in_state(self, value: Value) -> bool:
        """Whether a value is the state of a component that was begun with card fields in it."""
        for option in options(value):
            here = option
            while not isinstance(here, (Result, Record)) and (below := here.parts()):
                here = below[0]
            if isinstance(here, Result) and here.instr >= 0:
                arguments = self.model.evaluator.arguments(here)
                if any(isinstance(v, Record) and any(self.model.words.card(k or "") for k, _ in v.entries) for _, v in arguments[:1]):
                    return True
        return False

    # --- the provider's own form

    @cached_property
    def hosted(self) -> list[tuple[Provider, str, int]]:
        """(provider, file, line) where a page loads a payment provider's script or posts to its page."""
        book = address_book(self.model.knowledge)
        found: dict[tuple[str, str, int], tuple[Provider, str, int]] = {}
        for file, text in self.texts():
            index = self.model.program.indices.get(file.path)
            if index is not None and not index.words:
                continue
            forms = book.find_forms(text) if b"<form" in text else ()
            for address in (*book.find(text, index.words if index else None), *forms):
                if address.use == "page" and address.provider.kind == "payment":
                    line = text.count(b"\n", 0, address.offset) + 1
                    found.setdefault((address.provider.id, file.path, line), (address.provider, file.path, line))
        return [found[key] for key in sorted(found, key=lambda k: (k[1], k[2], k[0]))]

    @cached_property
    def imported(self) -> list[tuple[Provider, str, int]]:
        """(provider, file, line) where a page's script imports a payment provider's package for the browser."""
        owners = {
            name.lower(): p
            for p in self.model.knowledge.providers.values()
            if p.kind == "payment"
            for name in p.packages.get("javascript", ())
        }
        out: list[tuple[Provider, str, int]] = []
        for file, index in self.model.program.indices.items():
            if not index.words or self.model.program.files[file].role != "source" or self.model.program.language(file) != "javascript":
                continue
            for item in index.imports:
                owner = next(
                    (p for name, p in owners.items() if item.module.lower() == name or item.module.lower().startswith(name + "/")), None
                )
                typed = self.model.program.line_text(file, item.line).lstrip().startswith("import type")
                if owner is not None and not typed and BROWSER_PACKAGE.search(item.module.lower()):
                    out.append((owner, file, item.line))
        return out
