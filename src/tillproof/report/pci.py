"""The PCI note: who serves the card form, and the SAQ level that follows from it, with the lines that show it.

The level is that of the worst thing seen: one form of our own that takes a card number outweighs any number of hosted pages.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.addresses import in_comment
from tillproof.contract import Boundary, Pci, Step
from tillproof.source.files import Tree
from tillproof.source.text import read

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST_EVIDENCE = 8
_LARGEST_PAGE = 400_000
_TEMPLATES = ("html", "jinja", "twig", "blade", "ejs")
_DEPLOYED = ("source", "template")

# A file that holds none of these words has no card field; the search for a word is far cheaper than the expressions below.
_HINTS = (
    b"cvv",
    b"cvc",
    b"cc-",
    b"card_n",
    b"cardn",
    b"cardN",
    b"CardN",
    b"card-n",
    b"card[n",
    b"ccn",
    b"cc_n",
    b"data-encrypted",
    b"dispatchData",
)
_NAME = (
    rb"(?:(?:credit_?)?card[-_]?(?:number|num|no)|cc[-_]?(?:number|num|no)|(?:card[-_]?)?(?:cvv2?|cvc2?)|card\[(?:number|cvv|cvc)\]"
    rb"|(?:credit_?)?[cC]ard(?:Number|Cvv|Cvc|CVV|CVC))"
)
_FORM_FIELD = re.compile(rb"<(?:input|Input|TextField|TextInput|Field)\b[^>]{0,400}?\bname\s*=\s*[\"'{]{1,2}" + _NAME + rb"[\"'}]")
_AUTOFILL = re.compile(rb"<(?:input|Input|TextField|TextInput|Field)\b[^>]{0,400}?\bauto[cC]omplete\s*=\s*[\"'{]{1,2}cc-(?:number|csc)")
_RECEIVED = (
    re.compile(
        rb"(?:\$_(?:POST|REQUEST)\s*\[\s*|\brequest\.(?:POST|data|form|json|values|params)\s*(?:\[|\.get\()\s*"
        rb"|\breq(?:uest)?\.body(?:\.|\[\s*)"
        rb"|\$?request->(?:input|get|post)\(\s*|\bparams\[\s*:?)[\"']?" + _NAME + rb"\b"
    ),
    re.compile(rb"\{[^{}]{0,200}\b" + _NAME + rb"\b[^{}]{0,200}\}\s*=\s*(?:await\s+)?req(?:uest)?\.(?:body|json)\b"),
)
_STORED = re.compile(
    rb"^[ \t]*"
    + _NAME
    + rb"\s*(?::[^=\n]{1,60})?=\s*(?:models\.|db\.Column|Column\(|mapped_column)|->(?:string|text|integer|char)\(\s*[\"']"
    + _NAME
    + rb"[\"']",
    re.MULTILINE,
)
_POSTED_BY_PAGE = re.compile(
    rb"Stripe\.card\.createToken|Accept\.dispatchData|data-stripe\s*=\s*[\"']number|data-encrypted-name"
    rb"|data-braintree-name\s*=\s*[\"']number|\bcreateToken\(\s*\{\s*number\b"
)
_HANDED_TO_PAGE = re.compile(rb"\bclient_?[sS]ecret\b|\bclient_?[tT]oken\.generate\b|\bpayment_?method_?nonce\b|\bpaymentMethodNonce\b")
_REDIRECT = re.compile(rb"[\"']approve[\"']|approval_url|payer-action|[gG]etCheckoutUrl|checkout_?[uU]rl|redirect_?[uU]rl|short_url")
_POLICY = re.compile(rb"content-security-policy|\bCSP_[A-Z]|helmet\(|contentSecurityPolicy", re.IGNORECASE)

_Where = Literal["server", "own form", "direct post"]


def pci_note(model: "Model", tree: Tree, boundaries: Sequence[Boundary]) -> Pci:
    """The note for a whole tree. ``unclear`` when payments are made and the page that takes the card is not among the files."""
    cards = list(_card_fields(model, tree))
    on_server = [step for where, step in cards if where in ("server", "own form")]
    if on_server:
        return Pci(saq="D", statement=_server_statement(cards), evidence=_shortened(on_server))
    payments = [b for b in boundaries if b.kind == "payment" and b.direction == "outbound"]
    if not payments:
        return Pci(saq="none", statement=_nothing_statement(boundaries), evidence=[])
    direct = [step for _, step in cards]
    if direct:
        statement = (
            "A page of ours takes the card number in its own fields and a script sends it straight to the provider, so the page decides "
            "where the number goes: SAQ A-EP. Look at whether the provider's iframe can take their place, which makes it SAQ A."
        )
        return Pci(saq="A-EP", statement=statement, evidence=_shortened(direct))
    return _hosted(model, payments)


def _hosted(model: "Model", payments: Sequence[Boundary]) -> Pci:
    embedded = [
        Step(file=at.file, line=at.line, note=f"the page loads {b.system}'s own form, or posts to its page", kind="step")
        for b in payments
        if b.protocol == "browser-sdk"
        for at in b.locations
    ]
    redirects = list(_redirects(model))
    handed = [] if embedded or redirects else list(_handed(model))
    names = ", ".join(dict.fromkeys(b.system for b in payments))
    if embedded or redirects:
        how = " and ".join(
            text
            for text, seen in (("in the provider's form within our pages", embedded), ("on a page that the provider hosts", redirects))
            if seen
        )
        statement = f"Cards are entered {how} ({names}); no card field of our own was found in forms, requests or columns: SAQ A."
        return Pci(
            saq="A", statement=statement + (_script_controls(model) if embedded else ""), evidence=_shortened([*embedded, *redirects])
        )
    if handed:
        statement = (
            f"The server hands a one-time secret or takes a nonce ({names}), so cards go to the provider's form and not to us; no card "
            "field of our own was found: SAQ A. The page that embeds the form is not among the files: look at its script controls "
            "(PCI DSS 4.0.1, 6.4.3 and 11.6.1)."
        )
        return Pci(saq="A", statement=statement, evidence=_shortened(handed))
    statement = (
        f"Payments are made through {names}, and no card field of our own was found, but neither was the page that takes the card. Look at "
        "that page: the provider's page or iframe is SAQ A, fields of our own that a script sends to the provider are SAQ A-EP, "
        "fields that our server receives are SAQ D."
    )
    places = [Step(file=at.file, line=at.line, note=f"{b.system} is called here", kind="step") for b in payments for at in b.locations]
    return Pci(saq="unclear", statement=statement, evidence=_shortened(places))


def _server_statement(cards: Sequence[tuple[_Where, Step]]) -> str:
    received = any(where == "server" for where, _ in cards)
    how = (
        "reads card numbers or security codes from requests, or has columns for them"
        if received
        else "has form fields for card data that are sent to us"
    )
    return (
        f"The code {how}: whoever runs it handles card data, SAQ D. Look at the places named; with the provider's hosted page or fields, "
        "card data never gets here and SAQ A is enough."
    )


def _nothing_statement(boundaries: Sequence[Boundary]) -> str:
    if any(b.kind == "payment" for b in boundaries):
        return "The code hears from a payment provider but starts no payment and has no card field; no SAQ follows from it."
    return "No payment provider is called and no card field was found; no SAQ follows from this code."


def _script_controls(model: "Model") -> str:
    if any(
        _POLICY.search(source)
        for source in model.program.sources.values()
        if b"ecurity" in source or b"CSP_" in source or b"helmet(" in source
    ):
        return " A content security policy is set; look at whether it covers the pages with the form (PCI DSS 4.0.1, 6.4.3 and 11.6.1)."
    return (
        " No content security policy was found in the code; the pages with the form owe script controls (PCI DSS 4.0.1, 6.4.3 and 11.6.1)."
    )


def _redirects(model: "Model") -> Iterator[Step]:
    """Pages hosted by the provider. An order alone shows none: that takes the address to send the customer to."""
    for site in model.operations.sites:
        if site.operation.op != "checkout.create" or site.provider.kind != "payment":
            continue
        if site.operation.resource == "Order" and not _REDIRECT.search(model.program.sources[site.fn.file]):
            continue
        line = model.program.body(site.fn).line[site.instr]
        yield Step(
            file=site.fn.file,
            line=line,
            note=f"a {site.provider.name} {site.operation.resource} is made, paid on its own page",
            kind="step",
        )


def _handed(model: "Model") -> Iterator[Step]:
    for file, index in model.program.indices.items():
        if not index.words or model.program.files[file].role != "source":
            continue
        match = _HANDED_TO_PAGE.search(model.program.sources[file])
        if match:
            yield _step(file, model.program.sources[file], match.start(), "what the provider's form in the page works with")


def _card_fields(model: "Model", tree: Tree) -> Iterator[tuple[_Where, Step]]:
    for file in tree.files:
        if file.role not in (*_DEPLOYED, "migration"):
            continue
        data = model.program.sources.get(file.path)
        if data is None and file.language in _TEMPLATES and file.size <= _LARGEST_PAGE:
            data = read(tree.root, file.path)[0]
        if data and any(hint in data for hint in _HINTS):
            yield from _in_file(file.path, data)


def _in_file(path: str, data: bytes) -> Iterator[tuple[_Where, Step]]:
    direct = list(_matches(path, data, _POSTED_BY_PAGE, "the page sends the card itself to the provider"))
    yield from (("direct post", step) for step in direct)
    fields = [
        *_matches(path, data, _FORM_FIELD, "a form field for card data"),
        *_matches(path, data, _AUTOFILL, "a field that browsers fill with card data"),
    ]
    # Where a script takes the number out of the fields, their names do not reach the server.
    yield from (("direct post" if direct else "own form", step) for step in fields)
    for pattern in _RECEIVED:
        yield from (("server", step) for step in _matches(path, data, pattern, "card data is read from the request"))
    yield from (("server", step) for step in _matches(path, data, _STORED, "a column for card data"))


def _matches(path: str, data: bytes, pattern: re.Pattern[bytes], note: str) -> Iterator[Step]:
    for match in pattern.finditer(data):
        if not in_comment(data, match.start(), data.rfind(b"\n", 0, match.start()) + 1):
            yield _step(path, data, match.start(), note)


def _step(path: str, data: bytes, offset: int, note: str) -> Step:
    return Step(file=path, line=data.count(b"\n", 0, offset) + 1, note=note, kind="step")


def _shortened(steps: Sequence[Step]) -> list[Step]:
    places: dict[tuple[str, int], Step] = {}
    for step in sorted(steps, key=lambda s: (s.file, s.line, s.note)):
        places.setdefault((step.file, step.line), step)
    return list(places.values())[:_MOST_EVIDENCE]
