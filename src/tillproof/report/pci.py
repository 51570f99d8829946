"""The PCI note: who serves the card form, the SAQ level that follows from it, and the script controls of the pages that embed one.

The level is that of the worst thing seen: one form of our own that takes a card number outweighs any number of hosted pages.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tillproof.commerce.card_scope import Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.script_controls import ScriptControls
from tillproof.contract import Boundary, Obligation, Pci, Step, StepKind

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST_EVIDENCE = 8
_MOST_PAGES = 4
_MOST_SCRIPTS = 3
_CONTROLS = "PCI DSS 4.0.1, 6.4.3 and 11.6.1"


def pci_note(model: "Model", boundaries: Sequence[Boundary], obligations: Sequence[Obligation] = ()) -> Pci:
    """The note for a whole tree. ``unclear`` when a page has card fields and nobody sees where they go.

    ``obligations``: whether a card number is written down.
    """
    note = _of_pages(model, boundaries)
    written = [o for o in obligations if o.check == "pci/card-data-literal" and o.ruling == "broken"]
    if not written or note.saq == "D":
        return note
    steps = [_step(o.site.file, o.site.line, "a card or account number is written down here", "missing") for o in written]
    return Pci(saq=note.saq, statement=note.statement + _WRITTEN, evidence=[*_shortened(steps), *note.evidence])


def _of_pages(model: "Model", boundaries: Sequence[Boundary]) -> Pci:
    """What follows from who takes the card."""
    scope = model.card_scope
    taken = scope.of("server", "own form")
    if taken:
        return Pci(saq="D", statement=_taken(taken) + _unread(taken), evidence=_steps(taken))
    payments = [b for b in boundaries if b.kind == "payment" and b.direction == "outbound"]
    hosted = scope.of("provider form", "provider page")
    unseen = scope.of("unseen form")
    if not payments and not hosted and not scope.of("handed") and not unseen:
        return _heard_of(model, boundaries)
    systems = {b.system for b in payments} | {p.system for p in (*hosted, *scope.of("handed", "direct post")) if p.system}
    if not unseen and systems and systems <= {p.id for p in model.knowledge.providers.values() if not p.cards}:
        steps = [*_steps(hosted), *_steps(scope.of("handed")), *_called(payments)]
        return Pci(saq="none", statement=_cardless(sorted(systems)), evidence=_shortened(steps))
    direct = scope.of("direct post")
    if direct:
        return Pci(saq="A-EP", statement=_DIRECT, evidence=[*_steps(direct), *_controls(model, [p.file for p in direct])[1]])
    if unseen:
        return Pci(saq="unclear", statement=_UNSEEN + (" Elsewhere the provider takes it." if hosted else ""), evidence=_steps(unseen))
    if hosted:
        return _hosted(model, hosted, payments)
    handed = [p for p in scope.of("handed") if payments or p.read]
    if handed:
        names = _names(payments, handed)
        statement = (
            f"The server hands a one-time secret or takes a nonce ({names}), so cards go to the provider's form and not to us; no card "
            f"field of our own was found: "
            f"SAQ A. The page that embeds the form is not among the files: look at its script controls ({_CONTROLS})."
        )
        return Pci(saq="A", statement=statement + _unread(handed), evidence=_steps(handed))
    if payments:
        return Pci(saq="A", statement=_elsewhere(payments), evidence=_shortened(_called(payments)))
    return _heard_of(model, boundaries)


def _heard_of(model: "Model", boundaries: Sequence[Boundary]) -> Pci:
    """Where the code begins no payment: instant notifications tell of those that are made by a button of the provider's."""
    told = [h for h in model.handlers.all if h.provider.cards and (h.kind == "ipn" or _of_page(h))]
    if not told and model.connected.ways:
        joined = [_step(cls.file, model.program.cls(cls).line, f"{p.name} is paid through here", "step") for p, cls in model.connected.ways]
        return Pci(saq="A", statement=_BY_PLUGIN, evidence=_shortened(joined))
    if not told:
        return Pci(saq="none", statement=_nothing(boundaries), evidence=[])
    steps = [_step(*_place(model, h), "told of payments that are made on the provider's own page", "step") for h in told]
    return Pci(saq="A", statement=_ON_THEIR_PAGE, evidence=_shortened(steps))


def _of_page(handler: Handler) -> bool:
    """Whether a handler asks for the event that follows a payment on the provider's own page and no other:
    ``checkout.session.completed``."""
    told: dict[bool, set[str]] = {True: set(), False: set()}
    for operation in handler.provider.operations:
        told[operation.op == "checkout.create"].update((*operation.emits, *operation.settles))
    return not (told[True] - told[False]).isdisjoint(handler.closure.compared)


_WRITTEN = (
    " But a number is written down in the files named first. If it is a card's, card data is stored, which no SAQ but D allows: take it "
    "out before the level is claimed."
)
_DIRECT = (
    "A page of ours takes the card number in its own fields and a script sends it straight to the provider, so the page decides where "
    "the number goes: SAQ A-EP. "
    "Look at whether the provider's iframe can take their place, which makes it SAQ A."
)
_ON_THEIR_PAGE = (
    "The code only hears of payments that are made on the provider's own page, in messages that hold no card data; no card field of our "
    "own was found: SAQ A."
)
_BY_PLUGIN = (
    "A plugin has the shop's customers pay with a payment system's own page or form, and holds no card field, card data in a request or "
    "column for any: SAQ A, as long as the system takes cards at all."
)
_UNSEEN = (
    "A page of ours has fields for card data, and where they go is not seen in the code. Look at what the page does when it is "
    "submitted: to our server is SAQ D, "
    "by a script to the provider SAQ A-EP; fields that go nowhere should be removed."
)


