"""Shell that a person will run against a staging shop.

Routes and field names come from the reviewed code, so whatever they hold must stay text.
"""

import re
from collections.abc import Iterable, Sequence

from tillproof.knowledge.schema import Signing

_HOLE = re.compile(r"\{\{?\$?(\w+)[^}]*\}\}?|<(?:[\w.]+:)?(\w+)>|(?<=/):(\w+)(?:\?(?=/|$))?|\[(?:\.\.\.)?(\w+)\]|\(\?P<(\w+)>[^)]*\)")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PLAIN = re.compile(r"[A-Za-z0-9_.~%:@,;=+*()/?&-]")
_KEY = re.compile(r"[A-Za-z_][\w-]*(?:\[\])?(?:\.[A-Za-z_][\w-]*(?:\[\])?)*")
_JQ_PATH = re.compile(r"[A-Za-z_]\w*(?:\[\d+\])?(?:\.[A-Za-z_]\w*(?:\[\d+\])?)*")
_TEMPLATE_HOLE = re.compile(r"\{(\w+)\}")
_VARIABLES = {"time": "$TIME", "url": "$URL", "id": "$MESSAGE_ID", "payment": "$PAYMENT_ID", "signature": "$SIGNATURE", "event": "$EVENT"}
# ``${EVENT%.*}``: what an event is about, without what happened to it.
_KNOWN_VARIABLE = re.compile(
    r"\$(\{EVENT%\.\*\}|(?:MESSAGE_ID|EVENT|ORDER_ID|PAYMENT_ID|AMOUNT|MAJOR_AMOUNT|CURRENCY|NOTED_\w+)\b)", re.ASCII
)


def path(route: str) -> str:
    """A route for use between double quotes: its holes are shell variables, all that the shell would act on is percent-encoded."""
    route = re.sub(r"^/?\{\}", "/{prefix}", route).replace("{}", "{part}")  # what only the settings know
    out: list[str] = []
    done = 0
    for hole in _HOLE.finditer(route):
        name = next(group for group in hole.groups() if group)
        variable = re.sub(r"\W", "_", _HUMP.sub("_", name), flags=re.ASCII).upper()
        out += [_encoded(route[done : hole.start()]), "$" + (variable if variable[0].isalpha() else f"PART_{variable}")]
        done = hole.end()
    text = "".join([*out, _encoded(route[done:])])
    return text if text.startswith("/") else "/" + text


def _encoded(text: str) -> str:
    return "".join(c if _PLAIN.fullmatch(c) else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "replace")) for c in text)


def variables(route: str) -> list[str]:
    """The shell variables that ``path`` makes of the holes of a route."""
    return re.findall(r"\$([A-Z_0-9]+)", path(route))


def noted(key: str) -> str:
    """The shell variable for one of the notes of a payment."""
    return "NOTED_" + re.sub(r"\W", "_", _HUMP.sub("_", key), flags=re.ASCII).upper()


AS_FORM = """as_form() { jq -r 'to_entries | map("\\(.key)=\\(.value | tostring | @uri)") | join("&")' "$1"; }"""
"""A shell function that writes a JSON body as a form."""


def function_name(system: str) -> str:
    """``deliver_checkout_com`` for ``checkout.com``."""
    return "deliver_" + re.sub(r"\W", "_", system, flags=re.ASCII).lower()


def quoted(text: str) -> str:
    """Text between double quotes, of which the shell takes no part for itself."""
    return re.sub(r'([\\"$`])', r"\\\1", " ".join(text.split()))


def heredoc(file: str, text: str) -> list[str]:
    """Lines that write ``text``, put on one line, into a file; only the variables that messages are made with are filled in."""
    kept = _KNOWN_VARIABLE.split(" ".join(text.split()))
    safe = "".join("$" + part if n % 2 else re.sub(r"([\\$`])", r"\\\1", part) for n, part in enumerate(kept))
    return [f"cat > {file} <<END", safe, "END"]


def curl(method: str, route: str, *options: str, url: str = "") -> str:
    """One request to the staging shop; the answer's status line and headers are shown."""
    verb = "" if method in ("GET", "ANY") else f" -X {method}" if re.fullmatch("[A-Z]{3,7}", method) else " -X POST"
    return " ".join([f"curl -sS -i{verb}", *options, f'"{url or "$STAGING_URL" + path(route)}"'])


