"""Systems that code of languages which are not read closely speaks to, known by the credentials that it reads and by what it imports."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.addresses import in_comment
from tillproof.commerce.lexicon import snake
from tillproof.knowledge.schema import Provider
from tillproof.source.files import Language, SourceFile
from tillproof.source.kinds import UNREAD

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# A setting's name in quotes: ``ENV["STRIPE_SECRET_KEY"]``, ``@Value("${stripe.secretKey}")``.
_NAMED = re.compile(r"[\"'`](?:\$\{)?([A-Za-z][\w.:-]{5,60})(?::[^\"'`}]{0,40})?\}?[\"'`]")
_SETTINGS = re.compile(r"(?:^|/)(?:config|initializers|settings)/")
# What stands for the owner of a package where it is used. What only hears of a provider or names its errors calls nothing.
_HEARS = r"(?![\w.]*(?:[Ww]ebhook|Event|Signature|[Ee]xception|Error)\b)"
_IMPORTS: dict[Language, re.Pattern[str]] = {
    "go": re.compile(r"^\s*(?:import\s+)?(?:[\w.]+\s+)?\"[\w-]+\.[\w.-]+/([\w.-]+)/([\w.-]+)(?![\w./-]*/webhook)", re.MULTILINE),
    "java": re.compile(rf"^\s*import\s+(?:static\s+)?(?:com|org|net|io)\.(\w+)\.{_HEARS}", re.MULTILINE),
    "kotlin": re.compile(rf"^\s*import\s+(?:com|org|net|io)\.(\w+)\.{_HEARS}", re.MULTILINE),
    "csharp": re.compile(r"^\s*(?:global\s+)?using\s+(?:static\s+)?(\w+)[\w.]*\s*;", re.MULTILINE),
    "ruby": re.compile(rf"(?<![\w:])([A-Z]\w+)::{_HEARS}[A-Z]"),
}
_COMES_IN = re.compile(r"(?:^|_)(?:web_?hooks?|endpoint|whsec|ipn|signing|signature)(?:_|$)")


class Configured(NamedTuple):
    """A system that code is configured for or has a package of. ``inbound``: the credential proves who sent a message."""

    provider: Provider
    inbound: bool
    unit: str
    file: str
    line: int


def configured(model: "Model") -> Iterator[Configured]:
    """One for each name of a credential in such code and each import of a provider's package, in order of file.

    A settings file that only keeps the key of a system shows no call of it; a secret that messages are proven with shows that they come.
    """
    for file in model.texts.files:
        if file.language not in UNREAD or file.path in model.program.indices or file.role != "source":
            continue
        data = model.texts.text(file.path)
        text = data.decode("utf-8", "replace")
        yield from _imported(model, file, data, text)
        for match in _NAMED.finditer(text):
            names = [part for part in reversed(re.split(r"[.:]", match[1])) if part]
            owner = model.credentials.owners.of(names) if names and model.credentials.is_secret_name(names[0]) else None
            if owner is None or _is_comment(data, text, match.start()):
                continue
            inbound = _COMES_IN.search(snake("_".join(reversed(names)))) is not None
            if inbound or not _SETTINGS.search(file.path):
                yield Configured(owner, inbound, file.unit, file.path, text.count("\n", 0, match.start()) + 1)


def _imported(model: "Model", file: SourceFile, data: bytes, text: str) -> Iterator[Configured]:
    """Packages whose owner has the name of a provider: ``github.com/stripe/stripe-go``, ``com.adyen.service``, ``Stripe::Charge``."""
    seen = set()
    for match in _IMPORTS[file.language].finditer(text) if file.language else ():
        owners = (model.knowledge.providers.get(part.lower()) for part in match.groups() if part)
        owner = next((provider for provider in owners if provider is not None and provider.kind == "payment"), None)
        if owner is not None and owner.id not in seen and not _is_comment(data, text, match.end() - 1):
            seen.add(owner.id)
            yield Configured(owner, False, file.unit, file.path, text.count("\n", 0, match.end() - 1) + 1)


def _is_comment(data: bytes, text: str, offset: int) -> bool:
    at = len(text[:offset].encode())
    return in_comment(data, at, data.rfind(b"\n", 0, at) + 1)
