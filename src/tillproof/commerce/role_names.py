"""What the packs' names for guards and roles say of a guard's name."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tillproof.commerce.names import fits
from tillproof.commerce.role_rights import held_by
from tillproof.knowledge.schema import Role

Because = tuple[str, int, str]
"""What says which role somebody must have: file, line, and the words for it."""
_STAFF_PART = re.compile(r"admin|staff|manage|super|moderat|backoffice|operator|edit|delete|create_product|update_product")

STAFF_TEXT = re.compile(
    r"(role_)?(super_?)?(admin|administrator|administer|staff|manager|owner|merchant|superuser|operator|employee|seller|vendor|organi[sz]er)s?|(manage|administer)[_:](?!my_|own_|self_)\w+"
)
"""Roles and permissions of staff, as guards are told them. Who sells is on the shop's side of the counter: he does not pay himself."""
_GUARDING = re.compile(r"role|permission|authori[sz]|allow|access|restrict|guard|require|right|abilit(y|ies)", re.IGNORECASE)
OTHERS_AT_THE_SHOP = re.compile(
    r"partner|master|moderator|editor|support|supplier|cashier|accountant|finance|warehouse|dispatcher|root"
    r"|labou?r(er)?|worker|driver|courier|technician|chef|cook|waiter|kitchen|picker|packer|deliver(y|er)(_?(boy|m[ae]n|person|partner|agent|staff|driver))?"
)
"""Roles, and nothing but roles, of others on the shop's side: what else is of such a kind is no person."""
# A guard that is told roles: ``hasRole:cashier``, ``CheckRole:admin,editor``, ``role_or_permission:admin``, ``ceklevel:ADMIN,KASIR``.
_BY_ROLE = re.compile(r"\w*(role|level|akses|peran|user_?type|nivel|perfil)s?(_\w+)?")
_BUYERS = re.compile(
    r"(role_)?(user|customer|client|member|buyer|guest|visitor|subscriber|student|patient|public|anonymous|shopper|consumer"
    r"|pelanggan|pembeli|konsumen|siswa|cliente|usuario|comprador|utilisateur|acheteur|kunde|nutzer|basic|free|premium)s?"
)
"""Roles that customers have, or that anybody has."""
RANK: dict[Role, int] = {"public": 0, "customer": 1, "staff": 2, "internal": 3}
STAFF_WORD = re.compile(
    r"(is_?|has_?|es_?|eh?_?|est_?|ist_?)?(admin|staff|superuser|super_admin|administrador|administrateur)(_role|_user)?"
    r"|((caller|user|requester|me)_)?is_(admin|staff|superuser|manager)\w*"
)
"""What says of a visitor that he is staff; ``esAdmin`` as well, in the language of whoever wrote it."""


def highest(roles: Iterable[Role | None]) -> Role | None:
    """The most of what is demanded together."""
    known = [(RANK[r], r) for r in roles if r is not None]
    return max(known)[1] if known else None


def lowest(roles: Sequence[Role | None]) -> Role | None:
    """The least of alternatives; None when one of them demands nothing."""
    known = [(RANK[r], r) for r in roles if r is not None]
    return min(known)[1] if known and len(known) == len(roles) else None


class Patterns(NamedTuple):
    """Names of the packs that hold for a file. ``anyone``: of what opens the way to all."""

    internal: tuple[str, ...]
    staff: tuple[str, ...]
    customer: tuple[str, ...]
    anyone: frozenset[str]


def snake(name: str) -> str:
    """A name in lower snake case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[-\s.]+", "_", name).lower()


def by_text(text: str, patterns: Patterns) -> Role | None:
    """A middleware's name in a string."""
    for role, names in (("staff", patterns.staff), ("customer", patterns.customer)):
        for name in names:
            if "." in name and not name.startswith("auth"):
                continue
            if name == text:
                return role  # type: ignore[return-value]
            if name.endswith("*") and text.startswith(name[:-1]):
                if name == "role:*" and (listed := _sides(text[len(name) - 1 :])) is not None:
                    return listed
                told = snake(text[len(name) - 1 :])
                ability = name in ("can:*", "role:*")  # the ability or role that is named decides
                return "customer" if ability and not _STAFF_PART.search(told) and held_by(text[len(name) - 1 :]) != "staff" else role  # type: ignore[return-value]
    guard, colon, right = text.partition(":")  # ``App\\Http\\Middleware\\Restrict:orders.update``
    if colon and _BY_ROLE.fullmatch(snake(guard)):
        return _sides(right) or ("staff" if held_by(right) == "staff" else "customer")
    return (_sides(right) or held_by(right)) if colon and ("\\" in guard or _GUARDING.search(guard)) else None


def of_shop(role: str) -> bool:
    """Whether a role is that of somebody on the shop's side of the counter."""
    return STAFF_TEXT.fullmatch(role) is not None or OTHERS_AT_THE_SHOP.fullmatch(role) is not None


def of_buyers(role: str) -> bool:
    """Whether a role is one that customers have."""
    return _BUYERS.fullmatch(role) is not None


def _sides(roles: str) -> Role | None:
    """Whose the roles are that a guard lets pass, ``admin,cashier``; None when none is known. One that is not, ``admin,ceo``, is of the
    same side as those it stands with."""
    named = [snake(role.strip()) for role in re.split(r"[,|]", roles)]
    if any(of_buyers(role) for role in named):
        return "customer"
    return "staff" if any(of_shop(role) for role in named) else None


def by_names(found: tuple[str, ...], patterns: Patterns, first: str | None) -> Role | None:
    """A name of the packs. Of a pattern ``name(text)`` the first argument counts as well; the one that says most of it decides."""
    best: tuple[int, Role] | None = None
    sides: tuple[tuple[Role, tuple[str, ...]], ...] = (
        ("internal", patterns.internal), ("staff", patterns.staff), ("customer", patterns.customer),
    )  # fmt: skip
    for role, names in sides:
        for name in names:
            call, _, text = name.partition("(")
            text = text.removesuffix(")")
            if text and (first is None or not _told(text, first)):
                continue
            said = len(text) + (not text.endswith("*")) if text else 0
            if (best is None or said > best[0]) and any(fits(call, n) for n in found):
                best = said, role
    return best[1] if best is not None else None


def _told(text: str, first: str) -> bool:
    """Whether an argument is the text of a pattern; ``*`` at an end when more may stand there."""
    if text.startswith("*") and text.endswith("*"):
        return text[1:-1] in first
    return first == text or (text.endswith("*") and first.startswith(text[:-1]))
