"""One logger of ours through which a family of classes writes the same: each class that sends a request of its own logs it in the same way,
and one change, where the logger writes, mends them all."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from tillproof.commerce.logs import LogSite
from tillproof.flow.program import Fn

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 4
_T = TypeVar("_T")


def families(model: "Model", found: Iterable[tuple[LogSite | None, _T]]) -> Iterator[list[_T]]:
    """What was found at logging calls, together where methods of one name, of whatever class, write through one function of ours."""
    groups: dict[object, list[_T]] = {}
    for number, (site, thing) in enumerate(found):
        one = site is None or site.wrapper is None or model.program.owner(site.fn) is None
        key = number if one or site is None else (site.wrapper, model.program.name(site.fn))
        groups.setdefault(key, []).append(thing)
    yield from groups.values()


def written_at(model: "Model", wrapper: Fn) -> tuple[Fn, int] | None:
    """The call by which such a function writes in the end."""
    for _ in range(_DEEPEST):
        site = next(iter(model.logs.sites(wrapper)), None)
        if site is None:
            return None
        if site.wrapper is None or site.wrapper == wrapper:
            return wrapper, site.instr
        wrapper = site.wrapper
    return None
