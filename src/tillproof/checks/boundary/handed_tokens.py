"""Tokens that an SDK tells functions of ours to keep: the cookies of somebody's session."""

from tillproof.checks.ruling import Ruling
from tillproof.commerce.model import Model
from tillproof.commerce.shown import Piece
from tillproof.flow.program import Fn
from tillproof.ir.ops import Op

COOKIES = "the cookies of the session"
_VALUE = "value"


def handed_token(model: Model, piece: Piece) -> str:
    """What is shown of a session that an SDK hands over to be kept: ``cookies: { setAll(cookies) { cookies.forEach(({ value }) => …) } }``;
    empty where a piece shows nothing of one."""
    told = _told_to(model, piece.fn)
    if told is None:
        return ""
    body = model.program.body(piece.fn)
    given = model.program.body(told).params
    named = {p.name for p in given} if len(given) == 1 else set()
    whole = body.op[piece.instr] in (Op.PARAM, Op.NAME, Op.ELEMENT) and (piece.fn == told or not piece.flat)
    shown = piece.names[:1] == (_VALUE,) or ((whole and not named.isdisjoint(piece.names)) and _VALUE not in piece.without)
    return COOKIES if shown else ""


def tell_sessions(ruling: Ruling) -> None:
    """What a ruling says of it."""
    ruling.title = "The tokens of sessions are written to the log"
    ruling.message = (
        "What is to be kept of a session is logged with its value: whenever somebody signs in, or his session is renewed, his access and "
        "refresh tokens stand in the log, those of the shop's own people too. Whoever reads logs, and every service that they are sent to, "
        "can act as any of them."
    )
    ruling.remediation = "Log the names of the cookies at most, or nothing; end the sessions whose tokens are in the logs of the past."


def _told_to(model: Model, fn: Fn) -> Fn | None:
    """The function around, or that one itself, that an SDK is given to keep sessions by."""
    return next((one for one in (fn, *model.program.around(fn)) if model.recogniser.keeps_session(one)), None)
