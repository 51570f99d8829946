"""``boundary/hardcoded-secret``: no credential of an external system is written down in code or configuration."""

import re
from collections.abc import Iterator, Sequence

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.credentials import Mode
from tillproof.commerce.hosts import catches_mail, is_local
from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.commerce.modes import Modes
from tillproof.commerce.written_parts import Kept, Written
from tillproof.contract import SEVERITIES, Severity

_ID = "boundary/hardcoded-secret"
_SEVERITIES: dict[Mode, Severity] = {"live": "critical", "unknown": "high", "test": "low"}
# Where a shop's own passwords and signing keys harm nobody: what stands there protects nothing.
_HARMLESS = ("development", "test", "ci", "example")
_EXAMPLE = re.compile(rb"\s*(?:\*|//|#|/\*\*?|--)\s*@?(?:example\b|e\.g\.)|\s*[\"']?examples?[\"']?\s*[:=]", re.IGNORECASE)
_HOST = re.compile(rb"host\w{0,10}[\"'\])]{0,2}\s*(?:=>|[:=,(])\s*[\"'`]([\w.-]+)[\"'`]", re.IGNORECASE)
_AROUND = 8  # lines
_MOST_PLACES = 10
_READS = {
    "python": 'os.environ["{}"]', "javascript": "process.env.{}", "php": "getenv('{}')",
}  # fmt: skip


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per credential that is written down in code, or in settings, wherever that is: to keep it out of the one mends nothing in
    the other. And one per place where code reads one from the settings instead."""
    modes = Modes(model)
    used = {written.used for written in model.written.found if written.used is not None}
    places_of: dict[tuple[str, bool], list[tuple[Severity, Written]]] = {}
    for written in model.written.found:
        severity = _severity(model, written, modes)
        if severity is not None:
            in_code = written.file.path in model.program.indices
            places_of.setdefault((written.credential.secret, in_code), []).append((severity, written))
    for found in places_of.values():
        severity, worst = min(found, key=lambda f: SEVERITIES.index(f[0]))
        yield _broken(model, worst, [written for _, written in found], modes.of(worst), severity)
    places: set[tuple[str, int]] = set()
    for kept in model.written.kept:
        if (kept.file, kept.line) not in used | places:
            places.add((kept.file, kept.line))
            yield _held(kept)


def _severity(model: Model, written: Written, modes: Modes) -> Severity | None:
    """How bad it is that a credential is written down where it is; None when it is no matter."""
    credential = written.credential
    environment = model.texts.environment(written.file)
    if credential.sort == "publishable" or _illustrates(model, written):
        return None
    used = (credential.made and credential.mode == "live") or (credential.sent and written.file.path in model.program.indices)
    if environment in ("example", "test") and not used:
        return None
    if credential.sort in ("database", "signing") and environment in _HARMLESS:
        return None
    if credential.sort == "signing":
        return "medium"
    if credential.sort in ("database", "mail"):
        host = credential.host or _host_beside(model, written)
        if credential.sort == "mail":
            return "low" if host and (is_local(host) or catches_mail(host)) else "high"
        return "low" if not host or is_local(host) else "medium"
    mode = modes.of(written)
    if mode == "unknown" and environment in ("development", "staging"):
        return "medium"  # of less reach: most often a sandbox's
    return _SEVERITIES[mode]


def _illustrates(model: Model, written: Written) -> bool:
    """Whether a comment shows what such a value looks like: ``@example whsec_…``."""
    lines = model.texts.text(written.file.path).split(b"\n")
    line = lines[written.line - 1] if written.line <= len(lines) else b""
    return _EXAMPLE.match(line) is not None


def _host_beside(model: Model, written: Written) -> str:
    """The host that stands in the same settings, or in the lines of code around, as a password."""
    if written.file.role != "config":
        lines = model.texts.text(written.file.path).split(b"\n")[max(0, written.line - _AROUND) : written.line + _AROUND]
        hosts = [m[1].decode() for line in lines if (m := _HOST.search(line))]
        return hosts[0] if len(set(hosts)) == 1 else ""
    if not written.names:
        return ""
    group = snake(written.names[0]).rpartition("_")[0]
    for entry in model.texts.entries(written.file):
        name = snake(entry.key.rpartition(".")[2])
        if name in (f"{group}_host", f"{group}_hostname", f"{group}_server", f"{group}_url") or (not group and name in ("host", "url")):
            return entry.value
    return ""


def _held(kept: Kept) -> Ruling:
    owner = kept.owner.name if kept.owner else "the system"
    guard = Evidence(kept.read_at[0], kept.read_at[1], f"{owner}'s {kept.name} comes from the settings ({kept.from_})", "guard")
    return Ruling(_ID, "held", "credential", kept.file, kept.line, [guard])


def _broken(model: Model, written: Written, places: Sequence[Written], mode: Mode, severity: Severity) -> Ruling:
    credential, file = written.credential, written.file
    ruling = Ruling(_ID, "broken", "credential", file.path, written.line)
    ruling.severity = severity
    ruling.confidence = "certain" if credential.made or credential.sort == "database" else "likely"
    ruling.hides = (credential.secret,)
    what = {"live": f"live {credential.name}", "test": f"{credential.name} for tests"}.get(mode, credential.name)
    if credential.sort == "signing":
        what = f"key `{credential.name}`"
    ruling.title = f"{what[0].upper()}{what[1:]} is written down in {file.path}"
    ruling.message = _message(written, mode, what)
    ruling.remediation = _remedy(model, written)
    ruling.evidence = [Evidence(file.path, written.line, f"the {what} stands here in clear", "sink")]
    ruling.evidence += [Evidence(p.file.path, p.line, "and here", "sink") for p in places if p is not written][:_MOST_PLACES]
    if written.used is not None and written.used != (file.path, written.line):
        ruling.evidence.append(Evidence(written.used[0], written.used[1], "it is used here", "step"))
    return ruling


def _message(written: Written, mode: Mode, what: str) -> str:
    credential = written.credential
    reader = f"Whoever reads {written.file.path}, in any clone, image or backup, has the {what}"
    if credential.sort == "signing":
        return f"{reader} and can make sessions, tokens or messages that the shop takes for its own: log in as anybody, staff too."
    if credential.sort == "database":
        return f"{reader} and with it orders, customers and payment records, wherever that server can be reached."
    if credential.sort == "mail":
        if credential.host and catches_mail(credential.host):
            return f"{reader} and can read what was sent there while the shop was tried out."
        return f"{reader} and can send mail in the shop's name, payment links included, and read what was sent."
    owner = credential.owner.name if credential.owner else "the system"
    if mode == "test":
        return f"{reader}. It moves no real money, but it opens the shop's test account at {owner}; the live key is kept where this one is."
    if "webhook" in credential.name:
        return f"{reader} and can sign messages as {owner}: an order is reported as paid that nobody paid for."
    kind = credential.owner.kind if credential.owner else "other"
    harm = {
        "payment": "charge, refund and pay out in the shop's name, and read its customers' data",
        "notification": "send messages in the shop's name at its cost, payment links included",
    }.get(kind, f"do all at {owner} that the shop can: read and change its data, at its cost")
    return f"{reader} and can {harm}."


def _remedy(model: Model, written: Written) -> str:
    credential, file = written.credential, written.file
    owner = f" at {credential.owner.name}" if credential.owner else ""
    again = f"Make a new one{owner} and revoke this one: what was committed stays in the history."
    name = _variable(written)
    if file.path in model.program.indices:
        read = _READS[model.program.language(file.path)].format(name)
        return f"Read it with `{read}` and let the program fail where it is missing. {again}"
    if file.language == "env":
        return f"Take the file out of the repository (`git rm --cached {file.path}`), keep an `.env.example` with the names alone. {again}"
    return f"Write a reference instead (`${{{name}}}`) and set the variable where the shop runs, from a secret store. {again}"


def _variable(written: Written) -> str:
    """The environment variable to read the credential from."""
    credential = written.credential
    own = snake(written.names[0].replace(".", "_")) if written.names else "secret_key"
    owner = credential.owner.id.replace("-", "_").replace(".", "_") if credential.owner else ""
    return (own if not owner or owner in own else f"{owner}_{own}").upper()


CHECK = Check(id=_ID, title="Credentials are kept out of code and configuration", severity="critical", rule=rule)
