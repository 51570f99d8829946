"""``pci/card-data-literal``: no card number or bank account of anybody stands in code, configuration or data of the repository."""

import re
from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.model import Model
from tillproof.commerce.payment_numbers import Number, PaymentNumbers
from tillproof.source.files import SourceFile

_ID = "pci/card-data-literal"
# What a text has to hold to be looked at closely, once every digit in it reads 0, every capital A, and a blank or hyphen -.
_SHAPES = bytes(
    48 if 48 <= c <= 57 else 65 if 65 <= c <= 90 else 45 if c in b" -" else 46 for c in range(256)
)  # fmt: skip
_LONG = (b"0000000000000", b"0000-0000-0000", b"0000-000000")
_IBAN_HEAD = b"AA00"
_IBAN = re.compile(rb"[A-Z]{2}\d{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}")
_ROUTING = (b"outing", b"sort_code", b"sortCode", b"bsb")
_PAGES = ("html", "jinja", "twig", "blade", "ejs")
_MOST_PER_FILE = 20


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per number: broken for somebody's, held for one that is published for tests."""
    numbers = PaymentNumbers(model.knowledge.published, model.words)
    for file in (*model.texts.files, *model.texts.documents):
        if model.texts.environment(file) in ("test", "example") and file.role != "docs":
            continue
        data = model.texts.text(file.path)
        if not _is_worth_a_look(data):
            continue
        seen: set[str] = set()
        for number in numbers.find(data):
            digits = re.sub(r"\W", "", number.text)
            if digits in seen or len(seen) >= _MOST_PER_FILE:
                continue
            seen.add(digits)
            if number.published:
                yield _held(file, number)
            else:
                yield _broken(file, number, digits)


def _is_worth_a_look(data: bytes) -> bool:
    shape = data.translate(_SHAPES)
    if any(long in shape for long in _LONG) or (_IBAN_HEAD in shape and _IBAN.search(data)):
        return True
    return any(word in data for word in _ROUTING)


def _held(file: SourceFile, number: Number) -> Ruling:
    note = f"a {number.kind} number that is published for tests by {number.published}"
    if number.published.startswith(("nobody", "what stands")):
        note = f"a {number.kind} number that is nobody's, by {number.published.removeprefix('nobody: ')}"
    return Ruling(_ID, "held", "card-literal", file.path, number.line, [Evidence(file.path, number.line, note, "guard")])


def _broken(file: SourceFile, number: Number, digits: str) -> Ruling:
    ruling = Ruling(_ID, "broken", "card-literal", file.path, number.line)
    ruling.severity = "high" if number.sort != "card" and file.language in _PAGES else "critical"
    ruling.confidence = "certain" if number.sure else "likely"
    ruling.hides = (number.text, digits)
    what = f"{number.kind} card number" if number.sort == "card" else f"{number.kind}"
    article = "An" if what[0] in "AEIOU" or what.startswith("account") else "A"
    ruling.title = f"{article} {what} stands in {file.path}"
    ruling.message = f"{_why(number)} {_harm(file, number)}"
    ruling.remediation = _remedy(number)
    ruling.evidence = [Evidence(file.path, number.line, f"the {what} stands here in clear", "sink")]
    if number.code_line:
        ruling.evidence.append(Evidence(file.path, number.code_line, "a security code stands beside it", "step"))
    return ruling


def _remedy(number: Number) -> str:
    out = "Take it out of the file and of the history (`git filter-repo --replace-text`)"
    instead = "use a number that the provider publishes for tests where one is needed."
    if number.sort == "card":
        return f"{out}, tell the acquirer and whose card it is, and {instead}"
    return f"{out}, keep the account with the provider or encrypted in the database, and {instead}"


def _why(number: Number) -> str:
    if number.sort == "iban":
        return "Country, length and check digits are those of an IBAN, and it is none of those published for tests."
    if number.sort == "account":
        return "An account number and the routing number of its bank stand together, and neither is published for tests."
    beside = " A security code stands beside it, which nobody may keep after the authorisation (PCI DSS 3.3.1)." if number.code_line else ""
    return f"Its range and check digit are those of a {number.kind} card, and no provider is known to publish it for tests.{beside}"


def _harm(file: SourceFile, number: Number) -> str:
    who = (
        "Whoever opens the page reads it in its source"
        if file.language in _PAGES
        else "Whoever has the repository, a clone or a backup has it"
    )
    if number.sort == "card":
        return f"{who} and can pay with it, and wherever the file is kept is in scope of PCI DSS (3.5.1: unreadable wherever it is stored)."
    shown = " If it is the shop's own, shown for bank transfers, keep it in the settings." if file.language in _PAGES else ""
    return f"{who} and can debit it or pass for its owner.{shown}"


CHECK = Check(id=_ID, title="No card number or bank account is written down", severity="critical", rule=rule)
