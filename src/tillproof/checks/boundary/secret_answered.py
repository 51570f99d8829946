"""Credentials that leave in an answer: in an exception that holds the failed request, in a row that keeps a token, by their own name."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.checks.boundary.near_secrets import closing, throws_requests
from tillproof.checks.boundary.shown_secrets import exception, secret
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.revealing import Revealed
from tillproof.commerce.shown import Piece
from tillproof.flow.program import Fn
from tillproof.flow.values import names, options
from tillproof.ir.ops import Op
from tillproof.source.kinds import is_seed
from tillproof.source.kinds import words as words_of

_MOST = 6
_NEAR = 400
_ANSWERS = re.compile(rb"(?:->|\.)(?:json|send|jsonp|end|write|text)\s*\(|\b(?:\w*Response|jsonify|wp_send_json\w*)\s*\(")
_CARRIES = words_of(
    "json send jsonp end write text response nextresponse jsonresponse httpresponse jsonify make wp_send_json wp_send_json_error "
    "wp_send_json_success"
)
_ERROR = re.compile(rb"[(,\s{.](?:err|error|e|ex|exc|exception|reason)\s*[,)}]")
_SECRET = re.compile(rb"secret|passw|private_?key|access_?token|process\.env\s*[,)}]|os\.environ\s*[,)}]", re.IGNORECASE)
# The name says that nobody else may see it: an "api key" is as often one for the browser.
_SURELY = re.compile(r"secret|passw|private|environ|process\.env|access_?token", re.IGNORECASE)
_ENVIRONMENTS = ("process.env", "os.environ", "deno.env")


class Told(NamedTuple):
    """What an answer shows: ``name`` of a credential, or the ``request`` that an exception holds; ``row``: as a column of a record."""

    fn: Fn
    instr: int
    name: str
    request: Revealed | None
    row: bool = False


def answered(model: Model) -> Iterator[Ruling]:
    """One ruling per function, with those that are written in it, that answers with a credential."""
    found: dict[Fn, list[Told]] = {}
    for file, source in model.program.sources.items():
        if file not in model.program.indices or model.browser.runs(file) or is_seed(file):
            continue
        for fn in model.program.functions_at(file, _offsets(model, file, source)):
            for told in _told(model, fn):
                found.setdefault(model.program.outermost(fn), []).append(told)
    yield from (_ruling(model, told) for told in found.values())


def _offsets(model: Model, file: str, source: bytes) -> Iterator[int]:
    """Places of answers in whose text a credential is named, or what may hold one."""
    throws = model.program.language(file) == "javascript" and throws_requests(model, file)
    rows = bool(model.token_rows.tables)
    for match in _ANSWERS.finditer(source):
        text = source[match.end() - 1 : match.end() + _NEAR]
        text = text[: closing(text)]
        if rows or (throws and _ERROR.search(text)) or _SECRET.search(text):
            yield match.start()


def _told(model: Model, fn: Fn) -> Iterator[Told]:
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op not in (Op.CALL, Op.NEW) or body.called(i).rpartition(".")[2].lower() not in _CARRIES:
            continue
        if model.recogniser.is_("answers", fn, i) is None:
            continue
        for _, argument in body.call(i)[1]:
            for piece in model.shown.of(fn, argument).pieces:
                if (told := _of_piece(model, fn, i, piece)) is not None:
                    yield told


def _of_piece(model: Model, fn: Fn, i: int, piece: Piece) -> Told | None:
    if piece.flat:
        return None
    if (request := exception(model, piece)) is not None:
        return Told(fn, i, request.key, request)
    if column := model.token_rows.shown(piece):
        return Told(fn, i, column, None, row=True)
    name, certain = secret(model, piece)
    if certain and _SURELY.search(name) and _is_of_environment(model, piece):
        return Told(fn, i, name, None)
    return None


def _is_of_environment(model: Model, piece: Piece) -> bool:
    """Whether a value is the environment, or one of its variables: what a shop keeps in its own settings, its staff may look up."""
    spelt = [n.lower() for o in options(model.shown.value(piece)) for n in names(o)]
    return any(s == e or s.startswith(e + ".") for s in spelt for e in _ENVIRONMENTS)


def _ruling(model: Model, told: list[Told]) -> Ruling:
    program, first = model.program, told[0]
    body = program.body(first.fn)
    ruling = Ruling("boundary/secret-logged", "broken", "answer", first.fn.file, body.line[first.instr])
    ruling.anchor = (first.fn.file, body.line[first.instr], body.end_line[first.instr])
    staff = model.staff_only(program.outermost(first.fn))
    ruling.severity, ruling.confidence = "medium" if staff else "high", "likely" if first.row else "certain"
    if first.request is not None:
        sent = first.request
        ruling.evidence.append(at(program, sent.fn, sent.instr, f"sent with `{sent.key}`", "source"))
    ruling.evidence += [_sink(model, one) for one in told[:_MOST]]
    _tell(ruling, first)
    if staff:
        ruling.message += " Only staff reaches it, so that fewer can read it."
    return ruling


def _sink(model: Model, told: Told) -> Evidence:
    callee = model.program.body(told.fn).args(told.instr)[0]
    return at(model.program, told.fn, told.instr, f"answered through `{written(model.program, told.fn, callee)}`", "sink")


def _tell(ruling: Ruling, told: Told) -> None:
    reads = "Whoever asks reads it in the answer and can then speak for this shop: create payments and refunds, read orders and customers."
    if told.request is not None:
        ruling.title = "A failed request is answered with the credential that it carried"
        ruling.message = (
            "The exception that is sent back whole is that of the HTTP client, which writes out its `config` too: the request as sent, "
            f"with `{told.request.key}`. {reads} A request that is sure to fail, by an id that does not exist, is enough."
        )
        ruling.remediation = (
            "Answer with a fixed text and the status; log `error.message`, `error.code` and `error.response?.status` for yourselves."
        )
        return
    where = f"The row that is sent back whole holds `{told.name}`" if told.row else f"`{told.name}` is sent back in clear"
    ruling.title = "A credential is sent to whoever asks"
    ruling.message = f"{where}. {reads}"
    ruling.remediation = "Answer with the fields that the page needs, by name, and change the credential: it has been given away."
