"""Methods by which a platform that nobody describes asks an adapter for money: ``class Stripe extends BasePaymentGateway``, whose
``processRefundForm`` nothing here calls."""

import re
from collections.abc import Iterator, Sequence

from tillproof.commerce.entry_styles.classes import public
from tillproof.commerce.entry_styles.wiring import Declared, Wiring
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import fits
from tillproof.flow.program import ClassId

_MOVES = re.compile(
    r"((process|handle|create|do|make|execute|perform|on|before|after|attempt|try|issue|complete|confirm|cancel|initiate|settle|pay|transfer)_)?"
    r"(\w+_)?(payments?|refunds?|captures?|charges?|voids?|payouts?|transfers?|pay|refund|capture|charge|void|authori[sz]e|purchase|settle)"
    r"(_\w+)?"
)
_ASKS = re.compile(
    r"(get|is|has|can|should|supports?|validate|list|find|fetch|load|render|set|add|to|from|build|format|parse|map|count)_.*"
)
_ADAPTS = re.compile(r"payment|gateway|provider|processor|billing", re.IGNORECASE)
_OF_PAGES = re.compile(r"controller|view|page|form|serializer|resource|service_?provider|exception|event|test", re.IGNORECASE)


def declared(wiring: Wiring, found: Sequence[Declared]) -> Iterator[Declared]:
    """Every such method of a class whose base or interface lies outside the repository."""
    program, scope = wiring.program, wiring.evaluator.scope
    known = {one.target.fn for one in found}
    for file in sorted(program.indices):
        for number, one in enumerate(program.indices[file].classes):
            cls = ClassId(file, number)
            if not one.bases or not (bases := scope.outside_bases(cls)):
                continue
            named = (*one.bases, *bases)
            if not any(_ADAPTS.search(base) and not _OF_PAGES.search(base) for base in named) or _is_described(wiring, file, bases):
                continue
            own = {name.rpartition(".")[2].lower() for method in program.methods(cls).values() for name in program.calls(method)}
            for name, fn in program.methods(cls).items():
                said = snake(name)
                if fn in known or name.lower() in own or not public(wiring, fn) or _ASKS.fullmatch(said) or not _MOVES.fullmatch(said):
                    continue
                place = wiring.place(fn)
                yield Declared(wiring.handler(fn, place), None, ("ANY",), "", "class", place, (), "platform", "a platform calls it", False)


def _is_described(wiring: Wiring, file: str, bases: list[str]) -> bool:
    """Whether a pack says which methods of a class its platform calls."""
    rules = (r for f in wiring.active.of(file) for r in f.routes if r.style == "class")
    return any(fits(b, base) for r in rules for b in r.bases for base in bases)
