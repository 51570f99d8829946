"""Which documents a browser may write as it likes: what Firestore's rules say of each collection."""

import re
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.entities import entity

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SERVICE = b"cloud.firestore"
_REMARK = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_MATCH = re.compile(r"match\s+(?:/\w+/\{\w+\})*/(?P<kind>\w+)/\{\w+(?:=\*\*)?\}\s*\{")
_ALLOW = re.compile(r"allow\s+(?P<what>[\w\s,]+?)\s*(?::\s*if\s+(?P<condition>[^;]*))?;")
_CHANGES = frozenset(["write", "update"])
# Who else is asked for, or what is asked of the fields: then it is not whoever signs in, or not whatever he likes.
_KEEPS = re.compile(
    r"false|admin|role|staff|token\.(?!email|sub)|request\.resource|hasOnly|affectedKeys|diff\(|get\(|exists\(", re.IGNORECASE
)


class DocumentRules:
    """Answers by kind of record."""

    def __init__(self, model: "Model") -> None:
        self._model = model

    def open(self, kind: str) -> tuple[str, int] | None:
        """The line by which a customer may write any field of a document of a kind; None where none lets him, or none is seen."""
        return self._open.get(kind)

    @cached_property
    def _open(self) -> dict[str, tuple[str, int]]:
        found: dict[str, tuple[str, int]] = {}
        texts = self._model.texts
        for path, file in self._model.program.files.items():
            tried_out = "emulator" in path or texts.environment(file) not in ("production", "any")
            if path.endswith(".rules") and not tried_out and _SERVICE in (text := texts.text(path)):
                for kind, line in _opened(text.decode("utf-8", "replace")):
                    found.setdefault(kind, (path, line))
        return found


def _opened(text: str) -> list[tuple[str, int]]:
    """The kinds of documents that such a text lays open, each with its line."""
    plain = _REMARK.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    helpers = dict(re.findall(r"function\s+(\w+)\([^)]*\)\s*\{([^{}]*)\}", plain))
    found: list[tuple[str, int]] = []
    for block in _MATCH.finditer(plain):
        for allow in _ALLOW.finditer(plain, block.end(), _end(plain, block.end())):
            condition = allow["condition"] or ""
            asked = condition + "".join(said for name, said in helpers.items() if f"{name}(" in condition)
            if not _CHANGES.isdisjoint(re.split(r"[\s,]+", allow["what"])) and not _KEEPS.search(asked):
                found.append((entity(block["kind"]), plain.count("\n", 0, allow.start()) + 1))
    return found


def _end(text: str, start: int) -> int:
    """Where a block ends, or where one within it begins, which is about other documents."""
    inner = _MATCH.search(text, start)
    depth = 1
    for at in range(start, inner.start() if inner is not None else len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return inner.start() if inner is not None else len(text)