def deliver(name: str, signing: Signing | None, form: bool, recorded: bool) -> list[str]:
    """A shell function that sends a message as the provider would: ``NAME FILE ROUTE [TIME]``.

    ``recorded``: only the provider can sign it, so the headers of a recorded delivery stand beside the file.
    """
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    options = [f'-H "Content-Type: {kind}"']
    lines = [f"{name}() {{  # FILE ROUTE [TIME]", '  TIME="${3:-$(date +%s)}"; URL="$STAGING_URL$2"; BODY="$1"']
    if recorded:
        options = ['-H @"${1%.*}.headers"']
    elif signing is not None:
        lines += [f"  {line}" for line in _signature(signing)]
        options += [f'-H "{_filled(header)}"' for header in signing.headers]
    return [*lines, "  " + " ".join(["curl -sS -i -X POST", *options, '--data-binary @"$BODY"', '"$URL"']), "}"]


def _signature(signing: Signing) -> list[str]:
    digest = f"openssl dgst -{signing.algorithm} "
    digest += f'-mac HMAC -macopt hexkey:"${signing.secret}"' if signing.key == "hex" else f'-hmac "${signing.secret}"'
    digest += " -binary | openssl base64 -A" if signing.encoding == "base64" else " -hex | sed 's/^.*= *//'"
    fields = [field for field in signing.fields if _JQ_PATH.fullmatch(field)]
    if fields:
        source = f'jq -j \'[{", ".join("." + field for field in fields)}] | map(. // "" | tostring) | join(":")\' "$1"'
    else:
        source = _signed(signing.signs)
    lines = [f'SIGNATURE="$({source} | {digest})"']
    if signing.inside and _JQ_PATH.fullmatch(signing.inside):
        lines += [f'jq -c --arg s "$SIGNATURE" \'.{signing.inside} = $s\' "$1" > signed.json; BODY=signed.json']
    return lines


def _signed(template: str) -> str:
    """What goes into the digest: ``{time}.{body}`` as a group of commands that print it."""
    commands: list[str] = []
    for part in re.split(r"(\{body\})", template):
        if part == "{body}":
            commands.append('cat "$1"')
        elif part:
            commands.append(f'printf %s "{_filled(part)}"')
    return commands[0] if len(commands) == 1 else "{ " + "; ".join(commands) + "; }"


def _filled(template: str) -> str:
    """A template between double quotes: its holes are variables, the rest is text."""
    parts = re.split(r"(\{\w+\})", template)
    return "".join(
        _VARIABLES.get(part[1:-1], "") if _TEMPLATE_HOLE.fullmatch(part) else quoted(part) if part.strip() else part for part in parts
    )


def jq_path(key: str) -> str | None:
    """``.items[0].price`` for the request field ``items[].price``; None for a name that is no plain one."""
    if not _KEY.fullmatch(key):
        return None
    return "".join(_jq_member(part.removesuffix("[]")) + ("[0]" if part.endswith("[]") else "") for part in key.split("."))


def _jq_member(name: str) -> str:
    return f'."{name}"' if "-" in name else f".{name}"


def payload(fields: Iterable[str], value_of: "dict[str, str]") -> str:
    """A request body with these fields, as JSON. ``value_of``: JSON values of fields; the others are left for the reader to fill in."""
    tree: dict[str, object] = {}
    for key in fields:
        if not _KEY.fullmatch(key):
            continue
        here = tree
        *above, last = key.split(".")
        for part in above:
            inner = here.setdefault(part, {})
            if not isinstance(inner, dict):
                break
            here = inner
        else:
            here.setdefault(last, value_of.get(key, f'"<{last.removesuffix("[]")}>"'))
    return _json(tree)


def _json(tree: dict[str, object]) -> str:
    parts = []
    for key, value in tree.items():
        text = _json(value) if isinstance(value, dict) else str(value)
        many = key.endswith("[]")
        parts.append(f'"{key.removesuffix("[]")}": {f"[{text}]" if many else text}')
    return "{" + ", ".join(parts) + "}"


def loop(routes: Sequence[str], command: str) -> str:
    """``command`` for every route, which it finds in ``$ROUTE``."""
    listed = " ".join('"' + path(route) + '"' for route in routes)
    return f"for ROUTE in {listed}; do {command}; done"
