"""A scenario before it has a number, and what all scenarios are written with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tillproof.commerce.lexicon import Words
from tillproof.commerce.surface import Surface, Way
from tillproof.contract import SEVERITIES, Handler, Obligation
from tillproof.report.plan import shell

STAGING = "STAGING_URL is the address of a staging shop with its own database, which runs on the providers' test-mode credentials"
ORDER = (
    "An order is placed in the staging shop and not paid: ORDER_ID is its number there, PAYMENT_ID the provider's id of its payment, "
    "AMOUNT its total in the currency's smallest unit, MAJOR_AMOUNT the same written as 12.34, CURRENCY its currency"
)
CUSTOMER = (
    "customer.headers holds what makes a request that customer's, one header per line: `Cookie: …` or `Authorization: …`, and the CSRF "
    "token "
    "if the shop asks for one"
)
STAFF = "staff.headers holds what makes a request one of a member of staff, one header per line"
TOOLS = "curl, openssl and jq are there"
READ_ORDER = "Read in the shop's admin or database: the order's status, its payments and refunds, stock movements and mails sent"
_MOST_WAYS = 3
_MOST_PLACES = 5


@dataclass(slots=True)
class Draft:
    """``kind`` says what is tried; drafts of one kind stay together. ``doubt``: something beside the obligations is undecided."""

    kind: str
    scenario: str
    why: str
    preconditions: list[str]
    steps: list[str]
    expected: str
    obligations: list[Obligation] = field(default_factory=list)
    doubt: bool = False

    def weight(self, severities: Mapping[str, int]) -> tuple[int, int]:
        """What settles a question first, then what shows a flaw, the worst first, then what shows that all is well."""
        rulings = {obligation.ruling for obligation in self.obligations}
        first = 0 if "unknown" in rulings or self.doubt else 1 if "broken" in rulings else 2
        return first, min((severities.get(o.id, len(SEVERITIES)) for o in self.obligations), default=len(SEVERITIES))


@dataclass(frozen=True, slots=True)
class Ground:
    """All that the plan is made of."""

    handlers: Sequence[Handler]
    obligations: Sequence[Obligation]
    surface: Surface
    words: Words

    def owed(self, *checks: str, open_only: bool = False) -> list[Obligation]:
        """The obligations of some checks; ``open_only`` leaves out what is held."""
        return [o for o in self.obligations if o.check in checks and not (open_only and o.ruling == "held")]

    def ways(self, obligations: Iterable[Obligation]) -> list[Way]:
        """The requests that lead to what some obligations speak of, without repetition."""
        found: dict[tuple[str, str, str], Way] = {}
        for obligation in obligations:
            for way in self.surface.ways.get((obligation.site.file, obligation.site.line), ()):
                found.setdefault((way.unit, way.method, way.route), way)
        return list(found.values())

    def takes_messages(self, way: Way) -> bool:
        """Whether a request leads to a handler of messages: only the provider sends those."""
        return any(h.kind != "redirect-return" and (h.file, h.line) == (way.file, way.line) for h in self.handlers)

    def asked(self, obligations: Iterable[Obligation]) -> list[Way]:
        """The requests that lead there and that a person can send."""
        return [way for way in self.ways(obligations) if not self.takes_messages(way)]

    def name(self, system: str) -> str:
        """The system as people write it."""
        pack = self.surface.providers.get(system)
        return pack.name if pack is not None else system

    def about(self, system: str, obligations: Iterable[Obligation]) -> list[Obligation]:
        """Those of a system, and those of none."""
        return [o for o in obligations if not o.systems or system in o.systems]


def told(obligations: Sequence[Obligation], held: str, broken: str, unknown: str) -> str:
    """The sentence for the worst that was ruled; ``held`` also where nothing was."""
    rulings = {obligation.ruling for obligation in obligations}
    return broken if "broken" in rulings else unknown if "unknown" in rulings else held


def asked_by(ways: Iterable[Way]) -> list[str]:
    """The preconditions about who sends the requests."""
    roles = {way.role for way in ways}
    return [text for text, needed in ((CUSTOMER, roles & {"public", "customer", "platform"}), (STAFF, "staff" in roles)) if needed]


def holes(routes: Iterable[str]) -> list[str]:
    """What the variables in some routes stand for."""
    names = list(dict.fromkeys(name for route in routes for name in shell.variables(route)))
    return [f"{', '.join(names)}: what stands at that place of the routes below, for the order under test"] if names else []


def most(ways: Sequence[Way]) -> Sequence[Way]:
    """As many as a scenario can speak of."""
    return ways[:_MOST_WAYS]


def places(obligations: Iterable[Obligation]) -> str:
    """Where some obligations stand, for a sentence."""
    found = sorted({(o.site.file, o.site.line) for o in obligations})
    shown = ", ".join(f"{file}:{line}" for file, line in found[:_MOST_PLACES])
    return shown + (f" and {len(found) - _MOST_PLACES} more" if len(found) > _MOST_PLACES else "")


class Commanded(str):
    """A step or precondition with shell on its further lines. In any other text a line break is foreign and must not begin a command."""

    __slots__ = ()


def lines(sentence: str, *commands: str) -> str:
    """A step: a sentence, and the shell that does it."""
    return Commanded("\n".join([f"{one_line(sentence)}:", *commands])) if commands else sentence


def one_line(text: str) -> str:
    """Text without the line breaks that names of files and packs may hold."""
    return str(text) if isinstance(text, Commanded) else " ".join(text.split())
