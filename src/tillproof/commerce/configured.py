"""Systems that code of languages which are not read closely speaks to, known by the credentials that it reads from the settings."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.addresses import in_comment
from tillproof.commerce.lexicon import snake
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LANGUAGES = ("ruby", "java", "csharp", "go", "kotlin")
# A setting's name in quotes: ``ENV["STRIPE_SECRET_KEY"]``, ``@Value("${stripe.secretKey}")``.
_NAMED = re.compile(r"[\"'`](?:\$\{)?([A-Za-z][\w.:-]{5,60})(?::[^\"'`}]{0,40})?\}?[\"'`]")
_SETTINGS = re.compile(r"(?:^|/)(?:config|initializers|settings)/")
_COMES_IN = re.compile(r"(?:^|_)(?:web_?hooks?|endpoint|whsec|ipn|signing|signature)(?:_|$)")


class Configured(NamedTuple):
    """A system that code is configured for. ``inbound``: the credential proves who sent a message."""

    provider: Provider
    inbound: bool
    unit: str
    file: str
    line: int


def configured(model: "Model") -> Iterator[Configured]:
    """One for each name of a credential in such code, in order of file and line.

    A settings file that only keeps the key of a system shows no call of it; a secret that messages are proven with shows that they come.
    """
    for file in model.texts.files:
        if file.language not in _LANGUAGES or file.path in model.program.indices or file.role != "source":
            continue
        data = model.texts.text(file.path)
        text = data.decode("utf-8", "replace")
        for match in _NAMED.finditer(text):
            names = [part for part in reversed(re.split(r"[.:]", match[1])) if part]
            owner = model.credentials.owners.of(names) if names and model.credentials.is_secret_name(names[0]) else None
            if owner is None or _is_comment(data, text, match.start()):
                continue
            inbound = _COMES_IN.search(snake("_".join(reversed(names)))) is not None
            if inbound or not _SETTINGS.search(file.path):
                yield Configured(owner, inbound, file.unit, file.path, text.count("\n", 0, match.start()) + 1)


def _is_comment(data: bytes, text: str, offset: int) -> bool:
    at = len(text[:offset].encode())
    return in_comment(data, at, data.rfind(b"\n", 0, at) + 1)
