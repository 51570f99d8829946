"""Messages that are sent encrypted with a key that only the shop and its payment system have: who made what it opens knows the key."""

from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.salted import is_kept_secret
from tillproof.flow.values import External, Member, Param, Result, Value, pieces

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST_PIECES = 60
_SENT = ("body", "query", "raw")


def opens_with_ours(model: "Model", arguments: list[Value]) -> bool:
    """Whether a call that decrypts is given what was sent, and a key of ours that was not."""
    if not arguments or not _is_sent(model, arguments[0]):
        return False
    return any(
        not _is_sent(model, a) and any(_is_ours(model, p) for p in pieces([a], _MOST_PIECES, model.evaluator.made_of))
        for a in arguments[1:]
    )


def _is_sent(model: "Model", value: Value) -> bool:
    found = (model.requests.source(p) for p in pieces([value], _MOST_PIECES, model.evaluator.made_of))
    return any(source is not None and source.kind in _SENT for source in found)


def _is_ours(model: "Model", value: Value) -> bool:
    """Whether a value is a setting, or is called as a secret is."""
    if isinstance(value, (Member, Param, External)) and is_kept_secret(snake(value.name.rpartition(".")[2].lstrip("$"))):
        return True
    return isinstance(value, (Result, External, Member)) and model.recogniser.result_is("config", value)
