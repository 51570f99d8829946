"""A secret that provider and shop share, sent along as it is and compared with our own copy: in a header, or in the message itself."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.told_states import setting
from tillproof.flow.values import Const, External, FunctionV, Member, Mix, ModuleV, Result, Text, Value, constant, options

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SENT = re.compile(r"(^|.*_)(token|secret|secret_?key|api_?key|auth_?key|access_?key|passcode|pass_?phrase|password|verif_?hash)")
_KEY = re.compile(r"(^|_)(key|token|secret|hash|pass\w*|apk)$")
_SECRET_SETTING = re.compile(
    r"phish|(secret|private|api|auth|security|callback|webhook|ipn)_(\w+_)?(key|token|hash|password)$|(^|_)secret$"
)
"""What a shop's settings call a secret that a provider sends along in its messages."""
_VISITORS = re.compile(r"(^|_)(csrf|xsrf|nonce|session|cart|order|user|login|reset|remember|old|new|current)(_|$)|^_?token$")
_OURS = re.compile(r"(^|_)(token|secret|key|salt|hash|pass_?phrase|password|passcode)(_|$)")
_SETTINGS = re.compile(
    r"(^|_)(config|configuration|settings?|options?|env|environment|gateway|credentials?|provider|service|self|this)(_|$)"
)
_NO_SECRET = re.compile(
    r"origin|referr?er|(.*-)?host|user-agent|accept(-.*)?|content-.*|(.*-)?forwarded(-.*)?|.*-ip|x-requested-with|(.*-)?version"
)
_ENCODES = re.compile(
    r"(en|de)code|^(to_)?(str(ing)?|bytes|lower|upper|json)|trim|strip|stringify|dumps|quote|b64|base64|^from$|format|replace|join|concat"
)
_NAMING = 2  # arguments that may name a setting
_ENCODED = 4  # calls and texts around a secret in a header
_OPEN = re.compile(
    r"(\w+_)?(inst|installation|merchant|account|site|store|shop|seller|vendor|client|app|order|invoice|cart|payment|transaction)_?(id|no|number)"
    r"|merchant|business|receiver(_e?mail)?|(\w+_)?(amount|currency|total)|mid|e?mail"
)
_LEAST = 8  # characters of a secret that is written down


def is_shared_secret(model: "Model", sent: Value, ours: Value) -> bool:
    """Whether a value that the sender sent is compared with a secret of ours: a setting, or what is called so and is kept with settings."""
    given = [o for o in options(sent) if not (isinstance(o, Const) and o.falsy)]  # `isset($_SERVER['PHP_AUTH_PW']) ? … : ''`
    source = model.requests.source(given[0] if len(given) == 1 else sent)
    if source is None or source.kind not in ("headers", "body", "query", "raw") or model.requests.source(ours) is not None:
        return False
    if source.kind == "headers":
        if _NO_SECRET.fullmatch((source.key or "").lower().replace("_", "-")):
            return False
        return any(_is_setting(model, o) or _is_kept_secret(o) or _is_composed(model, o) for o in options(ours))
    key = snake((source.key or "").rpartition(".")[2])
    kept = [o for o in options(ours) if not (isinstance(o, Const) and o.falsy)]  # `getValue(…) ?? ''`
    if _KEY.search(key) and not _VISITORS.search(key) and kept and all(_is_secret_setting(model, o) for o in kept):
        return True
    if not _SENT.fullmatch(key) or _VISITORS.search(key):
        return False
    return any(_is_setting(model, o) or _is_kept_secret(o) or _is_written(o) for o in options(ours))


def is_open(model: "Model", sent: Value) -> bool:
    """Whether what was sent is said openly in every message and page of the shop, and so proves nobody: the account's own id, an amount."""
    source = model.requests.source(sent)
    return source is not None and source.kind != "headers" and _OPEN.fullmatch(snake((source.key or "").rpartition(".")[2])) is not None


def _is_secret_setting(model: "Model", value: Value) -> bool:
    """Whether a value is a setting that is called as such a secret is, be it that of a module: ``getValue('acme', 'callbackKey')``."""
    if not isinstance(value, Result) or value.instr < 0 or not model.recogniser.result_is("config", value):
        return _SECRET_SETTING.search(setting(model, value)) is not None
    named = (snake(text) for _, v in model.evaluator.arguments(value)[:_NAMING] if (text := constant(v)))
    return any(_SECRET_SETTING.search(name) for name in named)


def _is_setting(model: "Model", value: Value) -> bool:
    """Whether a value is read from the environment or the settings: by a call, or as a member of what holds them."""
    here: Value | None = value
    while here is not None:
        if model.recogniser.result_is("config", here):
            return True
        if isinstance(here, External) and "." in here.name:
            here = External(here.at, here.name.rpartition(".")[0])
        else:
            here = here.base if isinstance(here, Member) else None
    return False


def _is_composed(model: "Model", value: Value) -> bool:
    """Whether a value is put together with settings of ours and nothing that was sent, as the header of basic authentication is:
    ``'Basic ' + base64(`${user}:${password}`)``."""
    pieces = list(_pieces(model, value, 0))
    return any(_is_setting(model, p) or _is_kept_secret(p) for p in pieces) and all(model.requests.source(p) is None for p in pieces)


def is_echo(model: "Model", value: Value, depth: int = 0) -> bool:
    """Whether a value is made of what was sent, and of nothing else but constants: whoever sends the message makes that, too."""
    if model.requests.source(value) is not None:
        return True
    if depth >= _ENCODED or (isinstance(value, Result) and value.instr >= 0 and not _only_writes_anew(model, value)):
        return False
    below = [v for v in _below(model, value) if not isinstance(v, (Const, External, ModuleV, FunctionV))]
    return bool(below) and all(is_echo(model, o, depth + 1) for v in below for o in options(v))


def _only_writes_anew(model: "Model", value: Result) -> bool:
    """Whether a call writes what it is given in another way, and mixes nothing with it that the sender does not have, as a digest does."""
    return _ENCODES.search(snake(model.program.body(value.fn).called(value.instr))) is not None


def _below(model: "Model", value: Value) -> tuple[Value, ...]:
    """What a text is put together of, or what a call is given and made on."""
    if isinstance(value, Result) and value.instr >= 0:
        on = (value.callee.base,) if isinstance(value.callee, Member) else ()
        return (*on, *(given for _, given in model.evaluator.arguments(value)))
    return value.parts() if isinstance(value, (Text, Mix)) else ()


def _pieces(model: "Model", value: Value, depth: int) -> Iterator[Value]:
    """What a text is made of, and what calls on the way are given: those that encode it."""
    yield value
    for piece in _below(model, value) if depth < _ENCODED and not _is_setting(model, value) else ():
        for option in options(piece):
            yield from _pieces(model, option, depth + 1)


def _is_kept_secret(value: Value) -> bool:
    """Whether a member is called as a secret is, and what it is a member of as settings are: ``self.webhook_secret``."""
    if not isinstance(value, Member) or not _OURS.search(snake(value.name)):
        return False
    holder = getattr(value.base, "name", "") or type(value.base).__name__
    return _SETTINGS.search(snake(holder.rpartition(".")[2])) is not None or holder == "Instance"


def _is_written(value: Value) -> bool:
    return isinstance(value, Const) and len(value.text.strip("'\"")) >= _LEAST