def _taken(places: Sequence[Place]) -> str:
    received = any(p.taker == "server" for p in places)
    how = "takes card numbers or security codes on the server" if received else "has form fields for card data that are sent to us"
    return (
        f"The code {how}: whoever runs it handles card data, SAQ D. Look at the places named; with the provider's hosted page or fields, "
        f"card data never gets here and "
        "SAQ A is enough."
    )


def _nothing(boundaries: Sequence[Boundary]) -> str:
    if any(b.kind == "payment" for b in boundaries):
        return "The code hears from a payment provider but starts no payment and has no card field; no SAQ follows from it."
    return "No payment provider is called and no card field was found; no SAQ follows from this code."


def _cardless(systems: Sequence[str]) -> str:
    return (
        f"Payments are made through {', '.join(systems)}, which takes no cards, and no card field was found; no SAQ follows from this code."
    )


def _hosted(model: "Model", places: Sequence[Place], payments: Sequence[Boundary]) -> Pci:
    forms = [p for p in places if p.taker == "provider form"]
    pages = [p for p in places if p.taker == "provider page"]
    how = " and ".join(
        text for text, seen in (("in the provider's form within our pages", forms), ("on a page that the provider hosts", pages)) if seen
    )
    statement = (
        f"Cards are entered {how} ({_names(payments, places)}); no card field of our own was found in forms, requests or columns: SAQ A."
    )
    said, steps = _controls(model, [p.file for p in forms]) if forms else ("", [])
    return Pci(saq="A", statement=statement + said + _unread(places), evidence=[*_steps(places), *steps])


def _controls(model: "Model", pages: Iterable[str]) -> tuple[str, list[Step]]:
    """What is said of the script controls of the pages that embed a form, and the lines that show them."""
    controls = ScriptControls(model)
    embedding = list(dict.fromkeys(pages))
    policies = {page: controls.policy(page) for page in embedding}
    bare = [page for page in embedding if policies[page] is None]
    steps = [_step(c.file, c.line, c.note, "guard") for c in dict.fromkeys(c for c in policies.values() if c is not None)][:_MOST_PAGES]
    steps += [_step(page, 1, "no content security policy was found for this page", "missing") for page in bare[:_MOST_PAGES]]
    loose = [c for page in embedding for c in controls.loose_scripts(page)]
    steps += [_step(c.file, c.line, c.note, "missing") for c in loose[:_MOST_SCRIPTS]]
    count = f"{len(embedding)} page{'s' if len(embedding) > 1 else ''} embed{'s' if len(embedding) == 1 else ''} the form"
    if not bare:
        said = f" {count}, under a content security policy: look at whether it names the scripts that may run there ({_CONTROLS})."
    elif len(bare) < len(embedding):
        said = f" {count}; for {len(bare)} of them no content security policy was found: they owe script controls ({_CONTROLS})."
    else:
        said = f" {count}; no content security policy was found: they owe script controls ({_CONTROLS})."
    if loose:
        said += f" {len(loose)} script{'s' if len(loose) > 1 else ''} of others run there without an integrity digest."
    return said, steps


def _elsewhere(payments: Sequence[Boundary]) -> str:
    return (
        f"Payments are made through {_names(payments, ())} without any card data: no field, request, call or column of ours holds any, so "
        "the provider's page or form takes the card: SAQ A as far as this code goes. The page that the customer sees is not among the "
        f"files: see that it has no card fields of its own (those make it SAQ A-EP or D), and look at its script controls ({_CONTROLS})."
    )


def _place(model: "Model", handler: Handler) -> tuple[str, int]:
    function = model.program.function(handler.entry.target.fn)
    return handler.entry.target.fn.file, function.line if function is not None else 1


def _unread(places: Sequence[Place]) -> str:
    """What has to be added where the evidence rests on words alone."""
    languages = list(dict.fromkeys(p.read for p in places if p.read))
    return (
        f" {' and '.join(languages)} is not analysed: this rests on the words of its files."
        if languages and all(p.read for p in places)
        else ""
    )


def _names(payments: Sequence[Boundary], places: Sequence[Place]) -> str:
    return ", ".join(dict.fromkeys([*(b.system for b in payments), *(p.system for p in places if p.system)]))


def _called(payments: Sequence[Boundary]) -> list[Step]:
    return [_step(at.file, at.line, f"{b.system} is called here", "step") for b in payments for at in b.locations]


def _step(file: str, line: int, note: str, kind: StepKind) -> Step:
    return Step(file=file, line=line, note=note, kind=kind)


def _steps(places: Sequence[Place]) -> list[Step]:
    return _shortened([_step(p.file, p.line, p.note, "step") for p in places])


def _shortened(steps: Sequence[Step]) -> list[Step]:
    places: dict[tuple[str, int], Step] = {}
    for step in sorted(steps, key=lambda s: (s.file, s.line, s.note)):
        places.setdefault((step.file, step.line), step)
    return list(places.values())[:_MOST_EVIDENCE]
