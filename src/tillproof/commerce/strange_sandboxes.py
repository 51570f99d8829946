"""Test hosts of payment systems that no pack knows: what an address says of itself, where a request is sent to it."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.flow.values import Const, Value, leaves
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_HOST = re.compile(r"https?://([\w.-]+\.[a-z]{2,})(?![\w.-])(/[^\s?#]*)?", re.IGNORECASE)
# Labels of a host for trying out. That of "test" and "staging" may be a shop's own.
_TRIAL = re.compile(r"(?:^|[.-])(?:sandbox|pre-?prod|uat|sbx)(?=[.-])", re.IGNORECASE)
_PAYS = re.compile(
    r"pay(?!load)|checkout|wallet|(?<![a-z])(?:charges?|transactions?|banks?|cash|billing|invoices?)(?![a-z])|pesa", re.IGNORECASE
)
_PIECES = 40


class StrangeHost(NamedTuple):
    """A literal with the test host of a payment system. ``system``: what stands for the pack that is missing."""

    file: str
    line: int
    host: str
    system: Provider


def strange_sandboxes(model: "Model") -> Iterator[StrangeHost]:
    """The literals by which requests are sent to such hosts."""
    for sending in model.sendings.strange:
        if sending.provider is not None or sending.request is None or sending.request.url_value is None:
            continue
        for one in sending.request.each():
            match = _HOST.match(one.url)
            if match is None or not _TRIAL.search(match[1]) or not _PAYS.search(one.url[match.start(1) :]):
                continue
            written = _literal(sending.request.url_value, match[1])
            if written is not None:
                yield StrangeHost(*written, match[1], _system(match[1]))


def names_live(data: bytes, host: str) -> bool:
    """Whether a text names the system's other world too: an address of the same owner that is not for trying out."""
    own = _owner(host)
    found = (m[1] for m in _HOST.finditer(data.decode("utf-8", "replace")))
    return any(_owner(other) == own and not _TRIAL.search(other) for other in found)


def _literal(url: Value, host: str) -> tuple[str, int] | None:
    return next((leaf.at for leaf in leaves(url, _PIECES) if isinstance(leaf, Const) and host in leaf.text), None)


def _owner(host: str) -> str:
    """The label by which a host's owner is known: the longest of those that are not for trying out."""
    labels = re.split(r"[.-]", _TRIAL.sub("", host.lower()))
    return max(labels, key=len)


def _system(host: str) -> Provider:
    bare = host.lower().rpartition(_owner(host))
    return Provider(id=host.lower(), name=f"{bare[1]}{bare[2]}", kind="payment", docs="")
