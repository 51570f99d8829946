"""Requests of customers and staff: their bodies as files, their queries, and the commands that send them."""

import re
from collections.abc import Iterable, Sequence

from tillproof.commerce.lexicon import Words, snake
from tillproof.commerce.surface import Way
from tillproof.report.plan import shell
from tillproof.report.plan.draft import lines

AS_FORM = shell.AS_FORM
COPY = "Copy the body of the request from the browser's network log into {file}"
_ORDER = re.compile(r"(\w+_)?(order|booking|invoice|purchase)(_?(id|uuid|no|number|ref|reference))?")
_PAYMENT = re.compile(
    r"(\w+_)?(payment|intent|session|token|txn|transaction|charge|payer|reference|trxref)(_?(id|intent|token|ref|secret))?"
)
_FLAG = re.compile(r"is_|has_|save|use_|ajax")
_STATE = re.compile(r"(\w+_)?(status|state|result|success|redirect_status)")


def as_form(ways: Iterable[Way]) -> list[str]:
    """The precondition of requests whose body is a form."""
    return [lines("A function that writes a JSON body as a form", AS_FORM)] if any(way.form and sends_body(way) for way in ways) else []


def sends_body(way: Way) -> bool:
    return way.method not in ("GET", "ANY", "DELETE")


def write(way: Way, words: Words, file: str, also: str = "") -> str:
    """The step that writes the body of a request into a file, with what is known of each field."""
    if not way.fields:
        return COPY.format(file=file)
    values = {key: value for key in way.fields if (value := _value(key, words)) is not None}
    told = f"Write the body of {way.method} {shell.path(way.route)} (`<…>`: fill in{also})"
    return lines(told, *shell.heredoc(file, shell.payload(way.fields, values)))


def _value(key: str, words: Words) -> str | None:
    """A value for a field by its name; None where a person has to know."""
    name = key.rpartition(".")[2].removesuffix("[]")
    if words.has("quantity_fields", name):
        return "1"
    if words.has("currency_fields", name):
        return '"EUR"'
    if words.money(name):
        return "1000"
    if _ORDER.fullmatch(snake(name)):
        return '"$ORDER_ID"'
    return '"buyer@example.com"' if "email" in name.lower() else None


def send(way: Way, file: str = "") -> str:
    """The request of a way by whoever may send it, with the JSON body in a file (``-``: of standard input), as a form where it is one."""
    options = ["-H @staff.headers" if way.role == "staff" else "-H @customer.headers"]
    if file and sends_body(way):
        form = f'--data-binary "$(as_form {"/dev/stdin" if file == "-" else file})"'
        options += [form] if way.form else ["-H 'Content-Type: application/json'", f"--data-binary @{file}"]
    if sends_body(way) or not way.fields or "?" in way.route:
        return shell.curl(way.method, way.route, *options)
    return shell.curl(way.method, way.route, *options, url="$STAGING_URL" + shell.path(way.route) + query(way.fields, "$PAYMENT_ID"))


def send_all(ways: Sequence[Way], words: Words, stem: str) -> list[str]:
    """The commands that write the bodies of some requests, each different one once, and send them one after another."""
    files: dict[str, str] = {}
    commands: list[str] = []
    for way in ways:
        file = ""
        if way.fields and sends_body(way):
            text = shell.payload(way.fields, {key: value for key in way.fields if (value := _value(key, words)) is not None})
            if text not in files:
                files[text] = f"{stem}{len(files) + 1}.json"
                commands += shell.heredoc(files[text], text)
            file = files[text]
        commands.append(send(way, file))
    return list(dict.fromkeys(commands)) if not files else commands


def query(fields: Sequence[str], payment: str) -> str:
    """The query with which a browser comes back: the fields that are read, or the usual ones where none is known."""
    if not fields:
        return f"?order_id=$ORDER_ID&payment_id={payment}&session_id={payment}&status=success"
    pairs = [f"{key}={value}" for key, value in _pairs(fields, payment)]
    return f"?{'&'.join(pairs)}" if pairs else ""


def json_of(fields: Sequence[str], payment: str) -> str:
    """The same as a JSON body between double quotes."""
    return "{" + ",".join(f'\\"{key}\\":\\"{value}\\"' for key, value in _pairs(fields, payment)) + "}"


def _pairs(fields: Sequence[str], payment: str) -> list[tuple[str, str]]:
    return [(key, _came_back(snake(key), payment)) for key in fields if re.fullmatch(r"[\w-]+", key, re.ASCII)]


def _came_back(name: str, payment: str) -> str:
    if _ORDER.fullmatch(name):
        return "$ORDER_ID"
    if _STATE.fullmatch(name):
        return "success"
    if _PAYMENT.fullmatch(name):
        return payment
    return "1" if _FLAG.match(name) else f"<{name}>"
