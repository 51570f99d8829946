"""The headers of every request in the log, and with them the tokens by which callers prove who they are."""

from tillproof.checks.ruling import Ruling
from tillproof.commerce.every_request import run_for_every_request
from tillproof.commerce.lexicon import snake
from tillproof.commerce.logs import LogSite
from tillproof.commerce.model import Model
from tillproof.commerce.shown import Piece
from tillproof.flow.values import Member, Result, Value, options

_PROVES = (b"authorization", b"bearer ", b"x-access-token", b"x-api-key", b"x-auth-token", b"access-token")
_WHERE_FROM = ("ip", "ips", "hostname", "host", "geo", "user_agent", "protocol")
"""What frameworks read of the headers by itself, and what says of nobody who he is."""
AUTHORIZATION = "the headers"


def shows_every_token(model: Model, site: LogSite, piece: Piece) -> bool:
    """Whether a function that every request passes logs all its headers, where a header says who calls."""
    if piece.flat or "authorization" in {key.lower() for key in piece.without}:
        return False
    found = (o for o in options(model.shown.value(piece)) if _last(o) not in _WHERE_FROM)
    sources = (model.requests.source(option) for option in found)
    if not any(s is not None and s.kind == "headers" and not s.key for s in sources):
        return False
    unit = model.program.unit(site.fn.file)
    proved = (text.lower() for file, text in model.program.sources.items() if model.program.unit(file) == unit)
    return site.fn in run_for_every_request(model) and any(any(word in text for word in _PROVES) for text in proved)


def _last(value: Value) -> str:
    """The last word of what a value is read by: ``ip`` of ``req.ip`` and of ``request.ip()``."""
    called = value.callee if isinstance(value, Result) else value
    return snake(called.name) if isinstance(called, Member) else ""


def tell_headers(ruling: Ruling) -> None:
    """What a ruling says of it."""
    ruling.severity = "medium"  # each opens one account, for as long as it lasts
    ruling.title = "The headers of every request are written to the log, tokens among them"
    ruling.message = (
        "Every request passes here and is logged with all its headers: the `Authorization` of whoever calls, his cookies, the key of a "
        "system that calls this one. Whoever reads logs, and every service that they are sent to, can act as any of them while it lasts."
    )
    ruling.remediation = (
        "Log the headers that are needed by name, such as the request id and the user agent, or leave out `authorization`, `cookie` and "
        "keys."
    )
