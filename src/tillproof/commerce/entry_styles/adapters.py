"""Methods by which a platform that nobody describes asks an adapter for money: ``class Stripe extends BasePaymentGateway``, whose
``processRefundForm`` nothing here calls."""

import re
from collections.abc import Iterator, Sequence

from tillproof.commerce.entry_styles.classes import public
from tillproof.commerce.entry_styles.wiring import Declared, Wiring
from tillproof.commerce.lexicon import snake
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
            if not any(_ADAPTS.search(base) and not _OF_PAGES.search(base) for base in bases):
                continue
            for name, fn in program.methods(cls).items():
                said = snake(name)
                if fn in known or not public(wiring, fn) or _ASKS.fullmatch(said) or not _MOVES.fullmatch(said):
                    continue
                place = wiring.place(fn)
                yield Declared(wiring.handler(fn, place), None, ("ANY",), "", "class", place, (), "platform", "a platform calls it", False)
