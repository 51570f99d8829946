"""What PHP prints to see what it does: ``print_r($fields)``, ``echo 'Sent: ' . json_encode($fields)``. It ends up in the answer, or in
what a scheduled run mails."""

import re
from collections.abc import Iterator

from tillproof.commerce.logs import LogSite
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

_DUMPS = ("print_r", "var_dump", "var_export", "dump", "dd")
_ENCODES = ("json_encode", "print_r", "var_export", "serialize", "http_build_query")
_PRINTS = re.compile(
    rb"\b(?:print_r|var_dump|var_export|dump|dd)\s*\("
    rb"|\b(?:echo|print)\b[^;]{0,120}?\b(?:json_encode|print_r|var_export|serialize)\s*\("
)
# Words, not a piece of a page, of a script or of a document.
_WORDS = re.compile(r"(?=.*[A-Za-z]{2})[\w\s.,:;/#()>→-]*")
_BEFORE = 800
_SECRET = re.compile(rb"secret|token|api_?key|passw|credential|private_?key|access_?key|merchant_?key", re.IGNORECASE)


def offsets(model: Model, file: str, source: bytes) -> Iterator[int]:
    """Places that print something, with a credential named near them."""
    if model.program.language(file) == "php" and (
        b"json_encode" in source or b"print_r" in source or b"var_" in source or b"dump" in source
    ):
        for match in _PRINTS.finditer(source):
            if _SECRET.search(source, max(0, match.start() - _BEFORE), match.end()):
                yield match.start()


def printed(model: Model, fn: Fn) -> list[LogSite]:
    """The places of a function that print a whole record."""
    if model.program.language(fn.file) != "php":
        return []
    body, uses = model.program.body(fn), model.evaluator.defuse(fn).uses
    found = list[LogSite]()
    for i, op in enumerate(body.op):
        if op == Op.ECHO and (shown := [a for a in body.args(i) if _is_told(body, a)]):
            found.append(LogSite(fn, i, "log", tuple(shown), "echo"))
        elif op == Op.CALL and body.called(i) in _DUMPS and not uses(i) and (given := [a for _, a in body.call(i)[1]]):
            found.append(LogSite(fn, i, "log", tuple(given[:1]), body.called(i)))
    return found


def _is_told(body: Body, i: int) -> bool:
    """Whether what is printed are some words with a record behind them."""
    parts, waiting = list[int](), [i]
    while waiting:
        here = waiting.pop()
        if body.op[here] == Op.BINARY and body.text(body.args(here)[0]) == ".":
            waiting += body.args(here)[1:3]
        elif body.op[here] == Op.TEXT:
            waiting += body.args(here)
        else:
            parts.append(here)
    texts = [c[1].strip("'\"").replace("\\n", " ") for p in parts if (c := body.const(p)) is not None and c[0] == Kind.STRING]
    told = any(t.strip() for t in texts) and all(_WORDS.fullmatch(t) or not t.strip() for t in texts)
    return told and any(body.op[p] == Op.CALL and body.called(p) in _ENCODES for p in parts)
