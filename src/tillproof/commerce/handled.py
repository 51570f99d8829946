"""An entry point that a provider, or a browser sent back by one, calls, and what a walk from it has found."""

from dataclasses import dataclass, field
from typing import Literal

from tillproof.commerce.entries import Entry
from tillproof.commerce.proof import CONTINUES, POSSIBLE, Proven
from tillproof.commerce.reach import Closure
from tillproof.flow.paths import MAX_CALLS
from tillproof.flow.proofs import Happening
from tillproof.knowledge.schema import Inbound, Provider


@dataclass(slots=True)
class Walked:
    """What a walk from an entry point found. ``deepest``: how many calls deep it went."""

    happenings: list[Happening]
    proofs: list[Proven]
    deepest: int = MAX_CALLS

    @property
    def acts(self) -> list[Happening]:
        """What changes something: not the mere question which event it is."""
        return [h for h in self.happenings if h.kind not in ("dispatch", CONTINUES)]

    @property
    def unproven(self) -> list[Happening]:
        """What happens before or beside the proof. Where there is a proof, an effect that is only possible does not count against it
        unless the message was already asked what it is."""
        found = [h for h in self.happenings if not h.proven and h.kind != CONTINUES]
        if self.proofs and not any(h.kind == "dispatch" for h in found):
            found = [h for h in found if not h.kind.endswith(POSSIBLE)]
        return found


@dataclass(slots=True)
class Handler:
    """One handler: its entry point, the provider, and the kind of message. ``admits``: the place (file, line, what) that lets nobody else
    call it: signed-in staff, as which a platform's own servers hand on what the provider told them, or a package that proves the sender."""

    entry: Entry
    provider: Provider
    inbound: Inbound
    kind: Literal["webhook", "ipn", "redirect-return"]
    closure: Closure
    evidence: str
    walked: Walked = field(default_factory=lambda: Walked([], []))
    admits: tuple[str, int, str] | None = None
