"""The packs' REST names, ``POST /v1/payment_intents``, matched with the method and the path of a request."""

import re
from functools import cache, lru_cache

from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Operation, Provider, Verifier

_HOLE = re.compile(r"\{\}")
_ANY = "ANY"


class RestNames:
    """All REST names, found by the last segment of their path: a request is held against a handful of them."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._ending: dict[str, list[tuple[int, str, str, Provider, Operation | Verifier]]] = {}
        number = 0
        for provider in knowledge.providers.values():
            for thing in provider.things():
                for name in thing.rest:
                    method, _, path = name.partition(" ")
                    last = _last(path)
                    number += 1
                    self._ending.setdefault("" if _HOLE.search(last) else last, []).append((number, method, path, provider, thing))

    def of(self, method: str, path: str) -> list[tuple[Provider, Operation | Verifier]]:
        """What a request may be by its method (``ANY`` is every one) and path, in the order of the packs."""
        ending = self._ending.get("", [])
        if last := _last(path):
            ending = sorted((*ending, *self._ending.get(last, ())), key=lambda row: row[0])
        return [
            (provider, thing) for _, its, named, provider, thing in ending if method in (its, _ANY) and _path_pattern(named).search(path)
        ]


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


@lru_cache(maxsize=2)
def rest_names(knowledge: Knowledge) -> RestNames:
    """The REST names of all packs; the same ones for the same packs."""
    return RestNames(knowledge)


@cache
def _path_pattern(path: str) -> re.Pattern[str]:
    """A REST path as a pattern for the end of an address; a hole of the code may stand for a version prefix, a segment or part of one.
    After a version that the code spells out the path is whole: `/v3/commerce/invoices` is not the `/v1/invoices` of somebody else."""
    segments = [s for s in path.strip("/").split("/") if s]
    versioned = len(segments) > 1 and re.fullmatch(r"v\d+[\w.-]*", segments[0])
    head, rest = (rf"(?:/{re.escape(segments[0])})?", segments[1:]) if versioned else ("", segments)
    body = "".join("/" + (r"[^/]+" if s == "{}" else _HOLE.sub("[^/]*", re.escape(s).replace(r"\{\}", "{}"))) for s in rest)
    whole = rf"^(?!.*/v\d[\w.-]*(?=/)(?!{body}/?$)).*?" if versioned else ""
    return re.compile(rf"{whole}(?:^|\{{\}}|(?<=.)){head}{body}/?$")
