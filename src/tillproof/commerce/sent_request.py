"""A request that is sent by raw HTTP, and what its address says of where it goes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tillproof.commerce.hosts import is_local
from tillproof.flow.values import Value

_SLASHES = re.compile(r"/{2,}")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a call sends. ``url`` has ``{}`` for every unknown piece. ``arguments``: the call's, and what its client was given,
    for key searches. ``others``: further addresses that the same call may go to."""

    method: str
    url: str
    url_value: Value | None
    given: Callable[[], tuple[Value, ...]]
    parametric: bool
    others: tuple[str, ...] = ()

    @property
    def arguments(self) -> tuple[Value, ...]:
        """Valued only when somebody asks: most requests go to no provider."""
        return self.given()

    @property
    def paths(self) -> set[str]:
        """The paths that it may go to, on whichever host."""
        return {split(url)[1] for url in (self.url, *self.others)}

    @property
    def stays_inside(self) -> bool:
        """Whether it goes to a machine of our own where nobody says otherwise: ``ORDERS_URL || 'http://localhost:3004'``."""
        return any(is_local(host) for url in (self.url, *self.others) if is_told(host := split(url)[0]))

    def each(self) -> "Iterator[Request]":
        """The request once for each address that it may go to."""
        for url in (self.url, *self.others):
            yield self if url == self.url else replace(self, url=url)


def is_told(host: str) -> bool:
    """Whether it is known whose a host is: all of it is written down, or what stands before it is the name of one of the customers there,
    ``{}.myshopify.com``."""
    return bool(host) and ("{}" not in host or re.fullmatch(r"\{\}\.[\w-]+(\.[\w-]+)+", host) is not None)


def split(url: str) -> tuple[str, str]:
    """(host, path); the host is empty when the address begins with something unknown or with a path, and is meant by what is misspelt."""
    match = re.match(r"https?://([^/?#]*)([^?#]*)", url)
    if match:
        return match[1].split("@")[-1].split(":")[0].rstrip(";,").lower(), _SLASHES.sub("/", match[2])
    path = url.split("?", maxsplit=1)[0]
    return "", _SLASHES.sub("/", path if path.startswith(("/", "{}")) else "/" + path)
