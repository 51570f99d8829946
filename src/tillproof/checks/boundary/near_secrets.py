"""Where a credential may be shown: calls that log, answer or throw, with something near them that is called like one."""

import re
from collections.abc import Iterator

from tillproof.commerce.model import Model

_CALL = re.compile(
    rb"(?:\b(?:console|logger|log|logging|Log|LOG|winston|Sentry|sentry_sdk|rollbar|Bugsnag|newrelic|analytics|mixpanel"
    rb"|posthog)\w*(?:\([^()\n]{0,60}\))?\s*(?:\.|->|::)\s*(?:logger\s*(?:\.|->)\s*)?\w+"
    rb"|\b\w*(?:[lL]og(?:ger)?|LOG)(?:\.|->|::)\w+|\b(?:print|pprint|error_log|syslog|trigger_error|logger|info|report|debug|error|warn|warning|log_?error|logError|write_log"
    rb"|gtag|fbq)|(?:->|\.|::)(?:log|debug|info|warn|error|logError|writeLog|add_order_note|stdout\.write)"
    rb"|\b(?:throw\s+new\s+[\w\\]+|raise\s+[\w.]+))\s*\("
)
# One of these stands in every text, in lower case, in which ``_CALL`` fits.
_CALLING = (b"log", b"sentry", b"rollbar", b"bugsnag", b"newrelic", b"analytics", b"mixpanel", b"posthog", b"console", b"print",
            b"trigger_error", b"info", b"report", b"debug", b"gtag", b"fbq", b"warn", b"error", b"add_order_note", b"stdout.write",
            b"throw", b"raise")  # fmt: skip
# More than a text that is written out.
_SHOWS = re.compile(rb"\(\s*[A-Za-z_$]|[,+.{%]\s*[A-Za-z_$]|\$\w")
_BEFORE = 800
_BRACKET = re.compile(rb"[()]")
_NEAR = 500
_SECRET = re.compile(
    rb"secret|token|api_?key|apikey|passw|credential|authoriz|private_?key|access_?key|merchant_?key|_KEY\b|hmac_?key|signing_?key|encryption_?key|salt|bearer"
    rb"|(?:database|db|mysql|mariadb|postgres\w*|pg|mongo\w*|redis|rabbitmq|amqp|broker|connection)_?(?:\w+_)?(?:ur[il]|dsn|string|conn\w*)\b",
    re.IGNORECASE,
)
# One of these stands in every text, in lower case, in which ``_SECRET`` fits.
_SECRETS = (b"secret", b"token", b"api_key", b"apikey", b"passw", b"credential", b"authoriz", b"private_key", b"privatekey", b"access_key",
            b"accesskey", b"merchant_key", b"merchantkey", b"_key", b"hmackey", b"signingkey", b"encryptionkey", b"salt",
            b"bearer", b"_ur", b"mongour", b"mongodbur", b"databaseur", b"connection", b"_dsn")  # fmt: skip
# What may hold one, by which alone a file is looked at.
_HOLDERS = (b"session", b"headers")
_WHOLE = re.compile(
    rb"[(,\s](?:headers|config|cfg|options|opts|env|settings|credentials?|creds|auth|params|sess|session|process\.env|os\.environ|_ENV"
    rb"|_SERVER)\s*[,)}\]]|\.headers\s*[,)}\]]|\$_(?:ENV|SERVER)\s*[,)]",
    re.IGNORECASE,
)
# An address may hold a credential among what is asked for.
_ADDRESS = re.compile(rb"\b(?:\w*(?:[uU]rl|URL|[uU]ri)|endpoint)\b")
_ERROR = re.compile(rb"[(,\s{](?:err|error|e|ex|exception|reason)(?:\??\.\w+)*\s*[,)}|?]")


def offsets(model: Model, file: str, source: bytes) -> Iterator[int]:
    """Places of calls that log, in whose text a credential, or something that may hold one, is named."""
    revealing = model.program.language(file) == "javascript" and throws_requests(model, file)
    low = source.lower()
    rows = model.program.language(file) == "javascript" and bool(model.token_rows.tables)
    if not (revealing or rows or b"session" in low or b"headers" in low or any(w in low for w in _SECRETS)) or not any(
        w in low for w in _CALLING
    ):
        return
    integrates = file in model.operations.telling_files and any(w in low for w in _SECRETS)
    for match in _CALL.finditer(source):
        text = source[match.end() - 1 : match.end() + _NEAR]
        text = text[: closing(text)]
        near = source[max(0, match.start() - _BEFORE) : match.start()]  # what is logged may have been put together some lines before
        shows = _SHOWS.search(text) is not None and (integrates or _SECRET.search(near) is not None)
        if shows or rows or _SECRET.search(text) or _WHOLE.search(text) or _ADDRESS.search(text) or (revealing and _ERROR.search(text)):
            yield match.start()


def closing(text: bytes) -> int:
    """Where the bracket that a text begins with is closed."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] == b"(" else -1
        if depth == 0:
            return bracket.end()
    return len(text)


def throws_requests(model: Model, file: str) -> bool:
    """Whether the unit of a file uses a client whose exceptions hold the request."""
    return model.program.unit(file) in {
        model.program.unit(f) for name in ("axios", "request-promise") for f in model.program.mentioning(name)
    }
